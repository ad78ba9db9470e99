"""A layer that was moved or made larger pushes its neighbors in the row aside."""

from __future__ import annotations

import numpy as np

MIN_GAP, MAX_GAP = 0.3, 0.9
"""Meters that stay free between two neighbors: as many as there were, within these."""
SAME_ROW = 0.5
"""Meters in depth: what is nearer stands in one row."""
NAME_HEIGHT = 0.4
"""Meters above a panel that its name takes."""


def push_aside(
    before: np.ndarray, rects: np.ndarray, touched: np.ndarray, beside: np.ndarray
) -> np.ndarray:
    """Return how far each layer has to give way to those that were touched.

    Args:
        before: (N, 5) of the panels as the arrangement has them, see `PlacementFrame.panel_rects`.
        rects: (N, 5) as they were moved and scaled.
        touched: (N,) whether each was moved or made larger: these push, and stay where they are.
        beside: (N,) meters left of each panel that belong to it, as the input's picture does.

    Returns:
        (N,) float32 meters to the right.
    """
    aside = np.zeros(len(rects), np.float32)
    for i in np.flatnonzero(touched).tolist():
        for side in (1, -1):
            _push(i, side, before, rects, touched, beside, aside)
    return aside


def _push(
    first: int, side: int, before: np.ndarray, rects: np.ndarray, touched: np.ndarray,
    beside: np.ndarray, aside: np.ndarray,
) -> None:  # fmt: skip
    """Push what stands at one side of a layer, and what stands beyond that in turn.

    Args:
        first: The layer that pushes.
        side: 1 for its right, -1 for its left side.
        before: See `push_aside`.
        rects: See `push_aside`.
        touched: See `push_aside`.
        beside: See `push_aside`.
        aside: What `push_aside` returns, changed in place.
    """
    center = rects[:, 0] + aside
    in_row = np.abs(rects[:, 2] - rects[first, 2]) < SAME_ROW
    top = rects[:, 1] + rects[:, 4] + NAME_HEIGHT
    in_row &= (rects[:, 1] < top[first]) & (rects[first, 1] < top)
    others = np.flatnonzero(in_row & ~touched & (side * (center - center[first]) > 0))
    last = first
    for i in others[np.argsort(side * center[others])].tolist():
        push = _reach(last, side, rects, beside, aside) - _reach(i, -side, rects, beside, aside)
        unmoved = np.zeros_like(aside)
        gap = _reach(i, -side, before, beside, unmoved) - _reach(
            last, side, before, beside, unmoved
        )
        push = side * push + float(np.clip(side * gap, MIN_GAP, MAX_GAP))
        if push <= 0:
            return
        aside[i] += side * push
        last = i


def _reach(i: int, side: int, rects: np.ndarray, beside: np.ndarray, aside: np.ndarray) -> float:
    """Where a layer ends at one side, x in meters."""
    left = float(beside[i]) if side < 0 else 0.0
    return float(rects[i, 0] + aside[i]) + side * float(rects[i, 3]) / 2 - left
