"""A vector that holds the pixels of a picture is shown as one, or offered as one."""

import numpy as np
import pytest

from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.network.model_spec import ModelSpec
from vrnn.network.output_decoding import fitting_kinds, show_as
from vrnn.network.predictions import ImageOutput

SCRIPT = """
import torch
from torch import nn
torch.manual_seed(0)
model = nn.Sequential({layers})
example_input = torch.rand({shape})
{more}
"""
CODER = "nn.Flatten(), nn.Linear({n}, 8), nn.Linear(8, {n}), nn.Sigmoid()"


def output_of(tmp_path, layers, shape, more=""):
    path = tmp_path / "model.py"
    path.write_text(SCRIPT.format(layers=layers, shape=shape, more=more))
    model = LoadedModel(open_source(ModelSpec(str(path))), "layers")
    result = model.run(None, lambda node, maps: None, lambda: None)
    return result.outputs[0], model.source.model(*model.inputs.args)[0].detach().numpy()


@pytest.mark.parametrize(
    ("shape", "count", "image"),
    [
        ("1, 1, 28, 28", 784, (1, 28, 28)),
        ("1, 784", 784, (1, 28, 28)),
        ("1, 3, 12, 20", 720, (3, 12, 20)),
    ],
)
def test_an_autoencoder_gives_a_picture(tmp_path, shape, count, image):
    output, values = output_of(tmp_path, CODER.format(n=count), shape)
    assert isinstance(output, ImageOutput)
    assert output.is_sure
    expected = np.rint(values.reshape(image) * 255)
    expected = np.repeat(expected, 3, 0) if image[0] == 1 else expected
    assert np.abs(output.pixels.transpose(2, 0, 1) - expected).max() <= 1
    numbers = show_as(output, "numbers")
    assert numbers.numbers.tolist() == values.tolist()
    assert np.array_equal(show_as(numbers, "picture").pixels, output.pixels)


def test_class_names_and_softmax_speak_against_a_picture(tmp_path):
    layers = "nn.Flatten(), nn.Linear(64, 64)"
    names = "class_names = [str(n) for n in range(64)]"
    assert output_of(tmp_path, layers, "1, 1, 8, 8", names)[0].kind == "scores"
    assert output_of(tmp_path, layers + ", nn.Softmax(1)", "1, 1, 8, 8")[0].kind == "scores"


def test_a_square_of_numbers_is_offered_as_a_picture(tmp_path):
    layers = "nn.Linear(16, 784)"
    output, _ = output_of(tmp_path, layers, "1, 16")
    assert not isinstance(output, ImageOutput)
    assert "picture" in fitting_kinds(output)
    assert show_as(output, "picture").pixels.shape == (28, 28, 3)
    output, _ = output_of(tmp_path, "nn.Linear(16, 47)", "1, 16")
    assert "picture" not in fitting_kinds(output)
