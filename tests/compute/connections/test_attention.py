"""Each score of an attention is a sum of products of its query and its key."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.compute.connections.test_sums import random_input
from tests.support.explained import opened_with
from vrnn.compute.connections.find_connections import find_connections
from vrnn.network.connection_sums import pair_values, position_sum


class Fused(nn.Module):
    """Attention by torch's fused function, whose queries may share keys."""

    def __init__(self, heads=4, shared=4, causal=False):
        super().__init__()
        self.q, self.k = nn.Linear(12, heads * 5), nn.Linear(12, shared * 5)
        self.v, self.out = nn.Linear(12, shared * 5), nn.Linear(heads * 5, 3)
        self.heads, self.shared, self.causal = heads, shared, causal

    def split(self, x):
        names = (("q", self.heads), ("k", self.shared), ("v", self.shared))
        return [getattr(self, n)(x).unflatten(-1, (h, 5)).transpose(1, 2) for n, h in names]

    def forward(self, x):
        q, k, v = self.split(x)
        options = {"enable_gqa": True} if self.shared != self.heads else {}
        y = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal, **options)
        return self.out(y.transpose(1, 2).flatten(2))


def check_scores(layer, scores, weights, values):
    """scores, weights: (heads, queries, keys); values: (heads, queries, width) handed on."""
    assert layer.kind == "attention"
    assert [step.operation for step in layer.steps] == ["scores", "softmax"]
    for head, row, column in [(0, 0, 0), (1, 2, 1), (3, 5, 3), (2, 6, 6)]:
        one = position_sum(layer, head, (row, column))
        assert one.total + one.bias == pytest.approx(scores[head, row, column].item(), abs=1e-5)
        assert one.steps[1][1] == pytest.approx(float(weights[head, row, column]), abs=1e-6)
        given = pair_values(layer, "contribution", (head, (row, column)))
        assert given[0].values[head].sum() == pytest.approx(one.total, abs=1e-5)
        assert np.allclose(given[2].values[head], values[head, row].detach(), atol=1e-5)
    assert np.allclose(layer.steps[1].maps, weights.detach(), atol=1e-6)
    finite = scores.masked_fill(scores == -torch.inf, 0)
    if torch.equal(finite, scores):
        means = pair_values(layer, "contribution")[0].values.sum(1)
        assert np.allclose(means, scores.mean((1, 2)).detach(), atol=1e-5)


@pytest.mark.parametrize(("shared", "causal"), [(4, False), (2, False), (4, True)])
def test_queries_and_keys_of_a_fused_attention_sum_to_scores(shared, causal):
    torch.manual_seed(1)
    net, x = Fused(shared=shared, causal=causal).eval(), random_input(1, 7, 12)
    model = opened_with(net, x)
    name = next(n.name for n in model.network.nodes if n.operation == "attention")
    layer = find_connections(model, name)
    q, k, v = net.split(x)
    k, v = (t.repeat_interleave(4 // shared, 1) for t in (k, v))
    scores = (q @ k.transpose(-1, -2) / 5**0.5)[0]
    if causal:
        scores = scores.masked_fill(~torch.ones(7, 7, dtype=torch.bool).tril(), -torch.inf)
    weights = scores.softmax(-1)
    check_scores(layer, scores, weights, weights @ v[0])
    names = {n.id: n.name for n in model.network.nodes}
    assert [names[part.source] for part in layer.parts] == ["q", "k", "v"]
    assert layer.parts[0].source_maps.tolist() == list(range(20))


def test_an_attention_that_projects_by_itself_is_read_head_by_head():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.head = nn.Linear(6, 20), nn.Linear(20, 3)
            self.attention = nn.MultiheadAttention(20, 4, batch_first=True)

        def forward(self, x):
            x = self.stem(x)
            return self.head(self.attention(x, x, x)[0])

    torch.manual_seed(2)
    net, x = Net().eval(), random_input(1, 7, 6)
    model = opened_with(net, x)
    name = next(n.name for n in model.network.nodes if n.operation == "attention")
    layer = find_connections(model, name)
    y, attention = net.stem(x)[0], net.attention
    projected = F.linear(y, attention.in_proj_weight, attention.in_proj_bias)
    q, k, v = (t.unflatten(-1, (4, 5)).transpose(0, 1) for t in projected.chunk(3, -1))
    scores = q @ k.transpose(-1, -2) / 5**0.5
    check_scores(layer, scores, scores.softmax(-1), scores.softmax(-1) @ v)
