"""Networks whose evidence is known: explanations find it."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.support.explained import CONSERVING, arrived, opened, relevance
from vrnn.compute.explain.explain import explain, method_names
from vrnn.compute.explain.faithfulness import flip_pixels
from vrnn.explanations.conditions import Condition
from vrnn.explanations.results import FlippingCurves
from vrnn.explanations.settings import ExplanationSettings
from vrnn.explanations.targets import Target


class Corner(nn.Module):
    """Looks at its lower right corner only."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        y = F.relu(self.conv(x))
        return self.head(y[:, :, 8:, 8:].mean((2, 3)))


WITH_PLACES = [
    m for m in method_names() if m not in ("attention-rollout", "grad-cam", "grad-cam++")
]
"""Grad-CAM weighs whole maps, wherever their gradients are."""


@pytest.mark.parametrize("method", WITH_PLACES)
def test_a_network_that_looks_at_a_corner(method):
    torch.manual_seed(0)
    model = opened(Corner().eval(), (12, 12))
    x = torch.rand(1, 3, 12, 12) + 0.1
    found = explain(model, x, ExplanationSettings(method, steps=4, samples=3, patch=2, stride=1))
    assert found.heatmap is not None
    strength = np.abs(found.heatmap)
    outside = strength.copy()
    first = 6 if method == "occlusion" else 7  # a patch that reaches the corner counts as a whole
    outside[first:, first:] = 0
    assert outside.sum() < 1e-6 * strength.sum()
    assert strength[8:, 8:].sum() > 0


class Count(nn.Module):
    """Adds two counts: twice the red of the left half, once the blue of the right half."""

    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Linear(18, 1, bias=False), nn.Linear(18, 1, bias=False)
        nn.init.constant_(self.left.weight, 2.0)
        nn.init.constant_(self.right.weight, 1.0)

    def forward(self, x):
        return self.left(x[:, 0, :, :3].flatten(1)) + self.right(x[:, 2, :, 3:].flatten(1))


@pytest.mark.parametrize("method", CONSERVING)
def test_a_network_that_adds_two_counts(method):
    model = opened(Count().eval().double(), (6, 6))
    x = torch.zeros(1, 3, 6, 6, dtype=torch.float64)
    x[0, 0, 1:3, 1] = 1  # two red: 4
    x[0, 2, 4, 3:6] = 1  # three blue: 3
    flow, _ = relevance(model, (x,), method)
    assert float(flow.target.value) == 7
    if "flat" in method or "box" in method:
        assert arrived(flow) == pytest.approx(7, rel=1e-5)
        return
    (values,) = flow.inputs.values()
    torch.testing.assert_close(values[0, 0], 2 * x[0, 0], rtol=1e-5, atol=1e-9)
    torch.testing.assert_close(values[0, 2], x[0, 2], rtol=1e-5, atol=1e-9)
    names = {node.name: node.id for node in model.network.nodes}
    ways = {b: amount for (a, b), amount in flow.edges.items() if a == names["input"]}
    assert ways[names["left"]] == pytest.approx(4, rel=1e-5)
    assert ways[names["right"]] == pytest.approx(3, rel=1e-5)


class Residual(nn.Module):
    """A skip that carries 3 and a block that carries 1, in place as torchvision has it."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 1, 1, bias=False)
        self.block = nn.Conv2d(1, 1, 1, bias=False)
        nn.init.constant_(self.first.weight, 1.0)
        nn.init.constant_(self.block.weight, 1 / 3)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.relu(self.first(x))
        out = self.block(x)
        out += x
        return self.relu(out).mean((2, 3))


def test_edges_tell_a_skip_from_its_block():
    model = opened(Residual().eval().double(), (4, 4))
    flow, layers = relevance(model, (torch.ones(1, 3, 4, 4, dtype=torch.float64),))
    names = {node.name: node.id for node in model.network.nodes}
    value = float(flow.target.value)
    assert value == pytest.approx(4)
    assert flow.edges[names["first"], names["add"]] == pytest.approx(3, rel=1e-5)
    assert flow.edges[names["first"], names["block"]] == pytest.approx(1, rel=1e-5)
    assert float(layers["first"].sum()) == pytest.approx(4, rel=1e-5)


def test_conditions_restrict_relevance_to_channels():
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.ReLU()]
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    model = opened(net.double().eval(), (9, 9))
    x = torch.rand(1, 3, 9, 9, dtype=torch.float64)
    node = next(n for n in model.network.nodes if n.name == "2")
    target = Target(channel=1)
    whole, layers = relevance(model, (x,), target=target)
    parts = [
        relevance(model, (x,), target=target, conditions={node.id: Condition(node.name, (c,))})[0]
        for c in range(4)
    ]
    summed = sum(next(iter(part.inputs.values())) for part in parts)
    torch.testing.assert_close(summed, next(iter(whole.inputs.values())))
    for channel, part in enumerate(parts):
        own = float(layers["2"][0, channel].sum())
        left_out = sum(s.amount for s in part.sinks if s.kind == "condition")
        assert left_out == pytest.approx(float(layers["2"].sum()) - own, abs=1e-9)
    found = explain(model, x, ExplanationSettings(target=target))
    ranking = found.layers["2"].ranking().tolist()
    sums = layers["2"].sum((0, 2, 3)).tolist()
    assert ranking == sorted(range(4), key=lambda c: -sums[c])


def test_flipping_what_matters_first_changes_more_than_flipping_at_random():
    torch.manual_seed(0)
    model = opened(Corner().eval(), (12, 12))
    x = torch.rand(1, 3, 12, 12)
    settings = ExplanationSettings(target=Target(channel=0), baseline="zero")
    found = explain(model, x, settings)
    steps = list(flip_pixels(model, x, found, settings, points=6))
    curves = steps[-1]
    assert isinstance(curves, FlippingCurves)
    assert steps[:-1] == sorted(steps[:-1])
    assert curves.deletion[0] == pytest.approx(found.value, rel=1e-5)
    assert curves.insertion[-1] == pytest.approx(found.value, rel=1e-5)
    assert curves.deletion[-1] == pytest.approx(curves.random[-1], rel=1e-5)
    areas = curves.areas()
    ends = sorted((curves.deletion[-1], curves.deletion[0]))
    assert ends[0] - 0.5 <= areas["deletion"] <= ends[1] + 0.5
    assert areas["deletion"] != areas["random"]
