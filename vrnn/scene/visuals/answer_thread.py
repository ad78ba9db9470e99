"""The thread that leads from the input around the network to the board with its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf

import numpy as np

from vrnn.scene.layout.input_margin import InputMargin
from vrnn.scene.layout.polyline import Point, round_corners
from vrnn.scene.linalg import turned_about_y
from vrnn.scene.placement import PlacementFrame
from vrnn.scene.primitives import STROKE
from vrnn.style.theme import ACCENT, with_alpha

THREAD = with_alpha(ACCENT, 0.55)
THREAD_WIDTH, THREAD_HEAD = 0.07, 0.4
"""Width of the thread, and length of its arrow head, meters."""
ABOVE = 0.03
"""Height of the thread over the floor, meters."""
THREAD_ROOM, THREAD_INSET = 0.45, 0.04
"""Distance of the thread from what it passes, and from the front edge of a step, meters."""


def answer_thread(corners: Sequence[Point]) -> np.ndarray:
    """Return the thread from the input to the answer, (N,) `STROKE`, ending in an arrow head.

    Args:
        corners: Of its way, meters.
    """
    points = round_corners(corners)
    last = points[-1] - points[-2]
    length = float(np.linalg.norm(last))
    neck = points[-1] - last * min(1.0, THREAD_HEAD / max(length, 1e-6))
    line = np.concatenate([points[:-1], neck[None]])
    record = np.zeros(len(line), STROKE)
    record["start"], record["color"] = line, THREAD
    record["end"][:-1], record["end"][-1] = line[1:], points[-1]
    record["width"], record["width"][-1] = THREAD_WIDTH, 4 * THREAD_WIDTH
    record["kind"][-1] = 1
    return record


def thread_corners(
    frame: PlacementFrame, margin: InputMargin, end: tuple[float, float]
) -> list[Point]:
    """Return the way of the thread: in front of the network, and up or down beside it.

    Args:
        frame: Where the layers are.
        margin: The room beside the input.
        end: x and z of its end, meters.
    """
    layout = frame.placement.layout
    x, _, z, width, _ = frame.panel_rect(margin.node).tolist()
    x -= width / 2 + (margin.gap + margin.width / 2) * frame.panel_scale(margin.node)
    if layout.turn == 0.0:
        return _way(frame, margin, (x, z), end)
    ends = np.array([(x, 0.0, z), (end[0], 0.0, end[1])]) - frame.offset
    (x, _, z), (end_x, _, end_z) = turned_about_y(ends, -layout.turn).tolist()
    at_rest = replace(frame, offset=np.zeros(3, np.float32))
    way = np.array(_way(at_rest, margin, (x, z), (end_x, end_z)))
    return [(x, y, z) for x, y, z in (turned_about_y(way, layout.turn) + frame.offset).tolist()]


def _way(
    frame: PlacementFrame, margin: InputMargin, start: tuple[float, float], end: tuple[float, float]
) -> list[Point]:
    """The way in the directions of the rows. start, end: x and z, meters."""
    offset, rows = frame.offset.tolist(), frame.placement.layout.rows
    floor_of = {node: (row.y + offset[1], row.front) for row in rows for node in row.node_ids}
    x, z = start
    first, front = floor_of.get(margin.node, (offset[1], z + THREAD_ROOM))
    final, final_front = floor_of.get(frame.placement.answer.node, (offset[1], 0.0))
    begin, to, front = first + ABOVE, final + ABOVE, front - THREAD_INSET
    near = end[1] + THREAD_ROOM
    first_part = [(x, begin, z), (x, begin, front)]
    last = [(end[0], to, near), (end[0], to, end[1])]
    if begin == to and rows:  # on one step
        return [*first_part, (end[0], begin, front), last[1]]
    if not rows:
        side = float(frame.placement.layout.high[0]) + offset[0] + THREAD_ROOM
        return [*first_part, (side, begin, front), (side, to, near), *last]
    goes_up = final > first
    beside = _beside(frame, goes_up, min(first, final), max(first, final))
    if goes_up:
        return [*first_part, *beside, (beside[-1][0], to, near), *last]
    return [*first_part, *beside, (end[0], to, final_front + offset[2] - THREAD_INSET), last[1]]


def _beside(frame: PlacementFrame, goes_up: bool, low: float, high: float) -> list[Point]:
    """The ways over the ends of steps between two heights: up at the right, down at the left."""
    offset, sign = frame.offset.tolist(), 1 if goes_up else -1
    ends: dict[float, tuple[float, float]] = {}
    for row in frame.placement.layout.rows:
        reach, _ = ends.get(row.y, (-inf, 0.0))
        edge = sign * (row.right if goes_up else row.left)
        ends[row.y] = (max(reach, edge), row.front - THREAD_INSET)
    way: list[Point] = []
    side = -inf
    for y, (reach, z) in sorted(ends.items(), reverse=not goes_up):
        if low - 1e-3 <= y + offset[1] <= high + 1e-3:
            side = max(side, reach + THREAD_ROOM)  # never back over a wider step
            way.append((sign * side + offset[0], y + offset[1] + ABOVE, z + offset[2]))
    return way
