"""Tensors to feature maps: half floats with a scale, their pyramid of means, and statistics."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from math import frexp, isfinite

import numpy as np
import torch

from vrnn.compute.form import Form
from vrnn.network import PYRAMID_STEP, FeatureMaps, block_size, pyramid_shapes

TOP = 12
"""Peaks beyond EASY are brought to 2^(TOP-1) … 2^TOP: far from overflow at 65,504, and small values
keep their precision down to a 2^-26th of the peak."""
EASY = (2.0**-3, 2.0**14)
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
    low, high = flat.amin(1), flat.amax(1)
    peak = torch.maximum(high, low.neg())
    top = float(peak.max())
    bad = None
    if not isfinite(top):
        bad = ~torch.isfinite(flat)
        low, high = _finite_range(flat, bad)
        flat = flat.masked_fill(bad, 0.0)
        peak = torch.maximum(high, low.neg())
        top = float(peak.max())
    exponent = 0 if EASY[0] <= top <= EASY[1] or top == 0 else frexp(top)[1] - TOP
    half = torch.empty(block_size(channels, height, width), dtype=torch.float16)
    mean = _fill(half, flat, peak, exponent, (height, width))
    square = torch.linalg.vector_norm(flat, dim=1).square_().div_(flat.shape[1])
    std = square.sub_(mean * mean).clamp_min_(0).sqrt_()
    count = 0
    if bad is not None:
        mean, std, count = _of_finite(flat, bad)
        half[channels : channels + flat.numel()].view_as(bad)[bad.cpu()] = torch.nan
    numbers = [t.numpy() if t.is_cpu else t.cpu().numpy() for t in (low, high, mean, std)]
    return FeatureMaps(
        channels, height, width, half.numpy(), 2.0**exponent,
        numbers[0], numbers[1], numbers[2], numbers[3], count, extra,
    )  # fmt: skip


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


def _finite_range(flat: torch.Tensor, bad: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """low, high (C,) of what is finite; 0 where nothing is."""
    empty = bad.all(1)
    low = flat.masked_fill(bad, torch.inf).amin(1).masked_fill(empty, 0)
    return low, flat.masked_fill(bad, -torch.inf).amax(1).masked_fill(empty, 0)


def _of_finite(flat: torch.Tensor, bad: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, int]:
    """mean, std (C,) of what is finite, and how many values are not. flat: with 0 for those."""
    good = (~bad).sum(1).clamp_min(1)
    mean = flat.double().sum(1) / good
    away = (flat.double() - mean[:, None]).masked_fill(bad, 0).square().sum(1)
    return mean.float(), (away / good).sqrt().float(), int(bad.sum())


def _fill(
    half: torch.Tensor, flat: torch.Tensor, peak: torch.Tensor, exponent: int, size: tuple[int, int]
) -> torch.Tensor:
    """Peaks, values and pyramid into the block; returns the mean of each channel (C,)."""
    small, mean = _pyramid(flat, size)
    parts = (peak, flat.view(-1), small)
    start = 0
    for part in parts:
        if exponent:
            part = part * 2.0**-exponent
        half[start : start + part.numel()].copy_(part)
        start += part.numel()
    return mean


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
