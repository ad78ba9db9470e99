"""A legend with a title, a color bar and what it spans, at the lower right."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vrnn.style import font
from vrnn.style.theme import RGBA
from vrnn.ui.hud.overlay import (
    BRIGHT_COLOR,
    COLOR_BAR_STEPS,
    LEGEND_BOTTOM,
    LEGEND_HEIGHT,
    PICTURE_ROW,
    TEXT_COLOR,
    HudCanvas,
)

HALF_BAR = 118.0
"""Half of the width of the color bar, units."""
TEXT_SIZE = 8.5
"""Height of capital letters, units."""


def draw_bar_legend(
    canvas: HudCanvas, texts: tuple[str, str], marks: Sequence[str],
    color: Callable[[float], RGBA], short_title: str,
) -> float:  # fmt: skip
    """Draw a legend.

    Args:
        canvas: Where to draw.
        texts: The title, and what the colors span.
        marks: Text under the color bar, evenly from its left to its right end.
        color: Gives the linear color at a part 0…1 of the bar.
        short_title: In place of both texts where there is no room for them.

    Returns:
        Its left edge, x.
    """
    title, span = texts
    x, y = canvas.width - 2 * HALF_BAR - 28.0, canvas.height - LEGEND_BOTTOM - LEGEND_HEIGHT + 13.0
    right = x + 2 * HALF_BAR
    start = x - font.text_width(span) * TEXT_SIZE - 16
    left = min(start, right - font.text_width(title) * TEXT_SIZE)
    if left < 30:
        title, span, left = short_title, "", x
    canvas.card(
        left - 18, y - 13 - PICTURE_ROW, canvas.width - left - 2, LEGEND_HEIGHT + PICTURE_ROW
    )
    width = font.text_width(title) * TEXT_SIZE
    canvas.text(right - width, y - 10, title, TEXT_SIZE, BRIGHT_COLOR)
    for i in range(COLOR_BAR_STEPS):
        ends = [color(j / COLOR_BAR_STEPS) for j in (i, i + 1)]
        step = 2 * HALF_BAR / COLOR_BAR_STEPS
        canvas.rectangle(x + i * step, y, step, 11, ends[0], ends[1], fixed=True)
    for i, text in enumerate(marks):
        part = i / max(len(marks) - 1, 1)
        offset = part * (2 * HALF_BAR - font.text_width(text) * TEXT_SIZE)
        canvas.text(x + offset, y + 25, text, TEXT_SIZE, TEXT_COLOR)
    canvas.text(start, y + 9.5, span, TEXT_SIZE, TEXT_COLOR)
    return left - 18
