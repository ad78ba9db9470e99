"""The mouse of a 3D application: what is under the pointer stays there."""

from math import pi

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrnn.controls.orbit import EMPTY_PIVOT_DISTANCE, orbit, pan, pivot_point, zoom
from vrnn.scene.camera import Camera
from vrnn.scene.picking import Ray

CAMERA = Camera(1.0, 20.0, 12.0, 0.3, -0.4)
SMALL = st.floats(-0.4, 0.4)
FLOOR = 0.25


def seen(camera: Camera, point: np.ndarray) -> np.ndarray:
    """Where a point is in the picture, -1…1, and how far along the view."""
    right, up, forward = camera.axes()
    way = point - camera.position
    depth = way @ forward
    return np.array([way @ right / depth, way @ up / depth, depth])


@given(right=SMALL, down=SMALL)
def test_what_is_turned_around_stays_in_its_place(right, down):
    pivot = CAMERA.position + CAMERA.ray(0.3, -0.2, 16 / 9) * 9
    turned = orbit(CAMERA, pivot, right, down, FLOOR)
    assert seen(turned, pivot) == pytest.approx(seen(CAMERA, pivot), abs=1e-6)
    away = np.linalg.norm(turned.position - pivot)
    assert away == pytest.approx(np.linalg.norm(CAMERA.position - pivot))


def test_a_drag_turns_as_if_the_world_were_held():
    ahead = CAMERA.position + CAMERA.axes()[2] * 10
    near = CAMERA.position + CAMERA.axes()[2] * 8  # before the pivot: it follows the mouse
    assert seen(orbit(CAMERA, ahead, 0.1, 0.0, FLOOR), near)[0] > 0
    assert orbit(CAMERA, ahead, 0.0, 0.1, FLOOR).y > CAMERA.y  # down: one looks from above


def test_the_eye_stays_above_the_floor():
    pivot = np.array([0.0, 0.0, 0.0])
    camera = Camera(0.0, 1.0, 10.0, 0.0, -0.1)
    for _ in range(20):
        camera = orbit(camera, pivot, 0.0, -0.1, FLOOR)
    assert camera.y >= FLOOR
    assert zoom(camera, pivot, 60, FLOOR).y >= FLOOR
    assert pan(camera, 10.0, 0.0, -3.0, FLOOR).y >= FLOOR


def test_an_eye_that_was_lower_is_not_thrown_up():
    low = Camera(0.0, 0.1, 10.0)
    assert orbit(low, np.zeros(3), 0.2, 0.0, FLOOR).y == pytest.approx(0.1)


@given(right=SMALL, down=SMALL)
def test_what_is_shifted_follows_the_mouse(right, down):
    point = CAMERA.position + CAMERA.axes()[2] * 6
    shifted = pan(CAMERA, 6.0, right, down, FLOOR)
    height = np.tan(CAMERA.fov / 2) * 2
    assert seen(shifted, point) == pytest.approx([right * height, -down * height, 6.0], abs=1e-6)


@given(steps=st.floats(-8, 8))
def test_the_wheel_keeps_what_is_under_the_pointer(steps):
    target = CAMERA.position + CAMERA.ray(0.5, 0.1, 16 / 9) * 7
    closer = zoom(CAMERA, target, steps, FLOOR)
    assert seen(closer, target)[:2] == pytest.approx(seen(CAMERA, target)[:2], abs=1e-6)
    distance = np.linalg.norm(closer.position - target)
    assert (distance < 7) == (steps > 0) or abs(steps) < 1e-9


def test_the_wheel_gets_through_a_sheet_in_the_end():
    target = CAMERA.position + CAMERA.axes()[2] * 5
    forward = CAMERA.axes()[2]
    cameras = [CAMERA]
    while (target - cameras[-1].position) @ forward > 0:
        cameras.append(zoom(cameras[-1], target, 1, FLOOR))
        assert len(cameras) < 60


@pytest.mark.parametrize(
    ("direction", "distance", "expected"),
    [
        ((0.0, 0.0, -1.0), 4.0, (0.0, 2.0, -4.0)),  # a thing
        ((0.0, -1.0, 0.0), None, (0.0, 0.0, 0.0)),  # the floor
        ((0.0, 1.0, 0.0), None, (0.0, 2.0 + EMPTY_PIVOT_DISTANCE, 0.0)),  # the sky
        ((0.0, 0.0, -1.0), 1e6, (0.0, 2.0, -EMPTY_PIVOT_DISTANCE)),  # too far to turn about
    ],
)
def test_what_the_pointer_turns_about(direction, distance, expected):
    ray = Ray(np.array([0.0, 2.0, 0.0]), np.array(direction))
    assert pivot_point(ray, distance) == pytest.approx(expected)


def test_half_a_turn_across_the_view():
    turned = orbit(CAMERA, np.array([1.0, 20.0, 2.0]), 1.0, 0.0, FLOOR)
    assert (turned.yaw - CAMERA.yaw) % (2 * pi) == pytest.approx(pi)
