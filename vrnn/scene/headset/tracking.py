"""What a headset tells: where head, eyes and hands are, and what is pressed. Plain data.

Poses are in the stage's coordinates, meters, right-handed, +Y up, -Z forward, the floor at y = 0,
as OpenXR has them; a `Rig` says where the stage stands in the world.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import cos, pi, sin

import numpy as np

from vrnn.scene.linalg import quaternion_axes


@dataclass(frozen=True, eq=False)
class Pose:
    """position: (3,) float64 meters; orientation: (4,) quaternion x, y, z, w of length 1."""

    position: np.ndarray = field(default_factory=lambda: np.zeros(3))
    orientation: np.ndarray = field(default_factory=lambda: np.array([0.0, 0.0, 0.0, 1.0]))

    def matrix(self) -> np.ndarray:
        """(4, 4) float64, not to be written to: takes what is in the pose's own coordinates to the
        stage's."""
        return self._matrix

    @cached_property
    def _matrix(self) -> np.ndarray:
        (rx, ry, rz), (ux, uy, uz), (bx, by, bz) = quaternion_axes(self.orientation)
        x, y, z = self.position.tolist()
        matrix = np.array(((rx, ux, bx, x), (ry, uy, by, y), (rz, uz, bz, z), (0.0, 0.0, 0.0, 1.0)))
        matrix.flags.writeable = False
        return matrix


@dataclass(frozen=True, eq=False)
class Eye:
    """pose: of the eye; fov: angles to the left, right, upper and lower edge of what it sees,
    radians, negative to the left and downward."""

    pose: Pose = field(default_factory=Pose)
    fov: tuple[float, float, float, float] = (-pi / 4, pi / 4, pi / 4, -pi / 4)


@dataclass(frozen=True, eq=False)
class HandInput:
    """One hand. aim, grip: where it points from and where it holds, None while tracking is lost;
    trigger, squeeze: 0…1; stick: (x, y) -1…1; joints: None or (26, 7) float32, each a position and
    a quaternion in OpenXR's order; active: whether a controller or hand is there at all."""

    aim: Pose | None = None
    grip: Pose | None = None
    trigger: float = 0.0
    squeeze: float = 0.0
    stick: tuple[float, float] = (0.0, 0.0)
    primary: bool = False
    secondary: bool = False
    menu: bool = False
    stick_click: bool = False
    joints: np.ndarray | None = None
    active: bool = False


@dataclass(frozen=True, eq=False)
class TrackingFrame:
    """One moment. seconds: the time at which the picture of it is to be shown; head: None while
    tracking is lost; eyes, hands: (left, right); focused: whether input is for us."""

    seconds: float
    head: Pose | None
    eyes: tuple[Eye, Eye]
    hands: tuple[HandInput, HandInput] = (HandInput(), HandInput())
    focused: bool = True


@dataclass(frozen=True, eq=False)
class Rig:
    """Where the stage stands: world = position + scale · turned by yaw about +Y · stage.

    position: (3,) meters; yaw: radians, to the left for positive values; scale: meters of the
    world that a meter of the stage is.
    """

    position: np.ndarray = field(default_factory=lambda: np.zeros(3))
    yaw: float = 0.0
    scale: float = 1.0

    def matrix(self) -> np.ndarray:
        """(4, 4) float64, not to be written to: takes the stage's coordinates to the world's."""
        return self._matrix

    @cached_property
    def _matrix(self) -> np.ndarray:
        c, s = cos(self.yaw) * self.scale, sin(self.yaw) * self.scale
        x, y, z = self.position.tolist()
        matrix = np.array(
            ((c, 0.0, s, x), (0.0, self.scale, 0.0, y), (-s, 0.0, c, z), (0.0, 0.0, 0.0, 1.0))
        )
        matrix.flags.writeable = False
        return matrix

    def apply(self, points: np.ndarray) -> np.ndarray:
        """(…, 3) points of the stage, in the world."""
        matrix = self._matrix
        return np.asarray(points, np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
