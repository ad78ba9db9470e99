"""The colors of connections: from the most negative weight over none to the most positive."""

from __future__ import annotations

from functools import cache
from typing import Literal, get_args

import numpy as np

from vrnn.style.srgb import srgb_to_linear

ConnectionPalette = Literal["red-blue", "orange-purple"]
CONNECTION_PALETTES: tuple[ConnectionPalette, ...] = get_args(ConnectionPalette)
"""`orange-purple` is for those who do not tell red from other colors (ColorBrewer's PuOr)."""
_ENDS = {
    "red-blue": ((54, 116, 255), (244, 244, 244), (240, 52, 44)),
    "orange-purple": ((128, 82, 214), (244, 244, 244), (240, 146, 20)),
}
"""sRGB of the most negative, of zero and of the most positive."""
ENTRIES = 256
"""Colors on either side of zero."""
NOT_FINITE = (120, 20, 90)
"""sRGB of a weight that is no finite number, in no palette."""
GAMMA = 0.6
"""Exponent of a value's part of the largest: small weights show their sign."""


@cache
def connection_table(palette: ConnectionPalette) -> np.ndarray:
    """Return the colors from -1 to 1, last that of no number: (2 · ENTRIES + 2, 3) uint8 sRGB."""
    low, middle, high = (np.array(end, float) for end in _ENDS[palette])
    parts = (np.arange(ENTRIES + 1) / ENTRIES)[:, None]
    upper = middle + (high - middle) * parts
    lower = (middle + (low - middle) * parts)[:0:-1]
    return np.rint(np.concatenate([lower, upper, [NOT_FINITE]])).astype(np.uint8)


@cache
def _linear_table(palette: ConnectionPalette) -> np.ndarray:
    return srgb_to_linear(connection_table(palette)).astype(np.float32)


def color_numbers(values: np.ndarray, largest: float) -> np.ndarray:
    """Return the number of each value's color in a table.

    Args:
        values: Any numbers.
        largest: The value that has the full color.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        parts = np.clip(np.asarray(values, np.float64) / (largest or 1.0), -1, 1)
        numbers = np.rint(np.sign(parts) * np.abs(parts) ** GAMMA * ENTRIES) + ENTRIES
    return np.where(np.isfinite(values), numbers, 2 * ENTRIES + 1).astype(int)


def connection_colors(values: np.ndarray, largest: float, palette: ConnectionPalette) -> np.ndarray:
    """Return (…, 3) float32 linear colors of values; arguments as for `color_numbers`."""
    return _linear_table(palette)[color_numbers(values, largest)]


def connection_pixels(values: np.ndarray, largest: float, palette: ConnectionPalette) -> np.ndarray:
    """Return (…, 3) uint8 sRGB colors of values; arguments as for `color_numbers`."""
    return connection_table(palette)[color_numbers(values, largest)]
