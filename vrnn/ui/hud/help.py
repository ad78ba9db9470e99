"""The help: what each key does, in columns on a card in the middle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vrnn.style import font
from vrnn.style.theme import ACCENT
from vrnn.ui.hud.overlay import (
    BACKGROUND,
    BORDER,
    BRIGHT_COLOR,
    TEXT_COLOR,
    HudCanvas,
    wrap_text,
)

Row = tuple[str, str]
"""A key with what it does; without the latter the title of a group."""
LINE_HEIGHT, PADDING, TITLE_HEIGHT, MARGIN = 27.0, 30.0, 30.0, 20.0
"""Of a row, around all of them, of the title over them, and around the card, units."""
TEXT_SIZE = 11.0
"""Height of capital letters where all fits."""
MIN_SCALE = 0.48
"""Times that size, below which the text cannot be read."""
ROOMS = (1000.0, 420.0, 340.0, 280.0)
"""Widths that are tried for what keys do, of which the one with the largest text is taken."""
GAP = 36.0
"""Between two columns."""


@dataclass(frozen=True)
class HelpLayout:
    """How the help fits best.

    Attributes:
        columns: The rows of each column.
        widths: Of each column: the keys and what they do, each with the gap after it.
        size: (width, height) of the card, before it is made smaller.
        scale: What it is made smaller by, at most 1.
    """

    columns: list[list[Row]]
    widths: list[tuple[float, float]]
    size: tuple[float, float]
    scale: float


def fit_help(canvas: HudCanvas, rows: Sequence[Row]) -> HelpLayout:
    """Return the layout with the largest text.

    Args:
        canvas: Where it is to fit.
        rows: All keys, in groups.
    """
    layouts = []
    for room in ROOMS:
        for count in (1, 2, 3, 4):
            columns = in_columns(_wrapped(rows, room, TEXT_SIZE), count)
            widths = [_column_widths(column, TEXT_SIZE) for column in columns]
            width = sum(map(sum, widths)) + 2 * PADDING - GAP
            height = LINE_HEIGHT * max(map(len, columns)) + 2 * PADDING + TITLE_HEIGHT
            across, down = canvas.width - 2 * MARGIN, canvas.height - 2 * MARGIN
            scale = min(1.0, across / width, down / height)
            layouts.append(HelpLayout(columns, widths, (width, height), scale))
    return max(layouts, key=lambda layout: layout.scale)


def draw_help(canvas: HudCanvas, rows: Sequence[Row]) -> None:
    """Draw the keys in groups on a dark card in the middle, in as many columns as fit best.

    Args:
        canvas: Where to draw.
        rows: All keys, in groups.
    """
    layout = fit_help(canvas, rows)
    width, height = layout.size
    small = HudCanvas(canvas.size, canvas.scale * layout.scale)
    x, y = (small.width - width) / 2, (small.height - height) / 2
    small.rectangle(x - 1.5, y - 1.5, width + 3, height + 3, BORDER)
    small.rectangle(x, y, width, height, (*BACKGROUND[:3], 1.0))
    small.text(x + PADDING, y + PADDING + 12, "Keys", 16, BRIGHT_COLOR)
    left = x + PADDING
    for column, (split, room) in zip(layout.columns, layout.widths, strict=True):
        for i, (keys, effect) in enumerate(column):
            base = y + PADDING + TITLE_HEIGHT + 20 + i * LINE_HEIGHT
            small.text(left, base, keys, TEXT_SIZE, ACCENT if effect else BRIGHT_COLOR)
            if effect:
                small.text(left + split, base, effect, TEXT_SIZE, TEXT_COLOR)
        left += split + room
    canvas.add(small)


def _wrapped(rows: Sequence[Row], room: float, size: float) -> list[Row]:
    """Break what a key does into lines, each a row, all but the first without a key."""
    broken: list[Row] = []
    for keys, effect in rows:
        first, *others = wrap_text(effect, room, size)
        broken += [(keys, first), *(("", line) for line in others)]
    return broken


def _column_widths(rows: Sequence[Row], size: float) -> tuple[float, float]:
    """Widths of the keys of a column and of what they do, each with a gap after it."""
    keys = [font.text_width(keys) * size for keys, effect in rows if effect]
    effects = [font.text_width(effect) * size for _, effect in rows]
    return max(keys, default=0.0) + 24, max(effects, default=0.0) + GAP


def in_columns(rows: Sequence[Row], count: int) -> list[list[Row]]:
    """Put groups into columns of about the same height, in order, an empty row between two."""
    groups: list[list[Row]] = []
    for row in rows:
        if not row[1] or not groups:
            groups.append([])
        groups[-1].append(row)
    total = sum(len(group) + 1 for group in groups)
    columns: list[list[Row]] = [[]]
    for group in groups:
        is_full = len(columns[-1]) + len(group) / 2 > total / count
        if columns[-1] and is_full and len(columns) < count:
            columns.append([])
        if columns[-1]:
            columns[-1].append(("", ""))
        columns[-1] += group
    return columns
