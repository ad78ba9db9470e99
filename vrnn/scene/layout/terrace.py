"""The terrace: stages as the steps of a theater, each step further back and higher.

Data runs left to right along a step and upward from step to step, so that the whole network faces
the viewer and nothing hides anything. Steps are broken so that the panels come out as large as
possible in a wide picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt

from vrnn.network.graph import Network
from vrnn.scene.layout.lanes import Column
from vrnn.scene.layout.overview_fit import (
    OVERVIEW_PITCH,
    filled_steps,
    panel_share,
    spread_of,
    view_of,
)
from vrnn.scene.layout.registry import arrangement
from vrnn.scene.layout.stage_names import numbered, part_name
from vrnn.scene.layout.stages import Stage, find_stages
from vrnn.scene.layout.terrace_routes import (
    PanelSlot,
    StepFloor,
    assign_tracks,
    depth_of_tracks,
    route_terrace,
)
from vrnn.scene.layout.terrace_steps import (
    COLUMN_GAP,
    PICTURE_ASPECT,
    RISE,
    Step,
    Unit,
    break_into_steps,
    gap_before,
    is_mixed,
    step_width,
    units_of,
)
from vrnn.scene.layout.types import Footprint, Layout, PanelPlacement, TerraceRow

BEHIND = 0.3
"""Depth of a step behind its panels, meters."""
MIXED_PENALTY = 0.4
"""Part of the picture's share of panels that may be lost for steps that each hold whole stages."""
MIN_FILLED = 0.86
"""Part of the overview's width and height that steps are to fill."""
WIDTHS = tuple(0.5 * 1.07**k for k in range(24))
"""Step widths that are tried, as parts of the width that the panels' area suggests."""


@dataclass(frozen=True)
class _PlacedColumn:
    """A column at its place on a step.

    Attributes:
        column: The column.
        unit: Its unit.
        left: x of the panels' left edge, meters.
        right: x of the panels' right edge, meters.
    """

    column: Column
    unit: Unit
    left: float
    right: float


@arrangement("terrace", title="Terrace", overview=(0.0, OVERVIEW_PITCH))
def terrace(network: Network, footprints: Mapping[int, Footprint]) -> Layout:
    """Place a network of at least one node as a terrace."""
    sources: dict[int, list[int]] = {node.id: [] for node in network.nodes}
    for edge in network.edges:
        sources[edge.target].append(edge.source)
    stages = find_stages(network)
    steps = _best_steps(units_of(stages, sources, footprints))
    spread = spread_of(steps)
    columns = [list(_place_columns(step, spread.across)) for step in steps]
    slots = _panel_slots(columns)
    tracks = assign_tracks(network.edges, slots, len(steps))
    floors = _step_floors(columns, [depth_of_tracks(count) for count in tracks.counts], spread.up)
    panels = {
        node: PanelPlacement(s.x, floors[s.step].y + s.lift, floors[s.step].z, s.width, s.height)
        for node, s in slots.items()
    }
    routes = route_terrace(network.edges, slots, floors, tracks)
    rows = _rows(stages, columns, floors)
    high_x = max([row.right for row in rows] + [float(r.points[:, 0].max()) for r in routes])
    low_x = min(row.left for row in rows)
    top = max(row.y + row.height for row in rows)
    low = (low_x, 0.0, min(row.back for row in rows))
    return Layout(panels, routes, rows, low, (high_x, top, max(row.front for row in rows)))


def _best_steps(units: Sequence[Unit]) -> tuple[Step, ...]:
    """The way to break the steps that shows the panels largest from the overview."""
    area = sum((unit.width + COLUMN_GAP) * (unit.height + RISE) for unit in units)
    base = sqrt(area * PICTURE_ASPECT)
    tried: set[tuple[int, ...]] = set()
    best: tuple[float, tuple[Step, ...]] | None = None
    for factor in WIDTHS:
        steps = break_into_steps(units, base * factor)
        key = tuple(len(step) for step in steps)
        if key in tried:
            continue
        tried.add(key)
        mixed = 1 - MIXED_PENALTY * _mixed_share(units, steps)
        steps = filled_steps(steps)
        view = view_of(steps)
        score = panel_share(steps, view) * mixed * min(1.0, min(view.filled) / MIN_FILLED)
        if best is None or score > best[0]:
            best = (score, steps)
    assert best is not None
    return best[1]


def _mixed_share(units: Sequence[Unit], steps: Sequence[Step]) -> float:
    """Part of the steps on which a broken stage is beside another."""
    end, count = 0, 0
    for step in steps:
        begin, end = end, end + len(step)
        count += is_mixed(units, begin, end)
    return count / len(steps)


def _place_columns(step: Step, spread: float) -> Iterator[_PlacedColumn]:
    """The columns of a step from left to right, the step's middle at x = 0.

    Args:
        step: The step.
        spread: Part of the step's width that its gaps are widened by together.
    """
    count = sum(len(unit.columns) for unit in step)
    width = step_width(step)
    more = spread * width / (count - 1) if count > 1 else 0.0
    x = -(width + more * (count - 1)) / 2 - more
    previous = None
    for unit in step:
        x += gap_before(unit, previous)
        for number, column in enumerate(unit.columns):
            x += more + column.left + (COLUMN_GAP if number else 0.0)
            yield _PlacedColumn(column, unit, x, x + column.width)
            x += column.width + column.right
        previous = unit


def _panel_slots(columns: Sequence[Sequence[_PlacedColumn]]) -> dict[int, PanelSlot]:
    """Where each node is on its step, with the free gaps beside its column."""
    slots = {}
    order = 0
    for index, row in enumerate(columns):
        for number, s in enumerate(row):
            near = COLUMN_GAP / 2
            after = row[number + 1] if number + 1 < len(row) else None
            room = after.left - after.column.left - s.right - s.column.right if after else 2 * near
            parts = zip(
                s.column.nodes, s.column.heights, s.column.panel_widths, s.column.panel_heights,
                strict=True,
            )  # fmt: skip
            for node, lift, width, height in parts:
                slots[node] = PanelSlot(
                    step=index, order=order, x=(s.left + s.right) / 2, lift=lift,
                    width=width, height=height,
                    gap_left=s.left - s.column.left - near,
                    gap_right=s.right + s.column.right + min(near, room / 2),
                )  # fmt: skip
            order += 1
        order += 1
    return slots


def _step_floors(
    columns: Sequence[Sequence[_PlacedColumn]], depths: Sequence[float], spread: float
) -> list[StepFloor]:
    """The floor of every step; the panels of the first one are at z = 0.

    Args:
        columns: Of each step.
        depths: Of each step in front of its panels, meters.
        spread: Added to the free height between two steps, meters.
    """
    floors: list[StepFloor] = []
    y = z = 0.0
    for row, depth in zip(columns, depths, strict=True):
        if floors:
            z = floors[-1].back - depth
        left = row[0].left - row[0].column.left - row[0].unit.name_room
        back = z - BEHIND - max(s.column.depth for s in row)
        floors.append(StepFloor(y, z, z + depth, back, left, _end(row[-1])))
        y += max(s.column.height for s in row) + RISE + spread
    return floors


def _end(column: _PlacedColumn) -> float:
    """x of a step's right edge behind its last column, meters."""
    return column.right + column.column.right + COLUMN_GAP


def _rows(
    stages: Sequence[Stage],
    columns: Sequence[Sequence[_PlacedColumn]],
    floors: Sequence[StepFloor],
) -> tuple[TerraceRow, ...]:
    """A platform for each stage's part of each step."""
    rows = []
    for row, floor in zip(columns, floors, strict=True):
        for stage in dict.fromkeys(s.unit.stage for s in row):
            mine = [s for s in row if s.unit.stage == stage]
            nodes = tuple(node for s in mine for node in s.column.nodes)
            height = max(s.column.height for s in mine)
            left = mine[0].left - mine[0].column.left - mine[0].unit.name_room
            right = _end(mine[-1])
            name = _row_name(stages[stage], nodes)
            front, back, y = floor.front, floor.back, floor.y
            rows.append(TerraceRow(name, left, right, front, back, y, nodes, height))
    names = numbered([row.name for row in rows])
    return tuple(replace(row, name=name) for row, name in zip(rows, names, strict=True))


def _row_name(stage: Stage, nodes: Sequence[int]) -> str:
    """The stage's name, and on which of its steps this is: `layer3 · 2–4`."""
    here = set(nodes)
    blocks = [b for b in stage.blocks if any(node.id in here for node in b.nodes)]
    if len(blocks) == len(stage.blocks):
        return stage.name
    whole = max(len(block.nodes) for block in blocks)
    named = [b.name.split(".") for b in blocks if b.name and 2 * len(b.nodes) >= whole]
    return part_name(stage.name, stage.paths, [tuple(n) for n in named], stage.is_module)
