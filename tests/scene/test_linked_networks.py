"""One pointer for all networks: what is marked in the others, and what is said of it."""

import numpy as np
import pytest

from tests.support.map_blocks import feature_maps
from tests.support.networks import residual
from tests.support.worlds import INFO, small_world
from vrnn.commands.comparison import LinkNetworks
from vrnn.errors import VrnnError
from vrnn.network.block_addresses import assign_addresses
from vrnn.network.feature_maps import map_shape
from vrnn.network.results import ForwardResult
from vrnn.scene.framing import frame_named
from vrnn.scene.linked_networks import linked_marks, linked_text, matched_hits
from vrnn.scene.map_areas import map_area
from vrnn.scene.picking import Hit
from vrnn.scene.readout import hover_text
from vrnn.scene.state import State
from vrnn.scene.visibility import panel_corners


@pytest.fixture
def world():
    """Two networks alike, the values of the second one more."""
    world, _, maps = small_world()
    world.set_addresses(1, assign_addresses(world.open(1, residual(2), INFO)))
    more = {
        node: feature_maps(one.values.astype(np.float32) * one.scale + 1)
        for node, one in maps.items()
    }
    world.add_maps(1, more)
    world.set_result(1, ForwardResult(1, np.zeros((32, 32, 3), np.uint8), more, (), 0.1))
    world.set_state(LinkNetworks().apply(State(), world), move=False)
    return world


def layer_with_rows(world):
    """Return a layer of several maps with rows and columns."""
    return next(
        node for node in world.networks[0].network.nodes[1:] if min(map_shape(node.shape)) > 3
    )


def test_the_same_place_is_marked_in_the_other_network(world):
    node = layer_with_rows(world)
    world.hover(Hit("layer", 1.0, 0, node.id, 3, 2, 1))
    (found,) = matched_hits(world, world.hovered)
    assert (found.slot, found.node, found.channel) == (1, node.id, 3)
    assert (found.row, found.column) == (2, 1)
    whole, place = linked_marks(world)
    assert whole.origin == map_area(world, 1, node.id, 3).origin
    channels, rows, columns = map_shape(node.shape)
    assert place.right[0] == pytest.approx(whole.right[0] / columns)
    assert place.origin[1] == pytest.approx(whole.origin[1] + whole.down[1] * 2 / rows)
    assert channels > 3


def test_the_readout_says_the_values_of_all_and_the_difference(world):
    node = layer_with_rows(world)
    world.hover(Hit("layer", 1.0, 0, node.id, 3, 2, 1))
    maps = world.networks[1].maps[node.id]
    value = float(maps.values[3, 2, 1]) * maps.scale
    text = hover_text(world)
    number = f"{value:.4g}".replace("-", "−")
    assert text.endswith(f"   in network 1, {node.name} (2, 1) = {number}, +1")


def test_nothing_is_marked_where_networks_are_not_linked(world):
    node = layer_with_rows(world)
    world.set_state(LinkNetworks(on=False).apply(world.state, world), move=False)
    hit = Hit("layer", 1.0, 0, node.id, 3, 2, 1)
    world.hover(hit)
    assert not matched_hits(world, hit)
    assert not list(linked_marks(world))
    assert linked_text(world, hit) == ""


def test_a_layer_with_fewer_channels_says_so(world):
    node = layer_with_rows(world)
    few = np.zeros((2, *map_shape(node.shape)[1:]), np.float32)
    world.networks[1].maps = {**world.networks[1].maps, node.id: feature_maps(few)}
    hit = Hit("layer", 1.0, 0, node.id, 3, 2, 1)
    world.hover(hit)
    assert linked_text(world, hit) == f"   in network 1, {node.name}: 2 channels, no 3"
    (panel,) = linked_marks(world)
    assert panel.right[0] > map_area(world, 0, node.id, 3).right[0]


def test_values_that_are_not_finite_have_no_difference(world):
    node = layer_with_rows(world)
    broken = np.full(map_shape(node.shape), np.nan, np.float32)
    world.networks[1].maps = {**world.networks[1].maps, node.id: feature_maps(broken)}
    text = linked_text(world, Hit("layer", 1.0, 0, node.id, 3, 2, 1))
    assert text.endswith(" = not finite, no difference known")


def test_going_to_a_layer_frames_the_layers_of_all(world):
    node = layer_with_rows(world)
    camera = frame_named(world, node.name, 0, 16 / 9, 1.0)
    clip = camera.clip_from_world(16 / 9)
    for slot in (0, 1):
        corners = panel_corners(world, slot, node.id)
        seen = np.concatenate([corners, np.ones((len(corners), 1))], 1) @ clip.T
        assert (np.abs(seen[:, :2]) <= seen[:, 3:]).all()
    world.set_state(State(), move=False)
    alone = frame_named(world, node.name, 0, 16 / 9, 1.0).clip_from_world(16 / 9)
    corners = panel_corners(world, 1, node.id)
    seen = np.concatenate([corners, np.ones((len(corners), 1))], 1) @ alone.T
    assert not (np.abs(seen[:, :2]) <= seen[:, 3:]).all()


def test_one_network_alone_is_refused():
    world, _, _ = small_world()
    with pytest.raises(VrnnError, match="only one network is open"):
        LinkNetworks().apply(State(), world)
    assert not LinkNetworks(on=False).apply(State(), world).comparison.linked
