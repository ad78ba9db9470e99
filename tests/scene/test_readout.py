"""What is told of colors: the range that they span, and whether pictures or maps are seen."""

import numpy as np
import pytest

from tests.support.map_blocks import feature_maps
from tests.support.worlds import small_world
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.display import SetColorMapping
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.render.uniforms import View
from vrnn.scene.picking import Hit
from vrnn.scene.readout import are_pictures_seen, legend_range
from vrnn.scene.value_range import network_range
from vrnn.scene.viewpoints import camera_by_name
from vrnn.scene.visuals.distant_pictures import Viewer
from vrnn.scene.visuals.panels import color_ranges
from vrnn.style.color_mapping import ColorMapping

WHOLE = ColorMapping(normalize_by="network")


def layers_with_an_outlier():
    """Ten layers of values about 1, one of which has a value of 1000."""
    rng = np.random.default_rng(3)
    values = rng.normal(size=(10, 16, 8, 8)).astype(np.float32)
    values[4, 3, 2, 1] = 1000.0
    return [feature_maps(layer) for layer in values]


def test_one_value_does_not_darken_a_whole_network():
    maps = layers_with_an_outlier()
    low, high = network_range(maps, WHOLE)
    assert low == -high
    assert 1.5 < high < 5.0
    lit = [
        (np.abs(layer.values.astype(np.float32) * layer.scale) > high / 4).mean() for layer in maps
    ]
    assert min(lit) > 0.2  # at gamma 2, a sixteenth of the light


def test_a_range_without_zero_in_its_middle_keeps_to_the_values():
    maps = [
        feature_maps(np.abs(np.random.default_rng(1).normal(size=(4, 5, 5)).astype(np.float32)))
    ]
    low, high = network_range(maps, ColorMapping(normalize_by="network", symmetric=False))
    assert low == pytest.approx(maps[0].lowest)
    assert low < high <= maps[0].highest


def test_all_layers_share_the_range_also_where_a_percentile_is_set():
    _, network, maps = small_world()
    for percentile in (100.0, 90.0):
        mapping = ColorMapping(normalize_by="network", clip_percentile=percentile)
        ranges, clip = color_ranges(maps, network.nodes, mapping)
        spans = [ranges[i] * maps[n.id].scale * clip[i] for i, n in enumerate(network.nodes)]
        assert np.allclose(spans, spans[0], rtol=1e-3)
        assert np.allclose(spans[0], network_range(maps.values(), mapping), rtol=1e-3)


def test_the_legend_has_the_numbers_of_what_is_pointed_at():
    world, network, maps = small_world()
    node = next(n for n in network.nodes if len(n.shape) == 3)
    layer = maps[node.id]
    hit = Hit("layer", 1.0, 0, node.id, 2, 0, 0)
    peak = max(-float(layer.low[2]), float(layer.high[2]))
    assert legend_range(world, hit) == pytest.approx((-peak, peak))
    assert legend_range(world, None) is None
    assert legend_range(world, Hit("layer", 1.0, 0, node.id)) is None  # between the maps
    world.set_state(SetColorMapping(normalize_by="layer").apply(world.state, world))
    assert legend_range(world, hit) == pytest.approx((-layer.peak, layer.peak))
    world.set_state(SetColorMapping(normalize_by="network").apply(world.state, world))
    assert legend_range(world, None) == pytest.approx(network_range(maps.values(), WHOLE))


def test_pictures_are_explained_only_where_they_are_seen():
    with OffscreenApp((ModelSpec("digits"),), load_config()) as app:
        app.picture("overview", (640, 360))  # the portraits are uploaded
        world = app.world

        def seen(name):
            camera = camera_by_name(world, name, 16 / 9, 1.0)
            view = View(camera, (640, 360))
            viewer = Viewer(camera.position, view.pixels_per_unit)
            return are_pictures_seen(world.draw_list(), view.clip_from_world, viewer)

        assert seen("overview")
        assert not seen("layer:stage1.0.conv1")
