"""Networks of up to 20,000 operations are placed with work that grows as they do."""

from math import prod

import numpy as np
import pytest

from tests.support.counted_calls import calls_of
from tests.support.networks import build, footprints
from vrnn.scene.layout import step_breaking
from vrnn.scene.layout.registry import arrange
from vrnn.scene.layout.step_breaking import UnitTable, best_breaks

LARGE = 20_000


def chain(count):
    """A residual network of so many operations, two in a block and a block in two an addition."""
    nodes, edges = [("image", "", (3, 16, 16))], []
    for at in range(1, count):
        block = (at - 1) // 4
        shape = (4, 16 >> 3 * block // (count // 4 + 1), 16)
        nodes.append((f"layers.{block}.op{at}", f"layers.{block}", shape))
        edges.append((at - 1, at))
        if at > 4 and at % 4 == 0:
            edges.append((at - 4, at))
    return build(nodes, edges)


@pytest.mark.parametrize(
    ("name", "most"), [("terrace", 4.6), ("by resolution", 4.6), ("conveyor", 6.0)]
)
def test_placing_four_times_as_many_operations_takes_about_four_times_the_calls(name, most):
    # More of the widths that the conveyor tries break the larger network in ways of their own.
    few, many = (chain(count) for count in (500, 2000))
    _, fewer = calls_of(lambda: arrange(few, footprints(few), name))
    _, more = calls_of(lambda: arrange(many, footprints(many), name))
    assert more < most * fewer


def test_twenty_thousand_operations_are_placed_with_few_calls_each():
    network = chain(LARGE)
    rooms = footprints(network)
    layout, calls = calls_of(lambda: arrange(network, rooms, "terrace"))
    assert len(layout.panels) == LARGE
    assert len(layout.routes) == len(network.edges)
    assert calls < 600 * LARGE


@pytest.mark.parametrize("count", [300, 1200])
def test_each_step_is_measured_once_for_all_widths_that_are_alike(count, monkeypatch):
    """A step is only measured as long as it may fit: their number follows the steps' length."""
    ones = np.ones(count)
    places = np.arange(count)
    units = UnitTable(places // 40, places, ones, ones, ones, ones, ones, 0.6 * ones)
    widths = [30.0 * 1.07**k for k in range(24)]
    measured = []
    found = step_breaking._step_costs

    def counted(*arguments):
        costs = found(*arguments)
        measured.append(prod(costs.shape))
        return costs

    monkeypatch.setattr(step_breaking, "_step_costs", counted)
    broken = best_breaks(units, widths)
    assert [sum(counts) for counts in broken] == [count] * len(widths)
    most = max(widths) / 1.36 + 3
    assert sum(measured) <= len(widths) * count * most
    assert sum(measured) >= sum(count * width / 1.6 for width in widths)
