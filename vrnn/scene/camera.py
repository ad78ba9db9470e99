"""Flat cameras: where the eye is, what it sees, and how to frame something exactly.

Angles are radians; yaw turns left for positive values, pitch looks up for positive values; yaw = 0
looks along -Z. Matrices are float32 (4, 4) that act on column vectors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import cos, pi, sin, tan

import numpy as np

MAX_PITCH = pi / 2 - 1e-3
NEAR, FAR = 0.05, 4000.0
"""Meters between which things are drawn."""


@dataclass(frozen=True)
class Camera:
    """An eye at (x, y, z) meters that looks along yaw and pitch. fov: vertical, radians."""

    x: float = 0.0
    y: float = 1.7
    z: float = 5.0
    yaw: float = 0.0
    pitch: float = 0.0
    fov: float = pi / 3

    @property
    def position(self) -> np.ndarray:
        """(3,) float64."""
        return np.array([self.x, self.y, self.z])

    def axes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Unit vectors right, up and forward, each (3,)."""
        cy, sy, cp, sp = cos(self.yaw), sin(self.yaw), cos(self.pitch), sin(self.pitch)
        right = np.array([cy, 0.0, -sy])
        forward = np.array([-sy * cp, sp, -cy * cp])
        return right, np.cross(right, forward), forward

    def turned(self, yaw: float, pitch: float) -> Camera:
        """Turned by these angles; never beyond straight up or down."""
        steep = min(MAX_PITCH, max(-MAX_PITCH, self.pitch + pitch))
        return replace(self, yaw=(self.yaw + yaw) % (2 * pi), pitch=steep)

    def moved(self, right: float, up: float, forward: float) -> Camera:
        """Moved by meters along its own right and forward, and along the world's up."""
        side, _, ahead = self.axes()
        to = self.position + side * right + ahead * forward
        return replace(self, x=float(to[0]), y=float(to[1]) + up, z=float(to[2]))

    def eye_from_world(self) -> np.ndarray:
        """World to eye coordinates."""
        right, up, forward = self.axes()
        rotation = np.stack([right, up, -forward])
        matrix = np.eye(4)
        matrix[:3, :3] = rotation
        matrix[:3, 3] = -rotation @ self.position
        return matrix.astype(np.float32)

    def clip_from_eye(self, aspect: float, near: float = NEAR, far: float = FAR) -> np.ndarray:
        """Perspective projection; aspect = width / height; near, far in meters."""
        f = 1 / tan(self.fov / 2)
        matrix = np.zeros((4, 4), np.float32)
        matrix[0, 0] = f / aspect
        matrix[1, 1] = f
        matrix[2, 2] = -(far + near) / (far - near)
        matrix[2, 3] = -2 * far * near / (far - near)
        matrix[3, 2] = -1
        return matrix

    def clip_from_world(self, aspect: float, near: float = NEAR, far: float = FAR) -> np.ndarray:
        """World to clip coordinates."""
        return self.clip_from_eye(aspect, near, far) @ self.eye_from_world()

    def ray(self, x: float, y: float, aspect: float) -> np.ndarray:
        """Unit direction (3,) through a point of the picture; x, y in -1…1, y up."""
        right, up, forward = self.axes()
        t = tan(self.fov / 2)
        direction = forward + right * (x * t * aspect) + up * (y * t)
        return direction / np.linalg.norm(direction)


def frame_points(points: np.ndarray, camera: Camera, aspect: float, margin: float = 0.05) -> Camera:
    """The camera with the same direction from where all points just fit in the picture.

    points: (N, 3) meters; margin: part of the picture left free on each side. Each side plane of
    the view has to lie outside all points; left and right planes meet in the eye's x and depth,
    lower and upper ones in its y and depth, and the greater depth serves both.
    """
    right, up, forward = camera.axes()
    local = np.asarray(points, np.float64) @ np.stack([right, up, -forward]).T
    room = 1 - 2 * margin
    ky = tan(camera.fov / 2) * room
    kx = ky * aspect
    depth, center = [], []
    for axis, k in ((0, kx), (1, ky)):
        high = np.max(local[:, axis] + k * local[:, 2])
        low = np.max(-local[:, axis] + k * local[:, 2])
        depth.append((high + low) / (2 * k))
        center.append((high - low) / 2)
    z = max(*depth, float(local[:, 2].max()) + 2 * NEAR)
    # Further back than an axis needs, the center there is free: keep it in the middle.
    for axis, k in ((0, kx), (1, ky)):
        at = z - local[:, 2]
        low_limit = np.max(local[:, axis] - k * at)
        high_limit = np.min(local[:, axis] + k * at)
        center[axis] = (low_limit + high_limit) / 2
    eye = right * center[0] + up * center[1] - forward * z
    return replace(camera, x=float(eye[0]), y=float(eye[1]), z=float(eye[2]))


def interpolate_cameras(start: Camera, end: Camera, t: float) -> Camera:
    """The camera part t (0…1) of the way, eased at both ends and turning the short way."""
    s = t * t * (3 - 2 * t)
    turn = (end.yaw - start.yaw + pi) % (2 * pi) - pi
    return Camera(
        x=start.x + (end.x - start.x) * s,
        y=start.y + (end.y - start.y) * s,
        z=start.z + (end.z - start.z) * s,
        yaw=start.yaw + turn * s,
        pitch=start.pitch + (end.pitch - start.pitch) * s,
        fov=start.fov + (end.fov - start.fov) * s,
    )
