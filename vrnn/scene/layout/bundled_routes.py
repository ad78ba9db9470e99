"""Long edges of a graph as cables in the air that run together, in the place of ways on the floor.

They are bundled as the viewer in front sees them, and bow toward that viewer, before all panels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vrnn.scene.edge_bundling import bundle
from vrnn.scene.layout.types import LABEL_STRIP
from vrnn.scene.straight_edges import straight_points

SAMPLES = 48
"""Points of a bundled edge at most."""
SEED = 0
BOWS = (0.08, 0.16, 0.3, 0.5)
"""How far the middle of an edge stands before the straight line, as a part of its length: the first
of these at which it is clear of all panels."""
MAX_DEVIATION = 0.03
"""Meters from an edge within which points of it are left out."""
ROOM, THICKNESS = 0.05, 0.04
"""Meters around a panel, and before and behind it, that count as the panel."""
ROUTES_AT_ONCE = 16


def bundled_routes(
    routes: Sequence[np.ndarray], are_long: np.ndarray, rects: np.ndarray
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the ways of edges with the long ones bundled; no end moves, and no way meets a panel.

    Args:
        routes: The (P, 3) points of each, meters.
        are_long: (R,) bool: which are bundled.
        rects: (K, 5) of panels: x of the center, y of the bottom, z, width and height, meters.

    Returns:
        The same ways with as many points as their bundled ones have, and these, (Q, 3) float32.
    """
    before, after = list(routes), list(routes)
    which = np.flatnonzero(are_long).tolist()
    if not which:
        return before, after
    ways = np.stack([_sampled(routes[i]) for i in which])
    bundled, is_clear = _before_panels(_seen_bundled(ways), rects)
    for number, way, together in zip(which, ways, bundled, strict=True):
        kept = _needed(way, together)
        before[number], after[number] = way[kept], together[kept]
    for number in np.array(which)[~is_clear].tolist():  # it stays on the floor
        before[number] = after[number] = routes[number]
    return before, after


def _sampled(points: np.ndarray) -> np.ndarray:
    """(SAMPLES, 3) float32 points that are evenly spaced along a polyline."""
    lengths = np.linalg.norm(np.diff(points.astype(np.float64), axis=0), axis=1)
    reached = np.concatenate([[0.0], np.cumsum(lengths)])
    wanted = np.linspace(0.0, reached[-1], SAMPLES)
    found = np.stack([np.interp(wanted, reached, points[:, i]) for i in range(3)], 1)
    return found.astype(np.float32)


def _seen_bundled(ways: np.ndarray) -> np.ndarray:
    """Straight lines between the ends of ways (R, S, 3), bundled as they are seen from the front.

    An edge from a row up or down bends as one that stays in its row does: by what is beside it.
    """
    starts, ends = ways[:, 0], ways[:, -1]
    found = straight_points(starts, ends, SAMPLES)
    found[:, :, :2] = bundle(starts[:, :2], ends[:, :2], seed=SEED, samples=SAMPLES)
    return found


def _before_panels(bundled: np.ndarray, rects: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ways (R, S, 3) bowed to the viewer until none meets a panel, and (R,) bool: which do not."""
    found = bundled.copy()
    lengths = np.linalg.norm(bundled[:, -1] - bundled[:, 0], axis=1)
    arc = np.sin(np.linspace(0, np.pi, SAMPLES, dtype=np.float32))
    arc[-1] = 0
    hit = np.arange(len(bundled))
    for bow in BOWS:
        found[hit] = bundled[hit]
        found[hit, :, 2] += np.float32(bow) * lengths[hit, None] * arc
        hit = hit[_meet_panels(found[hit], rects)]
    is_clear = np.ones(len(bundled), bool)
    is_clear[hit] = False
    return found, is_clear


def _meet_panels(ways: np.ndarray, rects: np.ndarray) -> np.ndarray:
    """(R,) bool: which ways (R, S, 3) go through a panel or its name."""
    parts = [
        _some_meet_panels(ways[i : i + ROUTES_AT_ONCE], rects)
        for i in range(0, len(ways), ROUTES_AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, bool)


def _some_meet_panels(ways: np.ndarray, rects: np.ndarray) -> np.ndarray:
    """The same of few ways; a panel counts as a box, so that none is touched either."""
    x, y, z, width, height = rects.T
    low = np.stack([x - width / 2 - ROOM, y - ROOM, z - THICKNESS], 1)
    top = y + height + LABEL_STRIP
    high = np.stack([x + width / 2 + ROOM, top + ROOM, z + THICKNESS], 1)
    first, step = ways[:, :-1, None], np.diff(ways, axis=1)[:, :, None]
    step = np.where(np.abs(step) < 1e-6, 1e-6, step)
    a, b = (low - first) / step, (high - first) / step
    enter, leave = np.minimum(a, b).max(3), np.maximum(a, b).min(3)
    found: np.ndarray = (np.maximum(enter, 0) <= np.minimum(leave, 1)).any((1, 2))
    return found


def _needed(way: np.ndarray, bundled: np.ndarray) -> np.ndarray:
    """Numbers of the points that a way needs, so that no other is far from the lines between."""
    both = np.concatenate([way, bundled], 1)
    kept, start = [0], 0
    while start < len(both) - 1:
        end = start + 1
        while end < len(both) - 1 and _is_straight(both[start : end + 2]):
            end += 1
        kept.append(end)
        start = end
    return np.array(kept)


def _is_straight(points: np.ndarray) -> bool:
    parts = np.linspace(0, 1, len(points), dtype=np.float32)[1:-1, None]
    gap = points[1:-1] - (points[0] + (points[-1] - points[0]) * parts)
    return bool(np.abs(gap).max() < MAX_DEVIATION)
