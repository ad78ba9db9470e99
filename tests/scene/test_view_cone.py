"""What is looked at, and may be before the next image of a stream comes."""

from math import pi

import numpy as np
import pytest

from vrnn.scene.camera import Camera
from vrnn.scene.view_cone import ViewCone

ASPECT = 16 / 9


def cone_of(camera, max_move=0.0, max_turn=0.0):
    return ViewCone.of(camera.clip_from_world(ASPECT), camera.position, max_move, max_turn)


def panels(count, seed):
    """Upright rectangles around the origin, some of them large and near."""
    rng = np.random.default_rng(seed)
    middles = rng.normal(0, 6, (count, 3))
    sizes = rng.uniform(0.1, 8, (count, 2))
    halves = np.stack([sizes[:, :1] * (0.5, 0, 0), sizes[:, 1:] * (0, 0.5, 0)])
    return middles, halves


def are_drawn(camera, middles, halves):
    """Whether any of many points of each rectangle is in the picture."""
    found = np.zeros(len(middles), bool)
    matrix = camera.clip_from_world(ASPECT)
    for across in np.linspace(-1, 1, 31):
        for up in np.linspace(-1, 1, 31):
            points = middles + across * halves[0] + up * halves[1]
            clip = np.c_[points, np.ones(len(points))] @ matrix.T
            found |= (np.abs(clip[:, :3]) <= clip[:, 3:]).all(1)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_missed_as_the_eye_turns_and_moves_as_far_as_it_may(seed):
    rng = np.random.default_rng(seed)
    middles, halves = panels(400, seed)
    camera = Camera(*rng.normal(0, 2, 3), yaw=rng.uniform(-pi, pi), pitch=rng.uniform(-0.5, 0.5))
    max_move, max_turn = 0.5, 0.4
    seen = cone_of(camera, max_move, max_turn).sees(middles, halves)
    for _ in range(6):
        way = rng.normal(size=3)
        x, y, z = camera.position + max_move * way / np.linalg.norm(way)
        there = Camera(
            x, y, z, yaw=camera.yaw + rng.uniform(-0.39, 0.39), pitch=camera.pitch, fov=camera.fov
        )
        drawn = are_drawn(there, middles, halves)
        assert drawn.any()
        assert not (drawn & ~seen).any()
    assert seen.mean() < 0.9


@pytest.mark.parametrize("seed", range(4))
def test_what_is_far_from_the_picture_is_not_seen(seed):
    middles, halves = panels(400, seed)
    halves *= 0.05
    camera = Camera(0, 0, 0, yaw=seed)
    seen, drawn = cone_of(camera).sees(middles, halves), are_drawn(camera, middles, halves)
    assert not (drawn & ~seen).any()
    assert seen.mean() < 0.25
    behind = middles @ camera.axes()[2] < -1
    assert not (seen & behind).any()


def test_a_large_panel_right_behind_the_eye_is_not_seen():
    middles, halves = np.array([[0.0, 1.7, 3.0]]), np.array([[[3.0, 0, 0]], [[0, 2.0, 0]]])
    for yaw, is_seen in ((0.0, False), (pi, True)):
        camera = Camera(0, 1.7, 0, yaw=yaw)
        assert cone_of(camera, max_turn=0.3).sees(middles, halves).tolist() == [is_seen]
