"""Models that take another path from pass to pass are shown as each pass was."""

import numpy as np
import pytest
import torch
from torch import nn

from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.errors import VrnnError
from vrnn.network.feature_maps import pyramid_shapes
from vrnn.network.model_spec import ModelSpec
from vrnn.network.results import Ablation

TOLD = "it takes another path in each pass, so its graph is traced again for each"


class Growing(nn.Module):
    """A module that runs its layer once more in each pass, as one with a cache does."""

    def __init__(self):
        super().__init__()
        self.conv, self.passes = nn.Conv2d(3, 3, 3, padding=1), 0

    def forward(self, x):
        self.passes += 1
        for _ in range(self.passes):
            x = self.conv(x).relu()
        return x


class Random(nn.Module):
    """A module that runs its layer a random number of times."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x):
        for _ in range(int(torch.randint(1, 9, ()))):
            x = self.conv(x).relu()
        return x


class ByBrightness(nn.Module):
    """A module whose loop depends on the image."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x):
        for _ in range(3 if x.mean() > 0 else 1):
            x = self.conv(x)
        return x


def loaded(model):
    torch.manual_seed(0)
    model.input_size = 16
    return LoadedModel(open_source(ModelSpec(model.eval())), "layers")


def run(model, image=None):
    retraced = []
    result = model.run(image, lambda node, maps: None, lambda: retraced.append(model.network))
    assert result.maps.keys() == {node.id for node in model.network.nodes}
    assert all(np.isfinite(maps.block).all() for maps in result.maps.values())
    return len(retraced)


def test_each_pass_of_a_model_that_keeps_something_shows_its_own_graph():
    model = loaded(Growing())
    for _ in range(5):
        run(model)
        convolutions = [n for n in model.network.nodes if n.operation == "conv2d"]
        assert len(convolutions) == model.source.model.passes
    assert model.info.notes.count(TOLD) == 1


def test_a_random_route_never_fails():
    model = loaded(Random())
    assert sum(run(model) for _ in range(12)) >= 6
    assert model.info.notes.count(TOLD) == 1


def test_a_loop_that_depends_on_the_image_is_traced_anew_when_it_changes():
    model = loaded(ByBrightness())
    black, white = (np.full((16, 16, 3), value, np.uint8) for value in (0, 255))
    run(model, white)
    assert len(model.network.nodes) == 4
    assert [run(model, image) for image in (black, black, white, white)] == [1, 0, 1, 0]
    assert TOLD not in model.info.notes


def test_an_ablation_of_a_model_that_varies_is_refused_with_the_reason():
    model = loaded(Growing())
    for _ in range(3):
        run(model)
    node = model.network.nodes[1]
    with pytest.raises(VrnnError, match="takes another path in each pass"):
        model.run(None, lambda node, maps: None, lambda: None, [Ablation(node.id, (0,))])


class Transformed(nn.Module):
    """A module whose layer runs inside a transform of torch.func."""

    def __init__(self, transform):
        super().__init__()
        self.conv, self.transform = nn.Conv2d(3, 4, 3), transform

    def forward(self, x):
        return self.transform(self.conv, x)


@pytest.mark.parametrize(
    "transform",
    [
        lambda layer, x: torch.func.jvp(layer, (x,), (torch.ones_like(x),))[0],
        lambda layer, x: torch.func.vjp(layer, x)[0],
        lambda layer, x: torch.vmap(lambda each: layer(each[None])[0])(x),
        lambda layer, x: torch.func.grad(lambda y: layer(y).sin().sum())(x),
    ],
    ids=["jvp", "vjp", "vmap", "grad"],
)
def test_layers_inside_a_transform_have_maps(transform):
    model = loaded(Transformed(transform))
    got = {}
    result = model.run(None, lambda node, maps: got.update({node: maps}), lambda: None)
    conv = next(node for node in model.network.nodes if node.operation == "conv2d")
    assert result.maps.keys() == {node.id for node in model.network.nodes}
    inner = next(m for m in model.source.model.modules() if isinstance(m, nn.Conv2d))
    with torch.no_grad():
        (image,) = model.source.prepare(None).inputs.args
        truth = inner(image)[0].numpy()
    maps = result.maps[conv.id]
    assert np.abs(maps.values.reshape(truth.shape) * maps.scale - truth).max() < 1e-2


@pytest.mark.parametrize("continues", [False, True])
def test_more_levels_than_a_layer_has_leave_its_last_one(continues):
    # What a request leaves out may be of a graph that was there before the model was edited.
    model = loaded(nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Conv2d(4, 2, 1)))
    whole, given = {}, {}
    model.run(None, whole.__setitem__, lambda: None)
    left_out = {node.id: 9 for node in model.network.nodes}
    model.run(None, given.__setitem__, lambda: None, continues=continues, left_out=left_out)
    assert given.keys() == whole.keys()
    for node, maps in given.items():
        channels = whole[node].channels
        assert maps.size == 3 * channels
        np.testing.assert_array_equal(maps.block, whole[node].coarse_block(
            len(pyramid_shapes(whole[node].height, whole[node].width)) - 1
        ))  # fmt: skip


class WritesToItsInput(nn.Module):
    """Normalizes its images in place, and takes them out of the dict that it is given."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, batch):
        image = batch.pop("image")
        image -= 0.5
        image *= 4
        batch["answer"] = self.conv(image).mean((2, 3))
        return batch["answer"]


def test_a_model_that_changes_its_inputs_gets_them_unchanged_in_each_pass():
    image = torch.rand(1, 3, 16, 16)
    model = WritesToItsInput().eval()
    model.example_input_array = {"image": image}
    before = image.clone()
    with torch.no_grad():
        expected = model.conv((before - 0.5) * 4).numpy()[0]
    opened = LoadedModel(open_source(ModelSpec(model)), "layers")
    (layer,) = [node.id for node in opened.network.nodes if node.name == "conv"]
    for continues in (False, True, True, False):
        given = {}
        opened.run(
            None, given.__setitem__, lambda: None, continues=continues, weight_room=1e9
        )  # fmt: skip
        np.testing.assert_allclose(given[layer].values, expected, atol=5e-3)
        np.testing.assert_allclose(given[0].values, before[0], atol=1e-3)
    filled = {}
    opened.fill([layer], filled.__setitem__, lambda: None)
    np.testing.assert_allclose(filled[layer].values, expected, atol=5e-3)
    np.testing.assert_allclose(opened.layer_output(layer), expected.ravel(), atol=1e-4)
    assert opened.check_edges(lambda: None) == ()
    assert torch.equal(image, before)
    assert list(model.example_input_array) == ["image"]


class Yields(nn.Module):
    """Hands out the features of each scale as soon as they are there, and goes on for ever."""

    def __init__(self):
        super().__init__()
        self.stem, self.next = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x):
        y = self.stem(x)
        while True:
            yield y
            y = self.next(y).relu()


def test_what_a_model_yields_is_its_result(monkeypatch):
    monkeypatch.setattr("vrnn.compute.model_inputs.MAX_YIELDED", 3)
    opened = loaded(Yields())
    given = {}
    result = opened.run(None, given.__setitem__, lambda: None)
    names = [node.name for node in opened.network.nodes]
    assert names == ["input", "stem", "next", "next_2"]
    assert [(e.source, e.target) for e in opened.network.edges] == [
        (a.id, b.id) for a, b in zip(opened.network.nodes, opened.network.nodes[1:], strict=False)
    ]
    assert len(opened.network.outputs) == 3
    assert given.keys() == {node.id for node in opened.network.nodes}
    assert result.outputs
