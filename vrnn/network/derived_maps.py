"""Feature maps from plain numbers: for what is worked out of other maps, such as their mean."""

from __future__ import annotations

from math import frexp

import numpy as np

from vrnn.network.feature_maps import PYRAMID_STEP, FeatureMaps, pyramid_shapes

LARGEST = 2.0**14


def from_array(values: np.ndarray) -> FeatureMaps:
    """`FeatureMaps` of (C, H, W) float32 values; what is not finite is kept as NaN."""
    values = np.asarray(values, np.float32)
    channels, height, width = values.shape
    good = np.isfinite(values)
    clean = np.where(good, values, 0)
    top = float(np.abs(clean).max(initial=0.0))
    scale = 2.0 ** (frexp(top)[1] - 12) if top > LARGEST or 0 < top < 2.0**-6 else 1.0
    clean = clean / np.float32(scale)
    flat = clean.reshape(channels, -1)
    numbers = np.stack([flat.min(1), flat.max(1), flat.mean(1)]).astype(np.float32)
    parts = [numbers[0], numbers[1], np.where(good, clean, np.nan).ravel()]
    finest = clean
    for _ in pyramid_shapes(height, width)[1:]:
        finest = _coarser(finest)
        parts.append(finest.ravel())
    block = np.concatenate(parts).astype(np.float16)
    return FeatureMaps(
        channels, height, width, block, scale, numbers, int(values.size - good.sum())
    )


def _coarser(level: np.ndarray) -> np.ndarray:
    """Means over squares of PYRAMID_STEP, of fewer values at the right and lower edge."""
    _, height, width = level.shape
    rows, columns = np.arange(0, height, PYRAMID_STEP), np.arange(0, width, PYRAMID_STEP)
    sums = np.add.reduceat(np.add.reduceat(level, rows, 1), columns, 2)
    tall = np.diff(np.append(rows, height))[:, None]
    wide = np.diff(np.append(columns, width))[None]
    return (sums / (tall * wide)).astype(np.float32)


def fold_channels(maps: FeatureMaps, shows: str) -> FeatureMaps:
    """One map for all of a layer's: their `mean`, or their `maximum` by magnitude."""
    values = maps.values.astype(np.float32) * np.float32(maps.scale)
    if shows == "mean":
        return from_array(values.mean(0, keepdims=True))
    high, low = values.max(0, keepdims=True), values.min(0, keepdims=True)
    return from_array(np.where(high >= -low, high, low))


def difference(now: FeatureMaps, before: FeatureMaps) -> FeatureMaps:
    """What was added since: `now` less `before`, of the same shape."""
    one = now.values.astype(np.float32) * np.float32(now.scale)
    return from_array(one - before.values.astype(np.float32) * np.float32(before.scale))
