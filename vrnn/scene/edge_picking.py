"""Which edge a ray points at."""

from __future__ import annotations

import numpy as np

from vrnn.scene.picking import Hit
from vrnn.scene.placement import PlacementFrame

REACH = 0.08
"""Meters around the middle of an edge that belong to it."""
REACH_ANGLE = 0.004
"""The same as a part of the distance, for edges that are far away."""


def pick_edge(
    frame: PlacementFrame, slot: int, origin: np.ndarray, direction: np.ndarray
) -> Hit | None:
    """Return the nearest edge of a network that a ray comes close to.

    Args:
        frame: Where its edges are.
        slot: The network.
        origin: (3,) meters.
        direction: (3,) unit vector.
    """
    if not frame.routes:
        return None
    starts = np.concatenate([route[:-1] for route in frame.routes]).astype(np.float64)
    ends = np.concatenate([route[1:] for route in frame.routes]).astype(np.float64)
    counts = [len(route) - 1 for route in frame.routes]
    edges = np.repeat(np.arange(len(frame.routes)), counts)
    along, distance = closest_on_segments(starts, ends, origin, direction)
    is_near = (along > 0.05) & (distance < REACH + REACH_ANGLE * along)
    if not is_near.any():
        return None
    found = np.flatnonzero(is_near)
    nearest = found[np.argmin(along[found])]
    edge = frame.placement.network.edges[edges[nearest]]
    return Hit("edge", float(along[nearest]), slot, edge=(edge.source, edge.target))


def closest_on_segments(
    starts: np.ndarray, ends: np.ndarray, origin: np.ndarray, direction: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return how far along a ray it is closest to each segment, and how far apart they are.

    Args:
        starts: (N, 3) float64 meters.
        ends: (N, 3) float64 meters.
        origin: (3,) meters.
        direction: (3,) unit vector.

    Returns:
        Meters, (N,) each.
    """
    segment, from_origin = ends - starts, starts - origin
    across = segment @ direction
    length = np.maximum((segment * segment).sum(1), 1e-12)
    # Least squares over both parameters; that of the segment is kept on it.
    determinant = np.maximum(length - across**2, 1e-12)
    part = (across * (from_origin @ direction) - (segment * from_origin).sum(1)) / determinant
    points = starts + segment * np.clip(part, 0.0, 1.0)[:, None]
    along = np.maximum((points - origin) @ direction, 0.0)
    gap = points - origin - along[:, None] * direction
    return along, np.linalg.norm(gap, axis=1)
