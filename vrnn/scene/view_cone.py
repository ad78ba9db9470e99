"""What is looked at while images stream, or will be before the next image comes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SAMPLES = 5
"""Points of a panel that are looked for, each way."""


@dataclass(frozen=True, eq=False)
class ViewCone:
    """The cone around a view, widened by how far its eye may turn.

    Attributes:
        eye: (3,) meters.
        axis: (3,) unit vector to its middle.
        angle: Radians from the axis to what may be seen at most.
        max_move: Meters that the eye may move.
    """

    eye: np.ndarray
    axis: np.ndarray
    angle: float
    max_move: float

    @classmethod
    def of(
        cls, clip_from_world: np.ndarray, eye: np.ndarray, max_move: float, max_turn: float
    ) -> ViewCone:
        """Return the cone of a view.

        Args:
            clip_from_world: (4, 4) of the view, in perspective.
            eye: (3,) where its eye is, meters.
            max_move: Meters that the eye may move.
            max_turn: Radians that the view may turn.
        """
        rows = np.asarray(clip_from_world, np.float64)[:, :3]
        corners = np.array([_direction(rows, x, y) for x in (-1, 1) for y in (-1, 1)])
        axis = corners.sum(0) / np.linalg.norm(corners.sum(0))
        widest = float((corners @ axis).min())
        angle = float(np.arccos(np.clip(widest, -1, 1))) + max_turn
        return cls(np.asarray(eye, np.float64), axis, angle, max_move)

    def sees(self, middles: np.ndarray, halves: np.ndarray) -> np.ndarray:
        """Tell which rectangles may be seen at least in part.

        Args:
            middles: (K, 3) meters.
            halves: (2, K, 3) from there to two sides that meet, meters.

        Returns:
            (K,) bool, False only for what is outside while the eye is near.
        """
        found = np.zeros(len(middles), bool)
        parts = np.linspace(-1, 1, SAMPLES)
        # Every point of a rectangle is so near to one of those that are looked for.
        gap = np.linalg.norm(halves, axis=2).sum(0) / (SAMPLES - 1) + self.max_move
        for across in parts:
            for up in parts:
                way = middles + across * halves[0] + up * halves[1] - self.eye
                away = np.maximum(np.linalg.norm(way, axis=1), 1e-9)
                off_axis = np.arccos(np.clip(way @ self.axis / away, -1, 1))
                slack = np.arcsin(np.minimum(gap / away, 1.0))
                found |= (off_axis - slack <= self.angle) | (away <= gap)
        return found


def _direction(rows: np.ndarray, x: float, y: float) -> np.ndarray:
    """The unit vector from the eye to a point of the picture, −1…1 each way."""
    way = np.cross(rows[0] - x * rows[3], rows[1] - y * rows[3])
    way *= np.sign(rows[3] @ way) / np.linalg.norm(way)
    return way
