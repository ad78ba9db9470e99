"""Models that Keras saved open on torch, and their weights go into models of torch."""

from __future__ import annotations

import os
import sys
import zipfile
from contextlib import redirect_stderr
from importlib import import_module
from typing import Any

import pytest
import torch
from torch import nn

from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading import keras_models
from vrnn.compute.loading.keras_models import from_keras
from vrnn.compute.loading.source import open_source
from vrnn.compute.loading.weights import load_weights
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec

keras: Any = None
layers: Any = None


@pytest.fixture(scope="module", autouse=True)
def _keras():
    """Import Keras where it is used; its logging would close what pytest has for standard error."""
    global keras, layers
    os.environ.setdefault("KERAS_BACKEND", "torch")
    with redirect_stderr(sys.__stderr__):
        keras = import_module("keras")
    layers = keras.layers


@pytest.fixture(scope="module")
def model(_keras):
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((12, 14, 3)),
            layers.Conv2D(8, 3, activation="relu", name="conv1"),
            layers.BatchNormalization(name="norm1"),
            layers.Conv2D(4, 3, name="conv2"),
            layers.GlobalAveragePooling2D(name="pool"),
            layers.Dense(5, name="fc"),
        ]
    )


@pytest.fixture
def save(model, tmp_path):
    def run(name):
        path = tmp_path / name
        (model.save_weights if ".weights." in name else model.save)(path)
        return path

    return run


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_a_model_opens_with_the_names_of_its_layers(model, save, name):
    path = save(name)
    loaded = LoadedModel(open_source(ModelSpec(str(path))), "layers")
    names = [node.name for node in loaded.network.nodes]
    assert [n.partition(".")[0] for n in names] == ["input", "conv1", "conv2", "pool", "fc"]
    assert loaded.network.nodes[1].shape == (8, 10, 12)
    assert loaded.source.takes_images
    x = torch.randn(1, 12, 14, 3)
    with torch.no_grad():
        found = loaded.source.model(x)
        expected = model(x, training=False)
    assert torch.allclose(found, expected.cpu(), atol=1e-6)


def twin():
    made = nn.Sequential()
    made.add_module("conv1", nn.Conv2d(3, 8, 3))
    made.add_module("norm1", nn.BatchNorm2d(8, eps=1e-3))
    made.add_module("conv2", nn.Conv2d(8, 4, 3))
    made.add_module("fc", nn.Linear(4, 5))
    return made.eval()


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_weights_go_into_a_model_of_torch(model, save, name):
    made = twin()
    assert load_weights(made, save(name)) == (
        f"10 of 10 weights taken by name and shape from '{name}'",
    )
    x = torch.randn(1, 12, 14, 3)
    with torch.no_grad():
        hidden = made.norm1(made.conv1(x.permute(0, 3, 1, 2)).relu())
        found = made.fc(made.conv2(hidden).mean((2, 3)))
        assert torch.allclose(found, model(x, training=False).cpu(), atol=1e-5)


def refusal(path):
    with pytest.raises(VrnnError) as caught:
        from_keras(path)
    return str(caught.value)


def test_files_that_hold_no_model(save, tmp_path, monkeypatch):
    assert "holds weights without a model" in refusal(save("net.weights.h5"))
    path = save("net.keras")
    content = path.read_bytes()
    for wrong in (b"", b"text", content[: len(content) // 2]):
        path.write_bytes(wrong)
        assert "is damaged, cut short or was not written by Keras" in refusal(path)
    assert "there is no Keras file" in refusal(tmp_path / "none.keras")
    monkeypatch.setattr(keras_models, "find_spec", lambda name: None)
    assert refusal(path) == "keras is not installed; run: pip install 'vrnn[keras]'"


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_code_in_a_file_is_refused(tmp_path, name):
    path = tmp_path / name
    made = keras.Sequential([keras.Input((4,)), layers.Lambda(lambda x: x * 2)])
    made.save(path)
    assert "holds layers that are code of its own (Lambda, __lambda__)" in refusal(path)


def test_a_class_from_another_module_is_refused(save):
    path = save("net.keras")
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    wrong = files["config.json"].replace(b'"module": "keras.layers"', b'"module": "os.path"', 1)
    assert wrong != files["config.json"]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**files, "config.json": wrong}.items():
            archive.writestr(name, content)
    assert "holds layers that are code of its own (os.path." in refusal(path)


def test_open_sizes_are_filled_in(tmp_path):
    path = tmp_path / "net.keras"
    inputs = keras.Input((None, None, 3))
    keras.Model(inputs, layers.Conv2D(2, 3)(inputs)).save(path)
    candidate = from_keras(path)
    assert candidate.example_input.shape == (1, 224, 224, 3)
    assert "taken is 1×224×224×3" in candidate.notes[1]
    assert from_keras(path, (30, 40)).example_input.shape == (1, 30, 40, 3)


@pytest.mark.parametrize("form", ["list", "dict"])
def test_a_model_of_several_inputs(tmp_path, form):
    image = keras.Input((8, 8, 3), name="image")
    words = keras.Input((5,), dtype="int32", name="words")
    seen = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3, name="conv")(image))
    read = keras.layers.Flatten()(keras.layers.Embedding(7, 2, name="table")(words))
    out = keras.layers.Dense(2, name="head")(keras.layers.Concatenate()([seen, read]))
    inputs = [words, image] if form == "list" else {"image": image, "words": words}
    model = keras.Model(inputs, out)
    model.save(tmp_path / "two.keras")
    loaded = LoadedModel(open_source(ModelSpec(str(tmp_path / "two.keras"))), "layers")
    names = {node.name.partition(".")[0] for node in loaded.network.nodes}
    assert len(loaded.network.inputs) == 2
    assert {"conv", "table", "head"} <= names
    example = loaded.inputs.args
    by_name = {len(one.shape): one for one in example}
    given = {"image": by_name[4], "words": by_name[2]}
    expected = model([given["words"], given["image"]] if form == "list" else given)
    with torch.no_grad():
        found = loaded.source.model(*example)
    assert torch.allclose(found, expected.detach(), atol=1e-6)
