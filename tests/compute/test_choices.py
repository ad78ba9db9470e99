"""Samples and slices that are chosen in a model, side by side, or read as a whole volume."""

import numpy as np
import pytest
import torch

from vrnn.compute.analysis.volume import VolumeJob
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.network.axes import AxisChoice
from vrnn.network.feature_maps import map_shape
from vrnn.network.model_spec import ModelSpec

SCRIPT = """
import torch
from torch import nn
model = nn.Sequential(nn.Conv3d(1, 4, 3, padding=1), nn.ReLU())
example_input = torch.randn(1, 1, 6, 8, 10, generator=torch.Generator().manual_seed(0))
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "volume.py"
    path.write_text(SCRIPT)
    return LoadedModel(open_source(ModelSpec(str(path))), "layers")


def run(model, *choices):
    model.set_side_by_side(choices)
    return model.run(None, lambda node, maps: None, lambda: None, (), choices)


def truth(model):
    """(1, D, H, W) of the input, (4, D, H, W) of the layer."""
    tensor = model.inputs.args[0]
    with torch.no_grad():
        return tensor[0].numpy(), model.source.model(tensor)[0].numpy()


def test_the_chosen_slice_is_shown_in_all_layers_and_at_the_input(model):
    usual, first = run(model), run(model, AxisChoice("depth", 0))
    given, made = truth(model)
    entry, last = model.network.inputs[0], model.network.outputs[0]
    for result, index in ((usual, 3), (first, 0)):
        assert np.abs(result.maps[entry].values - given[:, index]).max() < 2e-3
        assert np.abs(result.maps[last].values - made[:, index]).max() < 2e-3
    assert not np.array_equal(usual.image, first.image)
    assert first.choices == (AxisChoice("depth", 0),)


def test_side_by_side_the_network_is_as_wide_as_its_maps(model):
    assert model.set_side_by_side((AxisChoice("depth", None),))
    assert not model.set_side_by_side((AxisChoice("depth", None),))
    result = run(model, AxisChoice("depth", None))
    _, made = truth(model)
    for node in model.network.nodes:
        maps = result.maps[node.id]
        assert map_shape(node.shape) == (maps.channels, maps.height, maps.width)
    shown = result.maps[model.network.outputs[0]].values
    assert shown.shape == (4, 8, 60)
    assert np.abs(shown[:, :, 20:30] - made[:, 2]).max() < 2e-3
    assert model.set_side_by_side(())


def test_a_job_reads_the_whole_volume_of_a_channel(model):
    run(model)
    _, made = truth(model)
    steps = VolumeJob(0, model.network.outputs[0], 2).steps(model, lambda: None)
    next(steps)
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert end.value.value.shape == (6, 8, 10)
    assert np.abs(end.value.value - made[2]).max() < 1e-5
