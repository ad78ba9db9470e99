"""Callouts over the world: a text on a card, and a line to what it is about."""

from __future__ import annotations

from collections.abc import Sequence

from vrnn.scene.visuals.free_room import Box, free_box
from vrnn.style import font
from vrnn.style.theme import ACCENT
from vrnn.ui.hud.overlay import BACKGROUND, BRIGHT_COLOR, HudCanvas

TEXT_SIZE, HEIGHT, PADDING = 11.0, 36.0, 14.0
"""Height of capital letters, height of a card, and room beside the text, units."""
DISTANCE = 26.0
"""Units from what it is about to the card."""
LINE = 2.0
"""Width of the line, units."""


def draw_callout(
    canvas: HudCanvas, text: str, box: Sequence[float], prefers_above: bool = False
) -> None:
    """Draw a callout below or above what it is about, or beside it where there is no room.

    Args:
        canvas: Where to draw; the card is kept free then.
        text: What it says.
        box: Left, top, right and bottom of what it is about, units from the upper left corner.
        prefers_above: Whether it stands above rather than below.
    """
    left, top, right, bottom = box
    middle = (left + right) / 2
    width = font.text_width(text) * TEXT_SIZE + 2 * PADDING
    about: Box = (left, top, right - left, bottom - top)
    places = [
        (middle - width / 2, bottom + DISTANCE),
        (middle - width / 2, top - DISTANCE - HEIGHT),
    ]
    taken = [about, *canvas.taken]
    if prefers_above:
        places.reverse()
    card = free_box(
        (width, HEIGHT), (middle, (top + bottom) / 2), (canvas.width, canvas.height), taken,
        (DISTANCE, (bottom - top) / 2 + DISTANCE), 8.0, places,
    )  # fmt: skip
    x, y = card[:2]
    below = y > bottom
    end = bottom if below else top
    start = y if below else y + HEIGHT
    at = min(max(middle, x + LINE), x + width - LINE)
    if (start > end) == below and abs(start - end) > 1:
        canvas.rectangle(at - LINE / 2, min(start, end), LINE, abs(start - end), ACCENT)
    canvas.rectangle(x - 1.5, y - 1.5, width + 3, HEIGHT + 3, ACCENT)
    canvas.rectangle(x, y, width, HEIGHT, (*BACKGROUND[:3], 1.0))
    canvas.taken.append(card)
    canvas.text(x + PADDING, y + 23.5, text, TEXT_SIZE, BRIGHT_COLOR)
