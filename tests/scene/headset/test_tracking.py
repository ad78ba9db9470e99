from math import cos, pi, sin

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vrnn.scene.headset.tracking import Pose, Rig

numbers = st.floats(-5, 5)
points = st.tuples(numbers, numbers, numbers)


@given(points, st.floats(-pi, pi))
def test_a_quaternion_turns_as_it_says(point, angle):
    axis = np.array([0.0, 1.0, 0.0])
    pose = Pose(np.zeros(3), np.array([*(axis * sin(angle / 2)), cos(angle / 2)]))
    x, y, z = point
    turned = pose.matrix()[:3, :3] @ np.array(point)
    expected = [x * cos(angle) + z * sin(angle), y, -x * sin(angle) + z * cos(angle)]
    assert np.allclose(turned, expected, atol=1e-9)


@given(st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: np.linalg.norm(q) > 0.1), points)
def test_a_pose_moves_nothing_nearer_together(quaternion, position):
    orientation = np.array(quaternion) / np.linalg.norm(quaternion)
    matrix = Pose(np.array(position), orientation).matrix()
    assert np.allclose(matrix[:3, :3] @ matrix[:3, :3].T, np.eye(3), atol=1e-9)
    assert np.isclose(np.linalg.det(matrix[:3, :3]), 1)
    assert np.allclose(matrix @ (0, 0, 0, 1), (*position, 1))


@given(points, st.floats(-pi, pi), st.floats(0.01, 50), points)
def test_a_rig_places_the_stage(position, yaw, scale, point):
    rig = Rig(np.array(position), yaw, scale)
    turned = Pose(orientation=np.array([0.0, sin(yaw / 2), 0.0, cos(yaw / 2)])).matrix()[:3, :3]
    expected = np.array(position) + scale * turned @ np.array(point)
    assert np.allclose(rig.apply(np.array(point)), expected)
    assert np.allclose((rig.matrix() @ (*point, 1))[:3], expected)
    assert rig.apply(np.zeros((4, 2, 3))).shape == (4, 2, 3)
