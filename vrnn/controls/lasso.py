"""A lasso: the line that the mouse draws around images of the cloud."""

from __future__ import annotations

from math import hypot

MIN_STEP = 0.006
"""Distance between two points of the line, −1…1 in the view, at least."""

Point = tuple[float, float]


class Lasso:
    """A line that is being drawn.

    Attributes:
        points: Its corners, −1…1 in the view, y upward; none while it is not drawn.
    """

    def __init__(self) -> None:
        self.points: tuple[Point, ...] = ()

    @property
    def active(self) -> bool:
        """Whether it is being drawn."""
        return bool(self.points)

    def begin(self, cursor: Point) -> None:
        """Begin where the cursor is."""
        self.points = (cursor,)

    def move(self, cursor: Point) -> bool:
        """Go on to where the cursor is; True when the line has grown."""
        x, y = self.points[-1]
        if hypot(cursor[0] - x, cursor[1] - y) < MIN_STEP:
            return False
        self.points = (*self.points, cursor)
        return True

    def end(self) -> tuple[Point, ...]:
        """Return the line, and draw it no more."""
        points, self.points = self.points, ()
        return points
