"""Receptive fields through tokens, views and writes: never too small, and as they were approved."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.compute.tracing.test_golden_graphs import node_lines
from tests.compute.tracing.test_receptive_fields import check
from tests.support import golden_text
from vrnn.compute.tracing.simplify import simplify
from vrnn.compute.tracing.tracer import trace

HEIGHT, WIDTH = 6, 8
"""Of the map of patches."""


class Patches(nn.Module):
    """Patches of 2×2 pixels, overlapping ones of 3×3, and what is done with both."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.patches, self.wide = nn.Conv2d(3, 4, 2, 2), nn.Conv2d(3, 4, 3, 2, 1)
        self.linear, self.norm = nn.Linear(4, 4), nn.LayerNorm(4)
        self.first = nn.Parameter(torch.rand(1, 1, 4))
        self.places = nn.Parameter(torch.rand(1, HEIGHT * WIDTH, 4))

    def forward(self, x):
        return self.function(self, self.patches(x), self.wide(x))


def tokens(x):
    return x.flatten(2).mT


def with_first(m, x, count=1):
    return torch.cat([m.first.expand(len(x), count, 4), tokens(x)], 1)


def written(m, x, start, size=60):
    """Tokens in the middle of a buffer."""
    buffer = x.new_zeros(len(x), size, 4)
    buffer[:, start : start + HEIGHT * WIDTH] = tokens(x)
    return buffer


def written_map(x, rows, columns, size=(16, 20)):
    """A map in a part of a larger one."""
    buffer = x.new_zeros(*x.shape[:2], *size)
    buffer[:, :, rows, columns] = x
    return buffer


def again(x):
    """Tokens as a map."""
    return x.mT.unflatten(2, (HEIGHT, WIDTH))


WAYS = {
    "tokens": lambda m, x, y: tokens(x) * 2,
    "channels before tokens": lambda m, x, y: x.flatten(2) * 2,
    "tokens through layers": lambda m, x, y: m.norm(m.linear(tokens(x) + m.places)),
    "a map again": lambda m, x, y: again(tokens(x)) * 2,
    "a map again by another way": lambda m, x, y: tokens(x).view(-1, HEIGHT, WIDTH, 4) * 2,
    "a first token": lambda m, x, y: m.linear(with_first(m, x)),
    "three first tokens": lambda m, x, y: with_first(m, x, 3) * 2,
    "without the first token": lambda m, x, y: with_first(m, x)[:, 1:] * 2,
    "a map without the first token": lambda m, x, y: again(with_first(m, x)[:, 1:]) * 2,
    "without too many": lambda m, x, y: with_first(m, x)[:, 4:] * 2,
    "only the first token": lambda m, x, y: with_first(m, x)[:, 0] * 2,
    "one token": lambda m, x, y: tokens(x)[:, 11] * 2,
    "some tokens": lambda m, x, y: tokens(x)[:, 3:20] * 2,
    "every other token": lambda m, x, y: tokens(x)[:, ::2] * 2,
    "every other token from the second": lambda m, x, y: tokens(x)[:, 1::2] * 2,
    "tokens before others": lambda m, x, y: torch.cat([tokens(x), m.first.expand(len(x), 2, 4)], 1)
    * 2,
    "tokens twice": lambda m, x, y: torch.cat([tokens(x), tokens(y)], 1) * 2,
    "tokens side by side": lambda m, x, y: torch.cat([tokens(x), tokens(y)], 2) * 2,
    "tokens in a stack": lambda m, x, y: torch.stack([tokens(x), tokens(y)], 1) * 2,
    "a sum of tokens": lambda m, x, y: tokens(x) + tokens(y),
    "a sum of shifted tokens": lambda m, x, y: with_first(m, x)[:, :48] + tokens(y),
    "a sum of the same with first tokens": lambda m, x, y: with_first(m, x) + with_first(m, y),
    "a sum with a map": lambda m, x, y: again(tokens(x)) + y,
    "a sum with a mean": lambda m, x, y: tokens(x) + tokens(y).mean(1, keepdim=True),
    "a product with a row": lambda m, x, y: tokens(x) * tokens(y)[:, :1],
    "a product with one channel": lambda m, x, y: tokens(x) * tokens(y)[..., :1],
    "tokens flipped": lambda m, x, y: tokens(x).flip(1) * 2,
    "softmax over tokens": lambda m, x, y: tokens(x).softmax(1),
    "softmax over channels": lambda m, x, y: tokens(x).softmax(2),
    "each token by each": lambda m, x, y: tokens(x) @ tokens(y).mT,
    "columns first": lambda m, x, y: x.mT.flatten(2) * 2,
    "all flattened": lambda m, x, y: x.flatten(1) * 2,
    "rows as tokens": lambda m, x, y: x.permute(0, 2, 1, 3).flatten(2) * 2,
    "columns as tokens": lambda m, x, y: x.permute(0, 3, 1, 2).flatten(2) * 2,
    "half rows": lambda m, x, y: x.view(-1, 4, 2 * HEIGHT, WIDTH // 2) * 2,
    "pairs of rows": lambda m, x, y: x.view(-1, 4, HEIGHT // 2, 2 * WIDTH) * 2,
    "windows": lambda m, x, y: x.view(-1, 4, 3, 2, 4, 2)
    .permute(0, 2, 4, 3, 5, 1).flatten(0, 2) * 2,
    "windows of rows": lambda m, x, y: x.unfold(2, 3, 1).amax(-1) * 2,
    "repeated rows": lambda m, x, y: x[:, :, :, None].expand(-1, -1, -1, 2, -1).flatten(2, 3) * 2,
    "repeated columns": lambda m, x, y: x[..., None].expand(-1, -1, -1, -1, 3).flatten(3) * 2,
    "repeated tokens": lambda m, x, y: tokens(x)[:, :, None]
    .expand(-1, -1, 2, -1).flatten(1, 2) * 2,
    "one row": lambda m, x, y: x[:, :, 2:3] + y,
    "one column": lambda m, x, y: x[:, :, :, 4:5] + y,
    "one position": lambda m, x, y: x[:, :, 3:4, 5:6] * y,
    "a row without its axis": lambda m, x, y: x[:, :, 2] * 2,
    "a part": lambda m, x, y: x[:, :, 1:5, 2:7] * y[:, :, :4, 3:],
    "every second row": lambda m, x, y: x[:, :, ::2] + y[:, :, 1::2],
    "every third column": lambda m, x, y: x[..., 1::3] * 2,
    "written between others": lambda m, x, y: written(m, x, 5) * 2,
    "written at the start": lambda m, x, y: written(m, x, 0, 48) * 2,
    "written and read again": lambda m, x, y: again(written(m, x, 5)[:, 5:53]) * 2,
    "written over one another": lambda m, x, y: written(m, x, 2).add_(written(m, y, 7)) * 2,
    "a map in a larger one": lambda m, x, y: written_map(x, slice(3, 9), slice(5, 13)) * 2,
    "a map in every second place": lambda m, x, y: written_map(
        x, slice(1, 13, 2), slice(2, 18, 2)
    ) * 2,
    "two maps in turn": lambda m, x, y: torch.stack([x, y], 3).flatten(2, 3) * 2,
    "two maps in turn along columns": lambda m, x, y: torch.stack([x, y], 4).flatten(3) * 2,
    "a turned map in a larger one": lambda m, x, y: written_map(
        x.mT, slice(3, 11), slice(5, 11)
    ) * 2,
    "a row into a map": lambda m, x, y: y.index_copy(2, torch.tensor([3]), x[:, :, 1:2]) * 2,
    "a part over another": lambda m, x, y: put(y, x[:, :, 1:4, 2:6]),
    "an average of tokens": lambda m, x, y: F.avg_pool1d(tokens(x).mT, 2, 2),
    "tokens through a convolution": lambda m, x, y: F.conv1d(
        x.flatten(2), torch.ones(4, 4, 3).to(x)
    ),
    "padded tokens": lambda m, x, y: F.pad(tokens(x), (0, 0, 1, 2)) * 2,
    "padded channels": lambda m, x, y: F.pad(tokens(x), (1, 0)) * 2,
    "tokens rolled": lambda m, x, y: tokens(x).roll(1, 1) * 2,
    "tokens repeated": lambda m, x, y: tokens(x).repeat(1, 2, 1) * 2,
    "tokens of a sum": lambda m, x, y: tokens(x + y.flip(3)) * 2,
    "a strided view": lambda m, x, y: x.as_strided((1, 4, 3, 8), (192, 48, 16, 1), 8) * 2,
    "a diagonal view": lambda m, x, y: x.as_strided((1, 4, 6), (192, 48, 9)) * 2,
}  # fmt: skip


def put(target, part):
    target = target * 1
    target[:, :, 2:5, 1:5] = part
    return target * 2


@pytest.mark.parametrize("name", WAYS)
def test_fields_through_tokens_views_and_writes(name, regenerate):
    torch.manual_seed(0)
    model = Patches(WAYS[name]).eval()
    inputs = (torch.rand(1, 3, 2 * HEIGHT, 2 * WIDTH) + 0.1,)
    assert check(model, inputs) > 5
    view = simplify(trace(model, inputs, "net"), "all")
    golden_text.check(f"fields/{name.replace(' ', '-')}", node_lines(view), regenerate)
