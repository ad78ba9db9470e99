"""A panorama shows in each direction what a flat picture shows there: not mirrored, not turned."""

from math import radians, tan

import numpy as np
import pytest

from vrnn.render.panorama import render_panorama, render_stereo_pair
from vrnn.render.renderer import Renderer
from vrnn.render.screenshot import render_tiled
from vrnn.render.uniforms import View
from vrnn.scene.camera import Camera
from vrnn.scene.primitives import DrawList, quad_from_edges

WIDTH = 512
COLORS = ((0.9, 0.05, 0.05), (0.05, 0.9, 0.05), (0.05, 0.05, 0.9), (0.9, 0.9, 0.05))
YAWS = (20.0, -50.0, 110.0, -150.0)
"""Degrees to the left of straight ahead, at which a square of each color is."""
PITCHES = (10.0, -20.0, 30.0, -5.0)


def direction(yaw, pitch):
    """(3,) unit vector, degrees to the left and up."""
    y, p = radians(yaw), radians(pitch)
    return np.array([-np.sin(y) * np.cos(p), np.sin(p), -np.cos(y) * np.cos(p)])


@pytest.fixture
def scene():
    """Colored squares around the origin, 5 m away, half a meter wide."""
    quads = []
    for color, yaw, pitch in zip(COLORS, YAWS, PITCHES, strict=True):
        ahead = direction(yaw, pitch)
        right = np.cross(ahead, (0.0, 1.0, 0.0))
        right /= np.linalg.norm(right)
        up = np.cross(right, ahead)
        middle = np.array([0.0, 1.6, 0.0]) + 5 * ahead
        corner = middle - right / 4 + up / 4
        quads.append(quad_from_edges(corner, right / 2, -up / 2, (*color, 1.0)))
    return DrawList(quads=np.concatenate(quads))


def middles(pixels):
    """Row and column of the middle of each color, from 0 to 1."""
    found = []
    for color in COLORS:
        strong = np.array(color) > 0.5
        is_color = (np.where(strong, pixels, 255 - pixels.astype(int)) > 170).all(-1)
        rows, columns = np.nonzero(is_color)
        assert len(rows) > 8, color
        found.append(((rows + 0.5).mean() / len(pixels), (columns + 0.5).mean() / pixels.shape[1]))
    return np.array(found)


@pytest.mark.parametrize("turned", [0.0, 35.0, 215.0])
def test_each_thing_is_at_its_own_longitude_and_latitude(ctx, scene, turned):
    renderer = Renderer(ctx)
    view = View(Camera(0.0, 1.6, 0.0, yaw=radians(turned)), (WIDTH, WIDTH // 2), fog=1e6)
    pixels = render_panorama(lambda face: render_tiled(renderer, face, scene), view, WIDTH)
    renderer.release()
    assert pixels.shape == (WIDTH // 2, WIDTH, 3)
    for (row, column), yaw, pitch in zip(middles(pixels), YAWS, PITCHES, strict=True):
        to_the_right = (turned - yaw + 180) % 360 - 180
        assert column * 360 - 180 == pytest.approx(to_the_right, abs=1.5)
        assert 90 - row * 180 == pytest.approx(pitch, abs=1.5)


def test_a_flat_picture_has_left_at_the_left_and_up_above(ctx, scene):
    renderer = Renderer(ctx)
    view = View(Camera(0.0, 1.6, 0.0, fov=radians(110)), (WIDTH, WIDTH), fog=1e6)
    pixels = render_tiled(renderer, view, scene)
    renderer.release()
    strong = (pixels[..., 0] > 170) & (pixels[..., 1] < 100) & (pixels[..., 2] < 100)
    rows, columns = np.nonzero(strong)
    ahead = direction(YAWS[0], PITCHES[0])
    half = tan(radians(55))
    assert columns.mean() / WIDTH * 2 - 1 == pytest.approx(ahead[0] / -ahead[2] / half, abs=0.01)
    assert 1 - rows.mean() / WIDTH * 2 == pytest.approx(ahead[1] / -ahead[2] / half, abs=0.01)


def test_the_left_picture_of_a_pair_is_seen_from_the_left(ctx, scene):
    renderer = Renderer(ctx)
    view = View(Camera(0.0, 1.6, 0.0, yaw=radians(20)), (WIDTH, WIDTH), fog=1e6)
    pair = render_stereo_pair(lambda eye: render_tiled(renderer, eye, scene), view, 0.4)
    renderer.release()
    places = []
    for eye in (pair[:, :WIDTH], pair[:, WIDTH:]):
        red = (eye[..., 0] > 170) & (eye[..., 1] < 100) & (eye[..., 2] < 100)
        places.append(np.nonzero(red)[1].mean())
    # From the left eye it lies further to the right, by its parallax.
    pixels = WIDTH / (2 * tan(view.camera.fov / 2))
    distance = 5 * np.cos(radians(PITCHES[0]))
    assert places[0] - places[1] == pytest.approx(0.4 / distance * pixels, rel=0.05)


def test_the_matrix_of_a_camera_turns_left_and_up_as_its_angles_say():
    camera = Camera(0.0, 1.6, 0.0, yaw=radians(90), pitch=radians(30))
    ahead = camera.axes()[2]
    assert ahead == pytest.approx(direction(90, 30), abs=1e-6)
    clip = camera.clip_from_world(1.0) @ np.array([*(camera.position + 3 * ahead), 1.0])
    assert clip[:2] / clip[3] == pytest.approx([0, 0], abs=1e-6)
