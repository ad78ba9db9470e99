"""Where a person stands and what faces them, for poses drawn at random, against golden text."""

import numpy as np

from tests.support import golden_text
from vrnn.scene.camera import Camera
from vrnn.scene.headset.billboard import billboard_facing
from vrnn.scene.headset.radial_menu import pick_with_stick
from vrnn.scene.headset.rig_math import (
    camera_of,
    direction,
    heading,
    rig_for_camera,
    standing_at,
    table_top,
    turned,
    with_eye_at,
)
from vrnn.scene.headset.tracking import Pose, Rig
from vrnn.scene.linalg import (
    cross,
    quaternion_angle,
    quaternion_axes,
    quaternion_from_matrix,
    turned_about_y,
)


def poses(count, seed=0):
    """Poses anywhere in a room; some look nearly straight up or down, and some lie on a side."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        q = rng.normal(size=4)
        if number % 3 == 0:  # about the horizontal axis: up or down
            sign = 1 if number % 2 else -1
            q = np.array([sign * 0.7, rng.normal() * 0.02, rng.normal() * 0.1, 0.72])
        yield Pose(rng.uniform((-2, 0.2, -2), (2, 2, 2)), q / np.linalg.norm(q))


def rig_text(rig):
    return golden_text.numbers((*rig.position, rig.yaw, rig.scale))


def test_rigs_are_as_they_were_approved(regenerate):
    rng = np.random.default_rng(1)
    lines = []
    for pose in poses(24):
        rig = Rig(rng.uniform(-9, 9, 3), float(rng.uniform(-3, 3)), float(rng.uniform(0.1, 9)))
        there = rng.uniform(-9, 9, 3)
        low = rng.uniform(-9, 0, 3)
        high = low + rng.choice([0.01, 1.0, 30.0, 2000.0], 3)
        yaw = float(rng.uniform(-3, 3))
        camera = camera_of(pose, rig)
        numbers = (*camera.position, camera.yaw, camera.pitch, camera.fov)
        target = Camera(*there, yaw, 0.2)
        lines += [
            f"looks along {golden_text.numbers(direction(pose))} to {heading(pose):.4f}",
            f"  sees from {golden_text.numbers(numbers)}",
            f"  turned {rig_text(turned(rig, pose.position, yaw))}",
            f"  standing {rig_text(standing_at(rig, pose.position, there))}",
            f"  turned there {rig_text(standing_at(rig, pose.position, there, yaw))}",
            f"  eye {rig_text(with_eye_at(pose, there, yaw))}",
            f"  large {rig_text(with_eye_at(pose, there, yaw, 3.0))}",
            f"  table {rig_text(table_top(pose, low, high))}",
            f"  at a camera {rig_text(rig_for_camera(target, pose))}",
            f"  on its floor {rig_text(rig_for_camera(target, pose, on_floor=True))}",
        ]
        for size in ((), (0.4, 0.2)):
            facing = billboard_facing(pose.position, pose.position + rng.normal(size=3), *size)
            parts = (facing.center, facing.right, facing.up, facing.normal, facing.point(0.1, 0.2))
            lines.append(
                "  facing "
                + " ".join(map(golden_text.numbers, parts))
                + f" {facing.width:g}×{facing.height:g}"
            )
    golden_text.check("geometry/headset-rigs", lines, regenerate)


def test_a_stick_picks_the_leaf_it_points_at():
    for count in (1, 3, 6, 8):
        for number in range(count):
            angle = 2 * np.pi * number / count
            stick = (0.9 * np.sin(angle), 0.9 * np.cos(angle))
            assert pick_with_stick(stick, count) == number
    assert pick_with_stick((0.0, 0.0), 6) is None
    assert pick_with_stick((0.1, 0.1), 6) is None


def test_turns_are_those_of_matrices():
    rng = np.random.default_rng(2)
    for pose in poses(60, seed=3):
        x, y, z, w = pose.orientation
        matrix = np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
            ]
        )
        np.testing.assert_allclose(pose.matrix()[:3, :3], matrix, atol=1e-9)
        np.testing.assert_allclose(
            np.transpose(quaternion_axes(pose.orientation)), matrix, atol=1e-9
        )
        back = quaternion_from_matrix(matrix)
        assert abs(float(back @ pose.orientation)) > 1 - 1e-6
        a, b, yaw = rng.normal(size=3), rng.normal(size=3), float(rng.uniform(-4, 4))
        np.testing.assert_allclose(cross(a, b), np.cross(a, b), atol=1e-12)
        c, s = np.cos(yaw), np.sin(yaw)
        about_y = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
        np.testing.assert_allclose(turned_about_y(a, yaw), about_y @ a, atol=1e-9)
        half = np.array([0, np.sin(yaw / 2), 0, np.cos(yaw / 2)])
        angle = abs((yaw + np.pi) % (2 * np.pi) - np.pi)
        assert abs(quaternion_angle(np.array([0.0, 0, 0, 1]), half) - angle) < 1e-6


def test_a_quaternion_comes_of_every_half_turn():
    for axis in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (0.6, 0.8, 0), (0, 0.6, 0.8), (0.8, 0, 0.6)):
        u = np.array(axis, float)
        matrix = 2 * np.outer(u, u) - np.eye(3)
        found = quaternion_from_matrix(matrix)
        np.testing.assert_allclose(np.abs(found), np.abs([*u, 0]), atol=1e-6)
        np.testing.assert_allclose(np.outer(found[:3], found[:3]), np.outer(u, u), atol=1e-6)
