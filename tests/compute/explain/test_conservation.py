"""Nothing is lost: what reaches the input and what ends in named sinks is the target's value."""

from dataclasses import replace
from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from tests.support.explained import CONSERVING, check_cuts, opened, opened_with, relevance
from tests.support.odd_models import MODELS, inputs_of
from vrnn.explanations.results import SinkKind

SOME = ("epsilon-plus", "alpha2-beta1-flat", "attention")
SPECIAL = ("Scripted", "Opaque")  # nothing passes through compiled code, or through NumPy


@pytest.mark.parametrize("name", [name for name in MODELS if name not in SPECIAL])
def test_odd_models_conserve(name):
    torch.manual_seed(0)
    net = MODELS[name]().eval().double()
    inputs = tuple(x.double() for x in inputs_of(name))
    model = opened_with(net, *inputs)
    for method in SOME:
        flow, _ = relevance(model, inputs, method)
        check_cuts(model, flow)
        assert all(sink.kind in get_args(SinkKind) for sink in flow.sinks)


class Layer(nn.Module):
    """One of many operations, by number; each keeps an (N, 4, H, W) shape."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.depthwise = nn.Conv2d(4, 4, 3, padding=1, groups=4)
        self.transposed = nn.ConvTranspose2d(4, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.group = nn.GroupNorm(2, 4)
        self.linear = nn.Linear(4, 4)
        self.layer = nn.LayerNorm(4)
        self.offset = nn.Parameter(torch.randn(1, 4, 1, 1))
        for norm in (self.norm, self.group, self.layer):
            nn.init.uniform_(norm.weight, 0.5, 1.5)
            nn.init.normal_(norm.bias)
        nn.init.normal_(self.norm.running_mean)
        nn.init.uniform_(self.norm.running_var, 0.5, 2)

    def forward(self, x):
        return _KINDS[self.kind](self, x)


def _attend(m, x):
    tokens = x.flatten(2).mT
    attended = F.scaled_dot_product_attention(tokens[:, None], tokens[:, None], tokens[:, None])
    return attended[:, 0].mT.reshape(x.shape)


def _write(m, x):
    x = x.clone()
    x[:, 1:3] = m.conv(x)[:, 1:3] * 2
    return x


def _in_place(m, x):
    y = m.norm(m.conv(x))
    y += x
    return y.relu_()


_KINDS = {
    "conv, norm": lambda m, x: m.norm(m.conv(x)),
    "norm, relu, conv": lambda m, x: m.conv(F.relu(m.norm(x))),
    "depthwise": lambda m, x: F.relu6(m.norm(m.depthwise(x))),
    "transposed": lambda m, x: F.silu(m.transposed(x)),
    "residual": lambda m, x: x + F.relu(m.conv(x)),
    "in place": _in_place,
    "gate": lambda m, x: x * torch.sigmoid(m.conv(x).mean((2, 3), keepdim=True)),
    "group norm": lambda m, x: F.gelu(m.group(x)),
    "tokens": lambda m, x: m.linear(m.layer(x.movedim(1, -1))).movedim(-1, 1),
    "pool": lambda m, x: F.interpolate(F.max_pool2d(x, 2), x.shape[2:], mode="bilinear"),
    "average": lambda m, x: F.avg_pool2d(x, 3, 1, 1),
    "cat": lambda m, x: torch.cat([x[:, :2], m.conv(x)[:, 2:]], 1),
    "offset": lambda m, x: F.leaky_relu(x + m.offset - 0.5),
    "attention": _attend,
    "write": _write,
    "softmax": lambda m, x: x * torch.softmax(m.conv(x), 1),
    "own norm": lambda m, x: (x - x.mean(1, keepdim=True)) / (x.var(1, keepdim=True) + 1).sqrt(),
    "einsum": lambda m, x: torch.einsum("nchw,dc->ndhw", x, m.linear.weight),
    "split": lambda m, x: torch.cat([p * (i + 1) for i, p in enumerate(x.chunk(2, 1))], 1),
    "no_grad": lambda m, x: torch.no_grad()(m.conv)(x),
    "twice": lambda m, x: m.conv(F.relu(m.conv(x))),
    "unknown": lambda m, x: torch.logcumsumexp(m.conv(x), 1),
}


class Stack(nn.Module):
    def __init__(self, kinds):
        super().__init__()
        self.layers = nn.ModuleList(Layer(kind) for kind in kinds)
        self.first, self.head = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4, 5)

    def forward(self, x):
        x = self.first(x)
        for layer in self.layers:
            x = layer(x)
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))


@given(
    st.lists(st.sampled_from(sorted(_KINDS)), min_size=1, max_size=4),
    st.sampled_from(CONSERVING),
    st.integers(0, 2**31 - 1),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_modules_conserve(kinds, method, seed):
    torch.manual_seed(seed)
    net = Stack(kinds).eval().double()
    x = torch.randn(1, 3, 6, 6, dtype=torch.float64)
    model = opened(net, (6, 6))
    flow, layers = relevance(model, (x,), method)
    total = sum(float(v.abs().sum()) for v in layers.values())
    value = abs(float(flow.target.value))
    # Rules that divide by what nearly cancels out make more relevance than numbers can hold.
    if total < 1e8 * value:
        check_cuts(model, _without(flow, "no rule") if "unknown" in kinds else flow)


def _without(flow, kind):
    """The flow with sinks of one kind under another, which is no cause of concern."""
    sinks = tuple(replace(s, kind="softmax") if s.kind == kind else s for s in flow.sinks)
    return replace(flow, sinks=sinks)


@pytest.mark.parametrize("kind", sorted(_KINDS))
def test_each_module_conserves(kind):
    torch.manual_seed(1)
    net = Stack([kind]).eval().double()
    x = torch.randn(1, 3, 6, 6, dtype=torch.float64)
    model = opened(net, (6, 6))
    with torch.no_grad():
        expected = net(x)
    for method in SOME:
        flow, _ = relevance(model, (x,), method)
        assert float(flow.target.value) == pytest.approx(float(expected.max()), rel=1e-9)
        if kind == "unknown":
            assert flow.fallbacks == {"logcumsumexp: plain gradient": 1}
            flow = _without(flow, "no rule")
        else:
            assert not flow.fallbacks
        check_cuts(model, flow)
