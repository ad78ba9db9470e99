"""The network is explained as it is shown: with what is ablated."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.support.explained import CONSERVING, check_cuts, opened, opened_with, relevance
from vrnn.compute.explain.explain import explain, method_names
from vrnn.compute.explain.faithfulness import flip_pixels
from vrnn.explanations.results import FlippingCurves
from vrnn.explanations.settings import ExplanationSettings
from vrnn.explanations.targets import Target
from vrnn.network.results import Ablation

X = torch.rand(1, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(4))


class Net(nn.Module):
    """A norm behind the ablated convolution, an addition in place, and a skip past it."""

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 6, 3, padding=1)
        self.norm, self.head = nn.BatchNorm2d(6), nn.Linear(6, 4)

    def forward(self, x):
        x = F.relu(self.one(x))
        y = F.relu(self.norm(self.two(x)))
        y += x
        return self.head(y.mean((2, 3)))


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    net = Net().eval().double()
    nn.init.uniform_(net.norm.running_var, 0.5, 2)
    return opened(net, (8, 8))


def value_without(net, ablations, channel):
    """What the class has in a pass with ablations."""
    found = []
    net.replay.run((X,), lambda node, tensor: found.append(tensor), ablations)
    return float(found[-1].flatten()[channel])


@pytest.mark.parametrize("layer", ["one", "two", "add"])
@pytest.mark.parametrize("value", ["zero", "mean"])
@pytest.mark.parametrize("method", CONSERVING)
def test_relevance_of_a_network_with_ablations(net, layer, value, method):
    ablations = (Ablation(layer, (0, 2), None, value), Ablation(layer, (1,), (2, 3)))
    target = Target(channel=1)
    flow, layers = relevance(net, (X,), method, target, ablations=ablations)
    assert float(flow.target.value) == pytest.approx(value_without(net, ablations, 1), rel=1e-9)
    check_cuts(net, flow)
    assert layers[layer][0, 1, 2, 3] == 0
    if value == "zero":
        assert layers[layer][0, [0, 2]].abs().max() == 0
        whole, _ = relevance(net, (X,), method, target)
        assert float(whole.target.value) != pytest.approx(float(flow.target.value), rel=1e-3)


def test_a_layer_without_anything_gives_no_relevance_past_it(net):
    flow, layers = relevance(net, (X,), target=Target(channel=1), ablations=(Ablation("two"),))
    assert layers["two"].abs().max() == 0
    assert layers["one"].abs().max() > 0
    assert (
        sum(abs(a) for (s, t), a in flow.edges.items() if net.network.by_id[t].name == "two") == 0
    )


@pytest.mark.parametrize("method", [m for m in method_names() if m != "attention-rollout"])
def test_every_method_explains_what_is_ablated(net, method):
    ablations = (Ablation("one", (0, 3, 4)),)
    settings = ExplanationSettings(
        method, Target(channel=1), steps=4, samples=2, patch=4, stride=4, ablations=ablations
    )
    found = explain(net, X, settings)
    assert found.value == pytest.approx(value_without(net, ablations, 1), rel=1e-9)
    whole = explain(net, X, ExplanationSettings(
        method, Target(channel=1), steps=4, samples=2, patch=4, stride=4
    ))  # fmt: skip
    assert not np.allclose(found.heatmap, whole.heatmap, rtol=1e-3)


def test_pixels_are_flipped_with_ablations(net):
    ablations = (Ablation("one", (0, 3, 4)),)
    settings = ExplanationSettings("epsilon-plus", Target(channel=1), ablations=ablations)
    found = explain(net, X, settings)
    *_, curves = flip_pixels(net, X, found, settings)
    assert isinstance(curves, FlippingCurves)
    assert curves.deletion[0] == pytest.approx(found.value, rel=1e-5)


class Attends(nn.Module):
    def __init__(self, fused):
        super().__init__()
        self.fused, self.qkv, self.out = fused, nn.Linear(6, 18), nn.Linear(6, 3)

    def forward(self, x):
        q, k, v = (part[:, None] for part in self.qkv(x).chunk(3, -1))
        if self.fused:
            y = F.scaled_dot_product_attention(q, k, v)
        else:
            y = torch.softmax(q @ k.mT / 6**0.5, -1) @ v
        return self.out(y[:, 0].mean(1))


@pytest.mark.parametrize("fused", [True, False])
def test_ablated_attention(fused):
    torch.manual_seed(0)
    x = torch.randn(1, 5, 6, dtype=torch.float64)
    model = opened_with(Attends(fused).eval().double(), x)
    node = next(n for n in model.network.nodes if n.presentation == "attention")
    ablations = (Ablation(node.name, (0,), (2, 1)),)
    flow, _ = relevance(model, (x,), target=Target(channel=0), ablations=ablations)
    found = []
    model.replay.run((x,), lambda node, tensor: found.append(tensor), ablations)
    assert float(flow.target.value) == pytest.approx(float(found[-1].flatten()[0]), rel=1e-6)
    check_cuts(model, flow)
