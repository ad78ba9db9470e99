"""Curves of plots that stand in the world, as flat rectangles."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from vrnn.scene.primitives import QUAD, quad_from_edges
from vrnn.style.theme import RGBA

CURVE_WIDTH = 0.012
"""Thickness of a curve, meters."""


def polyline(points: np.ndarray, color: RGBA) -> list[np.ndarray]:
    """Return a (1,) `QUAD` for each stretch of an upright polyline.

    Args:
        points: (P, 3) meters, in a plane that faces +Z.
        color: Linear.
    """
    quads = [np.zeros(0, QUAD)]
    for start, end in pairwise(points):
        along = end - start
        length = float(np.linalg.norm(along))
        if length < 1e-9:
            continue
        unit = along / length
        across = np.array([-unit[1], unit[0], 0.0]) * CURVE_WIDTH
        first = start - unit * CURVE_WIDTH / 3
        quads.append(
            quad_from_edges(first + across / 2, along + unit * CURVE_WIDTH * 2 / 3, -across, color)
        )
    return quads
