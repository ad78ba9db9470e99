"""Layer pictures in the world: drawn in place of maps, hit, labeled, undone. No OpenGL."""

import numpy as np
import pytest

from tests.support.worlds import small_world
from vrnn.errors import VrnnError
from vrnn.network import layer_pictures
from vrnn.network.feature_maps import map_shape
from vrnn.network.layer_pictures import LayerPicture
from vrnn.scene.primitives import RGB_MAPS
from vrnn.scene.state import LayerState, State, check_names
from vrnn.scene.visibility import panel_corners
from vrnn.scene.visuals.layer_pictures import UploadedPicture

STORE = 200_000


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    monkeypatch.setattr(layer_pictures, "_KINDS", dict(layer_pictures._KINDS))
    layer_pictures.register_layer_picture("given", "Given")


def world_with(picture):
    """A world whose third layer shows a picture, and that layer."""
    world, network, _ = small_world()
    node = network.nodes[2]
    world.set_state(State().with_layer((0, node.name), LayerState(picture="given")), move=False)
    if picture is not None:
        world.set_uploaded_picture(0, node.id, UploadedPicture("given", picture, STORE))
    return world, node


def maps(count, height=8, width=8):
    return LayerPicture(np.random.default_rng(1).normal(size=(count, height, width)).astype("f4"))


def test_a_picture_is_drawn_from_its_own_store_and_nothing_else_changes():
    world, node = world_with(maps(1))
    panels = world.draw_list().panels
    record = panels[STORE, 0]
    assert record["grid"].tolist() == [[1, 1, 1]]
    assert record["tile"].tolist() == [[8, 8]]
    assert record["base"].tolist() == [0]
    others = sum(len(records) for key, records in panels.items() if key[0] == 0)
    assert others == len(world.networks[0].network.nodes) - 1
    assert world.shown_pictures() == {(0, node.id): "given"}


def test_until_the_picture_is_there_one_map_stands_for_all():
    world, node = world_with(None)
    record = np.concatenate(list(world.draw_list().panels.values()))[2]
    assert record["grid"].tolist() == [1, 1, 1]
    assert world.shows_one_map(0, node.id)


def test_an_image_is_drawn_in_its_own_colors():
    world, _ = world_with(LayerPicture(np.zeros((20, 10, 3), np.uint8)))
    record = world.draw_list().panels[STORE, 0]
    assert record["grid"].tolist() == [[1, 1, 3]]
    assert record["clip"] == RGB_MAPS


def test_its_caption_or_else_its_title_is_under_the_name():
    world, node = world_with(maps(1))
    before = world.draw_list().labels
    assert "Given" in [label.text for label in before]
    world.set_uploaded_picture(0, node.id, UploadedPicture("given", maps(1), STORE))
    assert world.draw_list().labels is before  # its letters are not laid out again
    picture = LayerPicture(maps(1).values, "3 parts")
    world.set_uploaded_picture(0, node.id, UploadedPicture("given", picture, STORE))
    assert "3 parts" in [label.text for label in world.draw_list().labels]
    world.set_uploaded_picture(0, node.id, None)
    assert node.label in [label.text for label in world.draw_list().labels]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 12])
def test_a_hit_knows_the_position_in_whichever_map_was_hit(count):
    world, node = world_with(maps(count))
    record = world.draw_list().panels[STORE, 0]
    columns, rows, _ = record["grid"][0].tolist()
    assert columns * rows >= count
    _, height, width = map_shape(node.shape)
    low, high = panel_corners(world, 0, node.id)[[0, 3]]
    high[1] -= 0.4  # the name
    for number in range(count):
        row, column = 3, width - 2
        u = (number % columns + (column + 0.5) / width) / columns
        v = (number // columns + (row + 0.5) / height) / rows
        target = np.array([low[0] + u * (high[0] - low[0]), high[1] - v * (high[1] - low[1]), 0])
        eye = target + np.array([0, 0, low[2] + 0.5])
        hit = world.pick(eye, np.array([0.0, 0.0, -1.0]))
        assert hit is not None
        assert (hit.node, hit.channel, hit.row, hit.column) == (node.id, -1, row, column)


def test_a_fold_hides_the_picture_and_a_state_without_it_undoes_it():
    world, node = world_with(maps(1))
    shown = world.state
    folded = LayerState(picture="given", folded=True)
    world.set_state(shown.with_layer((0, node.name), folded), move=False)
    assert not world.shown_pictures()
    assert (STORE, 0) not in world.draw_list().panels
    world.set_state(State(), move=False)
    assert (STORE, 0) not in world.draw_list().panels
    world.set_state(shown, move=False)
    assert (STORE, 0) in world.draw_list().panels


def test_a_reopened_network_has_no_pictures_of_the_one_before():
    world, node = world_with(maps(1))
    world.set_layer_picture(0, node.id, "given", maps(1))
    network = world.networks[0]
    world.open(0, network.network, network.info)
    assert not world.layer_pictures
    assert not world.uploaded_pictures


def test_a_state_with_an_unknown_picture_is_told():
    state = State().with_layer((0, "conv1"), LayerState(picture="nonsense"))
    with pytest.raises(VrnnError, match="no layer picture 'nonsense'"):
        check_names(state)
    check_names(State().with_layer((0, "conv1"), LayerState(picture="given")))
