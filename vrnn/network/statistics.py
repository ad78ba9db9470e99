"""Statistics of the values of a layer: histograms, dead channels, entropy."""

from __future__ import annotations

from functools import cache

import numpy as np

from vrnn.errors import VrnnError
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.layer_maps import LayerMaps
from vrnn.network.results import Histogram

ORDERS = ("index", "mean", "maximum", "entropy")
"""What channels can be ordered by that their own values give."""
ENTROPY_BINS = 32
"""Bins between the least and the largest value of a channel."""
NEAR_ZERO = 1e-6
"""Values below this share of a layer's peak are as good as zero."""
MIN_WIDTH = 1e-9
"""Width of a bin, as a part of the largest number of its axis, from which it is found by division.
Of narrower ones rounding could miss by more than one."""
CHUNK = 1 << 18
"""Values worked on at once: few enough that another thread gets its turn in between."""


def layer_histogram(
    maps: FeatureMaps,
    bins: int = 64,
    low: float | None = None,
    high: float | None = None,
    channel: int | None = None,
) -> Histogram:
    """Return the histogram of all finite values of a layer, or of one channel.

    Counts are exact for the values as they are stored: a half float has only 65,536 values, so each
    of these is counted and then put in its bin.

    Args:
        maps: Of the layer.
        bins: Their number.
        low: Where the axis begins; None for the least value.
        high: Where the axis ends; None for the largest value.
        channel: Channel number; None for all.

    Raises:
        VrnnError: For an axis that ends before it begins, or fewer than one bin.
    """
    values = maps.values if channel is None else maps.values[channel]
    counts = _count_patterns(values)
    with np.errstate(invalid="ignore"):  # patterns of no finite number
        table = _table() * maps.scale
    return _to_histogram(table, counts, bins, low, high)


def array_histogram(
    values: np.ndarray, bins: int = 64, low: float | None = None, high: float | None = None
) -> Histogram:
    """Return the histogram of the finite ones among any real numbers.

    Args:
        values: In any shape.
        bins: Their number.
        low: Where the axis begins; None for the least value.
        high: Where the axis ends; None for the largest value.

    Raises:
        VrnnError: For an axis that ends before it begins, or fewer than one bin.
    """
    flat = np.asarray(values).reshape(-1)
    finite = flat[np.isfinite(flat)]
    if low is None or high is None:
        low = low if low is not None else float(finite.min(initial=np.inf))
        high = high if high is not None else float(finite.max(initial=-np.inf))
    low, high = _axis(low, high, bins, bool(finite.size))
    edges = np.linspace(low, high, bins + 1)
    counts = np.zeros(bins + 2, np.int64)
    total, squares = 0.0, 0.0
    for start in range(0, finite.size, CHUNK):
        part = finite[start : start + CHUNK].astype(np.float64)
        counts += np.bincount(_bin_numbers(part, edges), minlength=bins + 2)
        total += float(part.sum())
    mean = total / max(finite.size, 1)
    for start in range(0, finite.size, CHUNK):
        part = finite[start : start + CHUNK].astype(np.float64)
        squares += float(np.square(part - mean).sum())
    std = float(np.sqrt(squares / max(finite.size, 1)))
    return Histogram(low, high, counts[1:-1], int(counts[0]), int(counts[-1]), mean, std)


def sparsity(maps: FeatureMaps) -> tuple[float, float]:
    """Return how sparse a layer is, as its values are stored.

    What is too small for a half float counts as zero.

    Args:
        maps: Of the layer.

    Returns:
        Shares 0…1 of its finite values: exactly zero, and at most NEAR_ZERO · peak.
    """
    counts = _count_patterns(maps.values)
    values = np.abs(_table())
    finite = np.isfinite(values)
    total = int(counts[finite].sum())
    if not total:
        return 0.0, 0.0
    near = values <= NEAR_ZERO * float(values[finite & (counts > 0)].max())
    return int(counts[values == 0].sum()) / total, int(counts[near].sum()) / total


def dead_channels(maps: FeatureMaps) -> tuple[np.ndarray, np.ndarray]:
    """Return the channels that say nothing of this image.

    A single value is no map, and is never constant. What is not finite is not dead.

    Args:
        maps: Of the layer.

    Returns:
        (K,) int64 numbers of the channels that are all zero, and of those that have one other value
        everywhere.
    """
    low, high = maps.channel_stats[0], maps.channel_stats[1]
    same = low == high
    if maps.not_finite:
        same &= ~np.isnan(maps.values).any((1, 2))
    constant = same & (low != 0) & (maps.height * maps.width > 1)
    return np.flatnonzero(same & (low == 0)), np.flatnonzero(constant)


def entropy(maps: FeatureMaps) -> np.ndarray:
    """Return the Shannon entropy of each channel's finite values.

    It is taken over ENTROPY_BINS bins between the channel's own least and largest value.

    Args:
        maps: Of the layer.

    Returns:
        (C,) float64 bits, 0…5; 0 for a constant.
    """
    result = np.zeros(maps.channels)
    area = maps.height * maps.width
    if not area:
        return result
    at_once = max(1, CHUNK // area)
    for start in range(0, maps.channels, at_once):
        values = maps.values[start : start + at_once].astype(np.float32)
        values = values.reshape(len(values), area)
        result[start : start + at_once] = _entropies(values)
    return result


def channel_order(maps: LayerMaps, by: str) -> np.ndarray:
    """Return the channels of a layer in an order.

    Args:
        maps: Of the layer; whole ones for `entropy`.
        by: One of ORDERS. The largest comes first, except for `index`; equal ones stay in the order
            of their numbers.

    Returns:
        (C,) int64 channel numbers.

    Raises:
        VrnnError: For any other order.
    """
    if by == "index":
        return np.arange(maps.channels)
    if by == "mean":
        key = maps.mean
    elif by == "maximum":
        key = maps.high
    elif by == "entropy" and isinstance(maps, FeatureMaps):
        key = entropy(maps)
    else:
        raise VrnnError(f"no order '{by}' of channels; choose one of {', '.join(ORDERS)}")
    return np.argsort(-key, kind="stable")


@cache
def _table() -> np.ndarray:
    """(65536,) float64: the value of each pattern of a half float, NaN where not finite."""
    values = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    table = np.full(1 << 16, np.nan)
    finite = np.isfinite(values)
    table[finite] = values[finite]
    return table


def _count_patterns(values: np.ndarray) -> np.ndarray:
    """(65536,) int64: how often each half float occurs."""
    flat = np.ascontiguousarray(values).reshape(-1).view(np.uint16)
    counts = np.zeros(1 << 16, np.int64)
    for start in range(0, flat.size, CHUNK):
        counts += np.bincount(flat[start : start + CHUNK], minlength=1 << 16)
    return counts


def _to_histogram(
    values: np.ndarray, counts: np.ndarray, bins: int, low: float | None, high: float | None
) -> Histogram:
    """A histogram of finite values that each occur so many times."""
    occurring = np.flatnonzero((counts > 0) & np.isfinite(values))
    values, counts = values[occurring], counts[occurring]
    least, largest = (values.min(), values.max()) if len(values) else (np.inf, -np.inf)
    low, high = _axis(
        float(least) if low is None else low, float(largest) if high is None else high, bins,
        bool(len(values)),
    )  # fmt: skip
    edges = np.linspace(low, high, bins + 1)
    # Sums of whole numbers below 2^53: exact although they are made of doubles.
    filled = np.bincount(_bin_numbers(values, edges), counts, bins + 2).astype(np.int64)
    total = max(int(counts.sum()), 1)
    mean = float(values @ counts) / total
    std = float(np.sqrt(np.square(values - mean) @ counts / total))
    return Histogram(low, high, filled[1:-1], int(filled[0]), int(filled[-1]), mean, std)


def _axis(low: float, high: float, bins: int, filled: bool) -> tuple[float, float]:
    """An axis of some width: half of the value to both sides where there is only one."""
    if bins < 1:
        raise VrnnError(f"a histogram of {bins} bins; ask for at least 1")
    if not filled and not (np.isfinite(low) and np.isfinite(high)):
        return 0.0, 1.0
    if not low <= high:
        raise VrnnError(f"a histogram from {low:g} to {high:g}; the axis must end after it begins")
    if low == high:
        room = abs(low) / 2 or 0.5
        return low - room, high + room
    return low, high


def _bin_numbers(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """0 below the axis, 1 … B in its bins, B + 1 above.

    Bins are of one width: a division gives the bin, or the one beside it, and the edges tell which.
    That takes a third of the time of a search.
    """
    last, largest = len(edges), max(abs(edges[0]), abs(edges[-1]))
    with np.errstate(over="ignore"):
        width = (edges[-1] - edges[0]) / (last - 1)
    if not MIN_WIDTH * largest < width < np.inf or len(values) < last:
        numbers = np.searchsorted(edges, values, side="right")
    else:
        around = np.concatenate([[-np.inf], edges, [np.inf]])
        places = (np.clip(values, edges[0], edges[-1]) - edges[0]) / width + 1.0
        numbers = places.astype(np.intp)
        numbers -= values < around[numbers]
        numbers += values >= around[numbers + 1]
    numbers[values == edges[-1]] = last - 1
    return numbers


def _entropies(values: np.ndarray) -> np.ndarray:
    """(C,) bits of (C, N) float32 values, NaN where not finite."""
    channels = len(values)
    finite = np.isfinite(values)
    low = np.where(finite, values, np.inf).min(1, keepdims=True)
    high = np.where(finite, values, -np.inf).max(1, keepdims=True)
    width = np.where(high > low, high - low, 1)
    low = np.where(np.isfinite(low), low, 0)
    share = np.where(finite, (values - low) / width, 0)
    number = np.minimum((share * ENTROPY_BINS).astype(np.int64), ENTROPY_BINS - 1)
    number += np.arange(channels)[:, None] * ENTROPY_BINS
    counts = np.bincount(number[finite], minlength=channels * ENTROPY_BINS)
    counts = counts.reshape(channels, ENTROPY_BINS)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.abs((shares * logs).sum(1))
