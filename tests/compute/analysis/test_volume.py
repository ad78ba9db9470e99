"""All slices of one channel, against the tensor of a plain pass."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from vrnn.compute.analysis.volume import VolumeJob
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.errors import VrnnError
from vrnn.network.axes import AxisChoice
from vrnn.network.model_spec import ModelSpec
from vrnn.network.results import Ablation


class Volumes(nn.Module):
    """A layer of volumes, and one of maps."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv3d(1, 4, 3)
        self.after = nn.Conv3d(4, 2, 1)
        self.example_input_array = torch.rand(2, 1, 8, 10, 11)

    def forward(self, x):
        return self.after(self.conv(x)).mean((2, 3, 4))


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return LoadedModel(open_source(ModelSpec(Volumes(), device="cpu")), "layers")


def volume(model, name, channel, choices=(), ablations=()):
    """The result of the job, and what it told on the way."""
    node = next(n.id for n in model.network.nodes if n.name == name)
    steps = VolumeJob(0, node, channel, choices, ablations).steps(model, lambda: None)
    told = []
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            return end.value, told


def plain(model):
    with torch.no_grad():
        return model.source.model.conv(model.inputs.args[0]).numpy()


@pytest.mark.parametrize("channel", [0, 3])
@pytest.mark.parametrize("sample", [None, 0, 1])
def test_all_slices_of_the_sample_that_is_shown(model, channel, sample):
    choices = () if sample is None else (AxisChoice("batch", sample),)
    choices += (AxisChoice("depth", 2),)  # the slice that is shown is one of them
    found, (step,) = volume(model, "conv", channel, choices)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, plain(model)[sample or 0, channel], atol=1e-5)
    assert (step.done, step.total) == (0, 1)


def test_what_is_ablated_is_ablated_here_too(model):
    node = next(n.id for n in model.network.nodes if n.name == "conv")
    found, _ = volume(model, "conv", 1, (), (Ablation(node, (1,)),))
    assert not found.any()
    found, _ = volume(model, "conv", 2, (), (Ablation(node, (1,)),))
    np.testing.assert_allclose(found, plain(model)[0, 2], atol=1e-5)


def test_a_layer_without_slices_is_told(model):
    with pytest.raises(VrnnError, match="this layer has no slices"):
        volume(model, model.network.by_id[model.network.outputs[0]].name, 0)
    steps = VolumeJob(0, 10**6, 0).steps(model, lambda: None)
    next(steps)
    with pytest.raises(VrnnError, match="this layer has no slices"):
        next(steps)
