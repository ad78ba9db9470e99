"""The ways of edges: along the floor before the panels, up the risers between steps, around panels.

No way passes through a panel. Ways that run beside each other have tracks of their own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vrnn.network import Edge, Network
from vrnn.scene.places import Place, Route, Row

FLOOR = 0.012
"""Metres above the floor, so that ways and floor do not flicker."""
START = 0.10
"""Metres from a panel's plane to where a way begins and ends."""
NEAR_TRACK, TRACK, TRACKS = 0.40, 0.15, 6
"""Metres before the panels of the first track, and from one to the next; number of tracks."""
BEHIND = 0.55
UNDER = 0.36
"""Metres under a step's edge at which ways run along its riser."""
GAP = 0.33
"""Metres beside a panel where a way climbs to an upper lane."""
CORNER = 0.18
"""Metres: radius of a corner."""

Point = tuple[float, float, float]


class Stairs:
    """Where panels stand and steps begin, for finding ways."""

    def __init__(
        self, rows: Sequence[Row], places: dict[int, Place], depth: float, front: float
    ) -> None:
        self.places = places
        self.depth, self.front = depth, front
        levels = sorted({row.y for row in rows})
        self.level = {node: levels.index(row.y) for row in rows for node in row.node_ids}
        self.heights = levels
        self.left = min(row.left for row in rows)
        self.right = max(row.right for row in rows)

    def z(self, level: int) -> float:
        """The plane of a step's panels."""
        return -self.depth * level


def terrace_routes(network: Network, stairs: Stairs) -> tuple[Route, ...]:
    """A way for each edge, in the order of the edges."""
    tracks = _tracks(network.edges, stairs)
    order = {node.id: i for i, node in enumerate(network.nodes)}
    routes = []
    sides = 0
    for edge in network.edges:
        source, target = stairs.level[edge.source], stairs.level[edge.target]
        skip = order[edge.target] - order[edge.source] > 1
        if source == target:
            points = _same_step(edge, stairs, tracks[edge.source, edge.target])
        elif target == source + 1:
            points = _next_step(edge, stairs)
        else:
            points = _around(edge, stairs, sides % 8)
            sides += 1
        routes.append(Route(edge.source, edge.target, rounded(points), skip))
    return tuple(routes)


def _tracks(edges: Sequence[Edge], stairs: Stairs) -> dict[tuple[int, int], int]:
    """A track for each edge that stays on its step: the first that is free over its length.

    Shorter ones choose first, so that a chain runs nearest to the panels. Edges into the same
    target may share one.
    """
    taken: dict[tuple[int, int], list[tuple[float, float, int]]] = {}
    chosen: dict[tuple[int, int], int] = {}
    own = [e for e in edges if stairs.level[e.source] == stairs.level[e.target]]

    def span(edge: Edge) -> tuple[float, float]:
        a, b = stairs.places[edge.source].x, stairs.places[edge.target].x
        return min(a, b), max(a, b)

    for edge in sorted(own, key=lambda e: (span(e)[1] - span(e)[0], e.source, e.target)):
        low, high = span(edge)
        level = stairs.level[edge.source]
        for track in range(TRACKS):
            others = taken.setdefault((level, track), [])
            free = all(
                high <= a + 0.3 or low >= b - 0.3 or target == edge.target
                for a, b, target in others
            )
            if free or track == TRACKS - 1:
                others.append((low, high, edge.target))
                chosen[edge.source, edge.target] = track
                break
    return chosen


def _leaving(place: Place, floor: float, out: float) -> list[Point]:
    """From a panel's base, or down beside it from an upper lane, to the floor before the panels."""
    if place.y - floor < 0.05:
        x = place.x + 0.2 * place.width
        return [(x, floor + FLOOR, place.z + START), (x, floor + FLOOR, place.z + out)]
    x, y = place.x + place.width / 2, place.y + min(0.3, place.height / 2)
    beside = x + GAP
    z = place.z + 0.02
    return [
        (x + 0.03, y, z),
        (beside, y, z),
        (beside, floor + FLOOR, z),
        (beside, floor + FLOOR, place.z + out),
    ]


def _arriving(place: Place, floor: float, out: float) -> list[Point]:
    """From the floor before the panels to a panel's base, or up beside it to an upper lane."""
    if place.y - floor < 0.05:
        x = place.x - 0.2 * place.width
        return [(x, floor + FLOOR, place.z + out), (x, floor + FLOOR, place.z + START)]
    x, y = place.x - place.width / 2, place.y + min(0.3, place.height / 2)
    beside = x - GAP
    z = place.z + 0.02
    return [
        (beside, floor + FLOOR, place.z + out),
        (beside, floor + FLOOR, z),
        (beside, y, z),
        (x - 0.03, y, z),
    ]


def _same_step(edge: Edge, stairs: Stairs, track: int) -> list[Point]:
    floor = stairs.heights[stairs.level[edge.source]]
    out = NEAR_TRACK + TRACK * track
    source, target = stairs.places[edge.source], stairs.places[edge.target]
    return _leaving(source, floor, out) + _arriving(target, floor, out)


def _behind(place: Place, floor: float, z: float) -> list[Point]:
    """From a panel backward, to the riser of the next step."""
    x = place.x + 0.2 * place.width
    return [(x, place.y + FLOOR, place.z - START), (x, place.y + FLOOR, z)]


def _next_step(edge: Edge, stairs: Stairs) -> list[Point]:
    """Behind the source, along the riser of the next step under its edge, up, and to the target."""
    source, target = stairs.places[edge.source], stairs.places[edge.target]
    level = stairs.level[edge.target]
    floor = stairs.heights[level]
    riser = stairs.z(level) + stairs.front + 0.02
    points = _behind(source, floor, riser)
    to = _arriving(target, floor, NEAR_TRACK)
    x, run = points[-1][0], floor - UNDER
    end = to[0][0]
    return [*points, (x, run, riser), (end, run, riser), (end, floor + FLOOR, riser), *to]


def _around(edge: Edge, stairs: Stairs, track: int) -> list[Point]:
    """Past the steps between on the nearer side of all of them."""
    source, target = stairs.places[edge.source], stairs.places[edge.target]
    first, last = stairs.level[edge.source], stairs.level[edge.target]
    if last < first:
        first = last - 1
    away = 0.45 + 0.16 * track
    left, right = stairs.left - away, stairs.right + away
    middle = (source.x + target.x) / 2
    side = left if middle - left < right - middle else right
    riser = stairs.z(first + 1) + stairs.front + 0.02
    run = stairs.heights[first + 1] - UNDER - 0.03 * track
    last_riser = stairs.z(last) + stairs.front + 0.02 + 0.01 * track
    last_run = stairs.heights[last] - UNDER - 0.03 * track
    floor = stairs.heights[last]
    to = _arriving(target, floor, NEAR_TRACK + TRACK)
    start = _behind(source, stairs.heights[first], riser)
    x, end = start[-1][0], to[0][0]
    return [
        *start, (x, run, riser), (side, run, riser), (side, last_run, last_riser),
        (end, last_run, last_riser), (end, floor + FLOOR, last_riser), *to,
    ]  # fmt: skip


def rounded(points: Sequence[Point], radius: float = CORNER, parts: int = 4) -> np.ndarray:
    """(N, 3) float32: the way with its corners rounded by a curve of `parts` pieces each."""
    at = np.asarray(points, np.float64)
    keep = [0] + [i for i in range(1, len(at)) if np.abs(at[i] - at[i - 1]).max() > 1e-4]
    at = at[keep]
    if len(at) < 3:
        return at.astype(np.float32)
    result = [at[0]]
    for before, corner, after in zip(at[:-2], at[1:-1], at[2:], strict=True):
        into, out = before - corner, after - corner
        a, b = np.linalg.norm(into), np.linalg.norm(out)
        size = min(radius, 0.45 * a, 0.45 * b)
        start, end = corner + into / a * size, corner + out / b * size
        for t in np.linspace(0, 1, parts + 1):
            result.append((1 - t) ** 2 * start + 2 * t * (1 - t) * corner + t * t * end)
    result.append(at[-1])
    return np.array(result, np.float32)
