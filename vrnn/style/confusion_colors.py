"""Colors of confusion matrices: right answers blue, wrong ones orange, brighter with the share."""

from __future__ import annotations

import numpy as np

EMPTY = (24, 27, 33)
RIGHT, WRONG = (86, 180, 233), (240, 140, 40)
"""sRGB, which all kinds of color vision tell apart (Okabe and Ito 2008)."""
LEAST = 0.22
"""Part of the way from EMPTY at which a cell with a single image begins."""


def confusion_pixels(counts: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """Return a color for each cell, by its share of the images of its row.

    Args:
        counts: (K, K) images by class (row) and answer (column).
        totals: (K,) images of each class, with those of answers that are not shown.

    Returns:
        (K, K, 3) uint8 sRGB.
    """
    shares = counts / np.maximum(totals, 1)[:, None]
    # The square root lets a few wrong answers be seen beside many right ones.
    parts = np.where(counts > 0, LEAST + (1 - LEAST) * np.sqrt(shares), 0.0)[..., None]
    ends = np.where(np.eye(len(counts), dtype=bool)[..., None], RIGHT, WRONG)
    return np.rint(np.array(EMPTY) * (1 - parts) + ends * parts).astype(np.uint8)
