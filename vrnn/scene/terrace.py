"""The terrace: one step for each stage, panels face-on, each step further back and higher.

Data runs from left to right and from step to step, as in a text that is read from below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from vrnn.network import Network
from vrnn.scene.lanes import Sources
from vrnn.scene.places import LABEL_STRIP, Footprint, Layout, Place, Row
from vrnn.scene.routes import Stairs, terrace_routes
from vrnn.scene.stages import find_stages
from vrnn.scene.steps import COLUMN_GAP, RISE, Step, Unit, broken, gap_before, step_width, units_of

DEPTH = 2.7
"""Metres from one step to the next."""
FRONT, BACK = 1.35, 1.05
"""Metres of a step before and behind its panels."""
SIDE = 0.5
"""Metres of a step beyond its last panel."""
ASPECT = 16 / 9
SEEN = 0.55
"""Metres of a picture's height that a step's depth adds, seen from a little above."""


def terrace(network: Network, footprints: Mapping[int, Footprint]) -> Layout:
    """Place every node; see `layout.arrange`."""
    sources = sources_of(network)
    stages = find_stages(network)
    units = units_of(stages, sources, footprints)
    steps = _best(units)
    names = [stage.name for stage in stages]
    centre = max(step_width(step) for step in steps) / 2
    places: dict[int, Place] = {}
    rows: list[Row] = []
    level = 0.0
    for number, step in enumerate(steps):
        rows += _step(step, names, footprints, (-centre, level, -DEPTH * number), places)
        level += max(unit.height for unit in step) + RISE
    stairs = Stairs(rows, places, DEPTH, FRONT)
    routes = terrace_routes(network, stairs)
    return Layout(places, routes, tuple(rows), *_box(places, rows, footprints))


def sources_of(network: Network) -> Sources:
    """Ids of the nodes that feed each node."""
    sources: dict[int, list[int]] = {node.id: [] for node in network.nodes}
    for edge in network.edges:
        sources[edge.target].append(edge.source)
    return sources


def _best(units: Sequence[Unit]) -> tuple[Step, ...]:
    """The steps that fill a wide picture best: the smallest picture that holds them all."""
    widest = max(step_width((unit,)) for unit in units)
    whole = step_width(tuple(units))
    best: tuple[float, tuple[Step, ...]] | None = None
    width = widest
    while True:
        steps = broken(units, width)
        height = sum(max(u.height for u in step) + RISE + SEEN for step in steps)
        # Further steps are seen smaller: they need less than their width.
        across = max(step_width(s) / (1 + 0.045 * i) for i, s in enumerate(steps))
        size = max(across / ASPECT, height / (1 + 0.02 * len(steps)))
        if best is None or size < best[0]:
            best = size, steps
        if width >= whole:
            return best[1]
        width = min(whole, width * 1.12)


def _step(
    step: Step, names: Sequence[str], footprints: Mapping[int, Footprint],
    origin: tuple[float, float, float], places: dict[int, Place],
) -> list[Row]:  # fmt: skip
    """Places on one step, and a row for each stage on it."""
    x, y, z = origin
    rows: list[Row] = []
    previous: Unit | None = None
    for stage, members in groupby(step, key=lambda unit: unit.stage):
        ids: list[int] = []
        left = x
        if rows:  # the stage's own room begins halfway into the gap
            left = x + SIDE
        tallest = 0.0
        for unit in members:
            x += gap_before(unit, previous)
            x = _unit(unit, footprints, (x, y, z), places)
            ids += [node for column in unit.columns for node in column.nodes]
            tallest = max(tallest, unit.height)
            previous = unit
        row = Row(names[stage], left, x + SIDE, z + FRONT, z - BACK, y, tuple(ids), tallest)
        rows.append(row)
    return rows


def _unit(
    unit: Unit, footprints: Mapping[int, Footprint], at: tuple[float, float, float],
    places: dict[int, Place],
) -> float:  # fmt: skip
    """Places of one unit's columns; returns where it ends."""
    x, y, z = at
    for number, column in enumerate(unit.columns):
        x += (COLUMN_GAP if number else 0.0) + column.left
        for node, height in zip(column.nodes, column.heights, strict=True):
            size = footprints[node]
            middle = x + column.width / 2
            places[node] = Place(middle, y + height, z, size.width, size.height)
        x += column.width
    return x


Corner = tuple[float, float, float]


def _box(
    places: Mapping[int, Place], rows: Sequence[Row], footprints: Mapping[int, Footprint]
) -> tuple[Corner, Corner]:
    top = max(
        place.y + place.height + LABEL_STRIP + footprints[node].above
        for node, place in places.items()
    )
    low = (min(row.left for row in rows), 0.0, min(row.back for row in rows))
    return low, (max(row.right for row in rows), top, max(row.front for row in rows))
