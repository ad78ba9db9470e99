"""Between linear colors and the sRGB code of images (IEC 61966-2-1)."""

from __future__ import annotations

import numpy as np

_codes = np.arange(256) / 255
_LINEAR = np.where(_codes <= 0.04045, _codes / 12.92, ((_codes + 0.055) / 1.055) ** 2.4).astype(
    np.float32
)


def srgb_to_linear(pixels: np.ndarray) -> np.ndarray:
    """Return linear float32 values 0…1 of uint8 sRGB values in any shape."""
    return _LINEAR[pixels]


def linear_to_srgb(linear: np.ndarray) -> np.ndarray:
    """Return uint8 sRGB values of linear values in any shape; what is outside 0…1 is clipped."""
    code = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(np.clip(code, 0, 1) * 255).astype(np.uint8)
