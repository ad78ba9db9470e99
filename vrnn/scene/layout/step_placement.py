"""Where the columns of steps stand: on their floors, with the platforms of their stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vrnn.scene.layout.lanes import Column
from vrnn.scene.layout.stage_names import numbered
from vrnn.scene.layout.terrace_routes import PanelSlot
from vrnn.scene.layout.terrace_steps import COLUMN_GAP, RISE, Step, Unit, gap_before, step_width
from vrnn.scene.layout.types import Layout, PanelPlacement, Route, StepFloor, TerraceRow

BEHIND = 0.3
"""Depth of a step behind its panels, meters."""


@dataclass(frozen=True)
class PlacedColumn:
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


def place_columns(step: Step, spread: float, is_parted: bool = False) -> Iterator[PlacedColumn]:
    """Yield the columns of a step from left to right, the step's middle at x = 0.

    Args:
        step: The step.
        spread: Meters that its gaps are widened by together.
        is_parted: Whether only the gaps between two stages are.
    """
    starts = [i for i, unit in enumerate(step) if i and unit.stage != step[i - 1].stage]
    count = len(starts) if is_parted else sum(len(unit.columns) for unit in step) - 1
    more = spread / count if count > 0 else 0.0
    x = -(step_width(step) + more * count) / 2
    previous = None
    for i, unit in enumerate(step):
        x += gap_before(unit, previous)
        for number, column in enumerate(unit.columns):
            is_wider = (i in starts and not number) if is_parted else bool(i or number)
            x += column.left + (COLUMN_GAP if number else 0.0) + (more if is_wider else 0.0)
            yield PlacedColumn(column, unit, x, x + column.width)
            x += column.width + column.right
        previous = unit


def panel_slots(columns: Sequence[Sequence[PlacedColumn]]) -> dict[int, PanelSlot]:
    """Return where each node is on its step, with the free gaps beside its column."""
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
                    top=s.column.height,
                )  # fmt: skip
            order += 1
        order += 1
    return slots


def step_floors(
    columns: Sequence[Sequence[PlacedColumn]], depths: Sequence[float], above: Sequence[float]
) -> list[StepFloor]:
    """Return the floor of every step; the panels of the first one are at z = 0.

    Args:
        columns: Of each step.
        depths: Of each step in front of its panels, meters.
        above: Added to the free height over each step, meters.
    """
    floors: list[StepFloor] = []
    y = z = 0.0
    for row, depth, room in zip(columns, depths, above, strict=True):
        if floors:
            z = floors[-1].back - depth
        left = row[0].left - row[0].column.left - row[0].unit.name_room
        back = z - BEHIND - max(s.column.depth for s in row)
        floors.append(StepFloor(y, z, z + depth, back, left, _end(row[-1])))
        y += max(s.column.height for s in row) + RISE + room
    return floors


def _end(column: PlacedColumn) -> float:
    """x of a step's right edge behind its last column, meters."""
    return column.right + column.column.right + COLUMN_GAP


def platforms(
    columns: Sequence[Sequence[PlacedColumn]],
    floors: Sequence[StepFloor],
    row_name: Callable[[int, Sequence[int]], str],
) -> tuple[TerraceRow, ...]:
    """Return a platform for each stage's part of each step.

    Args:
        columns: Of each step.
        floors: Of each step.
        row_name: What the part of a stage is called, by its number and its nodes.
    """
    rows: list[TerraceRow] = []
    for row, floor in zip(columns, floors, strict=True):
        for stage in dict.fromkeys(s.unit.stage for s in row):
            mine = [s for s in row if s.unit.stage == stage]
            nodes = tuple(node for s in mine for node in s.column.nodes)
            height = max(s.column.height for s in mine)
            left = mine[0].left - mine[0].column.left - mine[0].unit.name_room
            right = _end(mine[-1])
            name = row_name(stage, nodes)
            front, back, y = floor.front, floor.back, floor.y
            rows.append(TerraceRow(name, left, right, front, back, y, nodes, height))
    return tuple(rows)


def steps_layout(
    slots: Mapping[int, PanelSlot],
    floors: Sequence[StepFloor],
    routes: tuple[Route, ...],
    rows: tuple[TerraceRow, ...],
) -> Layout:
    """Return the layout of a network on steps.

    Args:
        slots: Where each node is on its step.
        floors: Of the steps.
        routes: The way of each edge.
        rows: The platforms, that of the input first.
    """
    panels = {
        node: PanelPlacement(s.x, floors[s.step].y + s.lift, floors[s.step].z, s.width, s.height)
        for node, s in slots.items()
    }
    ends = [(float(x.min()), float(x.max()), float(y.max())) for x, y in _across_and_up(routes)]
    low = (
        min([row.left for row in rows] + [left for left, _, _ in ends]),
        0.0,
        min(row.back for row in rows),
    )
    high = (
        max([row.right for row in rows] + [right for _, right, _ in ends]),
        max([row.y + row.height for row in rows] + [top for _, _, top in ends]),
        max(row.front for row in rows),
    )
    return Layout(panels, routes, rows, low, high)


def _across_and_up(routes: Sequence[Route]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for route in routes:
        yield route.points[:, 0], route.points[:, 1]


def number_rows(rows: Sequence[TerraceRow]) -> tuple[TerraceRow, ...]:
    """Return the rows, those of the same name with which one of how many they are."""
    names = numbered([row.name for row in rows])
    return tuple(replace(row, name=name) for row, name in zip(rows, names, strict=True))
