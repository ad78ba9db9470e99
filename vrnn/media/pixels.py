"""Arrays of any range as images."""

from __future__ import annotations

import numpy as np


def to_uint8_rgb(pixels: np.ndarray) -> np.ndarray:
    """Convert an image to (H, W, 3) uint8.

    Args:
        pixels: (H, W) or (H, W, C), of values 0…255 or 0…1; any other range is stretched to its
            own minimum and maximum.
    """
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    pixels = np.repeat(pixels, 3, -1) if pixels.shape[-1] == 1 else pixels[..., :3]
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels)
    values = np.nan_to_num(pixels.astype(np.float64))
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    if low < 0 or high > 255:
        values = (values - low) / ((high - low) or 1) * 255
    elif high <= 1:
        values = values * 255
    return np.rint(values).clip(0, 255).astype(np.uint8)
