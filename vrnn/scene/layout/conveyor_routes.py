"""The routes of edges along a belt that winds back and forth, before they are turned with it.

Each leaves its sheet to the front, runs along in a lane before the sheets, and comes to its target
from the front. To another tier it goes on to the end of its own, round the bend, and along the
other one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, sin

from vrnn.network.graph import Edge
from vrnn.scene.layout.polyline import Point, round_corners
from vrnn.scene.layout.terrace_routes import (
    MIN_SHARED_SOURCES,
    TRACK_PITCH,
    PanelSlot,
    Span,
    StepFloor,
    Tracks,
    share_tracks,
)
from vrnn.scene.layout.types import Route

BEND = 0.7
BENDS = 6
"""Distance of the first way round a bend from the ends of the tiers, meters, and number of
parallel ones."""
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
        ends: x of the left and the right end of each tier, meters.
        floors: Of the tiers; () as long as they are not known.
    """

    turn: float
    ends: tuple[tuple[float, float], ...]
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
        if source.step == target.step:
            spans = [(source.step, key, source.x, target.x)]
        else:
            end = _bend_side(source, target, belt) * float("inf")
            spans = [(source.step, ("source", edge.source), source.x, end)]
            spans.append((target.step, key, target.x, end))
        for step, name, a, b in spans:
            wanted.setdefault(step, {}).setdefault(name, []).append((min(a, b), max(a, b), edge))
    return share_tracks(wanted, len(belt.ends))


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
        corners = _way(edge, source, target, belt, lanes)
        is_next = target.order <= source.order + 2
        routes.append(Route(edge.source, edge.target, round_corners(corners), not is_next))
    return tuple(routes)


def _are_neighbors(source: PanelSlot, target: PanelSlot) -> bool:
    return source.step == target.step and target.order == source.order + 1


def _bend_side(source: PanelSlot, target: PanelSlot, belt: Belt) -> int:
    """At which end an edge changes tiers: where the run of the lower one ends, 1 at the right."""
    return belt.sign(min(source.step, target.step))


def _way(
    edge: Edge, source: PanelSlot, target: PanelSlot, belt: Belt, lanes: Tracks
) -> list[Point]:
    low, high = belt.floors[source.step], belt.floors[target.step]
    z0 = _lane(edge, source.step, belt, lanes)
    z1 = _lane(edge, target.step, belt, lanes)
    departure = _to_lane(source, low, z0, belt, leaves=True)
    arrival = _to_lane(target, high, z1, belt, leaves=False)[::-1]
    if source.step == target.step:
        return [*departure, *arrival]
    side = _bend_side(source, target, belt)
    first, last = sorted((source.step, target.step))
    ends = belt.ends[first : last + 1]
    reach = max(side * (right if side > 0 else left) for left, right in ends)
    x = side * (reach + BEND + TRACK_PITCH * (edge.source % BENDS))
    return [*departure, (x, low.y + ABOVE, z0), (x, high.y + ABOVE, z1), *arrival]


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
