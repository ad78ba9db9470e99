"""Color maps: from values to colors."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from vrnn.style.color_mapping import Colormap, ColorMapping
from vrnn.style.srgb import linear_to_srgb

ENTRIES = 1024
"""In a table of colors."""

Color = tuple[float, float, float]
Stops = tuple[str, ...]

BLACK: Color = (0.006, 0.007, 0.009)
"""Linear; nearly the background."""
SEQUENTIAL: dict[Colormap, Stops] = {
    # Evenly spaced stops of matplotlib's maps (viridis, magma: van der Walt and Smith 2015;
    # cividis: Nuñez, Anderton and Renslow 2018), sRGB.
    "viridis": tuple("440154 472d7b 3b528b 2c728e 21918c 28ae80 5ec962 addc30 fde725".split()),
    "magma": tuple("000004 1c1044 4f127b 812581 b5367a e55064 fb8761 fec287 fcfdbf".split()),
    "cividis": tuple(
        "00224e 123570 3b496c 575d6d 707173 8a8678 a59c74 c3b369 e1cc55 fee838".split()
    ),
    "gray": ("000000", "ffffff"),
}
SAFE: tuple[Color, Color] = ((0.06, 0.30, 0.95), (1.0, 0.42, 0.03))
"""Blue and orange: told apart with every kind of color blindness; linear."""


@lru_cache(32)
def lookup_table(display: ColorMapping, negative: Color, positive: Color) -> np.ndarray:
    """(ENTRIES, 3) float32 linear colors for -1…1 of the range.

    negative, positive: of the map `signed`.
    """
    t = np.linspace(-1, 1, ENTRIES, dtype=np.float32)
    if display.colormap in SEQUENTIAL:
        stops = _linear(SEQUENTIAL[display.colormap])
        # Perceptual maps are even in what is seen: a gamma of 2, as usual here, leaves them so.
        along = ((t + 1) / 2) ** (display.gamma / 2)
        places = np.linspace(0, 1, len(stops))
        encoded = np.stack([np.interp(along, places, c) for c in (stops ** (1 / 2.2)).T], 1)
        return (encoded**2.2).astype(np.float32)
    low, high = (negative, positive) if display.colormap == "signed" else SAFE
    strength = np.abs(t)[:, None] ** display.gamma
    end = np.where(t[:, None] < 0, np.array(low), np.array(high))
    return (np.array(BLACK) * (1 - strength) + end * strength).astype(np.float32)


def _linear(stops: Stops) -> np.ndarray:
    encoded = [[int(stop[i : i + 2], 16) / 255 for i in (0, 2, 4)] for stop in stops]
    return np.array(encoded) ** 2.2


def apply(
    values: np.ndarray, low: float, high: float, colors: np.ndarray, not_finite: Color
) -> np.ndarray:
    """(H, W, 3) uint8 sRGB of (H, W) values: the same colors as in the world. colors: a table."""
    values = values.astype(np.float32)
    good = np.isfinite(values)
    t = (
        (np.where(good, values, low) - low) / (high - low)
        if high > low
        else np.full_like(values, 0.5)
    )
    linear = colors[np.rint(np.clip(t, 0, 1) * (ENTRIES - 1)).astype(int)]
    linear = np.where(good[..., None], linear, np.array(not_finite, np.float32))
    return linear_to_srgb(linear)


def symmetric_range(low: float, high: float) -> tuple[float, float]:
    """The range around zero that holds both."""
    peak = max(-low, high, 0.0)
    return -peak, peak
