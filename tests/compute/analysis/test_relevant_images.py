"""Images of a data set by the relevance that a channel has for their answer."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.support.explained import opened
from vrnn.compute.analysis.relevant_images import relevant_image_steps
from vrnn.compute.explain.explain import explain
from vrnn.errors import VrnnError
from vrnn.explanations.settings import ExplanationSettings
from vrnn.explanations.targets import Target


class Colors(nn.Module):
    """Three channels see red, green and blue; class 0 wants red and not blue."""

    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 3, 1, bias=False), nn.Linear(3, 2, bias=False)
        with torch.no_grad():
            self.conv.weight.copy_(torch.eye(3)[..., None, None])
            self.head.weight.copy_(torch.tensor([[1.0, 0.5, -1.0], [0.0, 0.0, 1.0]]))

    def forward(self, x):
        return self.head(torch.relu(self.conv(x)).mean((2, 3)))


class Images:
    """Flat colors."""

    names, labels, files = ("",), None, ()
    colors = ((250, 5, 5), (5, 250, 5), (5, 5, 250), (120, 120, 5), (250, 250, 250))

    def __len__(self):
        return len(self.colors)

    def image(self, index):
        if self.colors[index] is None:
            raise ValueError("torn file")
        return np.full((8, 8, 3), self.colors[index], np.uint8)


@pytest.fixture
def colors(monkeypatch, tmp_path):
    monkeypatch.setattr("vrnn.compute.analysis.top_activation_cache.cache_dir", lambda: tmp_path)
    net = Colors().eval()
    net.preprocess = {"mean": (0.0,) * 3, "std": (1.0,) * 3}
    return opened(net, (8, 8))


def found(model, settings, images=None, k=3):
    steps = relevant_image_steps(model, images or Images(), _conv(model), k, settings)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def _conv(model):
    return next(n.id for n in model.network.nodes if n.operation == "conv2d")


def test_the_best_images_are_those_whose_relevance_is_largest(colors):
    settings = ExplanationSettings("epsilon-plus", Target(channel=0))
    top = found(colors, settings)
    assert (top.measure, top.image_count, top.skipped) == ("relevance", 5, ())
    images, conv = Images(), _conv(colors)
    shares = []
    for index in range(len(images)):
        layer = explain(colors, images.image(index), settings, (conv,)).layers["conv"]
        shares.append(layer.channels / np.abs(layer.channels).sum())
    order = np.argsort(-np.array(shares), axis=0, kind="stable")[:3]
    np.testing.assert_array_equal(top.images, order.T)
    np.testing.assert_allclose(
        top.values, np.take_along_axis(np.array(shares), order, 0).T, rtol=1e-5
    )
    # What activates blue most speaks against class 0.
    assert 2 not in top.images[2].tolist()


def test_it_is_found_in_the_cache_only_for_the_same_question(colors, monkeypatch):
    settings = ExplanationSettings("epsilon-plus", Target(channel=0))
    first = found(colors, settings)

    def fail(*arguments, **named):
        raise VrnnError("explained again")

    monkeypatch.setattr("vrnn.compute.analysis.relevant_images.propagate", fail)
    again = found(colors, settings)
    np.testing.assert_array_equal(again.images, first.images)
    with pytest.raises(VrnnError, match="explained again"):
        found(colors, ExplanationSettings("epsilon-plus", Target(channel=1)))


def test_images_that_cannot_be_read_are_skipped_and_told(colors):
    images = Images()
    images.colors = (None, (5, 5, 250), (250, 0, 0))
    top = found(colors, ExplanationSettings("epsilon-plus", Target(channel=0)), images)
    assert top.image_count == 2
    assert top.skipped[0][0] == 0
    assert "torn file" in top.skipped[0][1]
    images.colors = (None,)
    with pytest.raises(VrnnError, match="no image of the data set can be explained"):
        found(colors, ExplanationSettings("alpha2-beta1", Target(channel=0)), images)
    with pytest.raises(VrnnError, match="choose a composite"):
        found(colors, ExplanationSettings("saliency"))
