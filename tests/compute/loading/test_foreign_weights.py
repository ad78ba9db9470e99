"""Weights that TensorFlow and Keras wrote go into a torch model by name and shape."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from tests.support.tensor_bundles import save_bundle
from vrnn.compute.loading.tensor_bundle import find_checkpoint, read_checkpoint
from vrnn.compute.loading.variable_names import to_state_dict
from vrnn.compute.loading.weights import load_weights
from vrnn.errors import VrnnError

VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"


def build():
    torch.manual_seed(0)
    model = nn.Sequential()
    model.add_module("conv1", nn.Conv2d(3, 4, 3))
    model.add_module("norm1", nn.BatchNorm2d(4))
    model.add_module("depthwise", nn.Conv2d(4, 8, 3, groups=4))
    model.add_module("fc", nn.Linear(8, 8))
    return model


def variables(model):
    """The model's weights as TensorFlow keeps them."""
    made = {}
    leaves = {"running_mean": "moving_mean", "running_var": "moving_variance"}
    for name, value in model.state_dict().items():
        layer, leaf = name.split(".")
        array = value.numpy()
        if leaf == "num_batches_tracked":
            continue
        if layer == "norm1":
            leaf = {"weight": "gamma", "bias": "beta"}.get(leaf, leaves.get(leaf, leaf))
        elif leaf == "weight":
            leaf = "kernel"
            if layer == "depthwise":
                leaf, array = "depthwise_kernel", array.reshape(4, 2, 3, 3).transpose(2, 3, 0, 1)
            else:
                array = array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T
        made[f"{layer}/{leaf}"] = np.ascontiguousarray(array)
    return made


def changed(model):
    twin = build()
    with torch.no_grad():
        for value in twin.state_dict().values():
            if value.is_floating_point():
                value += 1
    return twin


def check_same(one, other):
    for name, value in one.state_dict().items():
        if value.is_floating_point():
            assert torch.equal(value, other.state_dict()[name]), name


def test_a_checkpoint_is_read_as_it_was_written(tmp_path):
    generator = np.random.default_rng(0)
    tensors = {
        f"layer{i}/{kind}": generator.standard_normal((i % 3 + 1, 4)).astype(dtype)
        for i in range(40)
        for kind, dtype in (("kernel", "float32"), ("half", "float16"), ("count", "int64"))
    }
    tensors["scalar"] = np.array(3.5)
    tensors["empty"] = np.zeros((0, 3), np.float32)
    prefix = save_bundle(tmp_path / "ckpt-7", tensors, shards=3, blocks=5)
    found = read_checkpoint(prefix)
    assert sorted(found) == sorted(tensors)
    for name, array in tensors.items():
        assert np.array_equal(found[name].numpy(), array)


def test_the_ways_to_name_a_checkpoint(tmp_path):
    prefix = save_bundle(tmp_path / "ckpt-7", {"a": np.zeros(2)})
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "/else/where/ckpt-7"\n')
    for name in ("ckpt-7", "ckpt-7.index", "ckpt-7.data-00000-of-00001", ""):
        assert find_checkpoint(tmp_path / name) == prefix
    assert find_checkpoint(tmp_path / "ckpt-8") is None
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "ckpt-8"\n')
    with pytest.raises(VrnnError, match="names 'ckpt-8', but there is no"):
        find_checkpoint(tmp_path)


@pytest.mark.parametrize("pattern", ["{}", "net/{}", "model/{}" + VALUE])
def test_a_checkpoint_goes_into_a_model_by_name(tmp_path, pattern):
    own = variables(build())
    made = {pattern.format(name): value for name, value in own.items()}
    made["optimizer/iter" + VALUE] = np.array(5)
    made["net/conv1/kernel/Adam"] = own["conv1/kernel"]
    prefix = save_bundle(tmp_path / "ckpt", made)
    model = changed(build())
    notes = load_weights(model, prefix)
    check_same(build(), model)
    assert notes == ("10 of 10 weights taken by name and shape from 'ckpt'",)


def test_variables_that_are_numbered_are_taken_in_order():
    own = variables(build())
    layers = ["conv1", "norm1", "depthwise", "fc"]
    made = {
        f"layer_with_weights-{layers.index(name.split('/')[0])}/{name.split('/')[1]}": value
        for name, value in own.items()
    }
    model = build()
    state = to_state_dict({k: torch.from_numpy(v) for k, v in made.items()}, model.state_dict())
    assert all(torch.equal(state[k], v) for k, v in model.state_dict().items() if v.dim())


def test_what_does_not_fit_is_told(tmp_path):
    made = variables(build())
    made["fc/kernel"] = np.zeros((5, 5), np.float32)
    made["head/kernel"] = np.zeros((2, 2), np.float32)
    notes = load_weights(build(), save_bundle(tmp_path / "ckpt", made))
    assert any("weights of another shape" in note and "fc.weight" in note for note in notes)
    assert any("does not have (head.weight)" in note for note in notes)


def test_a_square_kernel_is_turned():
    kernel = torch.arange(9.0).reshape(3, 3)
    state = to_state_dict({"fc/kernel": kernel}, {"fc.weight": torch.zeros(3, 3)})
    assert torch.equal(state["fc.weight"], kernel.T)
    table = to_state_dict({"words/embeddings": kernel}, {"words.weight": torch.zeros(3, 3)})
    assert torch.equal(table["words.weight"], kernel)


def test_damaged_checkpoints(tmp_path):
    def refusal():
        with pytest.raises(VrnnError) as caught:
            load_weights(build(), tmp_path / "ckpt")
        return str(caught.value)

    save_bundle(tmp_path / "ckpt", variables(build()), endianness=1)
    assert "big-endian" in refusal()
    save_bundle(tmp_path / "ckpt", variables(build()))
    data = tmp_path / "ckpt.data-00000-of-00001"
    content = data.read_bytes()
    data.write_bytes(content[:-100])
    assert "is cut short" in refusal()
    data.unlink()
    assert "is missing" in refusal()
    data.write_bytes(content)
    index = tmp_path / "ckpt.index"
    table = index.read_bytes()
    for wrong in (b"", table[:-1], bytes(len(table)), table[:40] + table[80:], b"\xff" * 200):
        index.write_bytes(wrong)
        assert "damaged or no index" in refusal()


@pytest.mark.parametrize("seed", range(4))
def test_no_byte_of_an_index_ends_in_anything_but_a_sentence(tmp_path, seed):
    prefix = save_bundle(tmp_path / "ckpt", variables(build()))
    index = tmp_path / "ckpt.index"
    content = index.read_bytes()
    generator = np.random.default_rng(seed)
    for _ in range(60):
        wrong = bytearray(content)
        wrong[generator.integers(len(wrong))] = generator.integers(256)
        index.write_bytes(wrong)
        try:
            read_checkpoint(prefix)
        except VrnnError:
            continue


def test_a_saved_model_names_the_steps(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"x")
    with pytest.raises(VrnnError, match=r"tf2onnx.convert --saved-model .* --model net.onnx"):
        load_weights(build(), tmp_path)
