"""A billboard: a flat rectangle in the room that faces the head."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import radians, tan

import numpy as np

from vrnn.scene.headset.rig_math import UP
from vrnn.scene.headset.tracking import Rig
from vrnn.scene.linalg import cross, turned_about_y

READABLE_HEIGHT = tan(radians(1.25))
"""Height of a capital letter per meter of distance: somewhat more than 1.2 degrees."""


@dataclass(frozen=True, eq=False)
class Billboard:
    """A rectangle on the stage.

    Attributes:
        center: (3,) meters of the stage.
        right: (3,) unit vector along its width.
        up: (3,) unit vector along its height.
        width: Meters of the stage.
        height: Meters of the stage.
    """

    center: np.ndarray
    right: np.ndarray
    up: np.ndarray
    width: float
    height: float

    @cached_property
    def normal(self) -> np.ndarray:
        """(3,) unit vector out of its front."""
        return cross(self.right, self.up)

    def point(self, across: float, above: float, nearer: float = 0.0) -> np.ndarray:
        """Returns a point (3,) of the stage by its distance from the center.

        Args:
            across: Meters to the right.
            above: Meters up.
            nearer: Meters out of its front.
        """
        return self.center + self.right * across + self.up * above + self.normal * nearer

    def edges_in_world(self, rig: Rig) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns its upper left corner and its edges to the right and down, each (3,) meters."""
        corner = self.point(-self.width / 2, self.height / 2)
        right = turned_about_y(self.right, rig.yaw) * (self.width * rig.scale)
        down = turned_about_y(self.up, rig.yaw) * (-self.height * rig.scale)
        return rig.apply(corner), right, down

    def with_size(self, width: float, height: float) -> Billboard:
        """Returns the same billboard with another size, meters of the stage."""
        return replace(self, width=width, height=height)


def billboard_facing(
    center: np.ndarray, eye: np.ndarray, width: float = 0.0, height: float = 0.0
) -> Billboard:
    """Returns a billboard that is turned to the eye, its lower edge level.

    Args:
        center: (3,) meters of the stage.
        eye: (3,) meters of the stage.
        width: Meters of the stage.
        height: Meters of the stage.
    """
    toward = np.asarray(eye, np.float64) - center
    distance = float(np.linalg.norm(toward))
    toward = toward / distance if distance > 1e-6 else np.array([0.0, 0.0, 1.0])
    right = cross(UP, toward)
    length = float(np.linalg.norm(right))
    right = right / length if length > 1e-3 else np.array([1.0, 0.0, 0.0])
    return Billboard(np.asarray(center, np.float64), right, cross(toward, right), width, height)
