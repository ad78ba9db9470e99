"""The terrace: stages as the steps of a theater, each step further back and higher.

Data runs left to right along a step and upward from step to step, so that the whole network faces
the viewer and nothing hides anything. Steps are broken so that the panels come out as large as
possible in a wide picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

from vrnn.network.graph import Network
from vrnn.scene.layout.overview_fit import (
    MAX_SPREAD,
    OVERVIEW_PITCH,
    filled_steps,
    filled_view,
    spread_of,
    step_rooms,
)
from vrnn.scene.layout.picture_aspect import PICTURE_ASPECT
from vrnn.scene.layout.registry import arrangement
from vrnn.scene.layout.stage_names import part_name
from vrnn.scene.layout.stages import Stage, find_stages
from vrnn.scene.layout.step_breaking import (
    COLUMN_GAP,
    RISE,
    StepTable,
    best_breaks,
    mixed_share,
)
from vrnn.scene.layout.step_placement import (
    number_rows,
    panel_slots,
    place_columns,
    platforms,
    step_floors,
    steps_layout,
)
from vrnn.scene.layout.terrace_routes import (
    assign_tracks,
    depth_of_tracks,
    route_terrace,
)
from vrnn.scene.layout.terrace_steps import (
    Step,
    Unit,
    stage_columns,
    step_width,
    steps_of,
    unit_table,
    units_of,
)
from vrnn.scene.layout.types import Footprint, Layout

MIXED_PENALTY = 0.4
"""Part of the picture's share of panels that may be lost for steps that each hold whole stages."""
MIN_FILLED = 0.86
"""Part of the overview's width and height that steps are to fill."""
DIVIDED, DIVIDED_GAIN = 3.0, 1.12
"""Blocks are divided so many times more readily, where panels come out so much larger by that."""
WIDTHS = tuple(0.5 * 1.07**k for k in range(24))
"""Step widths that are tried, as parts of the width that the panels' area suggests."""


@arrangement("terrace", title="Terrace", overview=(0.0, OVERVIEW_PITCH))
def terrace(
    network: Network, footprints: Mapping[int, Footprint], aspect: float = PICTURE_ASPECT
) -> Layout:
    """Place a network of at least one node as a terrace."""
    stages = find_stages(network)
    blocks = stage_columns(stages, network.sources, footprints)
    units, parts = (units_of(stages, blocks, readily, aspect=aspect) for readily in (1.0, DIVIDED))
    whole, _ = best = _best_steps(units, aspect)
    divided = _best_steps(parts, aspect)
    steps = (divided if divided[0] > DIVIDED_GAIN * whole else best)[1]
    spread = spread_of(steps, aspect=aspect)
    rooms = step_rooms(steps, aspect)
    columns = [
        list(place_columns(step, _free(step, spread.across, room)))
        for step, room in zip(steps, rooms, strict=True)
    ]
    slots = panel_slots(columns)
    tracks = assign_tracks(network.edges, slots, len(steps))
    depths = [depth_of_tracks(count) for count in tracks.counts]
    floors = step_floors(columns, depths, [spread.up] * len(steps))
    routes = route_terrace(network.edges, slots, floors, tracks)
    rows = platforms(columns, floors, lambda stage, nodes: row_name(stages[stage], nodes))
    return steps_layout(slots, floors, routes, number_rows(rows))


def _free(step: Step, across: float, room: float) -> float:
    """Meters that the gaps of a step are widened by: a short one is nearly as long as others."""
    own = step_width(step)
    return max(across * own, min(MAX_SPREAD * own, room - own))


def _best_steps(units: Sequence[Unit], aspect: float) -> tuple[float, tuple[Step, ...]]:
    """The way to break the steps that shows the panels largest from the overview, and how good."""
    table = unit_table(units)
    base = sqrt(float(((table.width + COLUMN_GAP) * (table.height + RISE)).sum()) * aspect)
    best, best_counts = -1.0, tuple[int, ...]()
    for counts in dict.fromkeys(best_breaks(table, [base * factor for factor in WIDTHS])):
        mixed = 1 - MIXED_PENALTY * mixed_share(table, counts)
        share, view = filled_view(StepTable.of(table, counts), aspect)
        score = share * mixed * min(1.0, min(view.filled) / MIN_FILLED)
        if score > best:
            best, best_counts = score, counts
    return best, filled_steps(steps_of(units, best_counts), aspect)


def row_name(stage: Stage, nodes: Sequence[int]) -> str:
    """Return the stage's name, and on which of its steps this is: `layer3 · 2–4`."""
    blocks = [stage.blocks[i] for i in sorted({stage.block_of[node] for node in nodes})]
    if len(blocks) == len(stage.blocks):
        return stage.name
    whole = max(len(block.nodes) for block in blocks)
    named = [b.name.split(".") for b in blocks if b.name and 2 * len(b.nodes) >= whole]
    return part_name(stage.name, stage.paths, [tuple(n) for n in named], stage.is_module)
