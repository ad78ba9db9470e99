"""The routes of edges over the terrace, never through a panel.

Between neighbors an edge crosses the gap just in front of the panels. Longer ones run in tracks on
the step's floor, further in front. They pass a row of panels only through a gap between its
columns, climb to the next step there, and go on along its floor; those that reach further up take
the trunk beside the steps. Edges to one target share a track, and so do all those to targets with
many sources.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vrnn.network.graph import Edge
from vrnn.scene.layout.polyline import Point, round_corners
from vrnn.scene.layout.trunk import front_way, trunk_way
from vrnn.scene.layout.types import Route, StepFloor

BASE = 0.05
"""Where an edge leaves and meets a panel: this far in front of it, meters."""
NEAR = 0.3
"""The line between neighbors runs this far in front of the panels, meters."""
FIRST_TRACK = 0.6
TRACK_PITCH = 0.13
"""Distance of the first track from the panels and of the tracks from each other, meters."""
MAX_TRACKS = 8
"""On one step; more edges share them."""
MIN_SHARED_SOURCES = 4
"""A target with at least this many edges over tracks takes them from the common track."""
EDGE_ROOM = 0.35
"""Depth of a step in front of its last track, meters."""
MIN_TRACK_DEPTH = 1.2
"""Depth of a step in front of its panels, meters."""
ABOVE = 0.02
"""Height of an edge over the floor, meters."""


Span = tuple[float, float, Edge]
"""The least and the largest x that an edge takes in a track, meters."""


@dataclass(frozen=True)
class PanelSlot:
    """Where the panel of a node is on its step.

    Attributes:
        step: Index of its step.
        order: Of its column in the whole network.
        x: Its center, meters.
        lift: Of its base over the step, meters.
        width: Of the panel, meters.
        height: Of the panel, meters.
        gap_left: x of the free gap at the left of its column, meters.
        gap_right: x of the free gap at the right of its column, meters.
        top: Of all that is in its column, with labels, over the step, meters.
    """

    step: int
    order: int
    x: float
    lift: float
    width: float
    height: float
    gap_left: float
    gap_right: float
    top: float

    @property
    def leaves(self) -> float:
        """Where edges leave, in the right part of the base: x in meters."""
        return self.x + 0.3 * self.width

    @property
    def enters(self) -> float:
        """Where edges arrive, in the left part of the base: x in meters."""
        return self.x - 0.3 * self.width


@dataclass(frozen=True)
class Tracks:
    """Which track each edge takes.

    Attributes:
        track_of: Track by step, source and target.
        counts: Number of tracks of each step.
    """

    track_of: Mapping[tuple[int, int, int], int]
    counts: tuple[int, ...]


def depth_of_tracks(count: int) -> float:
    """Return the depth, in meters, of a step in front of its panels that holds so many tracks."""
    return max(MIN_TRACK_DEPTH, FIRST_TRACK + TRACK_PITCH * max(0, count - 1) + EDGE_ROOM)


def assign_tracks(edges: Sequence[Edge], slots: Mapping[int, PanelSlot], steps: int) -> Tracks:
    """Share the tracks of every step among the edges that are not between neighbors.

    Args:
        edges: Of the network.
        slots: Where each node is.
        steps: Number of steps.
    """
    wanted: dict[int, dict[tuple[str, int], list[Span]]] = {}
    fan_in: dict[int, int] = {}
    for edge in edges:
        if not _neighbors(slots[edge.source], slots[edge.target]):
            fan_in[edge.target] = fan_in.get(edge.target, 0) + 1
    for edge in edges:
        source, target = slots[edge.source], slots[edge.target]
        if _neighbors(source, target):
            continue
        many = fan_in[edge.target] >= MIN_SHARED_SOURCES
        key = ("many", -1) if many else ("target", edge.target)
        if source.step == target.step:
            spans = [(source.step, key, source.leaves, target.enters)]
        elif target.step == source.step + 1:
            spans = [(target.step, key, source.gap_right, target.enters)]
        elif target.step == source.step - 1:
            spans = [(source.step, key, source.leaves, target.gap_left)]
        else:  # along the trunk
            spans = []
        for step, name, a, b in spans:
            wanted.setdefault(step, {}).setdefault(name, []).append((min(a, b), max(a, b), edge))
    return share_tracks(wanted, steps)


def share_tracks(
    wanted: Mapping[int, Mapping[tuple[str, int], Sequence[Span]]], steps: int
) -> Tracks:
    """Give every bundle of every step a track.

    Args:
        wanted: By step and by what shares a track: the edges, each with the least and the largest x
            it takes there.
        steps: Number of steps.
    """
    track_of: dict[tuple[int, int, int], int] = {}
    counts = [0] * steps
    for step, bundles in wanted.items():
        counts[step] = _assign_step(step, bundles, track_of)
    return Tracks(track_of, tuple(counts))


def _assign_step(
    step: int,
    bundles: Mapping[tuple[str, int], Sequence[Span]],
    track_of: dict[tuple[int, int, int], int],
) -> int:
    """Give every bundle of a step a track, the shorter ones nearer to the panels.

    Args:
        step: Index of the step.
        bundles: Edges that share a track, each with the least and the largest x it takes there.
        track_of: Takes the tracks.

    Returns:
        The number of tracks.
    """
    spans = []
    for number, members in enumerate(bundles.values()):
        low, high = min(m[0] for m in members), max(m[1] for m in members)
        spans.append((high - low, number, low, high, members))
    taken: list[list[tuple[float, float]]] = []
    for _, number, low, high, members in sorted(spans, key=lambda span: span[:2]):
        free = (k for k, used in enumerate(taken) if all(high < a or b < low for a, b in used))
        track = next(free, len(taken))
        if track == MAX_TRACKS:
            track = number % MAX_TRACKS
        if track == len(taken):
            taken.append([])
        taken[track].append((low, high))
        for _, _, edge in members:
            track_of[step, edge.source, edge.target] = track
    return len(taken)


def _neighbors(source: PanelSlot, target: PanelSlot) -> bool:
    """Whether the target's column follows the source's on the same step."""
    return source.step == target.step and target.order == source.order + 1


def route_terrace(
    edges: Sequence[Edge],
    slots: Mapping[int, PanelSlot],
    floors: Sequence[StepFloor],
    tracks: Tracks,
) -> tuple[Route, ...]:
    """Return the way of every edge over the terrace.

    Args:
        edges: Of the network.
        slots: Where each node is.
        floors: Of the steps.
        tracks: See `assign_tracks`.
    """
    return tuple(route_on_steps(edge, slots, floors, tracks) for edge in edges)


def route_on_steps(
    edge: Edge, slots: Mapping[int, PanelSlot], floors: Sequence[StepFloor], tracks: Tracks
) -> Route:
    """Return the way of an edge over steps; see `route_terrace`."""
    source, target = slots[edge.source], slots[edge.target]
    if abs(target.step - source.step) > 1:
        low, high = floors[source.step], floors[target.step]
        departure = _departure(source, low, front_way(low))
        arrival = _arrival(target, high, front_way(high))
        side = 1 if target.step > source.step else -1
        points = trunk_way(departure, arrival, (source.step, target.step), floors, side)
        return Route(edge.source, edge.target, points, is_skip=True)
    if _neighbors(source, target):
        corners = _gap_way(source, target, floors[source.step])
    else:
        corners = _track_way(edge, source, target, floors, tracks)
    is_next = target.order <= source.order + 2 and abs(target.step - source.step) <= 1
    return Route(edge.source, edge.target, round_corners(corners), not is_next)


def _gap_way(source: PanelSlot, target: PanelSlot, floor: StepFloor) -> list[Point]:
    """From a panel to one in the next column, up or down in the gap between them."""
    z = floor.z + NEAR
    ys, yt = floor.y + source.lift + ABOVE, floor.y + target.lift + ABOVE
    return [
        (source.leaves, ys, floor.z + BASE), (source.leaves, ys, z),
        (source.gap_right, ys, z), (source.gap_right, yt, z),
        (target.enters, yt, z), (target.enters, yt, floor.z + BASE),
    ]  # fmt: skip


def _track_way(
    edge: Edge, source: PanelSlot, target: PanelSlot, floors: Sequence[StepFloor], tracks: Tracks
) -> list[Point]:
    """From a panel to one further away, over tracks on the floors."""
    low, high = floors[source.step], floors[target.step]  # as in the terrace, where data goes up

    def track_z(step: int) -> float:
        track = tracks.track_of[step, edge.source, edge.target]
        return floors[step].z + FIRST_TRACK + TRACK_PITCH * track

    y0, y1 = low.y + ABOVE, high.y + ABOVE
    if target.step == source.step - 1:
        drop, near = low.front + ABOVE, high.z + NEAR
        return [
            *_departure(source, low, track_z(source.step)),
            (target.gap_left, y0, track_z(source.step)), (target.gap_left, y0, drop),
            (target.gap_left, y1, drop), (target.gap_left, y1, near), *_arrival(target, high, near),
        ]  # fmt: skip
    arrival = _arrival(target, high, track_z(target.step))
    if source.step == target.step:
        return [*_departure(source, low, track_z(source.step)), *arrival]
    climb, riser = source.gap_right, low.back + ABOVE
    return [
        *_departure(source, low, low.z + NEAR, source.gap_right),
        (climb, y0, low.z + NEAR), (climb, y0, riser), (climb, y1, riser),
        (climb, y1, track_z(target.step)), *arrival,
    ]  # fmt: skip


def _departure(
    source: PanelSlot, floor: StepFloor, z: float, gap: float | None = None
) -> list[Point]:
    """From the source's base down to the floor, to depth z."""
    y, ground = floor.y + source.lift + ABOVE, floor.y + ABOVE
    start = [(source.leaves, y, floor.z + BASE)]
    if source.lift <= 0:
        return [*start, (source.leaves, ground, z)]
    near, gap = floor.z + NEAR, source.gap_right if gap is None else gap
    return [*start, (source.leaves, y, near), (gap, y, near), (gap, ground, near), (gap, ground, z)]


def _arrival(target: PanelSlot, floor: StepFloor, z: float) -> list[Point]:
    """From depth z on the floor up to the target's base."""
    y, ground = floor.y + target.lift + ABOVE, floor.y + ABOVE
    end = (target.enters, y, floor.z + BASE)
    if target.lift <= 0:
        return [(target.enters, ground, z), end]
    near, gap = floor.z + NEAR, target.gap_left
    return [(gap, ground, z), (gap, ground, near), (gap, y, near), (target.enters, y, near), end]
