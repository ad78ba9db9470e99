"""Arches: skips between two parts of a step, over the valley and whatever stands between."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from vrnn.network.graph import Edge
from vrnn.scene.layout.polyline import Point, round_corners
from vrnn.scene.layout.terrace_routes import ABOVE, BASE, NEAR, PanelSlot
from vrnn.scene.layout.types import Route, StepFloor

CLEARANCE = 0.3
"""Meters between an arch and the highest thing under it."""
RISE_OF_SPAN, MAX_RISE_OF_PANEL = 0.4, 0.8
"""Height of an arch with nothing under it, as a part of its span, and of the panels beside it."""
ARCH_POINTS = 21
CORNER, CORNER_POINTS = 0.7, 7
"""Radius of the corners of an arch over something, meters, and points of each."""


def room_over(edges: Iterable[Edge], slots: Mapping[int, PanelSlot]) -> dict[int, float]:
    """Return the meters that arches need over what stands on each step with some.

    Args:
        edges: That are arches.
        slots: Where each node is.
    """
    room: dict[int, float] = {}
    for edge in edges:
        source, target = slots[edge.source], slots[edge.target]
        if _between(source, target, slots.values()):
            room[source.step] = CLEARANCE + 0.1
    return room


def arch(edge: Edge, slots: Mapping[int, PanelSlot], floors: Sequence[StepFloor]) -> Route:
    """Return the way of a skip to a later panel of the same step, as an arch.

    Args:
        edge: The skip.
        slots: Where each node is.
        floors: Of the steps.
    """
    source, target = slots[edge.source], slots[edge.target]
    floor = floors[source.step]
    z = floor.z + NEAR
    ys, yt = floor.y + source.lift + ABOVE, floor.y + target.lift + ABOVE
    start, end = source.gap_right, target.gap_left
    tops = _between(source, target, slots.values())
    if tops:
        top = floor.y + max(*tops, source.top, target.top) + CLEARANCE
        over: list[Point] = [(start, ys, z), (start, top, z), (end, top, z), (end, yt, z)]
        middle = round_corners(over, CORNER, CORNER_POINTS)
    else:
        least = min(source.lift + source.height, target.lift + target.height)
        rise = min(RISE_OF_SPAN * abs(end - start), MAX_RISE_OF_PANEL * least)
        angle = np.linspace(0, np.pi, ARCH_POINTS)
        across = (1 - np.cos(angle)) / 2
        x, y = start + (end - start) * across, ys + (yt - ys) * across + rise * np.sin(angle)
        middle = np.stack([x, y, np.full(ARCH_POINTS, z)], 1).astype(np.float32)
    first: list[Point] = [(source.leaves, ys, floor.z + BASE), (source.leaves, ys, z)]
    last: list[Point] = [(target.enters, yt, z), (target.enters, yt, floor.z + BASE)]
    line = [
        round_corners([*first, (start, ys, z)])[:-1],
        middle,
        round_corners([(end, yt, z), *last])[1:],
    ]
    return Route(edge.source, edge.target, np.concatenate(line), is_skip=True)


def _between(source: PanelSlot, target: PanelSlot, slots: Iterable[PanelSlot]) -> list[float]:
    """Heights of the columns between two panels of a step, meters."""
    return [s.top for s in slots if s.step == source.step and source.order < s.order < target.order]
