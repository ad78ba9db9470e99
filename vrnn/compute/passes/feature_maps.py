"""Tensors to feature maps: half floats with a scale, their pyramid of means, and statistics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from math import frexp

import numpy as np
import torch

from vrnn.compute.operators.tensor_layout import MapLayout, select_maps
from vrnn.network.feature_maps import PYRAMID_STEP, FeatureMaps, block_size, pyramid_shapes

PEAK_EXPONENT = 12
"""Peaks outside UNSCALED_PEAKS are scaled to 2^(PEAK_EXPONENT-1) … 2^PEAK_EXPONENT: far from
overflow at 65,504, and small values keep their precision down to a 2^-26th of the peak."""
LEAST_EXPONENT = -100
"""Of two, by which a layer is scaled: one by the scale is to be a float32 as well."""
UNSCALED_PEAKS = (2.0**-6, 2.0**15)
"""Peaks between these need no scale: even the smallest part of them that shows is kept."""
MAX_DIRECT_SIZE = 256
"""Values in a map up to which all its coarser levels are one matrix product."""

MakePortrait = Callable[[torch.Tensor], np.ndarray | None]
"""From (C, H, W) float32 maps to (h, w, 3) uint8 sRGB; None where a layer has no portrait."""


def to_feature_maps(
    tensor: torch.Tensor, layout: MapLayout, indices: Sequence[int | None] | None = None,
    make_portrait: MakePortrait = lambda maps: None,
) -> FeatureMaps:  # fmt: skip
    """Convert one sample, frame or slice of a tensor to feature maps.

    Runs where the tensor is. The block is filled at once; later changes of the tensor do not show.

    Args:
        tensor: A node's tensor, of any dtype.
        layout: How it is read as maps.
        indices: The index of each of the layout's choices; None in its place for all of them side
            by side, which makes the maps wider. Without it the first of each.
        make_portrait: Makes the portrait of the layer.
    """
    values, prefix_tokens = chosen_maps(tensor, layout, indices)
    return fill_feature_maps(values, prefix_tokens, make_portrait(values))


def fill_feature_maps(
    values: torch.Tensor, prefix_tokens: np.ndarray, portrait: np.ndarray | None = None
) -> FeatureMaps:
    """Convert maps to feature maps.

    Args:
        values: (C, H, W) float32.
        prefix_tokens: (K, C) float32, see `FeatureMaps.extra_tokens`.
        portrait: See `FeatureMaps.portrait`.
    """
    channels, height, width = values.shape
    size = height, width
    flat = values.reshape(channels, height * width).contiguous()
    if not flat.numel():
        block = np.zeros(block_size(channels, height, width), np.float16)
        stats = np.zeros((3, channels), np.float32)
        return FeatureMaps(channels, height, width, block, 1.0, stats, 0, prefix_tokens, portrait)
    half = flat.new_empty(block_size(channels, height, width), dtype=torch.float16)
    # Nearly every layer is right as it is; the others are filled again, with a scale.
    channel_stats = fill_block(half, flat, size)
    peak = float(torch.maximum(-channel_stats[0], channel_stats[1]).max())
    exponent, not_finite = 0, 0
    if not (UNSCALED_PEAKS[0] <= peak <= UNSCALED_PEAKS[1] or peak == 0):
        flat, invalid = _zero_invalid(flat)
        peak = float(flat.abs().max())
        exponent = scale_exponent(peak)
        flat = flat * 2.0**-exponent
        channel_stats = fill_block(half, flat, size)
        if invalid is not None:
            not_finite = int(invalid.sum())
            channel_stats = _stats_of_valid(flat, invalid)
            half[: 2 * channels].view(2, channels)[:] = channel_stats[:2]
            half[2 * channels :][_mostly_invalid(invalid, size)] = torch.nan
    return FeatureMaps(
        channels,
        height,
        width,
        half.cpu().numpy(),
        2.0**exponent,
        channel_stats.cpu().numpy(),
        not_finite,
        prefix_tokens,
        portrait,
    )


def scale_exponent(peak: float) -> int:
    """Return the exponent of two of a layer's scale.

    Args:
        peak: The largest finite |value|.
    """
    if UNSCALED_PEAKS[0] <= peak <= UNSCALED_PEAKS[1] or peak == 0:
        return 0
    return max(LEAST_EXPONENT, frexp(peak)[1] - PEAK_EXPONENT)


def fill_block(half: torch.Tensor, flat: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Fill a block with scale 1.

    NaN and infinity spread to the minimum and the maximum.

    Args:
        half: The block, float16 (see `FeatureMaps`).
        flat: (C, H·W) float32 maps.
        size: (H, W).

    Returns:
        (3, C) float32 minimum, maximum and mean of each channel.
    """
    channels = len(flat)
    stats = flat.new_empty(3, channels)
    end = 2 * channels + flat.numel()
    half[2 * channels : end].copy_(flat.view(-1))
    torch.amin(flat, 1, out=stats[0])
    torch.amax(flat, 1, out=stats[1])
    levels, stats[2] = _pyramid(flat, size)
    for level in levels:
        half[end : end + level.numel()].view(channels, -1).copy_(level)
        end += level.numel()
    half[: 2 * channels].view(2, channels).copy_(stats[:2])
    return stats


def chosen_maps(
    tensor: torch.Tensor, layout: MapLayout, indices: Sequence[int | None] | None = None
) -> tuple[torch.Tensor, np.ndarray]:
    """Read one sample, frame or slice of a tensor as maps.

    Args:
        tensor: A node's tensor, of any dtype; of complex numbers the magnitude is taken.
        layout: How it is read as maps.
        indices: See `to_feature_maps`.

    Returns:
        (C, H, W) float32 maps, and (K, C) float32 class and register tokens.
    """
    maps, tokens = read_maps(tensor, layout, indices)
    maps = maps.to(torch.float32)
    if tokens is None:
        return maps, np.zeros((0, layout.shape[0]), np.float32)
    return maps, tokens.float().cpu().numpy()


def read_maps(
    tensor: torch.Tensor, layout: MapLayout, indices: Sequence[int | None] | None = None
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """As `chosen_maps`, where the tensor is and in its dtype; None for no tokens."""
    tensor = tensor.detach()
    if tensor.layout != torch.strided:
        tensor = tensor.to_dense()
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    maps, tokens = select_maps(tensor, layout, indices or (0,) * len(layout.choices))
    if maps.is_complex():
        maps = maps.abs()
        tokens = None if tokens is None else tokens.abs()
    return maps, tokens


def _zero_invalid(flat: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The values with 0 for those that are not finite, and where these are; None if nowhere."""
    invalid = ~torch.isfinite(flat)
    return (flat.masked_fill(invalid, 0.0), invalid) if bool(invalid.any()) else (flat, None)


def _stats_of_valid(flat: torch.Tensor, invalid: torch.Tensor) -> torch.Tensor:
    """(3, C) statistics over finite values only, 0 for a channel without any.

    flat: (C, H·W), 0 where invalid.
    """
    count = (~invalid).sum(1).clamp_min(1)
    none = invalid.all(1)
    low = flat.masked_fill(invalid, torch.inf).amin(1).masked_fill(none, 0)
    high = flat.masked_fill(invalid, -torch.inf).amax(1).masked_fill(none, 0)
    mean = flat.double().sum(1) / count
    return torch.stack([low, high, mean.float()])


def _mostly_invalid(invalid: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Where in a block's pyramid at least half of what a value covers is invalid."""
    share = invalid.float()
    return torch.cat([level.flatten() for level in (share, *_pyramid(share, size)[0])]) >= 0.5


def _pyramid(flat: torch.Tensor, size: tuple[int, int]) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Compute all levels below the finest.

    Means over squares of PYRAMID_STEP as matrix products: four rows at a time lie one after the
    other in memory, so one product adds rows and columns; several times faster than pooling. From
    small maps one product makes all coarser levels.

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
        if old_height % PYRAMID_STEP == 0:
            rows = level.view(channels * height, PYRAMID_STEP * old_width)
            level = rows @ _square_mean_matrix(PYRAMID_STEP, old_width, flat.device)
        else:
            rows = _row_sums(level.view(channels, old_height, old_width))
            rows = rows.view(channels * height, old_width)
            level = rows @ _column_mean_matrix(old_width, flat.device)
        is_exact = is_exact and old_height % PYRAMID_STEP == old_width % PYRAMID_STEP == 0
        level = level.view(channels, height * width)
        levels.append(level)
    if height * width == 1:
        return levels, level[:, 0] if is_exact else flat.mean(1)
    coarser = level @ _coarser_levels_matrix(height, width, flat.device)
    counts = [h * w for h, w in shapes[len(levels) + 1 :]]
    levels += coarser[:, :-1].split(counts, 1)
    return levels, coarser[:, -1] if is_exact else flat.mean(1)


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
def _coarser_levels_matrix(height: int, width: int, device: torch.device) -> torch.Tensor:
    """(H·W, K + 1): makes all K values of the coarser levels, and the mean."""
    matrix, parts = torch.eye(height * width, dtype=torch.float32), []
    for (h, w), _ in pairwise(pyramid_shapes(height, width)):
        matrix = matrix @ torch.kron(_line_mean_matrix(h), _line_mean_matrix(w))
        parts.append(matrix)
    mean = torch.full((height * width, 1), 1 / (height * width), dtype=torch.float32)
    return torch.cat([*parts, mean], 1).to(device)


@lru_cache(256)
def _column_mean_matrix(width: int, device: torch.device) -> torch.Tensor:
    """(W, ceil(W / step)): adds columns and divides by how many values a square has."""
    return _line_mean_matrix(width).div(PYRAMID_STEP).to(device)


def _line_mean_matrix(length: int) -> torch.Tensor:
    """(L, ceil(L / step)): means over PYRAMID_STEP values."""
    cell = torch.arange(length) // PYRAMID_STEP
    matrix = torch.zeros(length, -(-length // PYRAMID_STEP), dtype=torch.float32)
    matrix[torch.arange(length), cell] = 1
    return matrix / matrix.sum(0)


@lru_cache(256)
def _square_mean_matrix(height: int, width: int, device: torch.device) -> torch.Tensor:
    """(H·W, h·w): the mean over each square at once."""
    matrix = torch.kron(_line_mean_matrix(height), _line_mean_matrix(width))
    return matrix.contiguous().to(device)
