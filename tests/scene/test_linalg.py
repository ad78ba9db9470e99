"""Rotations and quaternions, checked against each other and against numpy."""

from math import cos, pi, sin

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vrnn.scene.linalg import (
    cross,
    normalized_quaternion,
    quaternion_angle,
    quaternion_axes,
    quaternion_from_matrix,
    transformed,
)

QUATERNIONS = st.tuples(*[st.floats(-1, 1)] * 4).map(np.array)
VECTORS = st.tuples(*[st.floats(-10, 10)] * 3).map(np.array)


@given(QUATERNIONS)
def test_a_rotation_gives_its_quaternion_back(wanted):
    assume(np.linalg.norm(wanted) >= 0.1)
    orientation = normalized_quaternion(wanted)
    matrix = np.stack(quaternion_axes(orientation), 1)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-9)
    assert abs(quaternion_from_matrix(matrix) @ orientation) == pytest.approx(1, abs=1e-9)


def test_a_quaternion_of_no_length_turns_nothing():
    np.testing.assert_array_equal(normalized_quaternion(np.zeros(4)), (0, 0, 0, 1))


@given(st.floats(-pi, pi))
def test_the_angle_between_two_rotations(angle):
    turned = np.array([0.0, sin(angle / 2), 0.0, cos(angle / 2)])
    upright = np.array([0.0, 0.0, 0.0, 1.0])
    for sign in (1, -1):  # both quaternions of a rotation
        assert quaternion_angle(upright, sign * turned) == pytest.approx(abs(angle), abs=1e-6)


@given(VECTORS, VECTORS)
def test_cross_products_are_numpys(a, b):
    np.testing.assert_allclose(cross(a, b), np.cross(a, b), atol=1e-9)


@given(VECTORS)
def test_a_point_is_transformed_as_by_the_whole_matrix(point):
    matrix = np.array([[0.0, 2, 0, 1], [1, 0, 0, 2], [0, 0, 3, 3], [0, 0, 0, 1]])
    np.testing.assert_allclose(transformed(matrix, point), (matrix @ [*point, 1])[:3], atol=1e-9)
