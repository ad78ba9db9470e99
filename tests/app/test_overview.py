"""The window shows the whole network until its user takes the camera, and fits it anew."""

from types import SimpleNamespace

import numpy as np
import pytest

from tests.support.worlds import small_world
from vrnn.app.navigator import WindowNavigator
from vrnn.config.loader import load_config
from vrnn.controls.fly_camera import FlyCamera
from vrnn.scene.camera import Camera
from vrnn.scene.viewpoints import camera_by_name


class FakeView:
    """A view of the world whose window can be resized."""

    def __init__(self, world):
        self.world, self.aspect, self.legend_share = world, 16 / 9, 0.07

    def camera(self, name, at_rest=False):
        world = self.world.at_rest() if at_rest else self.world
        return camera_by_name(world, name, self.aspect, 1.0, self.legend_share)


@pytest.fixture
def program():
    world, _, _ = small_world()
    view, fly = FakeView(world), FlyCamera(Camera(fov=1.0), load_config().motion)
    parts = SimpleNamespace(world=world, view=view, fly_camera=fly, window=None)
    headset = SimpleNamespace(view=None, mirrors_eyes=False)
    navigator = WindowNavigator(parts, headset, load_config().keys)
    navigator.follow_overview()
    return SimpleNamespace(world=world, view=view, fly=fly, navigator=navigator)


def land(program):
    while program.fly.moving:
        program.fly.step((), 0.1)
    return program.fly.camera


def overview(program):
    return program.view.camera("overview", at_rest=True)


def test_it_is_shown_at_first(program):
    assert program.fly.camera == overview(program)


def test_it_fits_a_resized_window_at_once(program):
    before = program.fly.camera
    program.view.aspect = 1.7
    program.navigator.follow_overview()
    assert program.fly.camera == overview(program) != before
    assert not program.world.placement.is_moving


def test_layers_go_where_they_fill_a_much_narrower_view(program):
    before = program.fly.camera
    program.view.aspect = 0.9
    program.navigator.follow_overview()
    assert program.world.placement.is_moving
    assert program.fly.camera == before
    assert land(program) == overview(program) != before
    assert program.world.placement.aspect == pytest.approx(16 / 9 / 1.25**3)
    for aspect in (0.8, 1.0, 0.9):  # an edge that is dragged to and fro
        program.view.aspect = aspect
        program.navigator.follow_overview()
        assert program.world.placement.aspect == pytest.approx(16 / 9 / 1.25**3)


def test_two_networks_share_the_room(program):
    world = program.world
    world.open(1, world.networks[0].network, world.networks[0].info)
    program.navigator.follow_overview()
    assert program.world.placement.aspect == pytest.approx(8 / 9, rel=0.12)


def test_it_leaves_the_legend_of_a_small_window_its_room(program):
    before = program.fly.camera
    program.view.legend_share = 0.15
    program.navigator.follow_overview()
    now = program.fly.camera
    assert now == overview(program) != before
    things, _ = program.world.corners_and_titles()
    clip = np.c_[things, np.ones(len(things))] @ now.clip_from_world(program.view.aspect).T
    assert (clip[:, 1] / clip[:, 3]).min() == pytest.approx(-1 + 2 * 0.15, abs=0.03)


def test_it_flies_where_layers_go(program):
    before = program.fly.camera
    program.world.set_state(program.world.state.__class__(arrangement="conveyor"))
    program.navigator.follow_overview()
    assert program.fly.camera == before
    assert program.fly.moving
    assert land(program) == overview(program) != before


def test_it_leaves_a_camera_that_was_taken_until_home(program):
    program.navigator.take_camera()
    taken = Camera(1.0, 2.0, 3.0, fov=1.0)
    program.fly.jump(taken)
    program.view.aspect = 1.0
    program.navigator.follow_overview()
    assert program.fly.camera == taken
    assert program.world.placement.aspect == 16 / 9
    program.navigator.go_to("overview")
    assert program.world.placement.aspect < 16 / 9
    assert land(program) == overview(program)
    program.view.aspect = 1.05
    program.navigator.follow_overview()
    assert program.fly.camera == overview(program)


@pytest.mark.parametrize("go", ["named", "numbered"])
def test_it_is_aimed_at_where_layers_will_be(program, go):
    program.world.set_state(program.world.state.__class__(arrangement="conveyor"))
    if go == "named":
        program.navigator.go_to("overview")
    else:
        program.navigator.go_to_viewpoint(1)
    assert program.view.camera("overview") != overview(program)
    assert land(program) == overview(program)


def test_a_flight_to_a_layer_takes_the_camera(program):
    program.navigator.go_to("layer:layer1.0.conv1")
    near = land(program)
    program.view.aspect = 1.0
    program.navigator.follow_overview()
    assert program.fly.camera == near != overview(program)
