"""The floor of the terrace: the steps that its rows of panels stand on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vrnn.scene.layout.types import TerraceRow
from vrnn.scene.linalg import turned_about_y
from vrnn.scene.primitives import GROUND, QUAD, floor_quad, quad

TREAD_FAR = (0.0120, 0.0150, 0.0225, 1.0)
TREAD_NEAR = (0.0215, 0.0265, 0.0390, 1.0)
RISER_TOP = (0.0165, 0.0205, 0.0310, 1.0)
RISER_FOOT = (0.0105, 0.0130, 0.0185, 0.0)
MAX_RISER_HEIGHT = 1.1
"""Meters of a row's front that are visible."""
EDGE_LINE = (0.085, 0.105, 0.150, 1.0)


def terrace_floor_quads(
    rows: Sequence[TerraceRow], offset: np.ndarray, opacity: float, turn: float = 0.0
) -> np.ndarray:
    """Return a tread for each row, and a riser that fades out downward.

    Args:
        rows: The rows of a network.
        offset: (3,) of the network in the world, meters.
        opacity: 0…1, see `WorldPlacement.reveal`.
        turn: Of the rows, see `Layout`.

    Returns:
        (N,) `QUAD`, the furthest first, as they blend.
    """
    if opacity <= 0.01:
        return np.zeros(0, QUAD)
    parts = []
    for row in sorted(rows, key=lambda row: row.front):
        left, width = row.left, row.right - row.left
        depth = row.front - row.back
        top = row.y + 0.002
        parts.append(floor_quad(left, row.back, width, depth, top, TREAD_FAR, TREAD_NEAR))
        if row.y > 0.01:
            height = min(row.y, MAX_RISER_HEIGHT)
            parts.append(quad(left, top, width, height, row.front, RISER_TOP, RISER_FOOT))
        parts.append(quad(left, top + 0.01, width, 0.02, row.front + 0.003, EDGE_LINE))
    records = np.concatenate(parts) if parts else np.zeros(0, QUAD)
    records["kind"] = GROUND
    for name in ("origin", "right", "down"):
        records[name] = turned_about_y(records[name], turn)
    records["origin"] += offset
    records["top"][:, 3] *= opacity
    records["bottom"][:, 3] *= opacity
    return records
