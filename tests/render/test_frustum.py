"""What is left out of a flat view is outside, wherever the eye goes until it is culled again."""

import numpy as np

from vrnn.render.culling import MAX_MOVE, MAX_TURN, rectangles_in_view, strokes_in_view
from vrnn.render.uniforms import View
from vrnn.scene.camera import Camera
from vrnn.scene.primitives import QUAD, STROKE

SIZE = (320, 180)


def view_from(camera):
    return View(camera, SIZE, 1e6)


def is_seen(corners, view):
    """(N,) whether any of dense points between corners (N, 4, 3) is in the picture."""
    u, v = np.meshgrid(np.linspace(0, 1, 9), np.linspace(0, 1, 9))
    u, v = u.reshape(-1, 1), v.reshape(-1, 1)
    a, b, c, d = (corners[:, None, i] for i in range(4))
    points = (1 - u) * (1 - v) * a + u * (1 - v) * b + (1 - u) * v * c + u * v * d
    clip = np.concatenate([points, np.ones((*points.shape[:2], 1))], 2) @ view.clip_from_world.T
    inside = (np.abs(clip[..., :2]) < clip[..., 3:]).all(-1) & (clip[..., 3] > 0)
    return inside.any(1)


def test_nothing_in_view_is_left_out_until_it_is_culled_again():
    rng = np.random.default_rng(0)
    quads = np.zeros(3000, QUAD)
    quads["origin"] = rng.uniform(-60, 60, (3000, 3))
    quads["right"], quads["down"] = rng.normal(0, 3, (2, 3000, 3))
    quads["kind"] = np.arange(3000)  # so that each is known again
    first = Camera(1.0, 2.0, 3.0, 0.4, -0.3, 1.0)
    kept = rectangles_in_view(quads, view_from(first).frustum)
    assert 100 < len(kept) < 1500
    corners = np.stack([
        quads["origin"], quads["origin"] + quads["right"], quads["origin"] + quads["down"],
        quads["origin"] + quads["right"] + quads["down"],
    ], 1)  # fmt: skip
    key = view_from(first).cull_key
    for _ in range(60):
        move = rng.normal(size=3)
        x, y, z = first.position + move / np.linalg.norm(move) * MAX_MOVE * 0.99
        yaw, pitch = rng.uniform(-MAX_TURN, MAX_TURN, 2)
        view = view_from(Camera(x, y, z, 0.4 + yaw, -0.3 + pitch, 1.0))
        if key.is_valid_for(view.cull_key):
            assert set(np.flatnonzero(is_seen(corners, view))) <= set(kept["kind"].astype(int))


def test_what_rolls_while_it_looks_down_is_culled_again():
    down = Camera(0.0, 50.0, 0.0, 0.0, -np.pi / 2 + 1e-4, 1.0)
    rolled = Camera(0.0, 50.0, 0.0, 1.0, -np.pi / 2 + 1e-4, 1.0)
    assert not view_from(down).cull_key.is_valid_for(view_from(rolled).cull_key)


def test_a_stroke_through_the_view_stays_though_both_ends_are_outside():
    stroke = np.zeros(2, STROKE)
    stroke["start"], stroke["end"] = (-100, 0, -10), (100, 0, -10)
    stroke["start"][1, 1] = stroke["end"][1, 1] = 80
    kept = strokes_in_view(stroke, view_from(Camera(0, 0, 0)).frustum)
    assert kept["start"][:, 1].tolist() == [0.0]
