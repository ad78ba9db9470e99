"""Polylines with rounded corners."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

CORNER = 0.22
"""Meters from a corner to where its curve begins; less where the pieces beside it are short."""
CORNER_POINTS = 4
"""Points of a curve."""

Point = tuple[float, float, float]


def round_corners(
    corners: Sequence[Point], reach: float = CORNER, count: int = CORNER_POINTS
) -> np.ndarray:
    """Return the polyline through corners with each inner one rounded.

    The curve is a quadratic Bézier between points at most so far before and after the corner.

    Args:
        corners: At least two points, meters.
        reach: Meters from a corner to where its curve begins.
        count: Points of a curve.

    Returns:
        (N, 3) float32. Every point lies on or inside the corner's triangle, so that a clear way
        stays clear.
    """
    points = np.array(corners, np.float64)
    is_new = np.ones(len(points), bool)
    is_new[1:] = np.abs(np.diff(points, axis=0)).max(axis=1) > 1e-6
    points = points[is_new]
    if len(points) < 3:
        return np.array([corners[0], corners[-1]], np.float32)
    pieces = np.diff(points, axis=0)
    lengths = np.sqrt((pieces * pieces).sum(axis=1))
    units = pieces / lengths[:, None]
    used = np.minimum(reach, np.minimum(lengths[:-1], lengths[1:]) / 2)[:, None]
    middle = points[1:-1]
    before, after = middle - units[:-1] * used, middle + units[1:] * used
    t = np.linspace(0, 1, count)[None, :, None]
    curve = (
        (1 - t) ** 2 * before[:, None] + 2 * t * (1 - t) * middle[:, None] + t * t * after[:, None]
    )
    return np.concatenate([points[:1], curve.reshape(-1, 3), points[-1:]]).astype(np.float32)
