"""Polylines with rounded corners."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

CORNER = 0.22
"""Radius of a rounded corner, meters; less where the pieces beside it are short."""
CORNER_POINTS = 4

Point = tuple[float, float, float]


def round_corners(corners: Sequence[Point]) -> np.ndarray:
    """The polyline through these corners with each inner one rounded.

    corners: at least two points. Returns (N, 3) float32; every point lies on or inside the corner's
    triangle, so that a clear way stays clear. The curve is a quadratic Bézier between the points
    at most CORNER before and after the corner.
    """
    given = np.array(corners, np.float64)
    keep = np.ones(len(given), bool)
    keep[1:] = np.abs(np.diff(given, axis=0)).max(axis=1) > 1e-6
    given = given[keep]
    if len(given) < 3:
        return np.array([corners[0], corners[-1]], np.float32)
    piece = np.diff(given, axis=0)
    length = np.sqrt((piece * piece).sum(axis=1))
    unit = piece / length[:, None]
    reach = np.minimum(CORNER, np.minimum(length[:-1], length[1:]) / 2)[:, None]
    middle = given[1:-1]
    before, after = middle - unit[:-1] * reach, middle + unit[1:] * reach
    t = np.linspace(0, 1, CORNER_POINTS)[None, :, None]
    curve = (
        (1 - t) ** 2 * before[:, None] + 2 * t * (1 - t) * middle[:, None] + t * t * after[:, None]
    )
    return np.concatenate([given[:1], curve.reshape(-1, 3), given[-1:]]).astype(np.float32)
