"""Maps to their block on a CUDA device, in two kernels for each layer.

The first reads each channel's range and mean and the layer's peak, the second everything else while
it is at hand: half floats, and the means over squares of all coarser levels.
"""

from __future__ import annotations

import torch

from vrnn.compute.passes.feature_maps import MIN_EXPONENT, PEAK_EXPONENT, UNSCALED_PEAKS
from vrnn.network.feature_maps import PYRAMID_STEP, pyramid_shapes

try:
    import triton
    import triton.language as tl
except ImportError:  # as on Windows, or where torch is for the processor alone
    triton = None

TILES = (4, 16, 64)
"""Sides of the squares that one program reads."""
STATS_BLOCK = 2048
"""Values that a program reads at once for ranges and means."""


def fill_by_kernels(
    half: torch.Tensor, values: torch.Tensor, stats: torch.Tensor, peak: torch.Tensor
) -> None:
    """Convert a layer's maps where they are; nothing waits for the device.

    Args:
        half: The block to be filled, float16 (see `FeatureMaps.block`).
        values: (C, H, W) of any strides and of a floating dtype, with at least one value.
        stats: (3, C) float32, gets least, largest and mean of each channel, which are finite
            exactly if all values are and their sum is.
        peak: (1,) float32, 0 before, gets the largest |value|; see `feature_maps.scale_exponent`.
    """
    channels, height, width = values.shape
    count = height * width
    block = min(STATS_BLOCK, triton.next_power_of_2(count))
    strides = values.stride()
    _channel_stats[(channels,)](
        values, stats, peak, channels, width, count, *strides, BLOCK=block,
        num_warps=4 if block > 256 else 1,
    )  # fmt: skip
    shapes = pyramid_shapes(height, width)
    offsets = [2 * channels]
    for h, w in shapes[:-1]:
        offsets.append(offsets[-1] + channels * h * w)
    source, first, is_scaled = values, 0, False
    while True:
        (h, w), rest = shapes[first], len(shapes) - 1 - first
        tile = next((side for side in TILES if max(h, w) <= side), TILES[-1])
        levels = min(rest, TILES.index(tile) + 1)
        is_last = levels == rest
        coarsest = shapes[first + levels]
        scratch = half if is_last else source.new_empty((channels, *coarsest), dtype=torch.float32)
        # What a level that there is not would be is never read.
        known = [*shapes[first + 1 : first + 1 + levels], *[(1, 1)] * (3 - levels)]
        at = [*offsets[first : first + 1 + levels], *[0] * (3 - levels)]
        tiles = triton.cdiv(h, tile), triton.cdiv(w, tile)
        _fill[(channels * tiles[0] * tiles[1],)](
            source, half, scratch, stats, peak, channels, h, w, *source.stride(), *tiles,
            *(side for shape in known for side in shape), *at,
            TILE=tile, LEVELS=levels, IS_SCALED=is_scaled, KEEPS_COARSEST=not is_last,
            num_warps={4: 1, 16: 1, 64: 4}[tile],
        )  # fmt: skip
        if is_last:
            return
        source, first, is_scaled = scratch, first + levels, True


if triton is not None:
    _LEAST, _LARGEST = tl.constexpr(UNSCALED_PEAKS[0]), tl.constexpr(UNSCALED_PEAKS[1])
    _PEAK_EXPONENT = tl.constexpr(PEAK_EXPONENT)
    _MIN_EXPONENT = tl.constexpr(MIN_EXPONENT)
    _STEP = tl.constexpr(PYRAMID_STEP)
    # One compiled kernel is to do for all layers alike.
    _STRIDES = ("by_channel", "by_row", "by_column")
    _INTEGERS = (
        "channels", "height", "width", "tile_rows", "tile_columns", "h1", "w1", "h2", "w2",
        "h3", "w3", "at0", "at1", "at2", "at3", *_STRIDES,
    )  # fmt: skip

    @triton.jit(
        do_not_specialize=["channels", "width", "count", *_STRIDES],
        do_not_specialize_on_alignment=["stats", "peak"],
    )
    def _channel_stats(
        values, stats, peak, channels, width, count,
        by_channel, by_row, by_column, BLOCK: tl.constexpr,
    ):  # fmt: skip
        channel = tl.program_id(0)
        start = values + channel.to(tl.int64) * by_channel
        low = tl.full((BLOCK,), float("inf"), tl.float32)
        high = tl.full((BLOCK,), float("-inf"), tl.float32)
        total = tl.zeros((BLOCK,), tl.float32)
        for first in range(0, count, BLOCK):
            index = first + tl.arange(0, BLOCK)
            there = index < count
            row, column = index // width, index % width
            place = row.to(tl.int64) * by_row + column.to(tl.int64) * by_column
            value = tl.load(start + place, mask=there, other=0.0).to(tl.float32)
            low = tl.minimum(low, tl.where(there, value, float("inf")))
            high = tl.maximum(high, tl.where(there, value, float("-inf")))
            total += value
        least, largest = tl.min(low, 0), tl.max(high, 0)
        tl.store(stats + channel, least)
        tl.store(stats + channels + channel, largest)
        tl.store(stats + 2 * channels + channel, tl.sum(total, 0) / count)
        tl.atomic_max(peak, tl.maximum(tl.abs(least), tl.abs(largest)))

    @triton.jit
    def _factor(peak):
        """One by the scale: a power of two, made of its bits."""
        bits = peak.to(tl.int32, bitcast=True)
        exponent = ((bits >> 23) & 255) - 126 - _PEAK_EXPONENT
        exponent = tl.maximum(exponent, _MIN_EXPONENT)
        is_plain = ((peak >= _LEAST) & (peak <= _LARGEST)) | (peak == 0.0)
        exponent = tl.where(is_plain, 0, exponent)
        return ((127 - exponent) << 23).to(tl.float32, bitcast=True)

    @triton.jit
    def _coarser(values, height, width, row, column, N: tl.constexpr):
        """(N, N) means over squares of (4·N, 4·N) values, 0 where there are none."""
        squares = tl.reshape(values, (N, _STEP, N, _STEP))
        total = tl.sum(tl.sum(squares, 3), 1)
        rows = tl.minimum(tl.maximum(height - _STEP * row, 0), _STEP)
        columns = tl.minimum(tl.maximum(width - _STEP * column, 0), _STEP)
        count = rows[:, None] * columns[None, :]
        return total / tl.maximum(count, 1)

    @triton.jit
    def _store(
        half,
        values,
        channel,
        at,
        height,
        width,
        row,
        column,
    ):
        there = (row < height)[:, None] & (column < width)[None, :]
        start = half + at + channel.to(tl.int64) * height * width
        place = row[:, None] * width + column[None, :]
        tl.store(start + place, values, mask=there)

    @triton.jit(do_not_specialize=list(_INTEGERS), do_not_specialize_on_alignment=["stats", "peak"])
    def _fill(
        values, half, scratch, stats, peak, channels, height,
        width, by_channel, by_row, by_column, tile_rows,
        tile_columns, h1, w1, h2, w2, h3, w3,
        at0, at1, at2, at3, TILE: tl.constexpr, LEVELS: tl.constexpr,
        IS_SCALED: tl.constexpr, KEEPS_COARSEST: tl.constexpr,
    ):  # fmt: skip
        program = tl.program_id(0)
        tiles = tile_rows * tile_columns
        channel, tile = program // tiles, program % tiles
        tile_row, tile_column = tile // tile_columns, tile % tile_columns
        row = tile_row * TILE + tl.arange(0, TILE)
        column = tile_column * TILE + tl.arange(0, TILE)
        there = (row < height)[:, None] & (column < width)[None, :]
        start = values + channel.to(tl.int64) * by_channel
        place = row[:, None].to(tl.int64) * by_row + column[None, :].to(tl.int64) * by_column
        level = tl.load(start + place, mask=there, other=0.0).to(tl.float32)
        if not IS_SCALED:
            factor = _factor(tl.load(peak))
            level = level * factor
            _store(half, level.to(tl.float16), channel, at0, height, width, row, column)
            if tile == 0:
                low, high = tl.load(stats + channel), tl.load(stats + channels + channel)
                tl.store(half + channel, (low * factor).to(tl.float16))
                tl.store(half + channels + channel, (high * factor).to(tl.float16))
        if LEVELS >= 1:
            row = tile_row * (TILE // 4) + tl.arange(0, TILE // 4)
            column = tile_column * (TILE // 4) + tl.arange(0, TILE // 4)
            level = _coarser(level, height, width, row, column, TILE // 4)
            _store(half, level.to(tl.float16), channel, at1, h1, w1, row, column)
        if LEVELS >= 2:
            row = tile_row * (TILE // 16) + tl.arange(0, TILE // 16)
            column = tile_column * (TILE // 16) + tl.arange(0, TILE // 16)
            level = _coarser(level, h1, w1, row, column, TILE // 16)
            _store(half, level.to(tl.float16), channel, at2, h2, w2, row, column)
        if LEVELS >= 3:
            row = tile_row + tl.arange(0, 1)
            column = tile_column + tl.arange(0, 1)
            level = _coarser(level, h2, w2, row, column, 1)
            _store(half, level.to(tl.float16), channel, at3, h3, w3, row, column)
            if KEEPS_COARSEST:
                _store(scratch, level, channel, 0, h3, w3, row, column)
