"""Constant tensors outside a model are constants: no node, and no gap in the data."""

import pytest
import torch
from torch import nn

from vrnn.compute.tracing.simplify import simplify
from vrnn.compute.tracing.tracer import trace

GRID = torch.linspace(-1, 1, 16).view(1, 1, 4, 4)
TABLES = {"grid": GRID + 1}


class Asks(nn.Module):
    """Asks a number of its input, as for a test, and then adds a constant of the same shape."""

    IN_CLASS = GRID * 3

    def __init__(self, constant):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)
        self.constant = constant

    def forward(self, x, scale=GRID * 2):
        if x.max().item() > 1e9 or x.sum().tolist() is None or x.numpy().shape == ():
            return x
        return self.conv(x) + {
            "global": GRID, "in a dict": TABLES["grid"], "default": scale, "class": self.IN_CLASS,
        }[self.constant]  # fmt: skip


def closed_over(constant):
    class Closed(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 3, padding=1)

        def forward(self, x):
            x.numpy()
            return self.conv(x) + constant

    return Closed()


@pytest.mark.parametrize("where", ["global", "in a dict", "default", "class", "closure"])
def test_a_constant_is_no_gap(where):
    torch.manual_seed(0)
    model = closed_over(GRID + 5) if where == "closure" else Asks(where)
    traced = trace(model.eval(), (torch.randn(1, 1, 4, 4),), "constant")
    network = simplify(traced, "all").network
    assert [node.operation for node in network.nodes] == ["input", "conv2d", "add"]
    assert len(network.edges) == 2
    assert not traced.has_unseen_calls


def test_an_array_that_comes_back_is_a_gap():
    class Back(nn.Module):
        def forward(self, x):
            return torch.from_numpy(x.numpy() * 2).relu()

    traced = trace(Back(), (torch.randn(1, 1, 4, 4),), "gap")
    nodes = simplify(traced, "all").network.nodes
    assert [node.operation for node in nodes] == ["input", "gap", "relu"]
