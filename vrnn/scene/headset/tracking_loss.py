"""What the eyes are shown while tracking comes and goes: frozen, faded, and never a jump."""

from __future__ import annotations

from dataclasses import dataclass
from math import radians

import numpy as np

from vrnn.scene.headset.tracking import Eye, Pose, Rig
from vrnn.scene.linalg import quaternion_angle
from vrnn.scene.primitives import quad_from_edges

FADE_SECONDS = 0.3
"""Seconds in which a picture goes, or comes again."""
MIN_OPACITY = 1e-3
"""Veil of a frame in which the eyes are lost, however short: what comes then is no plain sight."""
MAX_SHIFT, MAX_TURN = 0.05, radians(5)
"""Meters and radians from where the eyes froze within which they go on without fading first."""

QUAD_EXTENT = 40.0
"""Meters to each side that a veil reaches a meter before the eyes: beyond any field of view."""


@dataclass
class TrackingLossFade:
    """veil: 0 where the picture is seen, 1 where nothing is."""

    opacity: float = 1.0
    _shown: tuple[Eye, Eye] | None = None

    def update(self, eyes: tuple[Eye, Eye], tracked: bool, seconds: float) -> tuple[Eye, Eye]:
        """The eyes to draw for. tracked: whether they are known; seconds: since the last frame.

        While they are lost the picture stays where it was and goes; when they are found elsewhere
        it is gone before it stands there.
        """
        if not tracked:
            self.opacity = min(1.0, self.opacity + max(seconds / FADE_SECONDS, MIN_OPACITY))
            return self._shown or eyes
        last = self._shown
        if last is None or self.opacity in (0.0, 1.0) or _beside(last, eyes):
            self._shown = eyes
            self.opacity = max(0.0, self.opacity - seconds / FADE_SECONDS)
            return eyes
        self.opacity = min(1.0, self.opacity + seconds / FADE_SECONDS)
        return last


def _beside(one: tuple[Eye, Eye], other: tuple[Eye, Eye]) -> bool:
    for a, b in zip(one, other, strict=True):
        if np.linalg.norm(a.pose.position - b.pose.position) > MAX_SHIFT:
            return False
        if quaternion_angle(a.pose.orientation, b.pose.orientation) > MAX_TURN:
            return False
    return True


def fade_quad(
    eyes: tuple[Eye, Eye], rig: Rig, strength: float, color: tuple[float, float, float]
) -> np.ndarray:
    """QUADs in the world that cover all that both eyes see. strength: 0…1; color: linear."""
    place = head_of(eyes).matrix()
    corners = np.array(
        [
            (-QUAD_EXTENT, QUAD_EXTENT, -1),
            (QUAD_EXTENT, QUAD_EXTENT, -1),
            (-QUAD_EXTENT, -QUAD_EXTENT, -1),
        ],
        np.float64,
    )
    corners = rig.apply(corners @ place[:3, :3].T + place[:3, 3])
    origin = corners[0]
    return quad_from_edges(origin, corners[1] - origin, corners[2] - origin, (*color, strength))


def head_of(eyes: tuple[Eye, Eye]) -> Pose:
    """Where the head is, as its eyes say."""
    return Pose((eyes[0].pose.position + eyes[1].pose.position) / 2, eyes[0].pose.orientation)
