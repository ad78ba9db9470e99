"""Pictures of layers as the GPU has them, by compute/native/picture.c where it was compiled."""

from __future__ import annotations

import ctypes
from functools import cache, lru_cache

import numpy as np

from vrnn.compute.passes.native_library import is_wide_cpu, load_native_library

SIDE = 64
"""Height and width of the texels, see `vrnn.render.picture_store.PICTURE_SIDE`."""
REACH = 2.0
"""Of the filter, in pixels, to each side."""
SHARPNESS = -0.5
"""Of bicubic interpolation: Keys, "Cubic convolution interpolation for digital image processing",
IEEE Transactions on Acoustics, Speech, and Signal Processing 29 (1981)."""
WEIGHT_BITS = 22
"""Bits after the point of a weight."""


class NativePicture:
    """Resizes pictures to texels and makes their coarser levels."""

    def __init__(self, library: ctypes.CDLL, is_wide: bool) -> None:
        """Prepare a library.

        Args:
            library: Compiled from compute/native/.
            is_wide: Whether to use AVX2, which the processor must have.
        """
        self._is_wide = is_wide
        self._texels = library.vrnn_picture_texels
        self._texels.argtypes = [
            ctypes.c_void_p, *[ctypes.c_int64] * 2, *[ctypes.c_void_p] * 2, ctypes.c_int64,
            *[ctypes.c_void_p] * 2, ctypes.c_int64, *[ctypes.c_void_p] * 2, ctypes.c_int,
        ]  # fmt: skip
        self._texels.restype = None
        self._levels = library.vrnn_picture_levels
        self._levels.argtypes = [ctypes.c_void_p] * 2
        self._levels.restype = None

    def texels(self, pixels: np.ndarray) -> np.ndarray:
        """Enlarge a picture to the size of the texels, as Pillow's bicubic filter does, to the bit.

        Args:
            pixels: (H, W, 3) uint8, H and W from 1 to SIDE.

        Returns:
            (SIDE, SIDE, 4) uint8, 255 in alpha.
        """
        pixels = np.ascontiguousarray(pixels)
        height, width, _ = pixels.shape
        columns, column_weights = bicubic_weights(width)
        rows, row_weights = bicubic_weights(height)
        across = np.empty((height, SIDE, 4), np.uint8)
        texels = np.empty((SIDE, SIDE, 4), np.uint8)
        self._texels(
            pixels.ctypes.data, height, width,
            columns.ctypes.data, column_weights.ctypes.data, column_weights.shape[1],
            rows.ctypes.data, row_weights.ctypes.data, row_weights.shape[1],
            across.ctypes.data, texels.ctypes.data, self._is_wide,
        )  # fmt: skip
        return texels

    def with_levels(self, texels: np.ndarray) -> np.ndarray:
        """Return a picture with its coarser levels beside it.

        Args:
            texels: (SIDE, SIDE, 4) uint8.

        Returns:
            (SIDE, SIDE * 3 / 2, 4) uint8.
        """
        texels = np.ascontiguousarray(texels)
        found = np.empty((SIDE, SIDE * 3 // 2, 4), np.uint8)
        self._levels(texels.ctypes.data, found.ctypes.data)
        return found


@lru_cache(256)
def bicubic_weights(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Find from which pixels a texel is made, and by which weights, as Pillow does.

    Args:
        size: Pixels in a line, from 1 to SIDE.

    Returns:
        (SIDE,) int32 the first pixel of each texel; (SIDE, K) int32 weights times 2^WEIGHT_BITS.
    """
    scale = size / SIDE
    most = min(size, 2 * int(REACH))
    firsts, weights = np.zeros(SIDE, np.int32), np.zeros((SIDE, most), np.int32)
    for texel in range(SIDE):
        center = (texel + 0.5) * scale
        first = max(0, int(center - REACH + 0.5))
        last = min(size, int(center + REACH + 0.5))
        parts = [_bicubic(pixel - center + 0.5) for pixel in range(first, last)]
        start = min(first, size - most)
        firsts[texel] = start
        for number, part in enumerate(parts):
            exact = part / sum(parts) * (1 << WEIGHT_BITS)
            weights[texel, first - start + number] = int(exact - 0.5 if exact < 0 else exact + 0.5)
    return firsts, weights


def _bicubic(x: float) -> float:
    """The filter at a distance in pixels."""
    x = abs(x)
    if x < 1.0:
        return ((SHARPNESS + 2.0) * x - (SHARPNESS + 3.0)) * x * x + 1.0
    return (((x - 5.0) * x + 8.0) * x - 4.0) * SHARPNESS if x < REACH else 0.0


@cache
def load_native_picture() -> NativePicture | None:
    """Load the native code; None where it was not compiled."""
    library = load_native_library()
    return None if library is None else NativePicture(library, is_wide_cpu())
