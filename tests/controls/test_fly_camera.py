import numpy as np
import pytest

from vrnn.config.loader import load_config
from vrnn.controls.fly_camera import MIN_EYE_HEIGHT, FlyCamera
from vrnn.scene.camera import Camera


@pytest.fixture
def walker():
    return FlyCamera(Camera(0, 1.7, 0), load_config().motion)


def walk(walker, held, seconds, step=1 / 60):
    for _ in range(round(seconds / step)):
        walker.step(held, step)


def test_walks_where_it_looks_at_its_speed(walker):
    walk(walker, ["forward"], 2.0)
    assert walker.camera.x == pytest.approx(0, abs=1e-6)
    assert walker.camera.z == pytest.approx(-2 * walker.speed, rel=0.1)


def test_running_is_faster_and_letting_go_stops(walker):
    walk(walker, ["right"], 1.0)
    walked = walker.camera.x
    walk(walker, ["right", "run"], 1.0)
    assert walker.camera.x - walked > 2 * walked
    walk(walker, [], 1.5)
    assert not walker.moving


def test_opposite_keys_cancel_and_the_floor_holds(walker):
    walk(walker, ["left", "right"], 1.0)
    assert walker.camera.x == 0
    walk(walker, ["down"], 5.0)
    assert walker.camera.y == pytest.approx(MIN_EYE_HEIGHT)


def test_the_same_way_at_any_frame_rate(walker):
    other = FlyCamera(walker.camera, load_config().motion)
    walk(walker, ["forward"], 2.0, 1 / 240)
    walk(other, ["forward"], 2.0, 1 / 30)
    assert walker.camera.z == pytest.approx(other.camera.z, rel=0.05)


def test_flies_to_a_place_and_a_key_takes_over(walker):
    there = Camera(10, 5, -3, 1.0, -0.2)
    walker.fly_to(there)
    walk(walker, [], 0.1)
    assert 0 < walker.camera.x < 10
    walk(walker, [], 3.0)
    assert np.allclose(walker.camera.position, there.position)
    walker.fly_to(Camera())
    walk(walker, ["up"], 0.5)
    assert walker.camera.x > 5


def test_the_mouse_turns_right_for_right(walker):
    walker.rotate(100, 0)
    forward = walker.camera.axes()[2]
    assert forward[0] > 0.05
    walker.rotate(0, -100)
    assert walker.camera.axes()[2][1] > 0.05


def test_the_wheel_changes_speed_within_limits(walker):
    walker.change_speed(3)
    assert walker.speed > 3.0
    walker.change_speed(-1000)
    assert walker.speed > 0
