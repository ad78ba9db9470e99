"""Batch norms folded into convolutions give what passes as usual give, or are not folded."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from tests.compute.passes.streams import ROOM, assert_same, opened, tensors_of
from vrnn.compute.passes.prepacked_weights import is_supported

pytestmark = pytest.mark.skipif(not is_supported(), reason="weights are not packed here")


class Block(nn.Module):
    """Two convolutions with norms, the second behind a sum."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(16)
        self.second = nn.Conv2d(16, 16, 3, padding=1)
        self.plain = nn.BatchNorm2d(16, affine=False)
        self.act = nn.ReLU(inplace=True)
        for norm in (self.norm, self.plain):
            nn.init.uniform_(norm.running_mean, -1, 1)
            nn.init.uniform_(norm.running_var, 0.1, 2)
        nn.init.normal_(self.norm.weight)
        nn.init.normal_(self.norm.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.act(self.norm(self.first(x)))
        return self.act(self.plain(self.second(x)) + x)


@pytest.fixture
def norm_calls(monkeypatch):
    """The batch norms that torch does."""
    calls = []
    known = torch.batch_norm

    def counted(*args):
        calls.append(args)
        return known(*args)

    monkeypatch.setattr(torch, "batch_norm", counted)
    return calls


def test_norms_behind_convolutions_that_are_not_shown_are_part_of_them(norm_calls):
    stream, replay, images = opened(Block(), "layers")
    for image in images:
        norm_calls.clear()
        found = tensors_of(stream.run, image, (), ROOM)
        assert len(norm_calls) == (2 if image is images[0] else 0)
        assert_same(found, tensors_of(replay.run, image))
    assert not stream.refusal


def test_what_is_shown_is_not_folded(norm_calls):
    stream, replay, images = opened(Block(), "all")
    for image in images:
        norm_calls.clear()
        found = tensors_of(stream.run, image, (), ROOM)
        assert len(norm_calls) >= 2
        assert_same(found, tensors_of(replay.run, image))


@pytest.mark.parametrize("way", ["statistics", "data", "replaced", "settings", "bias"])
def test_norms_that_change_count_in_the_next_frame(way):
    model = Block()
    stream, replay, images = opened(model, "layers")
    for image in images[:2]:
        tensors_of(stream.run, image, (), ROOM)
    with torch.no_grad():
        if way == "statistics":
            model.plain.running_var[4] = 9.0
        elif way == "data":
            model.norm.weight.data.mul_(-2)
        elif way == "replaced":
            model.norm.weight = nn.Parameter(torch.rand(16))
        elif way == "settings":
            model.norm.eps = 0.5
        else:
            model.second.bias.add_(3)
    assert_same(tensors_of(stream.run, images[2], (), ROOM), tensors_of(replay.run, images[2]))
    assert not stream.refusal


class Keeps(Block):
    """Uses what a convolution gave in the pass before."""

    last = torch.zeros(1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.first(x)
        mean, self.last = float(np.mean(self.last.detach().numpy())), y
        return self.act(self.norm(y)) + mean


class Reads(Block):
    """Reads in Python what a convolution gives."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.first(x)
        mean = float(np.mean(y.detach().numpy()))
        return self.act(self.norm(y)) + mean


class ReadsData(Block):
    """The same by another name."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.first(x)
        mean = sum(y.data[0, 0, 0].tolist())
        return self.act(self.norm(y)) + mean


class Lists(Block):
    """The same as a list."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.first(x)
        mean = sum(y.tolist()[0][0][0])
        return self.act(self.norm(y)) + mean


class Hooked(Block):
    """Keeps it by a hook."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[torch.Tensor] = []
        self.first.register_forward_hook(lambda m, args, y: self.kept.append(y))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.act(self.norm(self.first(x)))
        kept = self.kept.pop()
        return x + float(np.mean(kept.detach().numpy()))


@pytest.mark.parametrize("kind", [Keeps, Reads, ReadsData, Lists, Hooked])
def test_a_result_that_the_model_looks_at_is_the_convolution_s_own(kind):
    model, twin = kind(), kind()
    twin.load_state_dict(model.state_dict())
    stream, _, images = opened(model, "layers")
    _, usual, _ = opened(twin, "layers")
    for image in images:
        found = tensors_of(stream.run, image, (), ROOM)
        assert_same(found, tensors_of(usual.run, image))
    # A model with a state differs from pass to pass, and goes on as usual.
    assert bool(stream.refusal) == (kind is Keeps)


def test_values_that_are_not_finite_stay_so():
    model = Block()
    stream, replay, images = opened(model, "layers")
    for image in images[:2]:
        tensors_of(stream.run, image, (), ROOM)
    bad = images[2]
    bad.args[0][0, 1, 5, 5] = float("nan")
    bad.args[0][0, 1, 15, 15] = float("inf")
    found, wanted = tensors_of(stream.run, bad, (), ROOM), tensors_of(replay.run, bad)
    assert any(tensor.isnan().any() for tensor in wanted.values())
    for node, tensor in found.items():
        assert torch.equal(tensor.isnan(), wanted[node].isnan())
