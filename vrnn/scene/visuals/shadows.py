"""Soft shadows of panels on what they stand on, so that one sees where they stand."""

from __future__ import annotations

import numpy as np

from vrnn.scene.primitives import QUAD, SHADOW

DEPTH, ASIDE = 0.45, 0.12
"""Meters that a shadow reaches before and behind its panel, and beyond its sides."""
ABOVE = 0.006
"""Meters above what the panel stands on."""
STRENGTH = 0.6
"""Opacity under the panel."""


def panel_shadows(rects: np.ndarray, opacity: float = 1.0) -> np.ndarray:
    """Return the shadows of panels.

    Args:
        rects: (N, 5) of the panels, see `PlacementFrame.panel_rects`.
        opacity: 0…1.

    Returns:
        (N,) `QUAD`.
    """
    x, y, z, width, height = rects.T
    reach = DEPTH * np.clip(height, 0.2, 1.0)
    records = np.zeros(len(rects), QUAD)
    records["origin"] = np.stack([x - width / 2 - ASIDE, y + ABOVE, z - reach], 1)
    records["right"][:, 0], records["down"][:, 2] = width + 2 * ASIDE, 2 * reach
    records["top"] = records["bottom"] = (0.0, 0.0, 0.0, STRENGTH * opacity)
    records["kind"] = SHADOW
    return records
