"""The conveyor: layers behind each other along -Z, branches beside each other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vrnn.network import Network
from vrnn.scene.lanes import Sources
from vrnn.scene.places import LABEL_STRIP, Footprint, Layout, Place, Route
from vrnn.scene.routes import FLOOR, START, Point, rounded
from vrnn.scene.terrace import sources_of

BETWEEN = 1.0
"""Metres between lanes."""
SMALLEST_STEP, LARGEST_STEP = 1.6, 20.0
"""Metres between layers: 1.2 times the wider of two neighbours, within these."""
BESIDE, TRACK, TRACKS = 0.5, 0.2, 10


def conveyor(network: Network, footprints: Mapping[int, Footprint]) -> Layout:
    """Place every node; see `layout.arrange`."""
    sources = sources_of(network)
    depth: dict[int, int] = {}
    for node in network.nodes:  # in run order, so sources come first
        depth[node.id] = max((depth[s] + 1 for s in sources[node.id]), default=0)
    stages: list[list[int]] = [[] for _ in range(max(depth.values()) + 1)]
    for node in network.nodes:
        stages[depth[node.id]].append(node.id)
    places: dict[int, Place] = {}
    z = 0.0
    last_width = 0.0
    for number, stage in enumerate(stages):
        widest = max(footprints[n].width for n in stage)
        if number:
            step = 1.2 * max(widest, last_width)
            z -= min(LARGEST_STEP, max(SMALLEST_STEP, step))
        last_width = widest
        _lanes(stage, sources, footprints, z, places)
    routes = _routes(network, depth, stages, places)
    low = (min(p.x - p.width / 2 for p in places.values()), 0.0, z)
    top = max(p.height + LABEL_STRIP + footprints[n].above for n, p in places.items())
    return Layout(
        places, routes, (), low, (max(p.x + p.width / 2 for p in places.values()), top, 0.0)
    )


def _lanes(
    stage: list[int], sources: Sources, footprints: Mapping[int, Footprint], z: float,
    places: dict[int, Place],
) -> None:  # fmt: skip
    """Side by side, in the order of where their data comes from, around the middle."""

    def origin(node: int) -> float:
        from_x = [places[s].x for s in sources[node] if s in places]
        return float(np.mean(from_x)) if from_x else 0.0

    ordered = sorted(stage, key=lambda node: (origin(node), node))
    widths = [footprints[n].width + footprints[n].left for n in ordered]
    x = -(sum(widths) + BETWEEN * (len(ordered) - 1)) / 2
    for node, width in zip(ordered, widths, strict=True):
        size = footprints[node]
        # What stands beside a lone panel does not push it out of the middle.
        middle = 0.0 if len(ordered) == 1 else x + size.left + size.width / 2
        places[node] = Place(middle, 0.0, z, size.width, size.height)
        x += width + BETWEEN


def _routes(
    network: Network, depth: Mapping[int, int], stages: list[list[int]], places: Mapping[int, Place]
) -> tuple[Route, ...]:
    half = [max(abs(places[n].x) + places[n].width / 2 for n in stage) for stage in stages]
    routes = []
    skips = 0
    for edge in network.edges:
        source, target = places[edge.source], places[edge.target]
        first, last = depth[edge.source], depth[edge.target]
        if last == first + 1:
            points = _direct(source, target)
        else:
            out = max(half[first + 1 : last]) + BESIDE + TRACK * (skips % TRACKS)
            side = -out if source.x + target.x < -1e-6 else out
            points = _past(source, target, side)
            skips += 1
        routes.append(Route(edge.source, edge.target, rounded(points, 0.5), last > first + 1))
    return tuple(routes)


def _direct(source: Place, target: Place) -> list[Point]:
    start, end = source.z - START, target.z + START
    middle = (start + end) / 2
    if abs(source.x - target.x) < 0.05:
        return [(source.x, FLOOR, start), (target.x, FLOOR, end)]
    return [
        (source.x, FLOOR, start),
        (source.x, FLOOR, middle),
        (target.x, FLOOR, middle),
        (target.x, FLOOR, end),
    ]


def _past(source: Place, target: Place, side: float) -> list[Point]:
    """Out to the side of everything between, along, and in again."""
    start, end = source.z - START - 0.35, target.z + START + 0.35
    a = source.x + 0.25 * source.width * np.sign(side)
    b = target.x + 0.25 * target.width * np.sign(side)
    return [
        (a, FLOOR, source.z - START), (a, FLOOR, start), (side, FLOOR, start), (side, FLOOR, end),
        (b, FLOOR, end), (b, FLOOR, target.z + START),
    ]  # fmt: skip
