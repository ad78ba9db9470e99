"""Gradient × activation, against a network in which it is known by arithmetic."""

import numpy as np
import pytest
import torch
from torch import nn

from vrnn.compute.analysis.attribution import gradient_x_activation
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(4)
        self.conv = nn.Conv2d(3, 6, 3)
        self.relu = nn.ReLU(inplace=True)
        self.head = nn.Linear(6, 5)

    def forward(self, x):
        return self.head(self.relu(self.conv(x)).mean((2, 3)))


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(3).integers(0, 256, (9, 12, 3), np.uint8)


@pytest.fixture(scope="module")
def opened(image):
    model = LoadedModel(open_source(ModelSpec(Net(), input_size=(9, 12))), "all")
    model.run(image, lambda node, maps: None, lambda: None, ())
    return model


def by_name(model):
    attributions = gradient_x_activation(model)
    names = {node.id: node.name for node in model.network.nodes}
    return {names[node]: values for node, values in attributions.items()}


def test_a_channel_speaks_by_its_weight_times_its_activation(opened, image):
    net = opened.source.model
    (inputs,) = opened.source.prepare(image).inputs.args
    with torch.no_grad():
        activation = net.relu(net.conv(inputs)).mean((2, 3))[0]
        logits = net.head(activation)
        expected = net.head.weight[logits.argmax()] * activation
    found = by_name(opened)
    for name in ("relu", "mean"):
        key = next(n for n in found if name in n)
        assert found[key] == pytest.approx(expected.numpy(), rel=1e-4, abs=1e-5)
    # Neither the gradient alone nor the activation alone puts the channels in this order.
    order = expected.argsort().tolist()
    assert order != net.head.weight[logits.argmax()].argsort().tolist()
    assert order != activation.argsort().tolist()


def test_it_sums_to_the_logit_without_its_bias(opened, image):
    net = opened.source.model
    (inputs,) = opened.source.prepare(image).inputs.args
    with torch.no_grad():
        logits = net(inputs)[0]
    found = by_name(opened)
    total = next(values for name, values in found.items() if "relu" in name).sum()
    best = int(logits.argmax())
    assert total == pytest.approx(float(logits[best] - net.head.bias[best]), rel=1e-4)


def test_the_model_is_left_as_it_was(opened):
    by_name(opened)
    assert all(p.grad is None and p.requires_grad for p in opened.source.model.parameters())


def test_a_model_without_class_scores_is_told(image):
    model = LoadedModel(open_source(ModelSpec(nn.Conv2d(3, 2, 3), input_size=(9, 12))), "all")
    model.run(image, lambda node, maps: None, lambda: None, ())
    with pytest.raises(VrnnError, match="gives no class scores"):
        gradient_x_activation(model)
