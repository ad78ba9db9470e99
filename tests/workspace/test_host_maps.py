"""Maps that do not all fit into main memory: dropped, made again where needed, always exact."""

from dataclasses import replace

import numpy as np
import pytest

from tests.workspace.test_map_residency import SIZE, Three
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.export import ExportLayers
from vrnn.commands.inputs import SetInputImage
from vrnn.commands.layers import ArrangeMaps, PinLayer, UnpinLayer
from vrnn.commands.view import HoverLayer
from vrnn.config.loader import load_config
from vrnn.network.coarse_levels import coarse_levels, coarse_sizes, whole_sizes
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.readout import hover_text
from vrnn.storage.machine_memory import LEAST_BYTES, host_bytes, host_map_bytes

SIDE = 120
CAMERAS = ("layer:first", "layer:third", "overview")
MEGABYTES = 0.8
"""Of 1.6 that all maps take: room for one or two layers of three."""


def opened(host=0.0, gpu=0.0):
    config = load_config()
    render = replace(config.render, map_memory_mb=gpu, host_memory_mb=host)
    spec = ModelSpec(Three().eval(), input_size=(SIDE, SIDE))
    return OffscreenApp([spec], replace(config, render=render))


def pictures(app):
    return [np.asarray(app.picture(camera, SIZE)) for camera in CAMERAS]


def readouts(app):
    """What stands at the pointer in each layer."""
    texts = []
    for layer in ("first", "second", "third"):
        app.do(HoverLayer(layer, 0, 5, (33, 71)))
        texts.append(hover_text(app.world))
    return texts


def exported(app, folder):
    app.do(ExportLayers(folder, "*", 0, ("values", "histograms")))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    with opened() as app:
        before = pictures(app), readouts(app)
        app.do(SetInputImage(plain="gray"))
        after = pictures(app), readouts(app)
        files = exported(app, tmp_path_factory.mktemp("all"))
        assert app.feed.residency.status.host_whole == len(app.world.networks[0].maps)
    return before, after, files


@pytest.mark.parametrize("gpu", [0.0, MEGABYTES])
def test_all_is_exact_within_the_budget(expected, tmp_path, gpu):
    with opened(MEGABYTES, gpu) as app:
        host, network = app.feed.residency.host, app.world.networks[0]
        assert host.is_limited
        assert network.coarse
        assert network.result.maps.keys() <= set(network.network.inputs)
        for pixels, texts in expected[:2]:
            for found, wanted in zip(pictures(app), pixels, strict=True):
                np.testing.assert_array_equal(found[:, 120:360], wanted[:, 120:360])
            assert readouts(app) == texts
            app._settle(app.eye("overview"))
            app.do(SetInputImage(plain="gray"))
        assert exported(app, tmp_path) == expected[2]
        app.feed.residency._asked.forget()
        app._settle(app.eye("overview"))
        assert host.bytes <= host.budget
        assert app.workspace.messages == []


def test_values_are_shown_as_missing_until_they_are_there():
    with opened(MEGABYTES) as app:
        app._settle(app.eye("overview"))
        app.feed.residency._asked.forget()
        app.workspace.hover(replace_hit(app))
        assert hover_text(app.world).endswith("(33, 71) = …")
        app._settle(app.eye("overview"))
        assert "…" not in hover_text(app.world)


def replace_hit(app):
    """A hit on a layer that has no whole maps."""
    app.do(HoverLayer("second", 0, 5, (33, 71)))
    hit = app.world.hovered
    app.workspace.hover(None)
    app.feed.residency._asked.forget()
    app.feed.residency.host.release((0, hit.node))
    return hit


def test_an_order_by_entropy_keeps_its_maps():
    with opened() as app:
        app.do(ArrangeMaps("first", order="entropy"))
        wanted = app.world.networks[0].placement(app.world.state, 0).panel_shapes
    with opened(MEGABYTES) as app:
        app.do(ArrangeMaps("first", order="entropy"))
        node = app.world.networks[0].node_ids["first"]
        assert node in app.world.networks[0].maps
        found = app.world.networks[0].placement(app.world.state, 0).panel_shapes
        np.testing.assert_array_equal(found[node].map_grid.channels, wanted[node].map_grid.channels)


def test_a_budget_for_less_than_one_layer_shows_the_layer_that_is_near_all_the_same(expected):
    with opened(0.05) as app:
        near = np.asarray(app.picture("layer:first", SIZE))
        np.testing.assert_array_equal(near[:, 120:360], expected[0][0][0][:, 120:360])
        assert readouts(app) == expected[0][1]


def test_coarse_levels_take_half_of_a_budget_at_most():
    with opened() as app:
        network = app.world.networks[0].network
    sizes = whole_sizes(network)
    for budget in (1e9, sum(sizes.values()), 3e5, 3e4):
        levels = coarse_levels(network, budget)
        taken = sum({**sizes, **coarse_sizes(network, levels)}.values())
        assert taken <= budget / 2 or budget < 1e5
        assert all(level >= 1 for level in levels.values())


def test_pinned_copies_count_and_what_they_displace_is_told():
    with opened() as app:
        host = app.feed.residency.host
        needed = sum(whole_sizes(app.world.networks[0].network).values()) + host.held["portraits"]
        assert host.held["portraits"] > 0
    with opened((needed + 4096) / 2**20) as app:
        host, network = app.feed.residency.host, app.world.networks[0]
        messages = []
        host._tell = messages.append
        app.do(PinLayer("second", kind="kept"))
        assert host.held["pinned copies"] == 0  # as long as it is what the layer is now
        assert not host.is_limited
        assert not messages
        app.do(SetInputImage(plain="gray"))
        app._settle(app.eye("overview"))
        pinned = app.workspace.pins._maps_when_pinned[app.world.state.pins[0].number].nbytes
        status = app.feed.residency.status
        assert status.host_held["pinned copies"] == host.held["pinned copies"] == pinned
        assert host.is_limited
        assert network.coarse
        assert status.host_used == host.bytes + host.held_bytes <= host.budget
        (told,) = messages
        assert "pinned copies take" in told
        assert "unpin some, or set a larger host_memory_mb" in told
        texts = readouts(app)  # exact all the same
        app.do(UnpinLayer(app.world.state.pins[0].number))
        app.feed.residency._asked.forget()
        app._settle(app.eye("overview"))
        assert not host.is_limited
        assert not network.coarse
        assert readouts(app) == texts


def test_a_share_of_the_machine_is_taken_where_nothing_is_said():
    assert host_map_bytes(12.5) == 12.5 * 2**20
    assert LEAST_BYTES <= host_map_bytes() <= max(LEAST_BYTES, host_bytes() / 2)
