"""Arrays of any range as images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

BLOCK_VALUES = 1 << 18
"""Values that are converted at once, so that they stay in the cache."""


def to_uint8_rgb(pixels: np.ndarray) -> np.ndarray:
    """Convert an image to (H, W, 3) uint8.

    Args:
        pixels: (H, W) or (H, W, C), of values 0…255 or 0…1; any other range is stretched to its
            own minimum and maximum.
    """
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    pixels = pixels[..., :3]
    if pixels.dtype != np.uint8:
        pixels = _to_uint8(pixels)
    if pixels.shape[-1] == 1:
        return np.repeat(pixels, 3, -1)
    return np.ascontiguousarray(pixels)


def _to_uint8(pixels: np.ndarray) -> np.ndarray:
    low = min((float(values.min(initial=0)) for values in _blocks(pixels)), default=0.0)
    high = max((float(values.max(initial=0)) for values in _blocks(pixels)), default=0.0)
    found = np.empty(pixels.shape, np.uint8)
    row = 0
    for values in _blocks(pixels):
        if low < 0 or high > 255:
            values = (values - low) / ((high - low) or 1) * 255
        elif high <= 1:
            values = values * 255
        found[row : row + len(values)] = np.rint(values).clip(0, 255)
        row += len(values)
    return found


def _blocks(pixels: np.ndarray) -> Iterator[np.ndarray]:
    """Some rows at a time, as finite float64."""
    rows = max(1, BLOCK_VALUES // max(1, pixels[:1].size))
    for start in range(0, len(pixels), rows):
        values = pixels[start : start + rows].astype(np.float64)
        yield values if np.isfinite(values).all() else np.nan_to_num(values)
