"""Layers of unusual sizes, a GPU without enough memory, and graphs of very many operations."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from tests.workspace.test_map_residency import SIZE, opened, pictures
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.view import HoverLayer
from vrnn.compute.passes.coarse_maps import fill_coarse_maps
from vrnn.config.loader import load_config
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec
from vrnn.render.map_store import MapStore
from vrnn.scene.readout import hover_text


def app_of(model, size, gpu=0.0, host=0.0):
    config = load_config()
    render = replace(config.render, map_memory_mb=gpu, host_memory_mb=host)
    spec = ModelSpec(model.eval(), input_size=size)
    return OffscreenApp([spec], replace(config, render=render), "all")


class ManyChannels(nn.Module):
    """A batch norm of 65,536 channels."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.wide, self.norm = nn.Conv2d(3, 65536, 1), nn.BatchNorm2d(65536)
        self.head = nn.Conv2d(65536, 2, 1)

    def forward(self, x):
        return self.head(self.norm(self.wide(x))).mean((2, 3))


@pytest.mark.parametrize("megabytes", [0.0, 1.0])
def test_a_batch_norm_of_65536_channels_is_shown_and_exact(megabytes):
    with app_of(ManyChannels(), (2, 3), megabytes, megabytes) as app:
        picture = np.asarray(app.picture("layer:norm", SIZE))
        assert picture.std() > 5
        app.do(HoverLayer("norm", 0, 65535, (1, 2)))
        wanted = app._worker._models[0].layer_output(app.world.networks[0].node_ids["norm"])
        assert f"channel 65535 (1, 2) = {np.float16(wanted[-1]):.4g}" in hover_text(app.world)
        assert app.workspace.messages == []


class Long(nn.Module):
    """A line of 100,000 values."""

    def forward(self, x):
        return nn.functional.interpolate(x.mean(1)[:, :1], 100000) * 2


def test_maps_of_one_by_100000_are_shown_and_exact():
    with app_of(Long(), (8, 50), 0.3, 0.3) as app:
        network = app.world.networks[0]
        node = next(n for n in network.network.nodes if n.operation == "mul")
        assert node.shape == (1, 1, 100000)
        app.picture(f"layer:{node.name}", SIZE)
        app.do(HoverLayer(node.name, 0, 0, (0, 99999)))
        wanted = app._worker._models[0].layer_output(node.id)
        assert hover_text(app.world).endswith(f"= {np.float16(wanted[-1]):.4g}")


class Large(nn.Module):
    """A map larger than all that maps may take."""

    def forward(self, x):
        return nn.functional.interpolate(x[:, :1], (2048, 2048))


def test_a_map_beyond_the_budget_is_coarse_told_and_exact(capsys):
    with app_of(Large(), (64, 64), 1.0, 1.0) as app:
        network = app.world.networks[0]
        (node,) = network.network.outputs
        assert network.left_out[node] == 3
        told = [*app.workspace.messages, capsys.readouterr().err]
        assert sum("shown coarse, as maps may take 1 MB on the GPU" in text for text in told) == 1
        maps = app.workspace.fetch_maps(0, [node])[node]
        values = maps.values
        assert values.shape == (1, 2048, 2048)
        np.testing.assert_array_equal(values[0, ::32, ::32], values[0, 31::32, 31::32])
        low, high, _ = maps.channel_stats[:, 0]
        assert (np.float16(low), np.float16(high)) == (values.min(), values.max())


def test_a_map_of_8192_by_8192_is_coarse_at_little_cost():
    small = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    large = nn.functional.interpolate(small, (8192, 8192))[0]
    maps = fill_coarse_maps(large, np.zeros((0, 1), np.float32), None, 4)
    assert maps.block.nbytes < 4096
    np.testing.assert_allclose(maps.as_maps.values[0], small[0, 0], atol=1e-3)
    assert maps.high == small.max()
    assert maps.low == small.min()


# A GPU that has less memory than it says.


def test_a_gpu_that_runs_full_shows_the_rest_coarse(monkeypatch, capsys):
    add, taken = MapStore.add_own, []

    def add_one(store, node, block):
        if taken and node not in taken:
            raise VrnnError("the GPU has no 1 MB free for the feature maps")
        taken.append(node)
        add(store, node, block)

    with opened(0.0) as app:
        wanted = pictures(app)
    monkeypatch.setattr(MapStore, "add_own", add_one)
    with opened(0.8) as app:
        found = pictures(app)
        assert len(set(taken)) == 1
        assert app.world.networks[0].left_out
        told = [*app.workspace.messages, capsys.readouterr().err]
    assert sum("has no 1 MB free" in text and "shown coarse" in text for text in told) == 1
    np.testing.assert_array_equal(found[-1], wanted[-1])  # the overview


def test_a_gpu_that_has_no_room_for_all_gets_coarse_maps(monkeypatch):
    create = MapStore._create_array

    def create_small(ctx, rows):
        if rows > 600:
            raise VrnnError("the GPU has no 1 MB free for the feature maps")
        return create(ctx, rows)

    monkeypatch.setattr(MapStore, "_create_array", staticmethod(create_small))
    with opened(0.0) as app:
        status = app.feed.residency.status
        assert status.coarse >= 3
        assert np.asarray(app.picture("overview", SIZE)).std() > 5
