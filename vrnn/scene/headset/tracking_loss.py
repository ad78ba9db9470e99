"""Tracking loss: while it comes and goes, the picture freezes and fades, and never jumps."""

from __future__ import annotations

from dataclasses import dataclass
from math import radians

import numpy as np

from vrnn.scene.headset.tracking import Eye, Pose, Rig
from vrnn.scene.linalg import quaternion_angle
from vrnn.scene.primitives import quad_from_edges

FADE_SECONDS = 0.3
"""Time in which the picture fades out, or in again."""
MIN_OPACITY = 1e-3
"""By which a frame in which the eyes are lost fades, however short: what follows is no plain
sight."""
MAX_SHIFT, MAX_TURN = 0.05, radians(5)
"""Meters and radians from where the eyes froze within which they go on without fading first."""
QUAD_EXTENT = 40.0
"""Meters to each side that the quad reaches a meter before the eyes: beyond any field of view."""


@dataclass
class TrackingLossFade:
    """Chooses the eyes that are drawn for, and how far the picture is faded out.

    Attributes:
        opacity: Of the quad over the picture: 0 where it is seen, 1 where nothing is.
    """

    opacity: float = 1.0
    _shown: tuple[Eye, Eye] | None = None

    def update(self, eyes: tuple[Eye, Eye], tracked: bool, seconds: float) -> tuple[Eye, Eye]:
        """Returns the eyes to draw for.

        While they are lost the picture stays where it was and fades out; when they are found
        elsewhere it is gone before it is drawn there.

        Args:
            eyes: The left and the right one, as located.
            tracked: Whether they are known.
            seconds: Since the last frame.
        """
        if not tracked:
            self.opacity = min(1.0, self.opacity + max(seconds / FADE_SECONDS, MIN_OPACITY))
            return self._shown or eyes
        last = self._shown
        if last is None or self.opacity in (0.0, 1.0) or _are_near(last, eyes):
            self._shown = eyes
            self.opacity = max(0.0, self.opacity - seconds / FADE_SECONDS)
            return eyes
        self.opacity = min(1.0, self.opacity + seconds / FADE_SECONDS)
        return last


def _are_near(one: tuple[Eye, Eye], other: tuple[Eye, Eye]) -> bool:
    for a, b in zip(one, other, strict=True):
        if np.linalg.norm(a.pose.position - b.pose.position) > MAX_SHIFT:
            return False
        if quaternion_angle(a.pose.orientation, b.pose.orientation) > MAX_TURN:
            return False
    return True


def fade_quad(
    eyes: tuple[Eye, Eye], rig: Rig, opacity: float, color: tuple[float, float, float]
) -> np.ndarray:
    """Returns a quad that covers all that both eyes see.

    Args:
        eyes: The left and the right one.
        rig: Where the stage is in the world.
        opacity: 0…1.
        color: Linear.

    Returns:
        QUAD records of the world.
    """
    head = head_of(eyes).matrix()
    side = QUAD_EXTENT
    corners = np.array([(-side, side, -1), (side, side, -1), (-side, -side, -1)], np.float64)
    corners = rig.apply(corners @ head[:3, :3].T + head[:3, 3])
    origin = corners[0]
    return quad_from_edges(origin, corners[1] - origin, corners[2] - origin, (*color, opacity))


def head_of(eyes: tuple[Eye, Eye]) -> Pose:
    """Returns where the head is: in the middle of both eyes, turned as the left one."""
    return Pose((eyes[0].pose.position + eyes[1].pose.position) / 2, eyes[0].pose.orientation)
