"""The colors of CKA: viridis from 0, nothing in common, to 1, alike."""

from __future__ import annotations

import numpy as np

from vrnn.style.color_mapping import ColorMapping
from vrnn.style.colormap import ENTRIES, lookup_table
from vrnn.style.srgb import linear_to_srgb

NOT_KNOWN = (120, 20, 90)
"""sRGB of what is NaN, in no color map."""


def cka_pixels(values: np.ndarray) -> np.ndarray:
    """Return the colors of CKA, (…, 3) uint8 sRGB; what is below 0 has the color of 0.

    Args:
        values: Of any shape.
    """
    mapping = ColorMapping(colormap="viridis", gamma=2.0)
    table = linear_to_srgb(lookup_table(mapping, (0, 0, 0), (0, 0, 0)))
    is_known = np.isfinite(values)
    parts = np.clip(np.where(is_known, values, 0), 0, 1)
    pixels = table[np.rint(parts * (ENTRIES - 1)).astype(int)]
    return np.where(is_known[..., None], pixels, np.array(NOT_KNOWN, np.uint8)).astype(np.uint8)
