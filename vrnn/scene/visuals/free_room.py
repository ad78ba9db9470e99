"""Room for what follows the pointer: beside it, inside the picture, and clear of what is there."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot

Box = tuple[float, float, float, float]
"""Left, top, width and height of a rectangle; y goes down."""


def free_box(
    size: tuple[float, float], pointer: tuple[float, float], picture: tuple[float, float],
    taken: Sequence[Box], gap: tuple[float, float], margin: float,
    best: Sequence[tuple[float, float]] = (),
) -> Box:  # fmt: skip
    """Find where a rectangle beside the pointer covers least of what is shown already.

    Below the pointer at its right is best, then the other sides; then just above, below or beside
    each of the rectangles that are taken, the nearest to the pointer first.

    Args:
        size: Width and height of the rectangle.
        pointer: The pointer, x and y.
        picture: Width and height of the picture.
        taken: What is not to be covered.
        gap: From the pointer to the rectangle, across and down.
        margin: To the edge of the picture and to what is taken.
        best: Left and top of places that are better than all others, the best first.

    Returns:
        The rectangle, inside the picture as far as it fits.
    """
    (width, height), (x, y) = size, pointer
    columns = [x + gap[0], x - gap[0] - width, x - width / 2]
    rows = [y + gap[1], y - gap[1] - height, y - height / 2]
    sides = [(left, top) for top in rows for left in columns]
    for left, top, wide, high in taken:
        rows += [top - margin - height, top + high + margin]
        columns += [left - margin - width, left + wide + margin]

    def put_inside(place: tuple[float, float]) -> tuple[float, float]:
        return (
            max(margin, min(place[0], picture[0] - margin - width)),
            max(margin, min(place[1], picture[1] - margin - height)),
        )

    def distance(place: tuple[float, float]) -> float:
        left, top = place
        return hypot(max(left - x, 0.0, x - left - width), max(top - y, 0.0, y - top - height))

    others = [put_inside((left, top)) for top in rows for left in columns]
    inside = [*map(put_inside, [*best, *sides]), *sorted(others, key=distance)]
    boxes: list[Box] = [(left, top, width, height) for left, top in inside]
    under_pointer: Box = (x - gap[0] / 8, y - gap[1] / 8, gap[0] / 4, gap[1] / 4)

    def covered(box: Box) -> tuple[bool, float]:
        return overlap(box, under_pointer) > 0, sum(overlap(box, other) for other in taken)

    return min(boxes, key=covered)  # the first of equals, so the preferred one


def overlap(first: Box, second: Box) -> float:
    """The area that two rectangles share."""
    width = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
    height = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
    return max(width, 0.0) * max(height, 0.0)
