"""Receptive field."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

ROUNDING = 1e-3
"""Share of a pixel by which the border of a receptive field may be wrong from rounding."""


@dataclass(frozen=True)
class ReceptiveField:
    """Which pixels of the input each position of a node's maps can depend on; pairs are (y, x).

    Position (r, c) depends at most on the pixels in rows step[0]·r + low[0] to step[0]·r + high[0],
    both with, and in the columns likewise. Near a border these reach beyond the input.
    first, last: the first and last pixel that any position of the node sees at all. They are
    fractions where the node's grid does not lie on that of the input, as after upsampling.
    whole: every position sees the whole input.
    """

    step: tuple[float, float]
    low: tuple[float, float]
    high: tuple[float, float]
    first: tuple[float, float]
    last: tuple[float, float]
    covers_input: bool

    def box(self, row: int, column: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """(top, left, bottom, right) in pixels of an input of this (height, width).

        bottom and right are exclusive; the box may be empty, where only padding is seen.
        """
        ends = []
        for side, at in enumerate((row, column)):
            shift = self.step[side] * at
            start = ceil(max(shift + self.low[side], self.first[side]) - ROUNDING)
            end = floor(min(shift + self.high[side], self.last[side]) + ROUNDING) + 1
            start = min(max(start, 0), size[side])
            ends.append((start, max(min(end, size[side]), start)))
        (top, bottom), (left, right) = ends
        return top, left, bottom, right
