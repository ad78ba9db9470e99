"""Maps that do not all fit on the GPU: whole near the eye, coarse elsewhere, exact where asked."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.inputs import SetInputImage
from vrnn.compute.passes.feature_maps import fill_feature_maps
from vrnn.config.loader import load_config
from vrnn.network.feature_maps import coarse_block_size, levels_above, pyramid_shapes
from vrnn.network.model_spec import ModelSpec

SIDE = 120
CAMERAS = ("layer:first", "layer:third", "overview")
SIZE = (480, 270)


class Three(nn.Module):
    """Three layers of large maps."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.first, self.second = nn.Conv2d(3, 12, 3), nn.Conv2d(12, 12, 3)
        self.third = nn.Conv2d(12, 12, 3)

    def forward(self, x):
        return self.third(self.second(self.first(x).relu()).relu()).mean((2, 3))


def opened(megabytes):
    config = load_config()
    render = replace(config.render, map_memory_mb=megabytes)
    spec = ModelSpec(Three().eval(), input_size=(SIDE, SIDE))
    return OffscreenApp([spec], replace(config, render=render))


def pictures(app):
    return [np.asarray(app.picture(camera, SIZE)) for camera in CAMERAS]


@pytest.fixture(scope="module")
def expected():
    """Pictures with room for all: of the first image, and of another."""
    with opened(0.0) as app:
        assert app.feed.residency.status.coarse == 0
        before = pictures(app)
        app.do(SetInputImage(plain="gray"))
        return before, pictures(app)


def test_what_is_near_is_whole_also_after_another_image(expected):
    with opened(0.8) as app:
        before = pictures(app)
        status = app.feed.residency.status
        assert 0 < status.whole < status.coarse
        app.do(SetInputImage(plain="gray"))
        after = pictures(app)
        assert app.workspace.messages == []
        names, coarse = app.world.networks[0].node_ids, app.world.networks[0].left_out
        assert names["third"] not in coarse
        assert names["first"] in coarse
    for found, wanted in ((before, expected[0]), (after, expected[1])):
        for one, other in zip(found, wanted, strict=True):
            # Beside the layer that is looked at, another one is seen for which there is no room.
            np.testing.assert_array_equal(one[:, 120:360], other[:, 120:360])


def test_with_room_for_none_layers_are_coarse_told_once_and_exact_to_who_asks(expected, capsys):
    with opened(0.25) as app:
        near, *_, afar = pictures(app)
        status = app.feed.residency.status
        assert status.whole == 0
        first = app.world.networks[0].maps[app.world.networks[0].node_ids["first"]]
        assert first.values.shape == (12, SIDE - 2, SIDE - 2)
        told = [*app.workspace.messages, capsys.readouterr().err]
    assert sum("shown coarse, as maps may take 0 MB" in text for text in told) == 1
    np.testing.assert_array_equal(afar, expected[0][-1])
    assert (near != expected[0][0]).any(-1).mean() > 0.1
    # Coarse, and not something else: the mean over some pixels is the same.
    blurred, sharp = (np.mean(picture, (0, 1)) for picture in (near, expected[0][0]))
    np.testing.assert_allclose(blurred, sharp, atol=6)


class Found(nn.Module):
    """Picks the brightest positions: another number, and so another graph, for each image."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.first, self.last = nn.Conv2d(3, 12, 3), nn.Linear(12, 2)

    def forward(self, x):
        y = self.first(x)[0].flatten(1).T
        return self.last(y[y[:, 0] > y[:, 0].mean()])


def test_a_graph_that_changes_with_each_image_is_told_of_once(capsys):
    config = load_config()
    render = replace(config.render, map_memory_mb=0.25)
    spec = ModelSpec(Found().eval(), input_size=(SIDE, SIDE))
    with OffscreenApp([spec], replace(config, render=render)) as app:
        networks = set()
        for seed in range(3):
            image = np.random.default_rng(seed).integers(0, 255, (SIDE, SIDE, 3), np.uint8)
            app.show(image)
            app.picture("layer:first", SIZE)
            networks.add(id(app.world.networks[0].network))
        told = "".join([*app.workspace.messages, capsys.readouterr().err])
    assert len(networks) > 1
    assert told.count("and maybe others are shown coarse") == 1


def test_a_coarse_block_is_the_block_without_its_finest_levels():
    values = torch.arange(2 * 33 * 70, dtype=torch.float32).reshape(2, 33, 70)
    maps = fill_feature_maps(values, np.zeros((0, 2), np.float32))
    assert pyramid_shapes(33, 70) == ((33, 70), (9, 18), (3, 5), (1, 2), (1, 1))
    assert levels_above(33, 70, 32) == 1
    for left_out in range(5):
        coarse = maps.coarse_block(left_out)
        assert coarse.size == coarse_block_size(2, 33, 70, left_out)
        np.testing.assert_array_equal(coarse[:4], maps.block[:4])
        np.testing.assert_array_equal(coarse[4:], maps.block[maps.block.size - coarse.size + 4 :])
