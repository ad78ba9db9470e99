"""The conveyor: a belt that winds back and forth and upward, with the sheets on it turned a little.

It is seen from three quarters: the belt runs across the view, and the sheets, which face the front
as in any arrangement, are turned to it like cards that are fanned out. Where a network is deep the
belt turns round at the end of a tier and runs back on the next one, which is further back and as
much higher as it takes to see all of it over the one before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import pi, radians, sin, sqrt, tan

import numpy as np

from vrnn.network.graph import Network
from vrnn.scene.camera import Camera
from vrnn.scene.layout.conveyor_routes import Belt, assign_lanes, depth_of_lanes, route_conveyor
from vrnn.scene.layout.lanes import Column
from vrnn.scene.layout.overview_fit import (
    MAX_SPREAD,
    RowBoxes,
    Spread,
    StepsView,
    panel_share,
    view_of_rows,
)
from vrnn.scene.layout.picture_aspect import PICTURE_ASPECT
from vrnn.scene.layout.registry import arrangement
from vrnn.scene.layout.stages import find_stages
from vrnn.scene.layout.step_breaking import COLUMN_GAP, RISE, best_breaks
from vrnn.scene.layout.step_placement import (
    PlacedColumn,
    number_rows,
    panel_slots,
    place_columns,
    platforms,
)
from vrnn.scene.layout.terrace import MIN_FILLED, row_name
from vrnn.scene.layout.terrace_routes import PanelSlot
from vrnn.scene.layout.terrace_steps import (
    Step,
    Unit,
    fill_step,
    stage_columns,
    step_width,
    steps_of,
    unit_table,
    units_of,
)
from vrnn.scene.layout.types import Footprint, Layout, PanelPlacement, Route, StepFloor, TerraceRow
from vrnn.scene.linalg import turned_about_y, turned_point

TURN = 22.0
"""Degrees by which the belt is turned to the sheets."""
PITCH = -18.0
"""Degrees that the overview looks down."""
OVERVIEW = Camera(pitch=PITCH * pi / 180, fov=50 * pi / 180)
"""Where the whole is looked at from, beside the belt."""
VIEW_REACH = 20.0
"""Degrees from the middle of the overview to its lowest and its highest tier."""
LEAST_RISE = 0.15
"""Of a tier over the one before, in heights of that one."""
SPREAD = 0.03
"""Part of a tier's width that its gaps are widened by, as sheets are that are turned to the eye."""
GROWTH = 1.7
"""How many times as wide as its area alone says a belt usually is in the end."""
MAX_RAISE = 0.4
"""Part of the height of all tiers that they are raised by at most to fill the overview."""
BEHIND = 0.3
"""Depth of the belt behind its sheets, meters."""
WIDTHS = tuple(0.5 * 1.06**k for k in range(28))
"""Widths of a tier that are tried, as parts of the width that the panels' area suggests."""
MAX_WIDTH = 1e6
"""In the same measure: all on one tier."""


@arrangement("conveyor", title="Conveyor", overview=(TURN, PITCH))
def conveyor(
    network: Network, footprints: Mapping[int, Footprint], aspect: float = PICTURE_ASPECT
) -> Layout:
    """Place a network of at least one node as a conveyor."""
    stages = find_stages(network)
    blocks = stage_columns(stages, network.sources, footprints)
    steps, spread = _best_tiers(units_of(stages, blocks, growth=GROWTH, aspect=aspect), aspect)
    columns = [_columns(step, index, spread.across) for index, step in enumerate(steps)]
    slots = panel_slots([row[::-1] if index % 2 else row for index, row in enumerate(columns)])
    belt = Belt(radians(TURN), len(columns))
    lanes = assign_lanes(network.edges, slots, belt)
    floors = _floors(columns, [depth_of_lanes(count) for count in lanes.counts], spread.up)
    panels = {node: _panel(slot, floors) for node, slot in slots.items()}
    routes = route_conveyor(network.edges, slots, replace(belt, floors=tuple(floors)), lanes)
    rows = platforms(columns, floors, lambda stage, nodes: row_name(stages[stage], nodes))
    return _layout(panels, routes, number_rows(rows), footprints)


def _panel(slot: PanelSlot, floors: Sequence[StepFloor]) -> PanelPlacement:
    floor = floors[slot.step]
    x, y, z = turned_point((slot.x, floor.y + slot.lift, floor.z), radians(TURN))
    return PanelPlacement(x, y, z, slot.width, slot.height)


def _layout(
    panels: dict[int, PanelPlacement],
    routes: Sequence[Route],
    rows: tuple[TerraceRow, ...],
    footprints: Mapping[int, Footprint],
) -> Layout:
    """All of it turned, with the box around it."""
    turn = radians(TURN)
    ways = tuple(
        replace(route, points=turned_about_y(route.points, turn).astype(np.float32))
        for route in routes
    )
    corners = [
        turned_point((x, row.y + height, z), turn)
        for row in rows
        for x in (row.left, row.right)
        for z in (row.front, row.back)
        for height in (0.0, row.height)
    ]
    for node, panel in panels.items():
        room, scale = footprints[node], panel.width / footprints[node].width
        left = panel.x - panel.width / 2 - room.left * scale
        right = panel.x + panel.width / 2 + room.right * scale
        corners += [(left, panel.y, panel.z - room.depth), (right, panel.y, panel.z)]
    for way in ways:
        corners += [tuple(way.points.min(0).tolist()), tuple(way.points.max(0).tolist())]
    low, high = (tuple(end(axis) for axis in zip(*corners, strict=True)) for end in (min, max))
    return Layout(panels, ways, rows, (low[0], 0.0, low[2]), (high[0], high[1], high[2]), turn)


def _best_tiers(units: Sequence[Unit], aspect: float) -> tuple[tuple[Step, ...], Spread]:
    """The way to break the belt into tiers that shows the sheets largest from the overview.

    Their number is odd, so that the belt ends at the right, where the answer is seen best.
    """
    area = sum((unit.width + COLUMN_GAP) * (unit.height + RISE) for unit in units)
    base = sqrt(area * aspect)
    tried: dict[tuple[int, ...], tuple[float, tuple[Step, ...], StepsView]] = {}
    widths = [base * factor for factor in (*WIDTHS, MAX_WIDTH)]
    for key in best_breaks(unit_table(units), widths):
        if key in tried or len(key) % 2 == 0:
            continue
        filled, view = _filled(steps_of(units, key), aspect)
        share = panel_share(filled, view) * min(1.0, min(view.filled) / MIN_FILLED)
        tried[key] = (share, filled, view)
    _, steps, view = max(tried.values(), key=lambda found: found[0])
    return steps, _spread(steps, view)


def _spread(steps: Sequence[Step], view: StepsView) -> Spread:
    """What is missing in the direction in which tiers do not fill the overview."""
    across, up = view.filled
    if across < up:
        return Spread(across=SPREAD + min(up / across - 1, MAX_SPREAD))
    if len(steps) == 1:
        return Spread(across=SPREAD)
    height = sum(max(unit.height for unit in step) for step in steps)
    more = height * min(across / up - 1, MAX_RAISE) / (len(steps) - 1)
    return Spread(across=SPREAD, up=more)


def _filled(steps: Sequence[Step], aspect: float) -> tuple[tuple[Step, ...], StepsView]:
    """The tiers, each as wide as the others seem to be from the overview, and that."""
    width = max(step_width(step) for step in steps)
    filled = tuple(fill_step(step, width) for step in steps)
    depths = _view(filled, aspect).depths
    wider = width * depths / depths[0]
    filled = tuple(fill_step(step, float(room)) for step, room in zip(steps, wider, strict=True))
    return filled, _view(filled, aspect)


def _view(steps: Sequence[Step], aspect: float) -> StepsView:
    """What the overview shows of tiers."""
    columns = [_columns(step, index, SPREAD) for index, step in enumerate(steps)]
    floors = _floors(columns, [depth_of_lanes(2)] * len(steps), 0.0)
    half, y, z = np.array([((f.right - f.left) / 2, f.y, f.z) for f in floors]).T
    heights = np.array([max(unit.height for unit in step) for step in steps])
    return view_of_rows(RowBoxes(half, y, z, heights), OVERVIEW, aspect)


def _columns(step: Step, index: int, spread: float) -> list[PlacedColumn]:
    """The columns of a tier from left to right; on every second one data runs to the left.

    Args:
        step: The tier.
        index: Its number.
        spread: Part of its width that gaps are widened by.
    """
    if index % 2:
        step = tuple(replace(unit, unscaled=unit.unscaled[::-1]) for unit in step[::-1])
    return list(place_columns(step, spread * step_width(step)))


def _ends(row: Sequence[PlacedColumn]) -> tuple[float, float]:
    """x of the left and the right end of a tier, meters."""
    first, last = row[0], row[-1]
    left = first.left - first.column.left - first.unit.name_room
    return left, last.right + last.column.right + COLUMN_GAP


def _floors(
    columns: Sequence[Sequence[PlacedColumn]], depths: Sequence[float], more: float
) -> list[StepFloor]:
    """The floor of every tier, not turned; the sheets of the first one are at z = 0.

    Args:
        columns: Of each tier.
        depths: Of each tier in front of its sheets, meters.
        more: Added to the rise from one tier to the next, meters.
    """
    floors: list[StepFloor] = []
    y = z = 0.0
    for index, (row, depth) in enumerate(zip(columns, depths, strict=True)):
        reach = max(_reach(s.column, 0.0) for s in row)
        behind = max(_reach(s.column, s.column.left) + s.column.depth for s in row) + BEHIND
        if floors:
            z = floors[-1].back - reach - depth
            away, slope = floors[-1].z - z, tan(_elevation(index, len(columns)))
            y += more + max(  # over the top of each sheet of the tier before
                max(
                    LEAST_RISE * s.column.height,
                    s.column.height + RISE - (away - s.column.left * sin(radians(TURN))) * slope,
                )
                for s in columns[index - 1]
            )
        floors.append(StepFloor(y, z, z + reach + depth, z - behind, *_ends(row)))
    return floors


def _reach(column: Column, beside: float) -> float:
    """How far a sheet that is turned to its belt reaches before or behind its middle, meters."""
    return (column.width / 2 + beside) * sin(radians(TURN))


def _elevation(index: int, count: int) -> float:
    """How far down the overview looks at a tier, radians."""
    part = index / max(count - 1, 1)
    return radians(-PITCH + VIEW_REACH * (1 - 2 * part))
