"""Attention by published rules, written out by hand, on a transformer of two blocks."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.support.explained import COMPOSITES, check_cuts, opened_with, relevance
from vrnn.explanations.composites import Composite, LayerRule
from vrnn.explanations.targets import Target

TOKENS, WIDTH, HEADS = 5, 8, 2
EPSILON = 1e-6


class Block(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.up, self.down = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)
        for norm in (self.norm1, self.norm2):
            nn.init.uniform_(norm.weight, 0.5, 1.5)
            nn.init.normal_(norm.bias)
        nn.init.normal_(self.attention.in_proj_bias)

    def attend(self, x):
        if self.kind == "module":
            return self.attention(x, x, x, need_weights=False)[0]
        a = self.attention
        q, k, v = F.linear(x, a.in_proj_weight, a.in_proj_bias).chunk(3, -1)
        q, k, v = (t.unflatten(-1, (HEADS, WIDTH // HEADS)).transpose(1, 2) for t in (q, k, v))
        if self.kind == "fused":
            out = F.scaled_dot_product_attention(q, k, v)
        else:
            out = ((q @ k.transpose(-1, -2)) / math.sqrt(WIDTH // HEADS)).softmax(-1) @ v
        return a.out_proj(out.transpose(1, 2).flatten(2))

    def forward(self, x):
        x = x + self.attend(self.norm1(x))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Transformer(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.cls = nn.Parameter(torch.randn(1, 1, WIDTH))
        self.places = nn.Parameter(torch.randn(1, TOKENS + 1, WIDTH))
        self.blocks = nn.ModuleList(Block(kind) for _ in range(2))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 4)

    def forward(self, x):
        x = torch.cat([self.cls.expand(len(x), -1, -1), x], 1) + self.places
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x[:, 0]))


class Divided(torch.autograd.Function):
    """y passes R = y · g on as y · s to x, with s = R / (y ± epsilon)."""

    @staticmethod
    def forward(ctx, y):
        ctx.save_for_backward(y)
        return y.clone()

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * y / (y + EPSILON * torch.where(y < 0, -1.0, 1.0))


class Identity(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return y.clone()

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved_tensors
        return g * y / x, None


def half(x):
    y = x.clone()
    y.register_hook(lambda g: g / 2)
    return y


def linear(x, layer):
    return Divided.apply(F.linear(x, layer.weight, layer.bias))


def norm(x, layer):
    centered = x - x.mean(-1, keepdim=True)
    deviation = (x.var(-1, unbiased=False, keepdim=True) + layer.eps).sqrt().detach()
    return centered / deviation * layer.weight + layer.bias


def by_hand(net, x, fixed):
    """The same network with the rules of AttnLRP (or CP-LRP, fixed) in its backward pass."""
    x = x.clone().requires_grad_()
    h = torch.cat([net.cls, x], 1) + net.places
    for block in net.blocks:
        n, a = norm(h, block.norm1), block.attention
        parts = zip(a.in_proj_weight.chunk(3), a.in_proj_bias.chunk(3), strict=True)
        q, k, v = (
            Divided.apply(F.linear(n, w, b)).unflatten(-1, (HEADS, WIDTH // HEADS)).transpose(1, 2)
            for w, b in parts
        )
        if fixed:
            weights = (q @ k.transpose(-1, -2) / math.sqrt(WIDTH // HEADS)).softmax(-1).detach()
            out = weights @ v
        else:
            scores = half(q) @ half(k).transpose(-1, -2) / math.sqrt(WIDTH // HEADS)
            out = half(scores.softmax(-1)) @ half(v)
        h = Divided.apply(h + linear(out.transpose(1, 2).flatten(2), a.out_proj))
        up = linear(norm(h, block.norm2), block.up)
        active = Identity.apply(up, F.gelu(up))
        h = Divided.apply(h + linear(active, block.down))
    logits = linear(norm(h[:, 0], net.norm), net.head)
    return logits, (x * torch.autograd.grad(logits[0, 2], x)[0]).detach()


@pytest.mark.parametrize("kind", ["module", "fused", "plain"])
@pytest.mark.parametrize("attention", ["half", "fixed"])
def test_relevance_is_that_of_rules_written_out(kind, attention):
    torch.manual_seed(0)
    net = Transformer(kind).double().eval()
    x = torch.randn(1, TOKENS, WIDTH, dtype=torch.float64)
    logits, expected = by_hand(net, x, attention == "fixed")
    model = opened_with(net, x)
    composite = COMPOSITES["attention"]
    if attention == "fixed":
        composite = Composite((LayerRule("epsilon", bias=True),), "fixed")
    flow, _ = relevance(model, (x,), composite, Target(channel=2))
    assert float(flow.target.value) == pytest.approx(logits[0, 2].item(), rel=1e-6)
    (ours,) = flow.inputs.values()
    assert float((ours - expected).norm() / expected.norm()) < 1e-6
    check_cuts(model, flow)
    constants = {s.name for s in flow.sinks if s.kind == "constant"}
    assert constants >= {"cls", "places"}


def test_weights_of_each_head_have_relevance():
    torch.manual_seed(0)
    net = Transformer("module").double().eval()
    x = torch.randn(1, TOKENS, WIDTH, dtype=torch.float64)
    model = opened_with(net, x)
    flow, layers = relevance(model, (x,), "attention", Target(channel=2))
    name = next(n.name for n in model.network.nodes if n.operation == "attention")
    assert layers[name].shape == (1, HEADS, TOKENS + 1, TOKENS + 1)
    assert float(layers[name].abs().sum()) > 0
    assert not flow.fallbacks
