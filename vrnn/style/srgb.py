"""Between linear light and the sRGB code of images (IEC 61966-2-1)."""

from __future__ import annotations

import numpy as np


def decode(code: np.ndarray) -> np.ndarray:
    """Return the linear light of sRGB codes 0…1, in any shape."""
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def encode(linear: np.ndarray) -> np.ndarray:
    """Return the sRGB codes of linear light 0…1, in any shape."""
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


_DECODED = decode(np.arange(256) / 255).astype(np.float32)


def srgb_to_linear(pixels: np.ndarray) -> np.ndarray:
    """Return the linear light, float32 in 0…1, of uint8 sRGB values in any shape."""
    return _DECODED[pixels]


def linear_to_srgb(linear: np.ndarray) -> np.ndarray:
    """Return uint8 sRGB values of linear light in any shape; what is outside 0…1 is clipped."""
    return np.rint(encode(np.clip(linear, 0, 1)) * 255).astype(np.uint8)
