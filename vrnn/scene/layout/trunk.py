"""The trunk: the one way beside the steps that all edges take which pass a step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vrnn.scene.layout.polyline import Point, round_corners
from vrnn.scene.layout.types import StepFloor

TRUNK_ROOM = 0.9
"""Distance of the trunk from the ends of the steps, meters."""
INSET = 0.18
"""Distance of the way to the trunk from the front edge of its step, meters."""
ABOVE = 0.02
"""Height of an edge over the floor, meters."""


def front_way(floor: StepFloor) -> float:
    """Return z of the way to the trunk on a step, meters."""
    return floor.front - INSET


def trunk_ends(floors: Sequence[StepFloor], side: int) -> list[float]:
    """Return x of the trunk at each step, meters; it never goes back over a wider step.

    Args:
        floors: Of the steps, from the lowest.
        side: 1 at the right, -1 at the left.
    """
    ends = [side * (floor.right if side > 0 else floor.left) for floor in floors]
    widest = np.maximum.accumulate(ends) if ends else np.zeros(0)
    return (side * (widest + TRUNK_ROOM)).tolist()


def trunk_way(
    departure: Sequence[Point], arrival: Sequence[Point], steps: tuple[int, int],
    floors: Sequence[StepFloor], side: int,
) -> np.ndarray:  # fmt: skip
    """Return the way of an edge along the trunk, (N, 3) float32.

    Args:
        departure: From the source to the way to the trunk.
        arrival: From there to the target.
        steps: Numbers of the first and the last step.
        floors: Of all steps.
        side: Of the trunk, 1 at the right, -1 at the left.
    """
    ends, (first, last) = trunk_ends(floors, side), steps
    order = range(first, last + 1) if last >= first else range(first, last - 1, -1)
    points = [(ends[k], floors[k].y + ABOVE, front_way(floors[k])) for k in order]
    # No corner of the trunk is round, so that edges which come from everywhere run at one place.
    begin, end = round_corners([*departure, points[0]]), round_corners([points[-1], *arrival])
    return np.concatenate([begin, np.array(points[1:-1], np.float32).reshape(-1, 3), end])
