"""Vectors, rotations and quaternions of a headset: few numbers, many times a frame.

Written out in numbers where it matters: arrays of so few cost ten times as much. That is why no
library does it: pylinalg 0.6.8 makes a matrix from a quaternion in 12 µs, this in 3 µs.

A quaternion is (4,) float64: x, y, z, w, of length 1. Coordinates are right-handed with +Y up.
"""

from __future__ import annotations

from math import acos, cos, sin

import numpy as np

Vector = tuple[float, float, float]


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Returns the cross product of two vectors (3,), in a tenth of the time that numpy takes."""
    (ax, ay, az), (bx, by, bz) = a.tolist(), b.tolist()
    return np.array([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])


def turned_about_y(vector: np.ndarray, yaw: float) -> np.ndarray:
    """Returns vectors turned about +Y.

    Args:
        vector: (…, 3).
        yaw: Angle in radians, to the left for positive values.

    Returns:
        (…, 3) float64.
    """
    c, s = cos(yaw), sin(yaw)
    matrix = np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
    return np.asarray(vector, np.float64) @ matrix.T


def turned_point(point: tuple[float, float, float], yaw: float) -> tuple[float, float, float]:
    """Return one point or direction turned about +Y, see `turned_about_y`."""
    c, s = cos(yaw), sin(yaw)
    x, y, z = point
    return c * x + s * z, y, c * z - s * x


def transformed(matrix: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Returns a point (3,) in the coordinates that an affine matrix (4, 4) leads to."""
    return matrix[:3, :3] @ point + matrix[:3, 3]


def normalized_quaternion(quaternion: np.ndarray) -> np.ndarray:
    """Returns a quaternion (4,) made exactly of length 1; no rotation for one of length 0."""
    length = float(np.sqrt(quaternion @ quaternion))
    return quaternion / length if length > 0 else np.array([0.0, 0.0, 0.0, 1.0])


def quaternion_axes(quaternion: np.ndarray) -> tuple[Vector, Vector, Vector]:
    """Returns where a rotation takes the axes +X, +Y and +Z: the columns of its matrix."""
    x, y, z, w = quaternion.tolist()
    return (
        (1 - 2 * (y * y + z * z), 2 * (x * y + z * w), 2 * (x * z - y * w)),
        (2 * (x * y - z * w), 1 - 2 * (x * x + z * z), 2 * (y * z + x * w)),
        (2 * (x * z + y * w), 2 * (y * z - x * w), 1 - 2 * (x * x + y * y)),
    )


def quaternion_from_matrix(rotation: np.ndarray) -> np.ndarray:
    """Returns the quaternion of a rotation matrix (3, 3)."""
    m = rotation
    trace = m[0, 0] + m[1, 1] + m[2, 2]
    # The component of the largest magnitude is found first: the others are divided by it.
    i = int(np.argmax(np.array([m[0, 0], m[1, 1], m[2, 2], trace])))
    if i == 3:
        scaled = np.array([m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], 1 + trace])
    else:
        j, k = (i + 1) % 3, (i + 2) % 3
        scaled = np.zeros(4)
        scaled[i] = 1 + m[i, i] - m[j, j] - m[k, k]
        scaled[j] = m[j, i] + m[i, j]
        scaled[k] = m[k, i] + m[i, k]
        scaled[3] = m[k, j] - m[j, k]
    return scaled / np.linalg.norm(scaled)


def quaternion_angle(a: np.ndarray, b: np.ndarray) -> float:
    """Returns the angle between two rotations, radians, 0…π."""
    return 2 * acos(min(abs(float(a @ b)), 1.0))
