"""Live images: only what can be seen is made of them, and when one stays the rest follows."""

from dataclasses import replace
from math import radians

import numpy as np
import pytest
import torch

from tests.support.shrinking_maps import Five
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.display import SetColorMapping, SetLayerPictures
from vrnn.compute.passes.coarse_maps import fill_coarse_maps
from vrnn.compute.passes.feature_maps import fill_feature_maps
from vrnn.config.loader import load_config
from vrnn.network.coarse_levels import fine_levels
from vrnn.network.feature_maps import CoarseMaps, levels_above, probe_step
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.seen_layers import SIDE_BEHIND_PICTURE
from vrnn.scene.view_cone import ViewCone

SIDE = 160
SIZE = (480, 270)
NO_TOKENS = np.zeros((0, 1), np.float32)


@pytest.fixture(scope="module")
def app():
    with OffscreenApp([ModelSpec(Five().eval(), input_size=(SIDE, SIDE))], load_config()) as app:
        yield app


def frame(number):
    return np.random.default_rng(number).integers(0, 255, (SIDE, SIDE, 3), np.uint8)


def stream(app, pixels):
    """Run a frame of a stream, and show what has come of it, but wait for nothing else."""
    app.workspace.show_live_frame(pixels)
    request = app._worker.requested
    while app.feed.displayed_sequence.get(0) != request:
        app.feed.handle_events(app._worker.wait(60))
        app.workspace.content.upload()


class NoMaps:
    """Waits for no maps, in place of `PictureMaps`."""

    def wait_for_pass(self):
        pass

    def wait(self, view):
        return []

    def tile_size(self, view):
        return max(view.size)


def picture(app, camera):
    """What is seen now, while the stream goes on."""
    wait, app.exporter._wait = app.exporter._wait, lambda eye: None
    maps, app.exporter._maps = app.exporter._maps, NoMaps()
    try:
        return np.asarray(app.picture(camera, SIZE))
    finally:
        app.exporter._wait, app.exporter._maps = wait, maps


def look(app, camera):
    app.camera = camera
    app._settle(app.eye())
    app.feed.residency._asked.forget()  # as after a second


@pytest.mark.parametrize("camera", ["overview", "layer:first", "layer:third", "layer:fifth"])
def test_a_stream_looks_as_if_all_of_it_were_made(app, camera):
    look(app, camera)
    stream(app, frame(1))
    stream(app, frame(2))
    network = app.world.networks[0]
    before = picture(app, camera)
    lacking = set(network.left_out)
    assert lacking or camera not in ("overview", "layer:first")
    node = network.node_ids.get(camera.removeprefix("layer:"))
    assert node is None or node in network.maps
    look(app, camera)
    assert not network.left_out
    assert not network.coarse
    np.testing.assert_array_equal(before, picture(app, camera))


def test_what_follows_is_what_the_image_gives(app):
    look(app, "overview")
    stream(app, frame(3))
    network = app.world.networks[0]
    coarse = dict(network.coarse)
    assert coarse
    look(app, "overview")
    whole = {node: network.maps[node] for node in coarse}
    app.show(frame(3))
    for node, maps in whole.items():
        wanted = network.maps[node]
        assert maps is not wanted
        np.testing.assert_array_equal(maps.block, wanted.block)
        # The stream's statistics stay; with packed weights its sums are rounded in another order.
        same = {"rtol": 1e-4, "atol": 1e-6}
        np.testing.assert_allclose(maps.channel_stats, wanted.channel_stats, **same)
        if coarse[node].probes is not None:
            continue  # it was hidden, and has the maps of a frame before
        np.testing.assert_allclose(coarse[node].channel_stats, wanted.channel_stats, **same)
        block = wanted.coarse_block(coarse[node].left_out)
        np.testing.assert_allclose(coarse[node].block, block, rtol=2e-3, atol=1e-6)


def test_what_portraits_hide_is_renewed_in_turn_and_follows_when_the_image_stays(app):
    look(app, "overview")
    for number in (20, 21, 22):
        stream(app, frame(number))
    network = app.world.networks[0]
    hidden = app.feed.residency.hidden[0]
    of_before = {n: maps for n, maps in network.coarse.items() if maps.probes is not None}
    assert of_before.keys() < hidden
    assert len(of_before) == len(hidden) - 1
    seen = {node: maps.portrait for node, maps in network.all_maps.items()}
    look(app, "overview")
    assert not network.coarse
    kept = dict(network.maps)
    app.show(frame(22))
    for node in of_before:
        np.testing.assert_array_equal(kept[node].block, network.maps[node].block)
        np.testing.assert_array_equal(kept[node].channel_stats, network.maps[node].channel_stats)
        np.testing.assert_array_equal(kept[node].portrait, seen[node])


def test_nothing_is_hidden_where_all_layers_share_a_range(app):
    app.do(SetColorMapping(normalize_by="network"))
    look(app, "overview")
    for number in (23, 24):
        stream(app, frame(number))
    assert not app.feed.residency.hidden[0]
    assert all(maps.probes is None for maps in app.world.networks[0].coarse.values())
    app.do(SetColorMapping(normalize_by="map"))


def test_a_layer_that_is_asked_for_is_whole_in_the_next_frame(app):
    look(app, "overview")
    stream(app, frame(4))
    network = app.world.networks[0]
    node = network.node_ids["second"]
    assert network.whole_maps(node) is None
    stream(app, frame(5))
    assert network.whole_maps(node) is not None
    assert len(network.coarse) >= 2


def test_all_is_made_where_the_values_of_all_layers_are_shown(app):
    app.do(SetLayerPictures("mean"))
    stream(app, frame(6))
    assert not app.world.networks[0].coarse
    app.do(SetLayerPictures("portrait"))


def test_colors_that_clip_know_the_values_that_are_not_there(app):
    app.do(SetColorMapping(clip_percentile=95.0))
    look(app, "overview")
    stream(app, frame(7))
    before = picture(app, "overview")
    assert app.world.networks[0].coarse
    look(app, "overview")
    np.testing.assert_array_equal(before, picture(app, "overview"))
    app.do(SetColorMapping(clip_percentile=100.0))


def turned(eye, degrees):
    return replace(eye, yaw=eye.yaw + radians(degrees))


def view_of(eye, max_turn=0.0):
    return ViewCone.of(eye.clip_from_world(SIZE[0] / SIZE[1]), eye.position, 0.0, max_turn)


def converted(app, pixels):
    """The values that are kept of each layer after a frame of a stream, by its name."""
    stream(app, pixels)
    network = app.world.networks[0]
    return {node.name: len(network.layer_maps(node.id).block) for node in network.network.nodes}


def test_what_is_behind_the_eye_is_made_coarse_until_it_is_seen_or_the_image_stays(app):
    look(app, "layer:third")
    eye, network = app.eye(), app.world.networks[0]
    around = converted(app, frame(10))
    app.feed.residency.views = (view_of(turned(eye, 180)),)
    behind = converted(app, frame(11))
    least = fine_levels(network.network, SIDE_BEHIND_PICTURE)
    assert {node: maps.left_out for node, maps in network.coarse.items()} == least
    assert network.node_ids["third"] in least
    assert sum(behind.values()) < 0.2 * sum(around.values())
    app.feed.residency.views = (view_of(turned(eye, 180)), view_of(eye))  # of two eyes one does
    assert converted(app, frame(12))["third"] == around["third"]
    app.feed.residency.views = (view_of(turned(eye, 180)),)
    assert converted(app, frame(13)) == behind
    app.feed.residency.views = (view_of(eye),)
    seen = converted(app, frame(14))  # the very next image
    assert seen["third"] == around["third"]
    assert all(seen[name] <= around[name] for name in around)
    app.feed.residency.views = (view_of(turned(eye, 180)),)
    stream(app, frame(15))
    look(app, "layer:third")  # it stays
    assert not network.coarse


def test_what_the_head_may_turn_to_is_made_as_what_it_looks_at(app):
    look(app, "layer:third")
    eye = app.eye()
    seen = converted(app, frame(16))["third"]
    for degrees, max_turn, is_seen in ((130, 0.0, False), (130, 1.5, True), (180, 0.6, False)):
        app.feed.residency.views = (view_of(turned(eye, degrees), max_turn),)
        assert (converted(app, frame(17))["third"] == seen) is is_seen
    app.feed.residency.views = ()
    look(app, "overview")


class Noisy(Five):
    """Gives other values in each pass."""

    def forward(self, x):
        return super().forward(x + torch.randn_like(x))


def test_a_model_of_chance_has_all_maps_of_one_pass():
    with OffscreenApp([ModelSpec(Noisy().eval(), input_size=(SIDE, SIDE))], load_config()) as app:
        stream(app, frame(8))
        network = app.world.networks[0]
        assert network.coarse
        look(app, "overview")
        while network.coarse:  # the image runs again, with all maps
            app.feed.handle_events(app._worker.wait(60))
            app.workspace.content.upload()
        told = [*app.workspace.messages]
        assert any("gives other values in each pass" in text for text in told)
        node = network.node_ids["second"]
        values = network.maps[node].values.astype(np.float32)
        np.testing.assert_allclose(network.maps[node].channel_stats[1], values.max((1, 2)), 1e-3)
        stream(app, frame(9))
        assert not network.coarse


def test_chance_is_noticed_of_hidden_layers_too():
    with OffscreenApp([ModelSpec(Noisy().eval(), input_size=(SIDE, SIDE))], load_config()) as app:
        look(app, "overview")
        stream(app, frame(8))
        stream(app, frame(8))
        network = app.world.networks[0]
        maker = app.feed.residency.host
        node, known = next((n, m) for n, m in network.coarse.items() if m.probes is not None)
        whole = fill_feature_maps(torch.randn(known.channels, known.height, known.width), NO_TOKENS)
        values = whole.values.reshape(-1).astype(np.float32)
        same = replace(known, probes=values[:: probe_step(values.size)])
        found = maker.completed(0, node, whole, same)
        assert found is not None
        np.testing.assert_array_equal(found.channel_stats, whole.channel_stats)
        assert found.portrait is known.portrait
        assert not maker.keeps_all(0)
        assert maker.completed(0, node, whole, known) is None
        assert maker.keeps_all(0)


def test_coarse_maps_are_those_of_whole_ones():
    torch.manual_seed(1)
    plain = torch.randn(6, 57, 130)
    odd = plain.clone()
    odd[2, 5, 7], odd[3, 0, 0] = torch.nan, torch.inf
    for values in (plain, plain * 1e6, odd, torch.zeros(2, 40, 40), plain[:, :1]):
        most = levels_above(*values.shape[1:], 1)
        whole = fill_feature_maps(values, NO_TOKENS)
        for left_out in range(1, most + 1):
            found = fill_coarse_maps(values, NO_TOKENS, None, left_out)
            assert isinstance(found, CoarseMaps)
            wanted = whole.coarse(left_out)
            np.testing.assert_array_equal(found.block, wanted.block)
            np.testing.assert_array_equal(found.channel_stats, wanted.channel_stats)
            np.testing.assert_array_equal(found.sample, wanted.sample)
            np.testing.assert_array_equal(found.as_maps.block, found.block)
            assert (found.scale, found.not_finite) == (whole.scale, whole.not_finite)
            assert found.clip_fraction(90) == whole.clip_fraction(90)
            if left_out < most:
                coarser = found.coarse_block(left_out + 1)
                np.testing.assert_array_equal(coarser, whole.coarse_block(left_out + 1))
