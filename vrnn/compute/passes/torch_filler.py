"""Fills a layer's block, half floats with their pyramid of means, by torch on any device."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import torch

from vrnn.network.feature_maps import PYRAMID_STEP, pyramid_shapes
from vrnn.network.layer_maps import sample_step

MAX_DIRECT_SIZE = 256
"""Values in a map up to which all its coarser levels are one matrix product."""


def fill_block(
    block: torch.Tensor, flat: torch.Tensor, size: tuple[int, int], factor: float,
    left_out: int = 0, sample: torch.Tensor | None = None,
) -> tuple[torch.Tensor, float]:  # fmt: skip
    """Fill a block.

    Args:
        block: The block, float16 (see `FeatureMaps`), without the levels that are left out.
        flat: (C, H·W) float32 maps, at least one value.
        size: (H, W).
        factor: A power of two that all values are multiplied with.
        left_out: How many of the finest levels of the pyramid are left out.
        sample: (N,) float16, gets values taken evenly from all, every `sample_step`-th; None for no
            sample. With a factor other than 1 there is none.

    Returns:
        (3, C) float32 minimum, maximum and mean of each channel, times the factor; and the largest
        |value| of them all, NaN or infinite where one of them is not finite, which makes the rest
        of no use.
    """
    flat = flat.contiguous()
    if sample is not None:
        sample.copy_(flat.view(-1)[:: sample_step(flat.numel())])
    stats = fill_levels(block, flat if factor == 1 else flat * factor, size, left_out)
    return stats, float(torch.maximum(-stats[0], stats[1]).max())


def fill_levels(
    block: torch.Tensor, flat: torch.Tensor, size: tuple[int, int], left_out: int = 0
) -> torch.Tensor:
    """As `fill_block` with a factor of 1, without waiting for the device."""
    channels = len(flat)
    stats = flat.new_empty(3, channels)
    torch.amin(flat, 1, out=stats[0])
    torch.amax(flat, 1, out=stats[1])
    levels, stats[2] = pyramid(flat, size)
    end = 2 * channels
    for level in (flat, *levels)[left_out:]:
        block[end : end + level.numel()].view(channels, -1).copy_(level)
        end += level.numel()
    block[: 2 * channels].view(2, channels).copy_(stats[:2])
    return stats


def pyramid(flat: torch.Tensor, size: tuple[int, int]) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Compute all levels below the finest.

    Rows are added four at a time, then columns by a matrix product: several times faster than
    pooling. From small maps one product makes all coarser levels.

    Args:
        flat: (C, H·W) float32 maps.
        size: (H, W).

    Returns:
        The levels, (C, h·w) each, and each channel's mean (C,).
    """
    channels = len(flat)
    shapes = pyramid_shapes(*size)
    levels: list[torch.Tensor] = []
    level, (height, width), is_exact = flat, size, True
    while height * width > MAX_DIRECT_SIZE:
        (height, width), (old_height, old_width) = shapes[len(levels) + 1], (height, width)
        level = _square_means(level.view(channels, old_height, old_width))
        is_exact = is_exact and old_height % PYRAMID_STEP == old_width % PYRAMID_STEP == 0
        level = level.view(channels, height * width)
        levels.append(level)
    if height * width == 1:
        return levels, level[:, 0] if is_exact else flat.mean(1)
    coarser = level @ _coarser_levels_matrix(height, width, flat.device)
    counts = [h * w for h, w in shapes[len(levels) + 1 :]]
    levels += coarser[:, :-1].split(counts, 1)
    return levels, coarser[:, -1] if is_exact else flat.mean(1)


def _square_means(level: torch.Tensor) -> torch.Tensor:
    """(C, H, W) to (C, ceil(H / step), ceil(W / step)) means over squares."""
    channels, height, width = level.shape
    whole, rest = divmod(height, PYRAMID_STEP)
    columns, missing = -(-width // PYRAMID_STEP), -width % PYRAMID_STEP
    rows = level.new_empty(channels, whole + bool(rest), columns * PYRAMID_STEP)
    rows[:, :, width:] = 0
    if whole:
        # One addition a row is faster than one sum over a dimension.
        first, *others = level[:, : whole * PYRAMID_STEP].unflatten(1, (whole, -1)).unbind(2)
        sums = rows[:, :whole, :width]
        torch.add(first, others[0], out=sums)
        for other in others[1:]:
            sums += other
    if rest:
        torch.sum(level[:, whole * PYRAMID_STEP :], 1, out=rows[:, whole, :width])
        rows[:, whole] *= PYRAMID_STEP / rest
    weights = rows.new_full((PYRAMID_STEP,), PYRAMID_STEP**-2)
    means = (rows.view(-1, PYRAMID_STEP) @ weights).view(channels, whole + bool(rest), columns)
    if missing:
        means[:, :, -1] *= PYRAMID_STEP / (PYRAMID_STEP - missing)
    return means


@lru_cache(256)
def _coarser_levels_matrix(height: int, width: int, device: torch.device) -> torch.Tensor:
    """(H·W, K + 1): makes all K values of the coarser levels, and the mean."""
    matrix, parts = torch.eye(height * width, dtype=torch.float32), []
    for (h, w), _ in pairwise(pyramid_shapes(height, width)):
        matrix = matrix @ torch.kron(_line_mean_matrix(h), _line_mean_matrix(w))
        parts.append(matrix)
    mean = torch.full((height * width, 1), 1 / (height * width), dtype=torch.float32)
    return torch.cat([*parts, mean], 1).to(device)


def _line_mean_matrix(length: int) -> torch.Tensor:
    """(L, ceil(L / step)): means over PYRAMID_STEP values."""
    cell = torch.arange(length) // PYRAMID_STEP
    matrix = torch.zeros(length, -(-length // PYRAMID_STEP), dtype=torch.float32)
    matrix[torch.arange(length), cell] = 1
    return matrix / matrix.sum(0)
