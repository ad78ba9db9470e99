"""When a pass is captured as a CUDA graph. Only a GPU can hold one: those tests need it."""

import random

import numpy as np
import pytest
import torch
from torch import nn

from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.passes.captured_passes import _first_difference
from vrnn.compute.passes.feature_maps import fill_feature_maps
from vrnn.network.model_spec import ModelSpec

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
IMAGES = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
        self.second = nn.Conv2d(8, 20, 3)
        self.head = nn.Linear(20, 5)

    def forward(self, image):
        maps = self.second(self.first(image)).relu_()
        return self.head(maps.mean((2, 3))).softmax(1) * 1e-4


class Asks(Plain):
    def forward(self, image):
        return super().forward(image) * (2.0 if float(image.mean()) > 99 else 1.0)


class Draws(Plain):
    def forward(self, image):
        return super().forward(image * random.random())


def opened(model, device):
    torch.manual_seed(0)
    return LoadedModel(
        open_source(ModelSpec(model().eval(), input_size=(32, 32), device=device)), "all"
    )


def run(model, image, **more):
    result = model.run(image, lambda node, maps: None, lambda: None, **more)
    if model.passes.may_capture(result):
        model.passes.capture(result)
    return result


def maps(value, shape=(2, 3, 3)):
    return fill_feature_maps(torch.full(shape, value), np.zeros((0, shape[0]), np.float32))


def test_passes_on_the_processor_are_never_captured():
    model = opened(Plain, "cpu")
    for image in IMAGES:
        result = run(model, image)
        assert all(isinstance(layer.stored, np.ndarray) for layer in result.maps.values())
    assert model.captured.current is None
    assert model.captured.refusal == ""


def test_a_layer_with_other_values_is_found():
    usual = {1: maps(1.0), 2: maps(0.5), 3: maps(0.0)}
    assert _first_difference(dict(usual), usual) is None
    assert _first_difference({**usual, 2: maps(0.502)}, usual) is None
    assert _first_difference({**usual, 2: maps(0.52)}, usual) == 2
    assert _first_difference({1: usual[1], 2: usual[2]}, usual) == 3
    assert _first_difference({**usual, 1: maps(1.0, (2, 3, 4))}, usual) == 1


@needs_cuda
def test_a_captured_pass_gives_what_a_pass_as_usual_gives():
    model, other = opened(Plain, "cuda"), opened(Plain, "cuda")
    other.captured.refusal = "for comparison"
    for number, image in enumerate(IMAGES):
        portraits = []
        made, usual = run(model, image, on_portraits=portraits.append), run(other, image)
        assert (model.captured.current is not None) == (number >= 1)
        assert len(portraits) == (number >= 2)
        for node, layer in usual.maps.items():
            got = made.maps[node]
            assert isinstance(got.stored, np.ndarray) == (number < 2)
            assert got.scale == layer.scale
            assert np.allclose(got.block, layer.block, atol=2e-3 * float(np.abs(layer.block).max()))
            assert np.allclose(got.mean, layer.mean, atol=1e-5 * layer.peak)
            assert (got.portrait is None) == (layer.portrait is None)
        scores = [result.outputs[0].logits for result in (made, usual)]
        assert np.allclose(*scores, atol=1e-7)


@needs_cuda
def test_new_values_of_weights_count_and_new_weights_are_captured_anew():
    model = opened(Plain, "cuda")
    for image in IMAGES[:3]:
        run(model, image)
    head = model.source.model.head
    (before,) = (r.outputs[0].logits for r in [run(model, IMAGES[0])])
    with torch.no_grad():
        head.bias[2] += 3
    after = run(model, IMAGES[0])
    assert not isinstance(after.maps[0].stored, np.ndarray)
    assert after.outputs[0].logits[2] > before[2]
    head.bias.data = head.bias.data.clone().zero_()
    usual = run(model, IMAGES[0])
    assert isinstance(usual.maps[0].stored, np.ndarray)
    run(model, IMAGES[0])
    assert not isinstance(run(model, IMAGES[0]).maps[0].stored, np.ndarray)


@needs_cuda
@pytest.mark.parametrize(("model", "reason"), [(Asks, "cannot hold"), (Draws, "other values")])
def test_what_a_graph_cannot_do_runs_as_usual(model, reason):
    opened_model = opened(model, "cuda")
    for image in IMAGES:
        result = run(opened_model, image)
        assert isinstance(result.maps[0].stored, np.ndarray)
    assert reason in opened_model.captured.refusal


@needs_cuda
def test_what_is_not_finite_and_what_is_ablated_runs_as_usual():
    from vrnn.network.results import Ablation

    model = opened(Plain, "cuda")
    for image in IMAGES[:2]:
        run(model, image)
    node = next(n for n in model.network.nodes if n.name == "second")
    ablated = run(model, IMAGES[0], ablations=[Ablation(node.id, (1,))])
    assert isinstance(ablated.maps[node.id].stored, np.ndarray)
    with torch.no_grad():
        model.source.model.head.bias[0] = torch.nan
    assert run(model, IMAGES[0]).maps[model.network.nodes[-1].id].not_finite > 0


def test_a_device_that_runs_full_goes_on_with_passes_as_usual():
    model = opened(Plain, "cpu")
    run(model, IMAGES[0])
    captured = model.captured
    captured._key = captured._key_of(model.inputs, ())

    class Full:
        def run(self, inputs):
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    captured.current = Full()
    result = run(model, IMAGES[1])
    assert all(isinstance(layer.stored, np.ndarray) for layer in result.maps.values())
    assert captured.current is None
    assert captured.refusal == "the device's memory is full"


def test_a_pass_without_all_maps_is_not_captured_and_a_stream_makes_them_once():
    model = opened(Plain, "cpu")
    model.captured._usual = 1  # as after a pass on a device
    left_out = {node.id: 1 for node in model.network.nodes if node.name == "second"}
    result = model.run(IMAGES[0], lambda node, maps: None, lambda: None, left_out=left_out)
    model.captured._usual = 2
    assert model.captured.is_due
    assert not model.passes.may_capture(result)
    result = model.run(
        IMAGES[0], lambda node, maps: None, lambda: None, continues=True, left_out=left_out
    )
    assert model.passes.may_capture(result)


def test_weights_that_are_replaced_and_modules_that_are_exchanged_are_noticed():
    model = opened(Plain, "cpu")
    captured, module = model.captured, model.source.model

    def key():
        return captured._key_of(model.inputs, ())

    first = key()
    assert key() == first
    with torch.no_grad():
        module.head.bias += 1  # new values in the same place count for a graph as they are
    assert key() == first
    old = module.head.weight
    module.head.weight = nn.Parameter(old.detach().clone())
    assert key() != first
    module.head.weight = old
    assert key() == first
    module.second.weight.data = module.second.weight.data.clone()
    second = key()
    assert second != first
    module.second = nn.Conv2d(8, 20, 3)
    third = key()
    assert third != second
    module.second.bias = nn.Parameter(torch.zeros(20))
    assert key() != third
    module.first[1].running_mean = torch.zeros(8)
    assert key() not in (first, second, third)
