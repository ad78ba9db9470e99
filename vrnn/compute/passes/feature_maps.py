"""Tensors to feature maps: half floats with a scale, their pyramid of means, and statistics."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from math import frexp

import numpy as np
import torch

from vrnn.compute.operators.tensor_layout import MapLayout
from vrnn.network.feature_maps import PYRAMID_STEP, FeatureMaps, block_size, pyramid_shapes

TOP = 12
"""Peaks beyond EASY are brought to 2^(TOP-1) … 2^TOP: far from overflow at 65,504, and small values
keep their precision down to a 2^-26th of the peak."""
EASY = (2.0**-6, 2.0**15)
"""Peaks between these need no scale: even the smallest part of them that shows is kept."""
DIRECT = 256
"""Values in a map up to which all its coarser levels are one matrix product."""


def to_feature_maps(tensor: torch.Tensor, form: MapLayout) -> FeatureMaps:
    """The first sample of a tensor as feature maps. Any dtype; runs where the tensor is.

    The block is filled at once; later changes of the tensor do not show.
    """
    values, extra = first_sample_maps(tensor, form)
    channels, height, width = form.shape
    size = height, width
    flat = values.reshape(channels, height * width).contiguous()
    if not flat.numel():
        block = np.zeros(block_size(channels, height, width), np.float16)
        none = np.zeros((3, channels), np.float32)
        return FeatureMaps(channels, height, width, block, 1.0, none, 0, extra)
    half = flat.new_empty(block_size(channels, height, width), dtype=torch.float16)
    # Nearly every layer is right as it is; the others are filled again, with a scale.
    numbers = _fill(half, flat, size)
    top = float(torch.maximum(-numbers[0], numbers[1]).max())
    exponent, bad = 0, 0
    if not (EASY[0] <= top <= EASY[1] or top == 0):
        flat, wrong = _finite(flat)
        top = float(flat.abs().max())
        exponent = frexp(top)[1] - TOP if top else 0
        flat = flat * 2.0**-exponent
        numbers = _fill(half, flat, size)
        if wrong is not None:
            bad = int(wrong.sum())
            numbers = _of_finite(flat, wrong)
            half[: 2 * channels].view(2, channels)[:] = numbers[:2]
            half[2 * channels :][_mostly(wrong, size)] = torch.nan
    return FeatureMaps(
        channels,
        height,
        width,
        half.cpu().numpy(),
        2.0**exponent,
        numbers.cpu().numpy(),
        bad,
        extra,
    )


def _fill(half: torch.Tensor, flat: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Fill a block, scale 1, and return its numbers (see `FeatureMaps`).

    NaN and infinity spread to the least and the largest.
    """
    channels = len(flat)
    numbers = flat.new_empty(3, channels)
    end = 2 * channels + flat.numel()
    half[2 * channels : end].copy_(flat.view(-1))
    torch.amin(flat, 1, out=numbers[0])
    torch.amax(flat, 1, out=numbers[1])
    levels, numbers[2] = _pyramid(flat, size)
    for level in levels:
        half[end : end + level.numel()].view(channels, -1).copy_(level)
        end += level.numel()
    half[: 2 * channels].view(2, channels).copy_(numbers[:2])
    return numbers


def first_sample_maps(tensor: torch.Tensor, form: MapLayout) -> tuple[torch.Tensor, np.ndarray]:
    """(C, H, W) float32 and the (K, C) extra tokens."""
    channels = form.shape[0]
    extra = np.zeros((0, channels), np.float32)
    if form.batch_axis is not None:
        tensor = tensor.select(form.batch_axis, 0)
    if tensor.is_complex():
        tensor = tensor.abs()
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    if form.order == "tokens":
        if form.prefix_tokens:
            extra = tensor[: form.prefix_tokens].float().cpu().numpy()
            tensor = tensor[form.prefix_tokens :]
        tensor = tensor.movedim(-1, 0)
    elif form.order == "hwc":
        tensor = tensor.movedim(-1, 0)
    return tensor.detach().reshape(form.shape).to(torch.float32), extra


def _finite(flat: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The values with 0 for those that are not finite, and where these are; None: nowhere."""
    wrong = ~torch.isfinite(flat)
    return (flat.masked_fill(wrong, 0.0), wrong) if bool(wrong.any()) else (flat, None)


def _of_finite(flat: torch.Tensor, wrong: torch.Tensor) -> torch.Tensor:
    """The numbers over finite values only, 0 for a channel that has none. flat: 0 where wrong."""
    good = (~wrong).sum(1).clamp_min(1)
    none = wrong.all(1)
    low = flat.masked_fill(wrong, torch.inf).amin(1).masked_fill(none, 0)
    high = flat.masked_fill(wrong, -torch.inf).amax(1).masked_fill(none, 0)
    mean = flat.double().sum(1) / good
    return torch.stack([low, high, mean.float()])


def _mostly(wrong: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Where in a block's pyramid at least half of what is covered is wrong."""
    share = wrong.float()
    return torch.cat([level.flatten() for level in (share, *_pyramid(share, size)[0])]) >= 0.5


def _pyramid(flat: torch.Tensor, size: tuple[int, int]) -> tuple[list[torch.Tensor], torch.Tensor]:
    """All levels below the finest, (C, h·w) each, and each channel's mean (C,).

    Means over squares of PYRAMID_STEP as matrix products: four rows at a time lie one after the
    other in memory, so one product adds rows and columns; several times faster than pooling. From
    small maps one product makes all coarser levels.
    """
    channels = len(flat)
    shapes = pyramid_shapes(*size)
    levels: list[torch.Tensor] = []
    level, (height, width), exact = flat, size, True
    while height * width > DIRECT:
        (height, width), (tall, wide) = shapes[len(levels) + 1], (height, width)
        if tall % PYRAMID_STEP == 0:
            rows = level.view(channels * height, PYRAMID_STEP * wide)
            level = rows @ _squares(PYRAMID_STEP, wide, flat.device)
        else:
            rows = _row_sums(level.view(channels, tall, wide)).view(channels * height, wide)
            level = rows @ _columns(wide, flat.device)
        exact = exact and tall % PYRAMID_STEP == wide % PYRAMID_STEP == 0
        level = level.view(channels, height * width)
        levels.append(level)
    if height * width == 1:
        return levels, level[:, 0] if exact else flat.mean(1)
    coarser = level @ _rest(height, width, flat.device)
    counts = [h * w for h, w in shapes[len(levels) + 1 :]]
    levels += coarser[:, :-1].split(counts, 1)
    return levels, coarser[:, -1] if exact else flat.mean(1)


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
def _rest(height: int, width: int, device: torch.device) -> torch.Tensor:
    """(H·W, K + 1): all K values of the coarser levels, and the mean."""
    matrix, parts = torch.eye(height * width), []
    for (tall, wide), _ in pairwise(pyramid_shapes(height, width)):
        matrix = matrix @ torch.kron(_line(tall), _line(wide))
        parts.append(matrix)
    mean = torch.full((height * width, 1), 1 / (height * width))
    return torch.cat([*parts, mean], 1).to(device)


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
