"""What is worth drawing from here, found for all things at once and kept while the eye stays near.

Panels are left out by their vertex shader when they are outside the view; here they are brought
into the order in which the nearer ones hide the others, and small things are left out. Two eyes
share what is found for the middle between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos

import numpy as np

MAX_MOVE, MAX_TURN = 0.5, 0.1
"""Meters and radians that the eye may move before all this is found anew."""
MIN_STROKE_LENGTH = 0.6
"""Pixels: pieces of edges that are shorter on screen are left out."""


@dataclass(frozen=True, eq=False)
class CullKey:
    """Where something is looked at from. position: (3,) meters; forward: (3,) where what is seen
    depends on the direction, None for a head, which turns too often; pixels_a_unit: of a meter at a
    meter's depth; picture: the rest that has to be the same; step: meters it may move."""

    position: np.ndarray
    forward: np.ndarray | None
    pixels_per_unit: float
    projection: tuple[object, ...]
    max_move: float = MAX_MOVE

    def is_valid_for(self, other: CullKey) -> bool:
        """Whether what was found from here does for another standpoint."""
        if self.projection != other.projection:
            return False
        moved = self.position - other.position
        if float(moved @ moved) > self.max_move**2:
            return False
        if self.forward is None or other.forward is None:
            return self.forward is other.forward
        return float(self.forward @ other.forward) > cos(MAX_TURN)


def sort_front_to_back(records: np.ndarray, eye: np.ndarray) -> np.ndarray:
    """Rectangles in the order of their middle's distance: what hides others is drawn first."""
    middle = records["origin"] + 0.5 * (records["right"] + records["down"])
    return records[np.argsort(((middle - eye) ** 2).sum(1), kind="stable")]


def cull_short_strokes(strokes: np.ndarray, key: CullKey) -> np.ndarray:
    """Pieces of edges that can be seen; arrow heads always."""
    along = strokes["end"] - strokes["start"]
    away = strokes["start"] - key.position.astype(np.float32)
    length = np.einsum("ij,ij->i", along, along) * key.pixels_per_unit**2
    far = np.maximum(np.einsum("ij,ij->i", away, away), 1e-6)
    return strokes[(strokes["kind"] > 0) | (length > MIN_STROKE_LENGTH**2 * far)]
