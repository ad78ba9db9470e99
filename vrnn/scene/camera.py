"""Flat cameras: where one is, what it shows, and how to frame something exactly.

Angles are radians; yaw turns left for positive values, pitch looks up for positive values; yaw = 0
looks along -Z. Matrices are float32 (4, 4) that act on column vectors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import cos, pi, sin, tan
from typing import Annotated

import numpy as np

from vrnn.storage.limits import Range

MAX_PITCH = pi / 2 - 1e-3
"""Radians: never straight up or down, where yaw has no meaning."""
NEAR, FAR = 0.05, 4000.0
"""Meters between which things are drawn."""


Coordinate = Annotated[float, Range(-1e9, 1e9)]
"""Meters, or radians of a direction."""


@dataclass(frozen=True)
class Camera:
    """A camera.

    Attributes:
        x: Position, meters.
        y: Position, meters.
        z: Position, meters.
        yaw: Direction, radians.
        pitch: Direction, radians.
        fov: Vertical field of view, radians.
    """

    x: Coordinate = 0.0
    y: Coordinate = 1.7
    z: Coordinate = 5.0
    yaw: Coordinate = 0.0
    pitch: Annotated[float, Range(-1.6, 1.6)] = 0.0
    fov: Annotated[float, Range(0.01, 3.1)] = pi / 3

    @property
    def position(self) -> np.ndarray:
        """(3,) float64, meters."""
        return np.array([self.x, self.y, self.z])

    def axes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the (3,) unit vectors right, up and forward."""
        cy, sy, cp, sp = cos(self.yaw), sin(self.yaw), cos(self.pitch), sin(self.pitch)
        right = np.array([cy, 0.0, -sy])
        forward = np.array([-sy * cp, sp, -cy * cp])
        return right, np.cross(right, forward), forward

    def turned(self, yaw: float, pitch: float) -> Camera:
        """Return the camera turned by angles in radians; never beyond straight up or down."""
        limited = min(MAX_PITCH, max(-MAX_PITCH, self.pitch + pitch))
        return replace(self, yaw=(self.yaw + yaw) % (2 * pi), pitch=limited)

    def moved(self, right: float, up: float, forward: float) -> Camera:
        """Return the camera moved by meters along its own right and forward, and the world's up."""
        side, _, ahead = self.axes()
        x, y, z = (self.position + side * right + ahead * forward).tolist()
        return replace(self, x=x, y=y + up, z=z)

    def eye_from_world(self) -> np.ndarray:
        """Return the (4, 4) matrix from world to eye coordinates."""
        right, up, forward = self.axes()
        rotation = np.stack([right, up, -forward])
        matrix = np.eye(4)
        matrix[:3, :3] = rotation
        matrix[:3, 3] = -rotation @ self.position
        return matrix.astype(np.float32)

    def clip_from_eye(self, aspect: float, near: float = NEAR, far: float = FAR) -> np.ndarray:
        """Return the (4, 4) matrix of the perspective projection.

        Args:
            aspect: Width / height of the picture.
            near: Meters from which on things are drawn.
            far: Meters up to which things are drawn.
        """
        f = 1 / tan(self.fov / 2)
        matrix = np.zeros((4, 4), np.float32)
        matrix[0, 0] = f / aspect
        matrix[1, 1] = f
        matrix[2, 2] = -(far + near) / (far - near)
        matrix[2, 3] = -2 * far * near / (far - near)
        matrix[3, 2] = -1
        return matrix

    def clip_from_world(self, aspect: float, near: float = NEAR, far: float = FAR) -> np.ndarray:
        """Return the (4, 4) matrix from world to clip coordinates; see `clip_from_eye`."""
        return self.clip_from_eye(aspect, near, far) @ self.eye_from_world()

    def ray(self, x: float, y: float, aspect: float) -> np.ndarray:
        """Return the (3,) unit direction through a point of the picture.

        Args:
            x: -1…1 to the right.
            y: -1…1 upward.
            aspect: Width / height of the picture.
        """
        right, up, forward = self.axes()
        t = tan(self.fov / 2)
        direction = forward + right * (x * t * aspect) + up * (y * t)
        return direction / np.linalg.norm(direction)


def frame_points(
    points: np.ndarray, camera: Camera, aspect: float, margin: float = 0.05,
    lower_margin: float | np.ndarray | None = None,
) -> Camera:  # fmt: skip
    """Return the camera with the same direction from where all points just fit in the picture.

    Args:
        points: (N, 3) meters.
        camera: Gives the direction and the field of view.
        aspect: Width / height of the picture.
        margin: Part of the picture that is left free on each side.
        lower_margin: The same at the lower side, for all points or (N,) for each; None for as much
            as elsewhere.
    """
    right, up, forward = camera.axes()
    local = np.asarray(points, np.float64) @ np.stack([right, up, -forward]).T
    slope = tan(camera.fov / 2)
    high = slope * (1 - 2 * margin)
    low = high if lower_margin is None else slope * (1 - 2 * np.asarray(lower_margin))
    axes = ((local[:, 0], high * aspect, high * aspect), (local[:, 1], low, high))
    nearest = float(local[:, 2].max()) + 2 * NEAR
    z = max(nearest, *(_least_depth(*axis, local[:, 2]) for axis in axes))
    # Further back than an axis needs, the center there is free: keep it in the middle.
    centers = [sum(_limits(*axis, z - local[:, 2])) / 2 for axis in axes]
    eye = right * centers[0] + up * centers[1] - forward * z
    return replace(camera, x=float(eye[0]), y=float(eye[1]), z=float(eye[2]))


Slope = float | np.ndarray
"""What a side of the view gains for each meter of depth, for all points or for each."""


def _limits(at: np.ndarray, low: Slope, high: float, away: np.ndarray) -> tuple[float, float]:
    """Between what the camera's place along an axis lies, the first above the second if nowhere.

    Args:
        at: (N,) where the points are along the axis, meters.
        low: Of the view's lower side.
        high: Of its upper side.
        away: (N,) depth of the points before the camera, meters.
    """
    return float(np.max(at - high * away)), float(np.min(at + low * away))


def _least_depth(at: np.ndarray, low: Slope, high: float, depth: np.ndarray) -> float:
    """How far back the camera has to be for all points to fit along an axis; see `_limits`.

    Args:
        at: (N,) where the points are along the axis, meters.
        low: Of the view's lower side.
        high: Of its upper side.
        depth: (N,) of the points, meters backward.
    """
    highest = float(np.max(at + high * depth))  # each point has to fit together with this one
    return float(np.max((highest - at + low * depth) / (high + low)))


def interpolate_cameras(start: Camera, end: Camera, t: float) -> Camera:
    """Return the camera part of the way from one to another, turning the short way.

    Args:
        start: At t = 0.
        end: At t = 1.
        t: 0…1, eased at both ends.
    """
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
