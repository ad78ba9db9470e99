"""The routes of edges along a belt that winds back and forth, before they are turned with it.

Each leaves its sheet to the front, runs along in a lane before the sheets, and comes to its target
from the front. To another tier it goes on to the end of its own, round the bend, and along the
other one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, sin

import numpy as np

from vrnn.network.graph import Edge
from vrnn.scene.layout.polyline import Point, round_corners
from vrnn.scene.layout.terrace_routes import (
    MIN_SHARED_SOURCES,
    TRACK_PITCH,
    PanelSlot,
    Span,
    Tracks,
    share_tracks,
)
from vrnn.scene.layout.trunk import front_way, trunk_way
from vrnn.scene.layout.types import Route, StepFloor

ABOVE = 0.02
"""Height of an edge over the belt, meters."""
BASE = 0.05
"""Where an edge leaves and meets a sheet: this far in front of it, meters."""
ASIDE = 0.15
"""And so far from its middle, in widths of the sheet."""
NEAR = 0.12
"""Lanes begin this far in front of all sheets, meters."""
FRONT_ROOM = 0.35
"""Depth of the belt in front of its last lane, meters."""


@dataclass(frozen=True)
class Belt:
    """A belt with its tiers.

    Attributes:
        turn: By which the sheets are turned to it, radians.
        tiers: Their number.
        floors: Of the tiers; () as long as they are not known.
    """

    turn: float
    tiers: int
    floors: tuple[StepFloor, ...] = ()

    def sign(self, tier: int) -> int:
        """Return 1 where data runs to the right on a tier, -1 where it runs to the left."""
        return -1 if tier % 2 else 1


def depth_of_lanes(count: int) -> float:
    """Return the depth, in meters, of a tier in front of its sheets that holds so many lanes
    beside that of neighbors."""
    return NEAR + TRACK_PITCH * (count + 1) + FRONT_ROOM


def assign_lanes(edges: Sequence[Edge], slots: Mapping[int, PanelSlot], belt: Belt) -> Tracks:
    """Share the lanes of every tier among the edges that are not between neighbors.

    Args:
        edges: Of the network.
        slots: Where each node is, along the belt.
        belt: Without floors.
    """
    far = [e for e in edges if not _are_neighbors(slots[e.source], slots[e.target])]
    fan_in: dict[int, int] = {}
    for edge in far:
        fan_in[edge.target] = fan_in.get(edge.target, 0) + 1
    wanted: dict[int, dict[tuple[str, int], list[Span]]] = {}
    for edge in far:
        source, target = slots[edge.source], slots[edge.target]
        many = fan_in[edge.target] >= MIN_SHARED_SOURCES
        key = ("many", -1) if many else ("target", edge.target)
        if source.step == target.step:  # others go round a bend
            span = (min(source.x, target.x), max(source.x, target.x), edge)
            wanted.setdefault(source.step, {}).setdefault(key, []).append(span)
    return share_tracks(wanted, belt.tiers)


def route_conveyor(
    edges: Sequence[Edge], slots: Mapping[int, PanelSlot], belt: Belt, lanes: Tracks
) -> tuple[Route, ...]:
    """Return the way of every edge.

    Args:
        edges: Of the network.
        slots: Where each node is, along the belt.
        belt: With floors.
        lanes: See `assign_lanes`.
    """
    routes = []
    for edge in edges:
        source, target = slots[edge.source], slots[edge.target]
        is_next = target.order <= source.order + 2
        points = _way(edge, source, target, belt, lanes)
        routes.append(Route(edge.source, edge.target, points, not is_next))
    return tuple(routes)


def _are_neighbors(source: PanelSlot, target: PanelSlot) -> bool:
    return source.step == target.step and target.order == source.order + 1


def _way(edge: Edge, source: PanelSlot, target: PanelSlot, belt: Belt, lanes: Tracks) -> np.ndarray:
    low, high = belt.floors[source.step], belt.floors[target.step]
    if source.step == target.step:
        lane = _lane(edge, source.step, belt, lanes)
        arrival = _to_lane(target, low, lane, belt, leaves=False)[::-1]
        return round_corners([*_to_lane(source, low, lane, belt, leaves=True), *arrival])
    departure = _to_lane(source, low, front_way(low), belt, leaves=True)
    arrival = _to_lane(target, high, front_way(high), belt, leaves=False)[::-1]
    steps = source.step, target.step
    return trunk_way(departure, arrival, steps, belt.floors, belt.sign(min(steps)))


def _lane(edge: Edge, step: int, belt: Belt, lanes: Tracks) -> float:
    """z of the lane that an edge takes on a tier, meters; neighbors have the one at the sheets."""
    number = lanes.track_of.get((step, edge.source, edge.target), -1)
    front = belt.floors[step].front - FRONT_ROOM
    return front - TRACK_PITCH * (lanes.counts[step] - 1 - number)


def _to_lane(
    slot: PanelSlot, floor: StepFloor, lane: float, belt: Belt, leaves: bool
) -> list[Point]:
    """From the base of a sheet to a lane on the floor."""
    forth = belt.sign(slot.step) * (1 if leaves else -1)
    aside = forth * ASIDE * slot.width
    x, z = slot.x + aside * cos(belt.turn), floor.z + aside * sin(belt.turn) + BASE
    y, ground = floor.y + slot.lift + ABOVE, floor.y + ABOVE
    if slot.lift <= 0:
        return [(x, ground, z), (x, ground, lane)]
    gap = slot.gap_right if forth > 0 else slot.gap_left
    near = lane - 0.5 * TRACK_PITCH
    return [(x, y, z), (x, y, near), (gap, y, near), (gap, ground, near), (gap, ground, lane)]
