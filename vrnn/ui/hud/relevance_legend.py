"""The legend of relevance, in the place of that of activations."""

from __future__ import annotations

from vrnn.style import font
from vrnn.style.relevance_table import relevance_color
from vrnn.ui.hud.overlay import BRIGHT_COLOR, COLOR_BAR_STEPS, TEXT_COLOR, HudCanvas

HALF_BAR = 118.0
"""Half of the width of the color bar, units."""
TEXT_SIZE = 8.5
"""Height of capital letters, units."""


def draw_relevance_legend(canvas: HudCanvas, texts: tuple[str, str, str, str]) -> float:
    """Draw the legend at the lower right.

    Args:
        canvas: Where to draw.
        texts: What is explained, what the colors span, and the ends of the color bar, see
            `vrnn.scene.relevance_readout.legend_texts`.

    Returns:
        Its left edge, x.
    """
    title, span, lowest, highest = texts
    x, y = canvas.width - 2 * HALF_BAR - 28.0, canvas.height - 44.0
    right = x + 2 * HALF_BAR
    start = x - font.text_width(span) * TEXT_SIZE - 16
    left = min(start, right - font.text_width(title) * TEXT_SIZE)
    if left < 30:
        title, span, left = "relevance", "", x
    canvas.card(left - 18, y - 40, canvas.width - left - 2, 76)
    width = font.text_width(title) * TEXT_SIZE
    canvas.text(right - width, y - 12, title, TEXT_SIZE, BRIGHT_COLOR)
    for i in range(COLOR_BAR_STEPS):
        ends = [relevance_color(2 * j / COLOR_BAR_STEPS - 1) for j in (i, i + 1)]
        step = 2 * HALF_BAR / COLOR_BAR_STEPS
        canvas.rectangle(x + i * step, y, step, 11, ends[0], ends[1], fixed=True)
    middle = x + HALF_BAR - font.text_width("0") * TEXT_SIZE / 2
    for text, where in ((lowest, x), ("0", middle)):
        canvas.text(where, y + 28, text, TEXT_SIZE, TEXT_COLOR)
    canvas.text(
        right - font.text_width(highest) * TEXT_SIZE, y + 28, highest, TEXT_SIZE, TEXT_COLOR
    )
    canvas.text(start, y + 9.5, span, TEXT_SIZE, TEXT_COLOR)
    return left - 18
