"""How networks are broken into steps that fill the overview, on networks drawn at random."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from tests.support import golden_text
from tests.support.networks import SCOPES, SHAPES, branched, build, footprints, residual
from vrnn.scene.layout import terrace_steps
from vrnn.scene.layout.lanes import side_nodes
from vrnn.scene.layout.overview_fit import (
    filled_steps,
    filled_view,
    panel_share,
    spread_of,
    view_of,
)
from vrnn.scene.layout.stages import find_stages
from vrnn.scene.layout.step_breaking import StepTable, are_mixed, best_breaks
from vrnn.scene.layout.terrace_steps import (
    fill_step,
    gap_before,
    stage_columns,
    step_width,
    steps_of,
    unit_table,
    units_of,
)
from vrnn.scene.layout.types import Footprint

SEEDS = range(14)
NAMED = {"residual": lambda: residual(4, 3), "small": lambda: residual(1, 1), "branched": branched}
ALL = [*SEEDS, *NAMED]


def broken(units, width):
    """Steps of about a width with the smallest height together, once panels fill them."""
    return steps_of(units, best_breaks(unit_table(units), [width])[0])


def random_network(seed):
    """An acyclic graph whose nodes lie in modules one after another."""
    rng = np.random.default_rng(seed)
    nodes, edges = [], []
    scopes = sorted(rng.choice(len(SCOPES), int(rng.integers(2, 6)), replace=False).tolist())
    for index in scopes:
        for part in range(int(rng.integers(1, 4))):
            scope = f"{SCOPES[index]}.{part}".strip(".")
            for _ in range(int(rng.integers(1, 5))):
                at = len(nodes)
                nodes.append((f"{scope}.op{at}", scope, SHAPES[int(rng.integers(len(SHAPES)))]))
                if at:
                    near = range(max(0, at - 5), at)
                    count = int(rng.integers(1, min(3, len(near)) + 1))
                    edges += [(int(s), at) for s in sorted(rng.choice(near, count, replace=False))]
    return build(nodes, edges)


@cache
def laid_out(case):
    """The network of a case, its stages, the sources of its nodes, their room, and the units."""
    network = NAMED[case]() if case in NAMED else random_network(case)
    rooms = footprints(network)
    if case not in NAMED:
        rng = np.random.default_rng(case)
        rooms = {
            node: Footprint(*rng.uniform(0.2, 2.5, 2), *rng.choice([0, 0, 0, 0.6], 4))
            for node in rooms
        }
    sources = {node.id: [] for node in network.nodes}
    for edge in network.edges:
        sources[edge.target].append(edge.source)
    stages = find_stages(network)
    return network, stages, sources, rooms, units_of(stages, stage_columns(stages, sources, rooms))


def widths_of(units):
    whole = step_width(tuple(units))
    return [whole / 6, whole / 3, whole / 1.5, whole * 1.5]


@pytest.mark.parametrize("case", ALL, ids=str)
def test_units_and_steps_are_as_they_were_approved(case, regenerate):
    _, stages, sources, _, units = laid_out(case)
    lines = [f"stages {[stage.name for stage in stages]}"]
    for stage in stages:
        beside = [side_nodes([node.id for node in block.nodes], sources) for block in stage.blocks]
        lines.append(f"beside the main path of {stage.name}: {beside}")
    for unit in units:
        numbers = unit.width, unit.panel_width, unit.height, unit.name_room
        lines.append(f"unit {unit.stage} {unit.block}: {golden_text.numbers(numbers)}")
        for column in unit.columns:
            told = " ".join(
                golden_text.numbers(values)
                for values in (column.heights, column.panel_heights, column.panel_widths)
            )
            lines.append(f"  {column.nodes} {told} extent {golden_text.numbers(column.extent)}")
    for width in widths_of(units):
        steps = broken(units, width)
        view, spread = view_of(steps), spread_of(steps)
        filled = filled_steps(steps)
        lines += [
            f"steps of {golden_text.numbers(width)}: {[len(step) for step in steps]}",
            f"  filled {golden_text.numbers(list(map(step_width, filled)))}",
            f"  seen from {golden_text.numbers(view.depths)} as {golden_text.numbers(view.filled)}",
            f"  pictures of {golden_text.numbers(view.pictures)}",
            f"  panels take {golden_text.numbers(panel_share(steps, view))}",
            f"  spread {golden_text.numbers((spread.across, spread.up))}",
        ]
    golden_text.check(f"geometry/steps-{case}", lines, regenerate)


@pytest.mark.parametrize("case", ALL, ids=str)
def test_steps_are_measured_as_those_that_are_made(case):
    units = laid_out(case)[-1]
    for width in widths_of(units):
        steps = broken(units, width)
        share, view = filled_view(StepTable.of(unit_table(units), [len(step) for step in steps]))
        made = filled_steps(steps)
        assert share == pytest.approx(panel_share(made, view_of(made)))
        assert view.filled == pytest.approx(view_of(made).filled)


def all_breaks(count):
    """Every way to break so many units into steps."""
    for bits in range(2 ** (count - 1)):
        ends = [i + 1 for i in range(count - 1) if bits >> i & 1] + [count]
        yield list(zip([0, *ends[:-1]], ends, strict=True))


def is_mixed(units, begin, end):
    """Whether a step holds several stages, the first or the last of them not whole."""
    stages = [unit.stage for unit in units]
    cut = {stage for stage in stages[begin:end] if stage in stages[:begin] or stage in stages[end:]}
    return len(set(stages[begin:end])) > 1 and bool(cut)


def cost_of(units, breaks, width):
    """What steps cost; None where one is too wide."""
    total = 0.0
    for begin, end in breaks:
        step = tuple(units[begin:end])
        row = step_width(step)
        if row > width and len(step) > 1:
            return None
        filled = fill_step(step, width)
        height = max(unit.height for unit in step)
        panels = sum(unit.panel_width for unit in step)
        factor = min(2.2, max(1.0, 1 + (width - row) / panels))
        slack = max(0.0, 1 - (row + (factor - 1) * panels) / width)
        price = 1 + 0.25 * slack**3
        if end < len(units) and units[end].stage == units[end - 1].stage:
            price += 0.4 if units[end].block != units[end - 1].block else 0.6
        price += 0.05 * (units[end - 1].stage - units[begin].stage)
        price += 0.2 * is_mixed(units, begin, end)
        total += price * (factor * height + 0.12)
        assert step_width(filled) == pytest.approx(row + (factor - 1) * panels)
    return total


@pytest.mark.parametrize("case", [c for c in ALL if c != "residual"], ids=str)
def test_no_other_breaks_cost_less(case):
    units = laid_out(case)[-1][:10]
    for width in widths_of(units):
        costs = {}
        for breaks in all_breaks(len(units)):
            cost = cost_of(units, breaks, width)
            if cost is not None:
                costs[tuple(end - begin for begin, end in breaks)] = cost
        found = tuple(len(step) for step in broken(units, width))
        assert costs[found] == pytest.approx(min(costs.values()))


def test_gaps_are_for_names_and_between_blocks():
    unit = laid_out("small")[-1][0]
    same = replace(unit)
    assert gap_before(unit, None) == unit.name_room
    assert gap_before(unit, replace(unit, stage=unit.stage + 1)) == 1.0 + unit.name_room
    assert gap_before(unit, replace(unit, block=unit.block + 1)) == 0.6
    assert gap_before(unit, same) == 0.36


def test_a_step_with_a_broken_stage_beside_another_is_mixed():
    unit = laid_out("small")[-1][0]
    units = [replace(unit, stage=stage) for stage in (0, 0, 1, 1, 2)]
    steps = [(begin, end) for begin in range(5) for end in range(begin + 1, 6)]
    found = are_mixed(unit_table(units), *np.array(steps).T)
    mixed = {step for step, is_so in zip(steps, found, strict=True) if is_so}
    assert mixed == {(0, 3), (1, 3), (1, 4), (1, 5), (3, 5)}
    assert mixed == {step for step in steps if is_mixed(units, *step)}


def test_a_block_that_is_very_long_is_divided_into_equal_parts():
    column = laid_out("small")[-1][0].columns[0]
    for count in (1, 4, 30, 80):
        columns = tuple(replace(column, nodes=(i,)) for i in range(count))
        width = sum(c.extent for c in columns) + 0.36 * (count - 1)
        for limit in (width - 1e-6, width + 1e-6, width / 2, width / 7):
            parts = terrace_steps._parts(columns, limit)
            assert [c for part in parts for c in part] == list(columns)
            if width <= limit:
                assert len(parts) == 1
            else:
                sizes = [len(part) for part in parts]
                assert len(parts) == min(count, -(-width // (limit / 4)))
                assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("case", ["small", 3, 5])
def test_scaled_units_are_measured_as_their_scaled_columns(case):
    for unit in laid_out(case)[-1]:
        scaled = unit.scaled(1.5).scaled(1.2)
        again = terrace_steps.Unit.of(scaled.columns, unit.stage, unit.block, unit.name_room)
        for name in ("width", "panel_width", "height", "panel_area"):
            assert getattr(scaled, name) == pytest.approx(getattr(again, name)), name
        wanted = pytest.approx(1.8 * unit.columns[0].panel_widths[0])
        assert scaled.columns[0].panel_widths[0] == wanted
