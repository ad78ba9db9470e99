"""What lies in a view, or will as the eye moves and turns a little."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Frustum:
    """The four sides of a view, and how far the eye may go from where it was made.

    Attributes:
        planes: (4, 4) float64: the unit normal of each side, which points inside, and its offset in
            meters.
        eye: (3,) meters.
        max_move: Meters that the eye may move.
        max_turn: Radians that the view may turn.
    """

    planes: np.ndarray
    eye: np.ndarray
    max_move: float
    max_turn: float

    @classmethod
    def of(
        cls, clip_from_world: np.ndarray, eye: np.ndarray, max_move: float, max_turn: float
    ) -> Frustum:
        """Return the frustum of a view.

        Args:
            clip_from_world: (4, 4) of the view.
            eye: (3,) where its eye is, meters.
            max_move: See the attribute.
            max_turn: See the attribute.
        """
        rows = clip_from_world.astype(np.float64)
        planes = np.stack([rows[3] + rows[0], rows[3] - rows[0], rows[3] + rows[1],
                           rows[3] - rows[1]])  # fmt: skip
        planes /= np.linalg.norm(planes[:, :3], axis=1, keepdims=True)
        return cls(planes, np.asarray(eye, np.float64), max_move, max_turn)

    def sees(
        self, middles: np.ndarray, *halves: np.ndarray, reach: np.ndarray | float = 0.0
    ) -> np.ndarray:
        """Tell what may be seen of boxes, such as rectangles and lines.

        Args:
            middles: (N, 3) meters.
            halves: (N, 3) each: from the middle to a side.
            reach: (N,) or one for all: meters that they reach beyond that.

        Returns:
            (N,) bool, False only for what is outside while the eye is near.
        """
        away = np.linalg.norm(middles - self.eye, axis=1)
        away += sum(np.linalg.norm(half, axis=1) for half in halves)
        margin = self.max_move + self.max_turn * away + reach
        inside = np.ones(len(middles), bool)
        for normal, offset in zip(self.planes[:, :3], self.planes[:, 3], strict=True):
            extent = sum((np.abs(half @ normal) for half in halves), margin)
            inside &= middles @ normal + offset >= -extent
        return inside
