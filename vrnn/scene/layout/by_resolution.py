"""By resolution: a level for each size of the maps, the highest resolution furthest up.

The levels are steps of a theater that data comes down, from the back to the front. Where a network
goes up again, as a U-Net does, it does so at the right: each level shows what goes down at its left
and what goes up at its right, with a valley between them that skips bridge as arches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import sqrt
from statistics import median

from vrnn.network.graph import Edge, Network
from vrnn.scene.layout.arches import arch, room_over
from vrnn.scene.layout.overview_fit import (
    MAX_SPREAD,
    OVERVIEW_PITCH,
    panel_share,
    spread_of,
    view_of,
)
from vrnn.scene.layout.picture_aspect import PICTURE_ASPECT
from vrnn.scene.layout.registry import arrangement
from vrnn.scene.layout.resolution_levels import ResolutionLevels, find_levels
from vrnn.scene.layout.step_breaking import COLUMN_GAP, RISE, best_breaks
from vrnn.scene.layout.step_placement import (
    number_rows,
    panel_slots,
    place_columns,
    platforms,
    step_floors,
    steps_layout,
)
from vrnn.scene.layout.terrace import DIVIDED, DIVIDED_GAIN
from vrnn.scene.layout.terrace_routes import (
    PanelSlot,
    assign_tracks,
    depth_of_tracks,
    route_on_steps,
)
from vrnn.scene.layout.terrace_steps import (
    GROWTH,
    Step,
    Unit,
    fill_step,
    stage_columns,
    step_width,
    steps_of,
    unit_table,
    units_of,
)
from vrnn.scene.layout.types import Footprint, Layout, TerraceRow

VALLEY = 0.08
"""Least part of a step's width that is free between what goes down and what goes up."""
VALLEY_GROWTH = 1.8
"""How many times as wide as its area alone says a network with a valley usually is in the end."""
MAX_RAISE = 0.4
"""Part of the network's width or height that gaps are widened by at most to fill the overview."""
MAX_UNEVEN = 1.35
"""A step is at most so many times as high as steps usually are."""
MIXED_PENALTY = 0.4
"""Part of the picture's share of panels that may be lost for steps that each hold whole levels."""
MIN_FILLED = 0.9
"""Part of the overview's width and height that steps are to fill."""
WIDTHS = tuple(0.45 * 1.07**k for k in range(26))
"""Step widths that are tried, as parts of the width that the panels' area suggests."""


@dataclass(frozen=True)
class _Level:
    """One level, or several that hold one leg each and may share steps.

    Attributes:
        legs: The units of each leg that is here, in the order in which they ran.
        goes_down: Of each of these legs, whether its resolution falls.
    """

    legs: tuple[tuple[Unit, ...], ...]
    goes_down: tuple[bool, ...]


@arrangement("by resolution", title="By resolution", overview=(0.0, OVERVIEW_PITCH))
def by_resolution(
    network: Network, footprints: Mapping[int, Footprint], aspect: float = PICTURE_ASPECT
) -> Layout:
    """Place a network of at least one node by resolution."""
    found = find_levels(network)
    stages = [part.stage for part in found.parts]
    growth = GROWTH if len(found.goes_down) == 1 else VALLEY_GROWTH
    blocks = stage_columns(stages, network.sources, footprints)
    units, parts = (units_of(stages, blocks, part, growth, aspect) for part in (1.0, DIVIDED))
    whole, _ = best = _best_steps(_levels(found, units), aspect)
    divided = _best_steps(_levels(found, parts), aspect)
    steps = (divided if divided[0] > DIVIDED_GAIN * whole else best)[1]
    spread = spread_of(steps, MAX_RAISE, aspect)
    width = max(step_width(step) * (1 + spread.across) for step in steps)
    columns = []
    for step in steps:
        is_parted = len(_legs_on(step, found)) > 1
        own = step_width(step)
        free = width - own if is_parted else min(MAX_SPREAD * own, width - own)
        columns.append(list(place_columns(step, max(free, 0.0), is_parted)))
    slots = panel_slots(columns)
    leg_of = {
        node.id: part.leg
        for part in found.parts
        for block in part.stage.blocks
        for node in block.nodes
    }
    arches = [edge for edge in network.edges if _is_arch(edge, slots, leg_of)]
    bridged = {(edge.source, edge.target) for edge in arches}
    rest = [edge for edge in network.edges if (edge.source, edge.target) not in bridged]
    tracks = assign_tracks(rest, slots, len(steps))
    room = room_over(arches, slots)
    above = [spread.up + room.get(i, 0.0) for i in range(len(steps))]
    floors = step_floors(columns, [depth_of_tracks(count) for count in tracks.counts], above)
    routes = tuple(
        arch(edge, slots, floors)
        if (edge.source, edge.target) in bridged
        else route_on_steps(edge, slots, floors, tracks)
        for edge in network.edges
    )
    rows = platforms(columns, floors, lambda stage, _: stages[stage].name)
    rank = {node.id: i for i, node in enumerate(network.nodes)}
    rows = number_rows(sorted(rows, key=lambda row: _first_ran(row, rank)))
    return steps_layout(slots, floors, routes, rows)


def _first_ran(row: TerraceRow, rank: Mapping[int, int]) -> int:
    return min(rank[node] for node in row.node_ids)


def _legs_on(step: Step, found: ResolutionLevels) -> set[int]:
    return {found.parts[unit.stage].leg for unit in step}


def _is_arch(edge: Edge, slots: Mapping[int, PanelSlot], leg_of: Mapping[int, int]) -> bool:
    """Whether an edge bridges the valley: from one leg to the next on one step."""
    source, target = slots[edge.source], slots[edge.target]
    is_ahead = source.step == target.step and source.order < target.order
    return is_ahead and leg_of[edge.source] != leg_of[edge.target]


def _levels(found: ResolutionLevels, units: Sequence[Unit]) -> list[_Level]:
    """The levels from the highest resolution down; neighbors with one and the same leg are one."""
    of_part = {stage: tuple(part) for stage, part in groupby(units, key=lambda unit: unit.stage)}
    numbered = list(enumerate(found.parts))
    by_level = [
        [(part.leg, of_part[i]) for i, part in parts]
        for _, parts in groupby(numbered, key=lambda one: one[1].level)
    ]
    levels = []
    for legs, parts in groupby(by_level, key=lambda level: tuple(leg for leg, _ in level)):
        members = list(parts)
        goes_down = tuple(found.goes_down[leg] for leg in legs)
        if len(legs) > 1:
            levels += [_Level(tuple(own for _, own in level), goes_down) for level in members]
            continue
        ordered = members if goes_down[0] else members[::-1]
        levels.append(_Level((tuple(u for ((_, own),) in ordered for u in own),), goes_down))
    return levels


def _best_steps(levels: Sequence[_Level], aspect: float) -> tuple[float, tuple[Step, ...]]:
    """How good the way to break the levels is that shows the panels largest, and that; the lowest
    step first."""
    units = [unit for level in levels for leg in level.legs for unit in leg]
    base = sqrt(aspect * sum((u.width + COLUMN_GAP) * (u.height + RISE) for u in units))
    tried: set[tuple[int, ...]] = set()
    best: tuple[float, tuple[Step, ...]] | None = None
    broken = [_broken(level, [base * factor for factor in WIDTHS]) for level in levels]
    for of_levels in zip(*broken, strict=True):
        steps = [step for on_level in of_levels for step in on_level]
        key = tuple(len(step) for step in steps)
        if key in tried:
            continue
        tried.add(key)
        filled = _filled(steps[::-1], aspect)
        view = view_of(filled, aspect)
        score = panel_share(filled, view) * min(1.0, min(view.filled) / MIN_FILLED)
        score *= 1 - MIXED_PENALTY * _mixed_share(steps)
        if best is None or score > best[0]:
            best = (score, filled)
    assert best is not None
    return best


def _mixed_share(steps: Sequence[Step]) -> float:
    """Part of the steps on which a level is beside a part of another one, on the same leg."""
    stages = [{unit.stage for unit in step} for step in steps]
    counts = Counter(stage for on_step in stages for stage in on_step)
    mixed = [len(on_step) > 1 and any(counts[stage] > 1 for stage in on_step) for on_step in stages]
    return sum(mixed) / len(steps)


def _broken(level: _Level, widths: Sequence[float]) -> list[list[Step]]:
    """For each width, the steps of a level from the top: those of its legs beside each other."""
    needed = [step_width(leg) for leg in level.legs]
    breaks = [
        best_breaks(unit_table(leg), [width * share / sum(needed) for width in widths])
        for leg, share in zip(level.legs, needed, strict=True)
    ]
    return [
        _beside(level, [steps_of(*one) for one in zip(level.legs, counts, strict=True)])
        for counts in zip(*breaks, strict=True)
    ]


def _beside(level: _Level, lines: Sequence[tuple[Step, ...]]) -> list[Step]:
    """The steps of a level from the top, by those of each leg in the order in which they ran."""
    from_top = [
        one if goes_down else one[::-1]
        for one, goes_down in zip(lines, level.goes_down, strict=True)
    ]
    count = max(map(len, from_top))
    return [  # what has fewer steps stands on the lower ones, where the next level is near
        tuple(unit for one in from_top if i >= count - len(one) for unit in one[i - count])
        for i in range(count)
    ]


def _filled(steps: Sequence[Step], aspect: float) -> tuple[Step, ...]:
    """Steps from the lowest, each as wide as the others seem to be from the overview."""
    width = max(map(_least_width, steps))
    filled = _even(steps, [width] * len(steps))
    depths = view_of(filled, aspect).depths
    return _even(steps, [float(width * depth / depths[0]) for depth in depths])


def _least_width(step: Step) -> float:
    is_parted = step[0].stage != step[-1].stage
    return step_width(step) / (1 - VALLEY) if is_parted else step_width(step)


def _even(steps: Sequence[Step], widths: Sequence[float]) -> tuple[Step, ...]:
    """The steps with panels that have grown to fill these widths, but none much higher."""
    filled = [
        fill_step(step, width * step_width(step) / _least_width(step))
        for step, width in zip(steps, widths, strict=True)
    ]
    heights = [max(unit.height for unit in step) for step in filled]
    most = MAX_UNEVEN * median(heights)
    return tuple(
        tuple(unit.scaled(max(most / height, 1 / _growth(step, one))) for unit in one)
        if height > most
        else one
        for step, one, height in zip(steps, filled, heights, strict=True)
    )


def _growth(step: Step, filled: Step) -> float:
    """How many times as large the panels of a step have become."""
    return filled[0].panel_width / step[0].panel_width
