"""Feature maps that are derived from others, such as their mean, or from any array of numbers."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import frexp

import numpy as np
from PIL import Image

from vrnn.network.feature_maps import PYRAMID_STEP, FeatureMaps, pyramid_shapes
from vrnn.style.srgb import srgb_to_linear

MAX_UNSCALED, MIN_UNSCALED = 2.0**14, 2.0**-6
"""Magnitudes that are stored without a scale, clear of overflow and of subnormal half floats."""


def from_array(values: np.ndarray) -> FeatureMaps:
    """Return an array of values as feature maps.

    Args:
        values: (C, H, W), taken as float32; what is not finite is kept as NaN.
    """
    values = np.asarray(values, np.float32)
    channels, height, width = values.shape
    is_finite = np.isfinite(values)
    clean = np.where(is_finite, values, 0)
    peak = float(np.abs(clean).max(initial=0.0))
    is_scaled = peak > MAX_UNSCALED or 0 < peak < MIN_UNSCALED
    scale = 2.0 ** (frexp(peak)[1] - 12) if is_scaled else 1.0
    clean = clean / np.float32(scale)
    flat = clean.reshape(channels, -1)
    stats = np.stack([flat.min(1), flat.max(1), flat.mean(1)]).astype(np.float32)
    parts = [stats[0], stats[1], np.where(is_finite, clean, np.nan).ravel()]
    finest = clean
    for _ in pyramid_shapes(height, width)[1:]:
        finest = _coarser(finest)
        parts.append(finest.ravel())
    block = np.concatenate(parts).astype(np.float16)
    not_finite = int(values.size - is_finite.sum())
    return FeatureMaps(channels, height, width, block, scale, stats, not_finite)


def from_image(pixels: np.ndarray) -> FeatureMaps:
    """Return an image as three feature maps of linear red, green and blue.

    Args:
        pixels: (H, W, 3) uint8 sRGB.
    """
    height, width = pixels.shape[:2]
    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    ends = srgb_to_linear(np.stack([planes.min((1, 2)), planes.max((1, 2))]))
    parts = [ends.ravel().astype(np.float16), _half_light()[planes].ravel()]
    levels = [Image.fromarray(plane) for plane in srgb_to_linear(planes)]
    for _ in pyramid_shapes(height, width)[1:]:
        levels = [level.reduce(PYRAMID_STEP) for level in levels]
        parts += [np.asarray(level, np.float16).ravel() for level in levels]
    stats = np.stack([*ends, [np.asarray(level).mean() for level in levels]])
    block = np.concatenate(parts)
    return FeatureMaps(3, height, width, block, 1.0, stats.astype(np.float32), 0)


@cache
def _half_light() -> np.ndarray:
    """The linear light of each sRGB value, (256,) float16."""
    return srgb_to_linear(np.arange(256, dtype=np.uint8)).astype(np.float16)


def colored_block(values: np.ndarray, colors: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return the block of an image whose colors stand for values: `FeatureMaps.block` of 3 maps.

    The coarser levels have the colors of mean values.

    Args:
        values: (H, W) float32.
        colors: Gives (h, w, 3) linear colors for values (h, w).
    """
    parts = [np.zeros(6)]  # the range of each channel, which an image does not use
    level = values
    for _ in pyramid_shapes(*values.shape)[1:]:
        parts.append(colors(level).transpose(2, 0, 1).ravel())
        level = _coarser(level[None])[0]
    parts.append(colors(level).transpose(2, 0, 1).ravel())
    return np.concatenate(parts, dtype=np.float16, casting="same_kind")


def _coarser(level: np.ndarray) -> np.ndarray:
    """The next level of a pyramid: means over squares of PYRAMID_STEP, cut off at the edges."""
    _, height, width = level.shape
    rows, columns = np.arange(0, height, PYRAMID_STEP), np.arange(0, width, PYRAMID_STEP)
    sums = np.add.reduceat(np.add.reduceat(level, rows, 1), columns, 2)
    tall = np.diff(np.append(rows, height))[:, None]
    wide = np.diff(np.append(columns, width))[None]
    return (sums / (tall * wide)).astype(np.float32)


def fold_channels(maps: FeatureMaps, how: str) -> FeatureMaps:
    """Return one map for all maps of a layer.

    Args:
        maps: Of the layer.
        how: `mean`, or `maximum` for the value of largest magnitude.
    """
    values = maps.values.astype(np.float32) * np.float32(maps.scale)
    if how == "mean":
        return from_array(values.mean(0, keepdims=True))
    high, low = values.max(0, keepdims=True), values.min(0, keepdims=True)
    return from_array(np.where(high >= -low, high, low))


def difference(now: FeatureMaps, before: FeatureMaps) -> FeatureMaps:
    """Return `now` less `before`, which have the same shape."""
    new = now.values.astype(np.float32) * np.float32(now.scale)
    return from_array(new - before.values.astype(np.float32) * np.float32(before.scale))
