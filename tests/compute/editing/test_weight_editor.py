"""Weights are replaced while a model computes, in every kind of layer, and never written."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from vrnn.compute.editing.weight_editor import read_filter
from vrnn.compute.editing.weight_file import save_weights
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.errors import VrnnError
from vrnn.network.kernel_edits import KernelEdit
from vrnn.network.model_spec import ModelSpec


class Input(nn.Module):
    """A layer behind a pass that others can be told from."""

    def __init__(self, layer, shape=(1, 4, 8, 8)):
        super().__init__()
        self.layer, self.example_input = layer, torch.rand(shape)

    def forward(self, x):
        return self.layer(x)


def opened(layer, shape=(1, 4, 8, 8)):
    torch.manual_seed(0)
    size = (8, 8) if len(shape) == 4 else None
    return LoadedModel(open_source(ModelSpec(Input(layer, shape), input_size=size)), "layers")


def result(model):
    with torch.no_grad(), model.editor.active():
        return model.source.model(model.source.model.example_input)


LAYERS = {
    "plain": (nn.Conv2d(4, 6, 3), (1, 4, 8, 8), 4),
    "grouped": (nn.Conv2d(4, 6, 3, groups=2), (1, 4, 8, 8), 2),
    "depthwise": (nn.Conv2d(4, 4, 3, groups=4), (1, 4, 8, 8), 1),
    "transposed": (nn.ConvTranspose2d(4, 6, 3), (1, 4, 8, 8), 4),
    "transposed in groups": (nn.ConvTranspose2d(4, 6, 3, groups=2), (1, 4, 8, 8), 2),
    "one axis": (nn.Conv1d(4, 6, 3), (1, 4, 8), 4),
    "volume": (nn.Conv3d(4, 6, 3), (1, 4, 5, 5, 5), 4),
    "linear": (nn.Linear(4, 6), (1, 4), 4),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_a_filter_of_zeros_leaves_the_bias_alone_and_touches_no_other_channel(kind):
    layer, shape, inputs = LAYERS[kind]
    model = opened(layer, shape)
    shapes = model.kernels[next(iter(model.kernels))]
    assert (shapes.outputs, shapes.inputs) == (len(layer.bias), inputs)
    before, weight = result(model), layer.weight.detach().clone()
    assert model.editor.apply(model.view, [KernelEdit("layer", 3)])
    after = result(model)
    assert torch.allclose(after[:, 3], layer.bias[3].expand_as(after[:, 3]))
    others = [c for c in range(shapes.outputs) if c != 3]
    assert torch.equal(after[:, others], before[:, others])
    assert torch.equal(layer.weight, weight)
    kernels = read_filter(model.editor, model.view, "layer", 3)
    assert kernels.before.shape == kernels.now.shape == (inputs, *shapes.size)
    assert kernels.before.any()
    assert not kernels.now.any()
    assert model.editor.apply(model.view, [])
    assert torch.equal(result(model), before)


@pytest.mark.parametrize("kind", ["grouped", "transposed in groups", "volume", "linear"])
def test_one_kernel_is_one_input_of_the_filter(kind):
    layer, shape, inputs = LAYERS[kind]
    model = opened(layer, shape)
    model.editor.apply(model.view, [KernelEdit("layer", 5, inputs - 1)])
    before = result(model)
    # Filter 5 is of the last group: its last kernel meets the last of all maps.
    model.source.model.example_input[:, -1] += 1.0
    after = result(model)
    assert torch.allclose(after[:, 5], before[:, 5], atol=1e-6)
    assert not torch.allclose(after[:, 4], before[:, 4])


def test_norm_noise_and_values():
    layer = nn.Conv2d(4, 6, 5)
    model = opened(layer)
    own = layer.weight[2].detach().numpy().copy()
    for content in ("horizontal sobel", "noise", "gabor"):
        model.editor.apply(model.view, [KernelEdit("layer", 2, None, content)])
        now = read_filter(model.editor, model.view, "layer", 2).now
        assert np.linalg.norm(now) == pytest.approx(np.linalg.norm(own), rel=1e-4)
        assert not np.allclose(now, own)
    loose = KernelEdit("layer", 2, None, "noise", seed=5, keeps_norm=False)
    model.editor.apply(model.view, [loose])
    first = read_filter(model.editor, model.view, "layer", 2).now
    assert first.std() == pytest.approx(own.std(), rel=0.3)
    model.editor.apply(model.view, [])
    model.editor.apply(model.view, [loose])
    assert np.array_equal(first, read_filter(model.editor, model.view, "layer", 2).now)
    values = tuple(float(v) for v in range(25))
    model.editor.apply(model.view, [loose, KernelEdit("layer", 2, 1, "values", values)])
    now = read_filter(model.editor, model.view, "layer", 2).now
    assert now[1].reshape(-1).tolist() == list(values)
    assert np.array_equal(now[0], first[0])


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 3)
        self.second.weight = self.first.weight

    def forward(self, x):
        return self.second(functional.relu(self.first(x)))


def test_shared_weights_are_edited_in_both_layers_and_told():
    model = opened(Shared())
    names = {model.network.by_id[node].name: shape for node, shape in model.kernels.items()}
    assert names["layer.first"].shared == ("layer.second",)
    model.editor.apply(model.view, [KernelEdit("layer.second", 1)])
    assert not read_filter(model.editor, model.view, "layer.first", 1).now.any()


class Made(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(4, 4, 3, 3))

    def forward(self, x):
        return functional.conv2d(x, self.weight * 2)


@pytest.mark.parametrize(
    "layer",
    [
        nn.utils.parametrizations.weight_norm(nn.Conv2d(4, 4, 3)),
        nn.utils.parametrizations.spectral_norm(nn.Conv2d(4, 4, 3)),
        Made(),
    ],
)
def test_weights_that_are_made_in_each_pass_are_refused(layer):
    model = opened(layer)
    (shape,) = model.kernels.values()
    assert "made anew of other parameters in each pass" in shape.refusal
    name = model.network.by_id[next(iter(model.kernels))].name
    with pytest.raises(VrnnError, match="made anew"):
        model.editor.apply(model.view, [KernelEdit(name, 0)])


def test_quantized_and_missing_layers_are_refused():
    packed = torch.ao.nn.quantized.dynamic.Linear(4, 4)
    model = opened(nn.Sequential(nn.Conv2d(4, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), packed))
    last = model.network.nodes[-1]
    assert last.id not in model.kernels or "quantiz" in model.kernels[last.id].refusal
    with pytest.raises(VrnnError):
        model.editor.apply(model.view, [KernelEdit(last.name, 0)])
    model = opened(nn.Sequential(nn.Conv2d(4, 4, 3), nn.MaxPool2d(2)))
    with pytest.raises(VrnnError, match="no layer 'nowhere'"):
        model.editor.apply(model.view, [KernelEdit("nowhere", 0)])
    with pytest.raises(VrnnError, match="has no kernels"):
        model.editor.apply(model.view, [KernelEdit("layer.1", 0)])
    assert model.editor.edits == ()


def test_edits_of_one_of_two_open_models_are_not_those_of_the_other():
    module = Input(nn.Conv2d(4, 4, 3))
    first, second = (
        LoadedModel(open_source(ModelSpec(module, input_size=(8, 8))), "layers") for _ in range(2)
    )
    before = result(second)
    first.editor.apply(first.view, [KernelEdit("layer", 0)])
    assert not torch.equal(result(first), before)
    assert torch.equal(result(second), before)


def test_own_weights_come_back_after_an_error_and_inside_a_pass():
    layer = nn.Conv2d(4, 4, 3)
    model = opened(layer)
    own = layer.weight.detach().clone()
    model.editor.apply(model.view, [KernelEdit("layer", 0)])
    with pytest.raises(ValueError, match="oh"), model.editor.active():  # noqa: PT012
        assert not torch.equal(layer.weight, own)
        with model.editor.suspended():
            assert torch.equal(layer.weight, own)
        assert not torch.equal(layer.weight, own)
        raise ValueError("oh")
    assert torch.equal(layer.weight, own)


def test_a_copy_of_all_weights(tmp_path):
    module = Shared()
    model = opened(module)
    model.editor.apply(model.view, [KernelEdit("layer.first", 2)])
    file = tmp_path / "copy.safetensors"
    with model.editor.active():
        assert save_weights(model.source.model, file) == 4
    before = module.first.weight.detach().clone()
    from safetensors.torch import load_file

    model.source.model.load_state_dict(load_file(file))
    assert not module.first.weight[2].any()
    assert torch.equal(module.first.weight[:2], before[:2])
    with pytest.raises(VrnnError, match=r"\.safetensors"):
        save_weights(module, tmp_path / "copy.pt")


@pytest.mark.parametrize("kind", ["plain", "linear"])
def test_edits_count_in_the_next_frame_of_a_stream(kind):
    layer, shape, _ = LAYERS[kind]
    model = opened(layer, shape)
    first, second = KernelEdit("layer", 3), KernelEdit("layer", 3, 1, "noise", seed=5)
    for edits in ((), (first,), (second,), (second, KernelEdit("layer", 4)), (first,), ()):
        for renews in (False, True):
            if renews:  # as at another step of its training
                with torch.no_grad():
                    layer.weight[2] += 1
                model.editor.renew(model.view)
            model.editor.apply(model.view, edits)
            with model.editor.active():
                given = {"on_maps": lambda node, maps: None, "on_retrace": list}
                live = model.run(None, **given, continues=True, weight_room=1e9)
                node = model.network.nodes[-1].id
                wanted = model.layer_output(node)  # as usual, which forgets no weights
            found = live.maps[node]
            values = found.values.astype(np.float32).reshape(-1) * found.scale
            np.testing.assert_allclose(values, wanted, rtol=2e-3, atol=2e-3)
            assert model.passes.packed_bytes
