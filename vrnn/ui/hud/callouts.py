"""Callouts over the world: a text on a card, and a line to what it is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from vrnn.scene.visuals.free_room import Box
from vrnn.style import font
from vrnn.style.theme import ACCENT
from vrnn.ui.hud.overlay import BACKGROUND, BRIGHT_COLOR, HudCanvas

TEXT_SIZE, HEIGHT, PADDING = 11.0, 36.0, 14.0
"""Height of capital letters, height of a card, and room beside the text, units."""
DISTANCE = 26.0
"""Units from what it is about to the card."""
MARGIN = 8.0
"""Units to the edge of the picture, and to what is not to be covered."""
FEW = 4
"""How many of what is not to be covered, from the last on, a card may stand beside."""
WORLD_TEXT_WEIGHT, ABOUT_WEIGHT = 12.0, 8.0
"""How much worse than panels it is to cover names in the world, and all that the card is about."""
TEXT_WEIGHT = 50.0
"""How much worse it is to cover text over the picture than what is in the world."""
FAR = 150.0
"""Units to what a callout is about from which its line would cross the picture."""
LONG_LINE = 30.0
"""What each unit of a line beyond FAR costs, in square units that are covered."""
TRIED = 16
"""Of so many places of a card we look what its line crosses."""
LINE = 2.0
"""Width of the line, units."""
CORNER = 6.0
"""Units from the corners of a card, and of what it is about, to where its line begins and ends."""

Edges = Sequence[float]
"""Left, top, right and bottom, units from the upper left corner."""


def draw_callout(
    canvas: HudCanvas, text: str, about: Sequence[Edges], kept: Sequence[Edges] = (),
    prefers_above: bool = False, instead: Sequence[Edges] = (), names: Sequence[Edges] = (),
    crossed: Sequence[Edges] = (),
) -> None:  # fmt: skip
    """Draw a callout where it covers least, near what it is about or a short line away.

    Args:
        canvas: Where to draw; the card is kept free then.
        text: What it says.
        about: What it is about, one or more rectangles.
        kept: What is better not covered.
        prefers_above: Whether it stands above rather than below.
        instead: More of the same kind, that its line may lead to where all it is about is far.
        names: What is not to be covered where that can be, such as names in the world.
        crossed: What its line had better not cross, beside these.
    """
    width = font.text_width(text) * TEXT_SIZE + 2 * PADDING
    parts = np.array(about)
    taken = np.array([_edges(box) for box in canvas.taken]).reshape(-1, 4)
    room = (canvas.width - width - MARGIN, canvas.height - HEIGHT - MARGIN)
    others, named, texts = (np.array(edges).reshape(-1, 4) for edges in (kept, names, crossed))
    size = np.array([width, HEIGHT])
    avoided, weights = _avoided(others, np.concatenate([named, texts]), taken)
    least, card, way = np.inf, (0.0, 0.0, 0.0, 0.0), list[Box]()
    for corner, cost in _corners(parts, others, named, taken, room, width, prefers_above):
        targets = parts
        if len(instead) and _gap(corner, size, parts).min() > FAR:
            targets = np.concatenate([parts, np.array(instead)])
        nearest = targets[_gap(corner, size, targets).argmin()]
        tried = (*corner.tolist(), width, HEIGHT)
        lines, crossing = _lines(tried, nearest.tolist(), avoided, weights)
        if cost + crossing < least:
            least, card, way = cost + crossing, tried, lines
    for line in way:
        canvas.rectangle(*line, ACCENT)
    x, y = card[:2]
    canvas.rectangle(x - 1.5, y - 1.5, width + 3, HEIGHT + 3, ACCENT)
    canvas.rectangle(x, y, width, HEIGHT, (*BACKGROUND[:3], 1.0))
    canvas.taken.append(card)
    canvas.text(x + PADDING, y + 23.5, text, TEXT_SIZE, BRIGHT_COLOR)


def _corners(
    parts: np.ndarray, kept: np.ndarray, names: np.ndarray, taken: np.ndarray,
    room: tuple[float, float], width: float, prefers_above: bool,
) -> Iterator[tuple[np.ndarray, float]]:  # fmt: skip
    """The best upper left corners of a card, and what each costs.

    Args:
        parts: (P, 4) edges of what it is about.
        kept: (K, 4) edges of what is better not covered.
        names: (N, 4) edges of what is not to be covered where that can be.
        taken: (T, 4) edges of text over the picture, which is not covered where that can be.
        room: The largest x and y that it may have.
        width: Its width.
        prefers_above: Whether it stands above rather than below.
    """
    left, top = parts[:, :2].min(0).tolist()
    right, bottom = parts[:, 2:].max(0).tolist()
    beside = np.concatenate([names[-FEW:] if len(names) else kept[-FEW:], taken])
    columns = [(left + right - width) / 2, left - DISTANCE - width, right + DISTANCE]
    columns += [*(beside[:, 0] - MARGIN - width), *(beside[:, 2] + MARGIN)]
    all_of_it = np.concatenate([parts, kept, names, taken])
    above = [edge - DISTANCE - HEIGHT for edge in (top, all_of_it[:, 1].min())]
    below = [edge + DISTANCE for edge in (bottom, all_of_it[:, 3].max())]
    rows = [*(above if prefers_above else below), *(below if prefers_above else above)]
    rows += [(top + bottom - HEIGHT) / 2, MARGIN]
    rows += [*(taken[:, 1] - MARGIN - HEIGHT), *(taken[:, 3] + MARGIN)]
    corners = np.array([(x, y) for y in rows for x in columns])
    corners = np.maximum(np.minimum(corners, room), MARGIN)
    size = np.array([width, HEIGHT])
    covered = _shared_area(corners[:, None], size, all_of_it)
    weights = np.concatenate(
        [np.full(len(parts), ABOUT_WEIGHT / len(parts)), _avoided(kept, names, taken)[1]]
    )
    covered = covered @ weights
    distance = _gap(corners[:, None], size, parts).min(1)
    cost = covered + LONG_LINE * (distance - FAR).clip(0.0)
    for i in np.lexsort((distance.round(), cost.round()))[:TRIED]:
        yield corners[i], round(float(cost[i]))


def _avoided(
    kept: np.ndarray, names: np.ndarray, taken: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(B, 4) edges of what is better not covered, see `_corners`, and (B,) how much worse it is."""
    kinds = [len(kept), len(names), len(taken)]
    weights = np.repeat([1.0, WORLD_TEXT_WEIGHT, TEXT_WEIGHT], kinds)
    return np.concatenate([kept, names, taken]), weights


def _edges(box: Box) -> Edges:
    left, top, width, height = box
    return left, top, left + width, top + height


def _shared_area(corners: np.ndarray, size: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """(N, B) the area that (N, 1, 2) rectangles of a size share with (B, 4) edges."""
    shared = np.minimum(corners + size, boxes[:, 2:]) - np.maximum(corners, boxes[:, :2])
    area: np.ndarray = shared.clip(0.0).prod(-1)
    return area


def _gap(corners: np.ndarray, size: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """(N, B) the room between (N, 1, 2) rectangles of a size and (B, 4) edges."""
    apart = np.maximum(corners - boxes[:, 2:], boxes[:, :2] - corners - size).clip(0.0)
    distance: np.ndarray = np.linalg.norm(apart, axis=-1)
    return distance


def _lines(
    card: Box, part: Edges, avoided: np.ndarray, weights: np.ndarray
) -> tuple[list[Box], int]:
    """The line from a card to what it is about, the first of those that cross least, and how much.

    Where a straight one crosses something, such as a long title, one around that is tried as well.

    Args:
        card: Left, top, width and height.
        part: Edges of what it is about.
        avoided: (B, 4) edges of what it had better not cross.
        weights: (B,) how bad that is.
    """

    def shared(way: list[Box]) -> np.ndarray:
        lines = np.array(way)[:, None]
        return _shared_area(lines[..., :2], lines[..., 2:], avoided).sum(0)

    def crossed(way: list[Box]) -> int:
        return round(float(shared(way) @ weights))

    ways = [(crossed(way), way) for way in _ways(card, part) if way]
    crossing, way = min(ways, key=lambda one: one[0], default=(0, []))
    if crossing:
        obstacles = avoided[shared(way) > 0]
        around = [(crossed(other), other) for other in _ways_around(card, part, obstacles) if other]
        crossing, way = min([(crossing, way), *around], key=lambda one: one[0])
    return way, crossing


def _ways(card: Box, part: Edges) -> Iterator[list[Box]]:
    """Lines from a card to what it is about: all straight ones, or else those around a corner."""
    x, y, width, height = card
    left, top, right, bottom = part
    shared = max(left, x) + LINE, min(right, x + width) - LINE
    if shared[0] <= shared[1]:
        across = min(max((left + right) / 2, shared[0]), shared[1])
        for at in (across, sum(shared) / 2, *shared):
            yield _between(at, y, y + height, top, bottom)
        return
    shared = max(top, y) + LINE, min(bottom, y + height) - LINE
    if shared[0] <= shared[1]:
        down = min(max((top + bottom) / 2, shared[0]), shared[1])
        for at in (down, sum(shared) / 2, *shared):
            yield [_turned(line) for line in _between(at, x, x + width, left, right)]
        return
    across, down = (left + right) / 2, y + height / 2
    beside = _between(down, x, x + width, across - LINE / 2, across + LINE / 2)
    yield [*map(_turned, beside), *_between(across, down, down, top, bottom)]
    near = x + width - CORNER if left > x else x + CORNER
    for at in (near, x + width / 2):
        for level in ((top + bottom) / 2, top + CORNER, bottom - CORNER):
            first = _between(at, y, y + height, level + LINE / 2, level - LINE / 2)
            yield [*first, *map(_turned, _between(level, at, at, left, right))]


def _ways_around(card: Box, part: Edges, obstacles: np.ndarray) -> Iterator[list[Box]]:
    """Lines that leave a card above or below beside (B, 4) obstacles, and turn to its part."""
    x, y, width, height = card
    left, top, right, bottom = part
    for edges in obstacles.tolist():
        for at in (edges[0] - CORNER, edges[2] + CORNER):
            aside = max(left - at, at - right)
            if not x + LINE <= at <= x + width - LINE or not 0 < aside <= FAR:
                continue
            for level in (bottom - CORNER if y > bottom else top + CORNER, (top + bottom) / 2):
                upright = _between(at, y, y + height, level + LINE / 2, level - LINE / 2)
                yield [*upright, *map(_turned, _between(level, at, at, left, right))]


def _between(at: float, start: float, end: float, top: float, bottom: float) -> list[Box]:
    """The upright line between two intervals, if they are apart."""
    if start > bottom:
        return [(at - LINE / 2, bottom, LINE, start - bottom)]
    return [(at - LINE / 2, end, LINE, top - end)] if end < top else []


def _turned(line: Box) -> Box:
    """A line with across and down exchanged."""
    return line[1], line[0], line[3], line[2]
