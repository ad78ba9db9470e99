"""The colors of relevance as the GPU takes them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from vrnn.style.relevance_colors import color_relevance
from vrnn.style.srgb import srgb_to_linear

Color = tuple[float, float, float, float]
"""Linear RGBA, 0…1."""


@lru_cache(4)
def relevance_table(entries: int) -> np.ndarray:
    """Return the colors of relevance from that of most against to that of most for the target.

    Args:
        entries: How many.

    Returns:
        (entries, 3) float32, linear.
    """
    values = np.linspace(-1, 1, entries, dtype=np.float32)[None]
    return srgb_to_linear(color_relevance(values, 1.0)[0]).astype(np.float32)


def relevance_color(share: float) -> Color:
    """Return the color of a share from -1 to 1."""
    table = relevance_table(2001)
    red, green, blue = table[round((min(1.0, max(-1.0, share)) + 1) * 1000)].tolist()
    return red, green, blue, 1.0
