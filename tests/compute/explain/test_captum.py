"""Gradient methods give what captum gives."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.support.explained import opened
from vrnn.compute.explain.explain import explain
from vrnn.explanations.settings import ExplanationSettings
from vrnn.explanations.targets import Target

captum = pytest.importorskip("captum.attr")
CLASS = 2


@pytest.fixture(scope="module")
def subject():
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 8, 3), nn.ReLU(),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, 5),
    )  # fmt: skip
    net = net.eval().double()
    return net, opened(net, (12, 12)), torch.randn(1, 3, 12, 12, dtype=torch.float64)


def explained(subject, method, **settings):
    _, model, x = subject
    chosen = ExplanationSettings(method, Target(channel=CLASS), baseline="zero", **settings)
    return explain(model, x, chosen)


def values_of(explanation):
    (values,) = explanation.inputs.values()
    return values


def test_saliency(subject):
    net, _, x = subject
    theirs = captum.Saliency(net).attribute(x.clone().requires_grad_(), target=CLASS)
    np.testing.assert_allclose(values_of(explained(subject, "saliency")), theirs, rtol=1e-10)


def test_gradient_times_input(subject):
    net, _, x = subject
    theirs = captum.InputXGradient(net).attribute(x.clone().requires_grad_(), target=CLASS)
    ours = values_of(explained(subject, "gradient-times-input"))
    np.testing.assert_allclose(ours, theirs.detach(), rtol=1e-10)


def test_integrated_gradients(subject):
    net, _, x = subject
    theirs = captum.IntegratedGradients(net).attribute(x, target=CLASS, n_steps=20)
    found = explained(subject, "integrated-gradients", steps=20)
    difference = np.linalg.norm(values_of(found) - theirs.numpy())
    assert difference < 1e-6 * np.linalg.norm(theirs)  # its steps are in float32
    with torch.no_grad():
        rise = float(net(x)[0, CLASS] - net(torch.zeros_like(x))[0, CLASS])
    assert found.arrived == pytest.approx(rise, rel=0.05)


def test_guided_backprop(subject):
    net, _, x = subject
    theirs = captum.GuidedBackprop(net).attribute(x.clone().requires_grad_(), target=CLASS)
    ours = values_of(explained(subject, "guided-backprop"))
    np.testing.assert_allclose(ours, theirs.detach(), rtol=1e-10)


@pytest.mark.parametrize("number", [0, 3])
def test_grad_cam(subject, number):
    net, model, x = subject
    theirs = captum.LayerGradCam(net, net[number + 1]).attribute(
        x, target=CLASS, relu_attributions=True
    )
    name = next(n.name for n in model.network.nodes if n.name == str(number))
    found = explained(subject, "grad-cam", layer=name)
    np.testing.assert_allclose(found.layers[name].maps, theirs.detach()[0], rtol=1e-5, atol=1e-9)
    assert found.heatmap.shape == (12, 12)


def test_occlusion(subject):
    net, _, x = subject
    theirs = captum.Occlusion(net).attribute(
        x, sliding_window_shapes=(3, 4, 4), strides=(3, 2, 2), target=CLASS
    )
    ours = values_of(explained(subject, "occlusion", patch=4, stride=2))
    np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-12)


def test_smooth_grad_is_a_mean_of_gradients_and_the_same_each_time(subject):
    first = values_of(explained(subject, "smooth-grad", samples=8))
    again = values_of(explained(subject, "smooth-grad", samples=8))
    np.testing.assert_array_equal(first, again)
    without = values_of(explained(subject, "smooth-grad", samples=2, noise=0.0))
    theirs = captum.Saliency(subject[0]).attribute(
        subject[2].clone().requires_grad_(), target=CLASS, abs=False
    )
    np.testing.assert_allclose(without, theirs, rtol=1e-10)
    assert np.corrcoef(first.ravel(), without.ravel())[0, 1] < 0.999
