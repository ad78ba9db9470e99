"""Tensors to feature maps: half floats with a scale, their pyramid of means, and statistics."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import frexp

import numpy as np
import torch

from vrnn.compute.form import Form
from vrnn.network import PYRAMID_STEP, FeatureMaps, block_size, pyramid_shapes

TOP = 12
"""Peaks beyond EASY are brought to 2^(TOP-1) … 2^TOP: far from overflow at 65,504, and small values
keep their precision down to a 2^-26th of the peak."""
EASY = (2.0**-6, 2.0**15)
"""Peaks between these need no scale: even the smallest part of them that shows is kept."""
DIRECT = 256
"""Values in a map up to which its coarser level is one matrix product."""


def convert(tensor: torch.Tensor, form: Form) -> FeatureMaps:
    """The first sample of a tensor as feature maps. Any dtype; runs where the tensor is.

    The block is filled at once; later changes of the tensor do not show.
    """
    values, extra = _as_maps(tensor, form)
    channels, height, width = form.shape
    flat = values.reshape(channels, height * width).contiguous()
    if not flat.numel():
        none = np.zeros(channels, np.float32)
        block = np.zeros(block_size(channels, height, width), np.float16)
        return FeatureMaps(channels, height, width, block, 1.0, none, none, none, none, 0, extra)
    half = torch.empty(block_size(channels, height, width), dtype=torch.float16)
    # The copy comes first: it brings the layer into the cache for all that follows. It is right as
    # it is for nearly all layers; the others are filled again, with a scale.
    _fill_values(half, flat)
    numbers, small = _statistics(flat, (height, width))
    top = float(numbers.peak.max())
    exponent, bad = 0, 0
    if not (EASY[0] <= top <= EASY[1] or top == 0):
        flat, wrong = _finite(flat)
        top = float(flat.abs().max())
        exponent = frexp(top)[1] - TOP if top else 0
        flat = flat * 2.0**-exponent
        numbers, small = _statistics(flat, (height, width))
        _fill_values(half, flat)
        if wrong is not None:
            bad = int(wrong.sum())
            half[channels : channels + flat.numel()].view_as(flat)[wrong.cpu()] = torch.nan
            numbers = _of_finite(flat, wrong)
            share, _ = _pyramid(wrong.float(), (height, width))
            small = small.masked_fill(share >= 0.5, torch.nan)
    half[:channels].copy_(torch.from_numpy(numbers.peak))
    half[channels + flat.numel() :].copy_(small)
    scale = np.float32(2.0**exponent)
    return FeatureMaps(
        channels, height, width, half.numpy(), 2.0**exponent,
        numbers.low * scale, numbers.high * scale, numbers.mean * scale, numbers.std * scale,
        bad, extra,
    )  # fmt: skip


def _fill_values(half: torch.Tensor, flat: torch.Tensor) -> None:
    half[flat.shape[0] : flat.shape[0] + flat.numel()].copy_(flat.view(-1))


@dataclass(frozen=True)
class _Numbers:
    """(C,) float32 each."""

    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    peak: np.ndarray


def _statistics(flat: torch.Tensor, size: tuple[int, int]) -> tuple[_Numbers, torch.Tensor]:
    """Of values that are all finite, and the pyramid's coarser levels. NaN spreads to the peak."""
    small, mean = _pyramid(flat, size)
    norm = torch.linalg.vector_norm(flat, dim=1)
    packed = torch.stack([flat.amin(1), flat.amax(1), mean, norm]).cpu().numpy()
    low, high, mean_, norm_ = packed
    square = norm_.astype(np.float64) ** 2 / flat.shape[1]
    with np.errstate(invalid="ignore"):  # NaN and infinity are dealt with by the caller
        std = np.sqrt(np.maximum(square - mean_.astype(np.float64) ** 2, 0)).astype(np.float32)
    return _Numbers(low, high, mean_, std, np.maximum(-low, high)), small


def _as_maps(tensor: torch.Tensor, form: Form) -> tuple[torch.Tensor, np.ndarray]:
    """(C, H, W) float32 and the (K, C) extra tokens."""
    channels = form.shape[0]
    extra = np.zeros((0, channels), np.float32)
    if form.batch is not None:
        tensor = tensor.select(form.batch, 0)
    if tensor.is_complex():
        tensor = tensor.abs()
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    if form.order == "tokens":
        if form.extra:
            extra = tensor[: form.extra].float().cpu().numpy()
            tensor = tensor[form.extra :]
        tensor = tensor.movedim(-1, 0)
    elif form.order == "hwc":
        tensor = tensor.movedim(-1, 0)
    return tensor.reshape(form.shape).to(torch.float32), extra


def _finite(flat: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The values with 0 for those that are not finite, and where these are; None: nowhere."""
    wrong = ~torch.isfinite(flat)
    return (flat.masked_fill(wrong, 0.0), wrong) if bool(wrong.any()) else (flat, None)


def _of_finite(flat: torch.Tensor, wrong: torch.Tensor) -> _Numbers:
    """Statistics over finite values only; 0 for a channel that has none. flat: 0 where wrong."""
    good = (~wrong).sum(1).clamp_min(1)
    none = wrong.all(1)
    low = flat.masked_fill(wrong, torch.inf).amin(1).masked_fill(none, 0)
    high = flat.masked_fill(wrong, -torch.inf).amax(1).masked_fill(none, 0)
    mean = flat.double().sum(1) / good
    away = (flat.double() - mean[:, None]).masked_fill(wrong, 0).square().sum(1)
    packed = torch.stack([low, high, mean.float(), (away / good).sqrt().float()]).cpu().numpy()
    low_, high_, mean_, std_ = packed
    return _Numbers(low_, high_, mean_, std_, np.maximum(np.abs(low_), np.abs(high_)))


def _pyramid(flat: torch.Tensor, size: tuple[int, int]) -> tuple[torch.Tensor, torch.Tensor]:
    """All levels below the finest, one after the other, and each channel's mean (C,).

    Means over squares of PYRAMID_STEP as matrix products: four rows at a time lie one after the
    other in memory, so one product adds rows and columns; several times faster than pooling.
    """
    channels = flat.shape[0]
    shapes = pyramid_shapes(*size)
    if len(shapes) == 1:
        return flat.new_empty(0), flat.view(-1)
    small = flat.new_empty(channels * sum(h * w for h, w in shapes[1:]))
    level, start = flat, 0
    for (height, width), (h, w) in pairwise(shapes):
        part = small[start : start + channels * h * w]
        if height * width <= DIRECT:
            torch.mm(level, _squares(height, width, flat.device), out=part.view(channels, h * w))
        elif height % PYRAMID_STEP == 0:
            rows = level.view(channels * h, PYRAMID_STEP * width)
            matrix = _squares(PYRAMID_STEP, width, flat.device)
            torch.mm(rows, matrix, out=part.view(channels * h, w))
        else:
            rows = _row_sums(level.view(channels, height, width)).view(channels * h, width)
            torch.mm(rows, _columns(width, flat.device), out=part.view(channels * h, w))
        level, start = part.view(channels, h * w), start + part.numel()
    exact = all(n % PYRAMID_STEP == 0 for n in size)
    means = small[: channels * shapes[1][0] * shapes[1][1]].view(channels, -1) if exact else flat
    return small, means.mean(1)


def _row_sums(level: torch.Tensor) -> torch.Tensor:
    """(C, ceil(H / step), W) sums over PYRAMID_STEP rows, fewer at the end weighted up."""
    channels, height, width = level.shape
    whole, rest = divmod(height, PYRAMID_STEP)
    rows = level.new_empty(channels, whole + 1, width)
    if whole:
        blocks = level[:, : whole * PYRAMID_STEP].unflatten(1, (whole, PYRAMID_STEP))
        torch.sum(blocks, 2, out=rows[:, :whole])
    torch.sum(level[:, whole * PYRAMID_STEP :], 1, out=rows[:, whole])
    rows[:, whole] *= PYRAMID_STEP / rest
    return rows


@lru_cache(256)
def _columns(width: int, device: torch.device) -> torch.Tensor:
    """(W, ceil(W / step)): adds columns and divides by how many values a square has."""
    return _line(width).div(PYRAMID_STEP).to(device)


def _line(length: int) -> torch.Tensor:
    cell = torch.arange(length) // PYRAMID_STEP
    matrix = torch.zeros(length, -(-length // PYRAMID_STEP))
    matrix[torch.arange(length), cell] = 1
    return matrix / matrix.sum(0)


@lru_cache(256)
def _squares(height: int, width: int, device: torch.device) -> torch.Tensor:
    """(H·W, h·w): the mean over each square at once."""
    return torch.kron(_line(height), _line(width)).contiguous().to(device)
