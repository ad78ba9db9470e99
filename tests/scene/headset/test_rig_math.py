"""Heads, cameras and stages: where one stands."""

from math import cos, pi, sin

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vrnn.scene.camera import Camera
from vrnn.scene.headset.rig_math import camera_of, rig_for_camera
from vrnn.scene.headset.tracking import Pose, Rig

near = st.floats(-2, 2)
level = st.floats(-3, 3)
steep = st.floats(-1.2, 1.2)


def head_at(x, y, z, yaw, pitch):
    cy, sy, cp, sp = cos(yaw / 2), sin(yaw / 2), cos(pitch / 2), sin(pitch / 2)
    return Pose(np.array([x, y, z]), np.array([cy * sp, sy * cp, -sy * sp, cy * cp]))


def apart(one, other):
    """Radians between two yaws."""
    return abs((one - other + pi) % (2 * pi) - pi)


@given(near, st.floats(0.5, 2), near, level, steep, level, st.floats(0.2, 20))
def test_a_camera_is_where_the_head_is(x, y, z, yaw, pitch, turned, scale):
    rig = Rig(np.array([1.0, 0.5, -3.0]), turned, scale)
    camera = camera_of(head_at(x, y, z, yaw, pitch), rig)
    assert np.allclose(camera.position, rig.apply(np.array([x, y, z])))
    assert apart(camera.yaw, yaw + turned) < 1e-6
    assert abs(camera.pitch - pitch) < 1e-6


@given(near, st.floats(0.5, 2), near, level, steep, near, st.floats(2.1, 9), near, level)
def test_a_stage_brings_the_head_to_a_camera(x, y, z, yaw, pitch, u, v, w, turned):
    head = head_at(x, y, z, yaw, pitch)
    rig = rig_for_camera(Camera(u, v, w, turned), head)
    there = camera_of(head, rig)
    assert np.allclose(there.position, (u, v, w), atol=1e-6)
    assert apart(there.yaw, turned) < 1e-6
    assert rig.scale == 1


def test_nobody_is_put_below_the_floor():
    rig = rig_for_camera(Camera(0, 0.3, 0), head_at(0, 1.6, 0, 0, 0))
    assert rig.position[1] == 0
    assert rig_for_camera(Camera(0, 9, 0), head_at(0, 1.6, 0, 0, 0), on_floor=True).position[1] == 0
