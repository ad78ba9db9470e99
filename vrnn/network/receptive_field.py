"""The receptive field of a node: the pixels that each position of its maps can depend on."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

ROUNDING = 1e-3
"""Share of a pixel by which the border of a receptive field may be wrong from rounding."""


@dataclass(frozen=True)
class ReceptiveField:
    """Which pixels of the input each position of a node's maps can depend on; pairs are (y, x).

    Position (r, c) depends at most on the pixels in rows step[0]·r + low[0] to step[0]·r + high[0],
    both inclusive, and in the columns likewise. Near a border these reach beyond the input. The
    numbers are fractions where the node's grid does not lie on that of the input, as after
    upsampling.

    Attributes:
        step: Pixels from one position to the next.
        low: First pixel of position (0, 0).
        high: Last pixel of position (0, 0).
        first: First pixel that any position of the node depends on.
        last: Last pixel that any position of the node depends on.
        covers_input: Whether every position depends on the whole input.
    """

    step: tuple[float, float]
    low: tuple[float, float]
    high: tuple[float, float]
    first: tuple[float, float]
    last: tuple[float, float]
    covers_input: bool

    def box(self, row: int, column: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Return the pixels that one position can depend on.

        Args:
            row: Of the position.
            column: Of the position.
            size: (height, width) of the input.

        Returns:
            (top, left, bottom, right), the last two exclusive. The box may be empty, where the
            position depends on padding alone.
        """
        ends = []
        for axis, position in enumerate((row, column)):
            shift = self.step[axis] * position
            start = ceil(max(shift + self.low[axis], self.first[axis]) - ROUNDING)
            end = floor(min(shift + self.high[axis], self.last[axis]) + ROUNDING) + 1
            start = min(max(start, 0), size[axis])
            ends.append((start, max(min(end, size[axis]), start)))
        (top, bottom), (left, right) = ends
        return top, left, bottom, right
