"""Where relevance of a part of a layer came from and went to, in neighboring layers."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.support.explained import COMPOSITES, opened, relevance
from vrnn.compute.explain.relevance_links import find_links
from vrnn.errors import VrnnError
from vrnn.explanations.conditions import Condition
from vrnn.explanations.settings import ExplanationSettings

X = torch.rand(1, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(4))


class Block(nn.Module):
    """A stem, a block with a skip, a branch, and a head."""

    def __init__(self):
        super().__init__()
        self.stem, self.one = nn.Conv2d(3, 5, 3, padding=1), nn.Conv2d(5, 5, 3, padding=1)
        self.norm, self.two = nn.BatchNorm2d(5), nn.Conv2d(5, 5, 3, padding=1)
        self.side, self.head = nn.Conv2d(5, 3, 1), nn.Linear(8, 4)

    def forward(self, x):
        x = F.relu(self.stem(x))
        y = F.relu(self.norm(self.one(x)))
        y = self.two(y)
        y += x
        both = torch.cat([F.relu(y), F.silu(self.side(x))], 1)
        return self.head(F.adaptive_avg_pool2d(both, 1).flatten(1))


@pytest.fixture(scope="module")
def block():
    torch.manual_seed(0)
    net = Block().eval().double()
    nn.init.uniform_(net.norm.running_var, 0.5, 2)
    return opened(net, (8, 8))


RULES = [name for name, one in COMPOSITES.items() if one.conserves]


def _value(layer, channel, row, column):
    return Condition(layer, (channel,), (row, column, row + 1, column + 1))


@pytest.mark.parametrize("method", RULES)
def test_parts_of_a_layer_sum_to_what_the_layer_gets_and_gives(block, method):
    """All positions of a layer together get and give what flows along its edges."""
    flow, layers = relevance(block, (X,), method)
    by_name = {node.name: node.id for node in block.network.nodes}
    settings = ExplanationSettings(method)
    for name in ("stem", "one", "add", "cat"):
        if name not in by_name:
            continue
        links = find_links(block, X, settings, Condition(name))
        assert links.amount == pytest.approx(float(layers[name].sum()), rel=1e-6, abs=1e-9)
        for layer in links.came_from:
            expected = flow.edges[by_name[name], layer.node]
            assert layer.amount == pytest.approx(expected, rel=1e-5, abs=1e-9)
        for layer in links.went_to:
            expected = flow.edges[layer.node, by_name[name]]
            assert layer.amount == pytest.approx(expected, rel=1e-5, abs=1e-9)
        edges = block.network.edges
        assert {x.node for x in links.came_from} == {
            e.target for e in edges if e.source == by_name[name]
        }
        assert {x.node for x in links.went_to} == {
            e.source for e in edges if e.target == by_name[name]
        }


def test_what_one_value_gives_is_what_the_other_gets(block):
    """From the one side and from the other the same amount flows between two values."""
    settings = ExplanationSettings("epsilon-plus")
    _, layers = relevance(block, (X,))
    inner = layers["one"][0, :, 1:-1, 1:-1]
    own, y, x = (int(i) for i in np.unravel_index(int(inner.argmax()), inner.shape))
    y, x = y + 1, x + 1
    (source,) = find_links(block, X, settings, _value("one", own, y, x)).went_to
    strongest = source.strongest_values(4)
    assert len(strongest) == 4
    for channel, row, column in strongest:
        back = find_links(block, X, settings, _value(source.name, channel, row, column))
        layer = next(near for near in back.came_from if near.name == "one")
        assert layer.maps[own, y, x] == pytest.approx(
            float(source.maps[channel, row, column]), rel=1e-5
        )


def test_it_stays_inside_the_kernel(block):
    part = Condition("one", (), (3, 4, 4, 5))
    (source,) = find_links(block, X, ExplanationSettings("epsilon-plus"), part).went_to
    rows, columns = np.nonzero(source.picture)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (2, 4, 3, 5)
    assert sum(abs(share) for *_, share in source.strongest_positions(9)) == pytest.approx(1.0)
    assert sum(abs(share) for _, share in source.strongest_channels(5)) == pytest.approx(1.0)


def test_the_input_and_the_first_layer_with_rules_that_are_no_multiple_of_it(block):
    settings = ExplanationSettings("epsilon-plus-flat")
    (name,) = (n.name for n in block.network.nodes if n.id in block.network.inputs)
    links = find_links(block, X, settings, Condition(name, (), (0, 0, 2, 2)))
    assert not links.went_to
    assert [x.name for x in links.came_from] == ["stem"]
    assert links.came_from[0].amount == pytest.approx(links.amount, rel=1e-6)
    assert links.amount != 0


def test_what_cannot_be_followed(block):
    with pytest.raises(VrnnError, match="no layer 'four'"):
        find_links(block, X, ExplanationSettings(), Condition("four"))
    with pytest.raises(VrnnError, match="choose a composite"):
        find_links(block, X, ExplanationSettings("saliency"), Condition("one"))
    with pytest.raises(VrnnError, match="no channel 9"):
        find_links(block, X, ExplanationSettings(), Condition("one", (9,)))
    with pytest.raises(VrnnError, match="rows 0 to 7"):
        find_links(block, X, ExplanationSettings(), Condition("one", (), (0, 0, 9, 2)))
