"""Frames of a stream with packed weights give what passes as usual give."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.compute.passes.streams import ROOM, assert_same, opened, tensors_of
from vrnn.compute.model_inputs import ModelInputs
from vrnn.compute.passes import prepacked_weights
from vrnn.compute.passes.capture_mode import GraphChanged
from vrnn.compute.passes.prepacked_weights import PrepackedWeights, is_supported

pytestmark = pytest.mark.skipif(not is_supported(), reason="weights are not packed here")


class Plain(nn.Module):
    """Convolutions of all kinds, norms, and linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 16, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(16)
        self.grouped = nn.Conv2d(16, 16, 3, padding=1, groups=16)
        self.same = nn.Conv2d(16, 12, 3, padding="same", bias=False)
        self.dilated = nn.Conv2d(12, 24, 3, padding=2, dilation=2)
        self.head = nn.Sequential(nn.Linear(24, 50), nn.GELU(), nn.Linear(50, 5, bias=False))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.norm(self.first(x)))
        x = self.dilated(self.same(self.grouped(x)) + 1)
        return self.head(x.mean((2, 3)))


class NeedsOrder(nn.Module):
    """Reads a result of a convolution as it lies in memory, which torch refuses for others."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x).view(1, -1).relu()


class ReadsMemory(NeedsOrder):
    """The same where torch does not notice."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x).as_strided((1, 50), (1, 1)).relu()


class Noisy(NeedsOrder):
    """Chance in each pass."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x) + torch.randn(1)


def test_all_layers_are_those_of_passes_as_usual():
    stream, replay, images = opened(Plain())
    for image in images:
        assert_same(tensors_of(stream.run, image, (), ROOM), tensors_of(replay.run, image))
    assert not stream.refusal
    model = replay._model
    packed = [model.first, model.dilated, model.head[0], model.head[2]]
    assert stream.weights.nbytes == sum(layer.weight.nbytes for layer in packed)


def test_the_second_frame_calls_onednn(monkeypatch):
    stream, _, images = opened(Plain())
    made = []
    call = PrepackedWeights.call

    def counted(self, *args):
        result = call(self, *args)
        made.append(result is not None)
        return result

    monkeypatch.setattr(PrepackedWeights, "call", counted)
    tensors_of(stream.run, images[0], (), ROOM)
    made.clear()
    tensors_of(stream.run, images[1], (), ROOM)
    assert sum(made) == 4


@pytest.mark.parametrize(
    ("model", "words"), [(NeedsOrder, "view"), (ReadsMemory, "other values"), (Noisy, "other")]
)
def test_a_model_that_depends_on_more_than_values_runs_as_usual(model, words):
    stream, replay, images = opened(model())
    for image in images:
        torch.manual_seed(7)
        found = tensors_of(stream.run, image, (), ROOM)
        torch.manual_seed(7)
        assert_same(found, tensors_of(replay.run, image))
    assert words in stream.refusal
    assert stream.weights.nbytes == 0


class Sometimes(NeedsOrder):
    """Needs torch's own order for bright images only."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        return y.view((1, -1) if x.detach().numpy().mean() > 0.9 else tuple(y.shape)).relu()


def test_a_frame_that_fails_in_the_other_order_runs_as_usual():
    stream, _, images = opened(Sometimes())
    tensors_of(stream.run, images[0], (), ROOM)
    assert not stream.refusal
    with pytest.raises(GraphChanged, match="another path"):  # as it is without a stream
        tensors_of(stream.run, ModelInputs((torch.ones(1, 3, 20, 22),)), (), ROOM)
    assert "view" in stream.refusal


@pytest.mark.parametrize("way", ["in place", "data", "replaced", "without torch"])
def test_weights_that_change_count_in_the_next_frame(way):
    model = Plain()
    stream, replay, images = opened(model)
    for image in images[:2]:
        tensors_of(stream.run, image, (), ROOM)
    with torch.no_grad():
        if way == "in place":
            model.first.weight[3, 1, 1, 1] += 5
        elif way == "data":
            model.first.weight.data = torch.rand_like(model.first.weight)
        elif way == "replaced":
            model.first.weight = nn.Parameter(torch.rand_like(model.first.weight))
        else:
            model.first.weight.data.mul_(-1)
    assert_same(tensors_of(stream.run, images[2], (), ROOM), tensors_of(replay.run, images[2]))


class Shared(NeedsOrder):
    """One convolution at three sizes, twice with another dilation, and one linear layer twice."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Conv2d(8, 8, 3, padding=1)
        self.head = nn.Linear(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv(x)
        y = self.inner(x) + nn.functional.conv2d(
            x, self.inner.weight, self.inner.bias, (1, 1), (2, 2), (2, 2), 1
        )
        y = self.inner(nn.functional.max_pool2d(y, 2))
        y = self.inner(nn.functional.max_pool2d(y, 2))
        return self.head(self.head(y.permute(0, 2, 3, 1)).mean((1, 2)))


def test_a_weight_that_is_used_at_several_sizes_is_packed_once():
    model = Shared()
    stream, replay, images = opened(model)
    for image in images:
        assert_same(tensors_of(stream.run, image, (), ROOM), tensors_of(replay.run, image))
    assert not stream.refusal
    packed = [model.conv, model.inner, model.head]
    assert stream.weights.nbytes == sum(layer.weight.nbytes for layer in packed)


def test_no_more_weights_are_packed_than_there_is_room_for():
    model = Plain()
    stream, replay, images = opened(model)
    room = model.first.weight.nbytes + 100
    for image in images:
        assert_same(tensors_of(stream.run, image, (), room), tensors_of(replay.run, image))
    assert 0 < stream.weights.nbytes <= room
    tensors_of(stream.run, images[0], (), 10)
    assert stream.weights.nbytes == 0


def test_a_processor_that_is_not_known_runs_as_usual(monkeypatch):
    monkeypatch.setattr(prepacked_weights, "is_wide_cpu", lambda: False)
    stream, replay, images = opened(Plain())
    for image in images:
        assert_same(tensors_of(stream.run, image, (), ROOM), tensors_of(replay.run, image))
    assert stream.weights.nbytes == 0
