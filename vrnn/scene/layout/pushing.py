"""A layer that was moved or made larger pushes its neighbors in the row aside."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos

import numpy as np

from vrnn.scene.linalg import turned_about_y, turned_point

MIN_GAP, MAX_GAP = 0.3, 0.9
"""Meters that stay free between two neighbors: as many as there were, within these."""
SAME_ROW = 0.5
"""Meters in depth: what is nearer stands in one row."""
NAME_HEIGHT = 0.4
"""Meters above a panel that its name takes."""


@dataclass(frozen=True, eq=False)
class _Line:
    """Layers along their rows.

    Attributes:
        before: (N, 2) left and right end of each as the arrangement has it, meters along the row.
        ends: (N, 2) the same as it was moved and scaled.
        middles: (N,) middle of each panel, as it was moved, meters along the row.
        aside: (N,) how far each has given way, meters along the row.
        beside: (N, N) whether one may be in the way of the other: in one row, at one height.
    """

    before: np.ndarray
    ends: np.ndarray
    middles: np.ndarray
    aside: np.ndarray
    beside: np.ndarray


def push_aside(
    before: np.ndarray, rects: np.ndarray, touched: np.ndarray, beside: np.ndarray,
    turn: float = 0.0,
) -> np.ndarray:  # fmt: skip
    """Return how far each layer has to give way to those that were touched.

    Args:
        before: (N, 5) of the panels as the arrangement has them, see `PlacementFrame.panel_rects`.
        rects: (N, 5) as they were moved and scaled.
        touched: (N,) whether each was moved or made larger: these push, and stay where they are.
        beside: (N,) meters left of each panel that belong to it, as the input's picture does.
        turn: By which rows are turned, see `Layout`; radians.

    Returns:
        (N, 3) float32 meters along the rows.
    """
    at_first, now = (turned_about_y(r[:, :3].astype(float), -turn) for r in (before, rects))
    # What is moved in its own plane stays in its row, though that is turned to the plane.
    depth = at_first[:, 2] + (rects[:, 2] - before[:, 2]) * cos(turn)
    top = rects[:, 1] + rects[:, 4] + NAME_HEIGHT
    is_near = np.abs(depth[:, None] - depth) < SAME_ROW
    is_level = (rects[:, 1][:, None] < top) & (rects[:, 1] < top[:, None])
    ends = [
        np.stack([x - (width / 2 + left) * cos(turn), x + width / 2 * cos(turn)], 1)
        for (x, _, _), width, left in (
            (at_first.T, before[:, 3], beside), (now.T, rects[:, 3], beside)
        )
    ]  # fmt: skip
    line = _Line(ends[0], ends[1], now[:, 0], np.zeros(len(rects)), is_near & is_level)
    for i in np.flatnonzero(touched).tolist():
        for side in (1, -1):
            _push(i, side, line, touched)
    along = np.array(turned_point((1.0, 0.0, 0.0), turn))
    return (line.aside[:, None] * along).astype(np.float32)


def _push(first: int, side: int, line: _Line, touched: np.ndarray) -> None:
    """Push what stands at one side of a layer, and what stands beyond that in turn.

    Args:
        first: The layer that pushes.
        side: 1 for its right, -1 for its left side.
        line: Its layers; `aside` is changed in place.
        touched: See `push_aside`.
    """
    far, near = (1, 0) if side > 0 else (0, 1)
    center = line.middles + line.aside
    others = np.flatnonzero(line.beside[first] & ~touched & (side * (center - center[first]) > 0))
    last = first
    for i in others[np.argsort(side * center[others])].tolist():
        apart = line.ends[last, far] + line.aside[last] - line.ends[i, near] - line.aside[i]
        gap = line.before[i, near] - line.before[last, far]
        push = side * apart + float(np.clip(side * gap, MIN_GAP, MAX_GAP))
        if push <= 0:
            return
        line.aside[i] += side * push
        last = i
