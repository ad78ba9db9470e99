"""What a headset reports: where head, eyes and hands are, and what is pressed. Plain data.

Poses are in the stage's coordinates, as OpenXR has them: meters, right-handed, +Y up, -Z forward,
the floor at y = 0. A `Rig` says where the stage is in the world.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import cos, pi, sin

import numpy as np

from vrnn.scene.linalg import quaternion_axes


@dataclass(frozen=True, eq=False)
class Pose:
    """A position and an orientation.

    Attributes:
        position: (3,) float64 meters.
        orientation: (4,) float64 quaternion x, y, z, w of length 1.
    """

    position: np.ndarray = field(default_factory=lambda: np.zeros(3))
    orientation: np.ndarray = field(default_factory=lambda: np.array([0.0, 0.0, 0.0, 1.0]))

    def matrix(self) -> np.ndarray:
        """Returns the matrix that takes the pose's own coordinates to the stage's.

        Returns:
            (4, 4) float64, read-only.
        """
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
    """An eye and what it sees.

    Attributes:
        pose: Of the eye, in the stage.
        fov: Angles to the left, right, upper and lower edge of its field of view, radians, negative
            to the left and downward.
    """

    pose: Pose = field(default_factory=Pose)
    fov: tuple[float, float, float, float] = (-pi / 4, pi / 4, pi / 4, -pi / 4)


@dataclass(frozen=True, eq=False)
class HandInput:
    """What one hand does: a controller, or a tracked hand.

    Attributes:
        aim: Where it points from, in the stage; None while tracking is lost.
        grip: Where it holds, in the stage; None while tracking is lost.
        trigger: 0…1.
        squeeze: 0…1, of the grip button.
        stick: -1…1 to the right and forward.
        primary: Whether A or X is pressed.
        secondary: Whether B or Y is pressed.
        menu: Whether the menu button is pressed.
        stick_click: Whether the stick is pressed.
        joints: (26, 7) float32 of a tracked hand, in OpenXR's order: position in meters of the
            stage, then quaternion. None for a controller.
        active: Whether a controller or hand is there at all.
    """

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
    """What a headset reports for one frame.

    Attributes:
        seconds: The time at which the frame will be displayed.
        head: In the stage; None while tracking is lost.
        eyes: The left and the right one.
        hands: The left and the right one.
        focused: Whether input is for this program.
    """

    seconds: float
    head: Pose | None
    eyes: tuple[Eye, Eye]
    hands: tuple[HandInput, HandInput] = (HandInput(), HandInput())
    focused: bool = True


@dataclass(frozen=True, eq=False)
class Rig:
    """Where the stage is: world = position + scale · turned by yaw about +Y · stage.

    Attributes:
        position: (3,) float64 meters of the world.
        yaw: Radians, to the left for positive values.
        scale: Meters of the world for a meter of the stage.
    """

    position: np.ndarray = field(default_factory=lambda: np.zeros(3))
    yaw: float = 0.0
    scale: float = 1.0

    def matrix(self) -> np.ndarray:
        """Returns the matrix that takes the stage's coordinates to the world's.

        Returns:
            (4, 4) float64, read-only.
        """
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
        """Returns points (…, 3) of the stage in the world, float64."""
        matrix = self._matrix
        return np.asarray(points, np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
