"""The ways of edges over the terrace, never through a panel.

Between neighbors an edge crosses the gap just in front of the panels. Longer ones run in tracks on
the tread, further in front. They pass a row of panels only through a gap between its columns, climb
the riser there, and go on along the next tread; those that reach further up take a ramp beside the
steps. Edges to one target share a track, and so do all those to targets with many sources.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vrnn.network.graph import Edge
from vrnn.scene.layout.polyline import Point, round_corners
from vrnn.scene.layout.types import Route

BASE = 0.05
"""Where an edge leaves and meets a panel: this far in front of it, meters."""
NEAR = 0.3
"""The line between neighbors runs this far in front of the panels, meters."""
FIRST_TRACK = 0.6
TRACK = 0.13
"""Distance of the first track from the panels and of the tracks from each other, meters."""
MAX_TRACKS = 8
MIN_SHARED_SOURCES = 4
"""A target with at least this many edges over tracks takes them from the common track."""
EDGE_ROOM = 0.35
"""Depth of a step in front of its last track, meters."""
ABOVE = 0.02
"""Height of a ribbon over the tread, meters."""
RAMP = 0.7
RAMP_TRACKS = 6
"""Distance of the first ramp from the steps' ends, meters, and number of parallel ramps."""


@dataclass(frozen=True)
class PanelSlot:
    """Where a node stands. step: index of its step; order: of its column in the whole network.

    x: center; lift: of its base over the step; gap_left, gap_right: x of the free gaps beside its
    column, meters.
    """

    step: int
    order: int
    x: float
    lift: float
    width: float
    height: float
    gap_left: float
    gap_right: float

    @property
    def leaves(self) -> float:
        """x where edges leave: in the right part of the base."""
        return self.x + 0.3 * self.width

    @property
    def enters(self) -> float:
        """x where edges arrive: in the left part of the base."""
        return self.x - 0.3 * self.width


@dataclass(frozen=True)
class StepFloor:
    """A step. y: of its floor; z: of its panels; from front to back and from left to right."""

    y: float
    z: float
    front: float
    back: float
    left: float
    right: float


@dataclass(frozen=True)
class Tracks:
    """Which track each edge takes. of: (step, source, target) → track; counts: tracks a step."""

    of: Mapping[tuple[int, int, int], int]
    counts: tuple[int, ...]


def depth_of_tracks(count: int) -> float:
    """Depth of a step in front of its panels that holds this many tracks, meters."""
    return max(1.7, FIRST_TRACK + TRACK * max(0, count - 1) + EDGE_ROOM)


def tracks_of(edges: Sequence[Edge], spots: Mapping[int, PanelSlot], steps: int) -> Tracks:
    """Share the tracks of every step out among the edges that are not between neighbors."""
    wanted: dict[int, dict[tuple[str, int], list[tuple[float, float, Edge]]]] = {}
    fan_in: dict[int, int] = {}
    for edge in edges:
        if not _neighbors(spots[edge.source], spots[edge.target]):
            fan_in[edge.target] = fan_in.get(edge.target, 0) + 1
    for edge in edges:
        source, target = spots[edge.source], spots[edge.target]
        if _neighbors(source, target):
            continue
        many = fan_in[edge.target] >= MIN_SHARED_SOURCES
        key = ("many", -1) if many else ("target", edge.target)
        if source.step == target.step:
            spans = [(source.step, key, source.leaves, target.enters)]
        elif target.step == source.step + 1:
            spans = [(target.step, key, source.gap_right, target.enters)]
        else:
            spans = [(source.step, ("source", edge.source), source.leaves, float("inf"))]
            spans.append((target.step, key, target.enters, float("inf")))
        for step, name, a, b in spans:
            wanted.setdefault(step, {}).setdefault(name, []).append((min(a, b), max(a, b), edge))
    of: dict[tuple[int, int, int], int] = {}
    counts = [0] * steps
    for step, bundles in wanted.items():
        counts[step] = _share_out(step, bundles, of)
    return Tracks(of, tuple(counts))


def _share_out(
    step: int,
    bundles: Mapping[tuple[str, int], Sequence[tuple[float, float, Edge]]],
    of: dict[tuple[int, int, int], int],
) -> int:
    """Give every bundle of a step a track, the shorter ones nearer to the panels; their number."""
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
            of[step, edge.source, edge.target] = track
    return len(taken)


def _neighbors(source: PanelSlot, target: PanelSlot) -> bool:
    """True when the target's column follows the source's on the same step."""
    return source.step == target.step and target.order == source.order + 1


def route_terrace(
    edges: Sequence[Edge],
    spots: Mapping[int, PanelSlot],
    treads: Sequence[StepFloor],
    tracks: Tracks,
) -> tuple[Route, ...]:
    """The way of every edge over the terrace."""
    routes = []
    for edge in edges:
        source, target = spots[edge.source], spots[edge.target]
        near = _neighbors(source, target)
        if near:
            corners = _gap_way(source, target, treads[source.step])
        else:
            corners = _track_way(edge, source, target, treads, tracks)
        next_column = target.order <= source.order + 2 and target.step <= source.step + 1
        routes.append(Route(edge.source, edge.target, round_corners(corners), not next_column))
    return tuple(routes)


def _gap_way(source: PanelSlot, target: PanelSlot, tread: StepFloor) -> list[Point]:
    """From a panel to one in the next column, up or down in the gap between them."""
    z = tread.z + NEAR
    ys, yt = tread.y + source.lift + ABOVE, tread.y + target.lift + ABOVE
    return [
        (source.leaves, ys, tread.z + BASE), (source.leaves, ys, z),
        (source.gap_right, ys, z), (source.gap_right, yt, z),
        (target.enters, yt, z), (target.enters, yt, tread.z + BASE),
    ]  # fmt: skip


def _track_way(
    edge: Edge, source: PanelSlot, target: PanelSlot, treads: Sequence[StepFloor], tracks: Tracks
) -> list[Point]:
    """From a panel to one further away, over tracks on the treads."""
    low, high = treads[source.step], treads[target.step]

    def track_z(step: int) -> float:
        track = tracks.of[step, edge.source, edge.target]
        return treads[step].z + FIRST_TRACK + TRACK * track

    y0, y1 = low.y + ABOVE, high.y + ABOVE
    arrival = _arrival(target, high, track_z(target.step))
    if source.step == target.step:
        return [*_departure(source, low, track_z(source.step)), *arrival]
    if target.step == source.step + 1:
        climb = source.gap_right
        riser = low.back + ABOVE
        return [
            *_departure(source, low, low.z + NEAR, source.gap_right),
            (climb, y0, low.z + NEAR), (climb, y0, riser), (climb, y1, riser),
            (climb, y1, track_z(target.step)), *arrival,
        ]  # fmt: skip
    passed = treads[source.step : target.step + 1]
    x = max(tread.right for tread in passed) + RAMP + TRACK * (edge.source % RAMP_TRACKS)
    return [
        *_departure(source, low, track_z(source.step)),
        (x, y0, track_z(source.step)), (x, y1, track_z(target.step)), *arrival,
    ]  # fmt: skip


def _departure(
    source: PanelSlot, tread: StepFloor, z: float, gap: float | None = None
) -> list[Point]:
    """From the source's base down to the tread, to depth z."""
    y, floor = tread.y + source.lift + ABOVE, tread.y + ABOVE
    start = [(source.leaves, y, tread.z + BASE)]
    if source.lift <= 0:
        return [*start, (source.leaves, floor, z)]
    near, gap = tread.z + NEAR, source.gap_right if gap is None else gap
    return [*start, (source.leaves, y, near), (gap, y, near), (gap, floor, near), (gap, floor, z)]


def _arrival(target: PanelSlot, tread: StepFloor, z: float) -> list[Point]:
    """From depth z on the tread up to the target's base."""
    y, floor = tread.y + target.lift + ABOVE, tread.y + ABOVE
    end = (target.enters, y, tread.z + BASE)
    if target.lift <= 0:
        return [(target.enters, floor, z), end]
    near, gap = tread.z + NEAR, target.gap_left
    return [(gap, floor, z), (gap, floor, near), (gap, y, near), (target.enters, y, near), end]
