"""A model that is loaded anew is seen at the layer where it was looked at before."""

import numpy as np
import pytest

from tests.support.worlds import small_world
from vrnn.app.held_place import HeldPlace
from vrnn.scene.camera import Camera
from vrnn.scene.state import State
from vrnn.scene.viewpoints import camera_by_name
from vrnn.scene.visibility import panel_corners


def seen(world, node, camera):
    corners = panel_corners(world, 0, node)
    clip = np.c_[corners, np.ones(len(corners))] @ camera.clip_from_world(1.5).T
    return clip[:, :2] / clip[:, 3:]


def test_the_same_layer_fills_the_view_wherever_it_stands_now():
    world, _, _ = small_world()
    name = "layer1.0.conv1"
    node = world.node_id(0, name)
    camera = camera_by_name(world, f"layer:{name}", 1.5, 1.0)
    before = seen(world, node, camera)
    place = HeldPlace.of(world, 0, camera)
    assert place.layer == name
    world.set_state(State("by resolution"), move=False)
    world.set_aspect(0.6, move=False)
    assert np.abs(seen(world, node, camera) - before).max() > 0.5
    assert seen(world, node, place.again(world)) == pytest.approx(
        before, abs=0.1
    )  # names above keep their size


def test_without_the_layer_the_camera_stays():
    world, _, _ = small_world()
    place = HeldPlace.of(world, 0, camera_by_name(world, "layer:layer1.0.conv1", 1.5, 1.0))
    world.remove(0)
    assert place.again(world) is None


def test_nothing_is_held_where_all_layers_are_seen():
    world, _, _ = small_world()
    assert HeldPlace.of(world, 0, camera_by_name(world, "overview", 1.5, 1.0)) is None


def test_nothing_is_held_with_the_back_to_all_layers():
    world, _, _ = small_world()
    assert HeldPlace.of(world, 0, Camera(z=-1e3, yaw=0.0)) is None
