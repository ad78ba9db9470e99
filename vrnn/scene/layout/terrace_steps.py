"""The steps of the terrace: stages and blocks, broken as a paragraph is broken into lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby, islice, pairwise
from math import sqrt

import numpy as np

from vrnn.scene.layout.lanes import Column, Sources, columns_of, even_out, side_nodes
from vrnn.scene.layout.picture_aspect import PICTURE_ASPECT
from vrnn.scene.layout.stages import Stage, StageBlock
from vrnn.scene.layout.step_breaking import (
    BLOCK_GAP,
    COLUMN_GAP,
    RISE,
    STAGE_GAP,
    UnitTable,
    fill_factors,
)
from vrnn.scene.layout.types import LABEL_STRIP, Footprint, name_scale
from vrnn.style import font

MIN_NAME_ROOM, MAX_NAME_ROOM = 1.4, 3.8
"""Width at a stage's left end that is kept free for its name, meters, in a network of NAMED_WIDTH;
in a wider one, which is looked at from further away, so much more."""
NAME_MARGIN = 0.5
"""Of that, what is free beside the name, meters."""
NAME_SIZE = 0.42
"""Capital height of a name that there is room for, meters."""
GROWTH = 1.3
"""How many times as wide as its area alone says a network usually is in the end."""
PANEL_SCALE = 2.6
"""Panels are so many times as large here as elsewhere: of a picture of the whole network they take
more, beside gaps and labels that stay as they are."""
MIN_UNIT_LIMIT = 20.0
"""A unit may always be this wide, meters."""
MAX_LANES_COST = (1.35, 2.5)
"""Lanes may take this many times the area that the same stage takes in one line: for a single node
beside the main path, and for more."""


@dataclass(frozen=True)
class Unit:
    """Columns that stay on one step.

    What is measured is all as it is with the panels scaled; the columns themselves are scaled when
    they are asked for, as many ways to break steps are measured and one is placed.

    Attributes:
        unscaled: The columns from left to right, before they are scaled.
        stage: Index of their stage.
        block: Index of their block in the whole network.
        width: Of all, meters.
        panel_width: Of that, what grows with the panels, meters.
        height: Of the highest, meters.
        panel_area: Of all panels, square meters.
        name_room: Width for the stage's name, meters.
        scale: How many times as large the panels are as in `unscaled`.
    """

    unscaled: tuple[Column, ...]
    stage: int
    block: int
    width: float
    panel_width: float
    height: float
    panel_area: float
    name_room: float
    scale: float = 1.0

    @classmethod
    def of(cls, columns: tuple[Column, ...], stage: int, block: int, name_room: float) -> Unit:
        """Return a unit of columns, measured."""
        panel_width = sum(column.extent for column in columns)
        height = max(column.height for column in columns)
        area = sum(column.panel_area for column in columns)
        return cls(columns, stage, block, _width(columns), panel_width, height, area, name_room)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns from left to right."""
        if self.scale == 1.0:
            return self.unscaled
        return tuple(column.scaled(self.scale) for column in self.unscaled)

    def scaled(self, factor: float) -> Unit:
        """Return the unit with panels so many times as large."""
        panel_width = factor * self.panel_width
        return replace(
            self, scale=factor * self.scale,
            width=self.width - self.panel_width + panel_width, panel_width=panel_width,
            height=LABEL_STRIP + factor * (self.height - LABEL_STRIP),
            panel_area=factor**2 * self.panel_area,
        )  # fmt: skip


Step = tuple[Unit, ...]
StageColumns = list[tuple[Column, ...]]
"""The columns of each block of a stage."""


def stage_columns(
    stages: Sequence[Stage], sources: Sources, footprints: Mapping[int, Footprint]
) -> list[StageColumns]:
    """Return the columns of every stage.

    Args:
        stages: Of the network.
        sources: Of every node.
        footprints: Room of every node.
    """
    return [_stage_columns(stage, sources, footprints) for stage in stages]


def units_of(
    stages: Sequence[Stage], per_stage: Sequence[StageColumns],
    divided: float = 1.0, growth: float = GROWTH, aspect: float = PICTURE_ASPECT,
) -> list[Unit]:  # fmt: skip
    """Return all units in run order: a block each, or a part of one where it is very long.

    Args:
        stages: Of the network.
        per_stage: The columns of each, see `stage_columns`.
        divided: How many times more readily blocks are divided.
        growth: How many times as wide as its area alone says the network will be.
        aspect: Width / height of the picture.
    """
    widths = [_width(columns) for blocks in per_stage for columns in blocks]
    limit = max(MIN_UNIT_LIMIT, sum(widths) / 10) / divided
    areas = (_area(blocks) for blocks in per_stage)
    scale = name_scale(growth * sqrt(sum(areas) * aspect), aspect)
    units = []
    block = 0
    for index, blocks in enumerate(per_stage):
        lines = (stages[index].name, "10–19")
        needed = NAME_MARGIN + NAME_SIZE * max(map(font.text_width, lines))
        room = min(MAX_NAME_ROOM, max(MIN_NAME_ROOM, needed)) * scale
        for columns in blocks:
            for part in _parts(columns, limit):
                units.append(Unit.of(part, index, block, room))
            block += 1
    return units


def gap_before(unit: Unit, previous: Unit | None) -> float:
    """Return the free width at a unit's left, in meters: for its stage's name, or between blocks.

    Args:
        unit: The unit.
        previous: The unit before it on the same step; None for the first.
    """
    if previous is None:
        return unit.name_room
    if previous.stage != unit.stage:
        return STAGE_GAP + unit.name_room
    return BLOCK_GAP if previous.block != unit.block else COLUMN_GAP


def step_width(step: Step) -> float:
    """Return the width of a step's content with the room for names, in meters."""
    before = (None, *step[:-1])
    return sum(unit.width + gap_before(unit, last) for unit, last in zip(step, before, strict=True))


def fill_step(step: Step, width: float) -> Step:
    """Return a step whose panels have grown until it is so wide; a fuller one is left as it is.

    Args:
        step: The step.
        width: Meters.
    """
    panels = sum(unit.panel_width for unit in step)
    factor = float(fill_factors(np.array(step_width(step)), np.array(panels), width))
    return step if factor == 1.0 else tuple(unit.scaled(factor) for unit in step)


def unit_table(units: Sequence[Unit]) -> UnitTable:
    """Return the measures of at least one unit, see `UnitTable`."""
    stage = np.array([unit.stage for unit in units])
    block = np.array([unit.block for unit in units])
    rows = [(u.width, u.panel_width, u.height, u.panel_area, u.name_room) for u in units]
    width, panel_width, height, panel_area, name_room = np.array(rows, np.float64).T.copy()
    gaps = [0.0, *(gap_before(unit, last) for last, unit in pairwise(units))]
    return UnitTable(
        stage, block, width, panel_width, height, panel_area, name_room, np.array(gaps)
    )  # fmt: skip


def steps_of(units: Sequence[Unit], counts: Sequence[int]) -> tuple[Step, ...]:
    """Return steps that hold so many of the units each, in run order."""
    rest = iter(units)
    return tuple(tuple(islice(rest, count)) for count in counts)


def _stage_columns(
    stage: Stage, sources: Sources, footprints: Mapping[int, Footprint]
) -> StageColumns:
    """The columns of a stage's blocks, with lanes where these do not take too much room."""

    def columns(block: StageBlock, lanes: bool) -> tuple[Column, ...]:
        ids = [node.id for node in block.nodes]
        found = even_out(columns_of(ids, sources, footprints, lanes))
        return tuple(column.scaled(PANEL_SCALE) for column in found)

    branched = [columns(block, True) for block in stage.blocks]
    side = max(side_nodes([n.id for n in block.nodes], sources) for block in stage.blocks)
    if side:
        single = [columns(block, False) for block in stage.blocks]
        if _area(branched) > MAX_LANES_COST[side > 1] * _area(single):
            return single
    return branched


def _area(blocks: Sequence[tuple[Column, ...]]) -> float:
    tallest = max(column.height for columns in blocks for column in columns)
    return (tallest + RISE) * sum(_width(columns) + BLOCK_GAP for columns in blocks)


def _width(columns: Sequence[Column]) -> float:
    return sum(c.extent for c in columns) + COLUMN_GAP * (len(columns) - 1)


def _parts(columns: tuple[Column, ...], limit: float) -> list[tuple[Column, ...]]:
    """Divide the columns of a block that is wider than the limit (meters) into equal parts."""
    whole = _width(columns)
    if whole <= limit:
        return [columns]
    share = whole / -(-whole // (limit / 4))
    numbers, reached = [], 0.0
    for column in columns:
        numbers.append(int(reached / share))
        reached += column.extent + COLUMN_GAP
    pairs = zip(numbers, columns, strict=True)
    return [tuple(c for _, c in part) for _, part in groupby(pairs, key=lambda pair: pair[0])]
