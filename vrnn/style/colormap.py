"""Color maps: from values to colors.

The sequential ones are matplotlib's, from the package `cmap`: viridis and magma (van der Walt and
Smith 2015), cividis (Nuñez, Anderton and Renslow 2018).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from vrnn.style.color_mapping import Colormap, ColorMapping
from vrnn.style.srgb import linear_to_srgb
from vrnn.style.theme import themed
from vrnn.style.theme_names import Theme

ENTRIES = 1024
"""Colors in a lookup table."""

Color = tuple[float, float, float]
"""Linear red, green and blue, 0…1."""

BLACK: Color = (0.006, 0.007, 0.009)
"""Nearly the background."""
STOPS: dict[Colormap, int] = {"viridis": 9, "magma": 9, "cividis": 10, "gray": 2}
"""Evenly spaced colors of the sequential maps, between which the others are interpolated."""
GAMMA = 2.2
"""Of the codes that are interpolated."""
DIVERGING: tuple[Colormap, ...] = ("signed", "orange-blue")
"""Maps from one color over black to another."""
SAFE: tuple[Color, Color] = ((0.06, 0.30, 0.95), (1.0, 0.42, 0.03))
"""Blue and orange: they can be distinguished with every kind of color blindness."""


@lru_cache(32)
def lookup_table(
    color_mapping: ColorMapping, negative: Color, positive: Color, theme: Theme = "dark"
) -> np.ndarray:
    """Return the colors of a color map.

    Args:
        color_mapping: Which map, and its gamma.
        negative: Color of the lower end of the map `signed`.
        positive: Color of the upper end of the map `signed`.
        theme: In the light theme the diverging maps lead over white; both ends are given as the
            dark theme has them.

    Returns:
        (ENTRIES, 3) float32 linear colors for -1…1 of the range.
    """
    t = np.linspace(-1, 1, ENTRIES, dtype=np.float32)
    if color_mapping.colormap in STOPS:
        from cmap import Colormap as SequentialMap  # 20 ms, and only these maps need it

        # These are even in what is perceived: a gamma of 2, as usual here, leaves them so.
        position = ((t + 1) / 2) ** (color_mapping.gamma / 2)
        stop_positions = np.linspace(0, 1, STOPS[color_mapping.colormap])
        stops = np.rint(SequentialMap(color_mapping.colormap)(stop_positions)[:, :3] * 255) / 255
        codes = ((stops**GAMMA) ** (1 / GAMMA)).T
        encoded = np.stack([np.interp(position, stop_positions, code) for code in codes], 1)
        return (encoded**GAMMA).astype(np.float32)
    low, high = (negative, positive) if color_mapping.colormap == "signed" else SAFE
    strength = np.abs(t)[:, None] ** color_mapping.gamma
    end = np.where(t[:, None] < 0, np.array(low), np.array(high))
    dark = np.array(BLACK) * (1 - strength) + end * strength
    return themed(dark, theme).astype(np.float32)


def apply(
    values: np.ndarray, low: float, high: float, colors: np.ndarray, not_finite: Color
) -> np.ndarray:
    """Return values in the same colors as in the world.

    Args:
        values: (H, W).
        low: Where the range of the colors begins.
        high: Where it ends.
        colors: (ENTRIES, 3), see `lookup_table`.
        not_finite: Color of what is NaN or infinite.

    Returns:
        (H, W, 3) uint8 sRGB.
    """
    values = values.astype(np.float32)
    is_finite = np.isfinite(values)
    t = (
        (np.where(is_finite, values, low) - low) / (high - low)
        if high > low
        else np.full_like(values, 0.5)
    )
    linear = colors[np.rint(np.clip(t, 0, 1) * (ENTRIES - 1)).astype(int)]
    linear = np.where(is_finite[..., None], linear, np.array(not_finite, np.float32))
    return linear_to_srgb(linear)


def symmetric_range(low: float, high: float) -> tuple[float, float]:
    """Return the range around zero that holds both ends of another."""
    peak = max(-low, high, 0.0)
    return -peak, peak
