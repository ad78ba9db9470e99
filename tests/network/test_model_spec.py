"""What model is to be opened, as a user of Python says it."""

from pathlib import Path

import pytest
from torch import nn

from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec


@pytest.mark.parametrize("model", ["torchvision:resnet18", "torchvision:resnet18@DEFAULT"])
def test_random_weights_open_a_librarys_model_without_trained_ones(model):
    assert ModelSpec(model, weights="random") == ModelSpec("torchvision:resnet18@random")


@pytest.mark.parametrize(("model", "name"), [("net.py", "'net.py'"), (nn.ReLU(), "'ReLU'")])
def test_other_models_have_no_random_weights(model, name):
    with pytest.raises(VrnnError, match=f"{name} opens with the weights that it is built with"):
        ModelSpec(model, weights="random")


def test_paths_may_be_text():
    spec = ModelSpec("net.py", "w.pth", "names.txt", "photos", example="in.safetensors")
    given = spec.weights, spec.classes, spec.data, spec.example
    assert given == (Path("w.pth"), Path("names.txt"), Path("photos"), Path("in.safetensors"))
