"""Plain overlays in pixels, drawn like everything else: legend, help, messages, cross-hair.

Lengths are for a picture 1080 pixels high and grow with it, so that text is as readable in a large
picture as on a monitor.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vrnn.render.uniforms import RenderColors
from vrnn.scene.primitives import QUAD, DrawList, TextLabel
from vrnn.style import font
from vrnn.style.color_mapping import COLOR_RANGE_TEXT, ColorMapping
from vrnn.style.colormap import lookup_table
from vrnn.style.theme import ACCENT

TEXT_COLOR = (0.62, 0.66, 0.74, 1.0)
BRIGHT_COLOR = (0.88, 0.90, 0.95, 1.0)
BACKGROUND = (0.004, 0.005, 0.008, 0.86)
BORDER = (0.10, 0.12, 0.17, 0.9)
COLOR_BAR_STEPS = 24
"""Of the color bar."""


class HudCanvas:
    """Collects rectangles and lines of text in pixels, y down."""

    def __init__(self, size: tuple[int, int], scale: float | None = None) -> None:
        """size: of the picture; scale: pixels a unit, by the picture's height when not given."""
        self.size = size
        self.scale = scale if scale is not None else max(0.5, min(size[1] / 1080, size[0] / 1400))
        self._quads: list[np.ndarray] = []
        self._labels: list[TextLabel] = []

    @property
    def width(self) -> float:
        """Of the picture, in units."""
        return self.size[0] / self.scale

    @property
    def height(self) -> float:
        """Of the picture, in units."""
        return self.size[1] / self.scale

    def rectangle(
        self, x: float, y: float, width: float, height: float,
        left: Sequence[float], right: Sequence[float] | None = None,
    ) -> None:  # fmt: skip
        """A rectangle, its color running from left to right."""
        record = np.zeros(1, QUAD)
        s = self.scale
        # `top` to `bottom` runs along `down`: laid on its side for a gradient from left to right.
        record["origin"] = (x * s, y * s, 0)
        record["right"] = (0, height * s, 0)
        record["down"] = (width * s, 0, 0)
        record["top"] = left
        record["bottom"] = left if right is None else right
        self._quads.append(record)

    def text(self, x: float, y: float, text: str, size: float, ink: Sequence[float]) -> float:
        """Text with its base line at y and capitals of this height; returns where it ends."""
        s = self.scale
        r, g, b, a = ink
        label = TextLabel(text, (x * s, y * s, 0.0), size * s, (r, g, b, a), up=(0, -1, 0), fade=0)
        self._labels.append(label)
        return x + font.text_width(text) * size

    def centered(self, y: float, text: str, size: float, ink: Sequence[float]) -> None:
        """Text in the middle of the picture's width."""
        self.text((self.width - font.text_width(text) * size) / 2, y, text, size, ink)

    def add(self, other: HudCanvas) -> None:
        """Put another sheet of the same picture over this one."""
        self._quads += other._quads
        self._labels += other._labels

    def draw_list(self) -> DrawList:
        """All of it, ready to be drawn over a picture."""
        quads = np.concatenate(self._quads) if self._quads else np.zeros(0, QUAD)
        return DrawList(quads=quads, labels=tuple(self._labels))


def draw_legend(
    sheet: HudCanvas, look: RenderColors, display: ColorMapping, not_finite: int = 0
) -> float:
    """What the colors mean, at the lower right. Returns where it begins from the left."""
    bar = 118.0
    words = COLOR_RANGE_TEXT[display.normalize_by]
    if display.clip_percentile < 100:
        words += f", full at {display.clip_percentile:g} %"
    x, y = sheet.width - 2 * bar - 28.0, sheet.height - 44.0
    start = x - font.text_width(words) * 8.5 - 16
    if start < 30:
        words, start = "", x
    said = f"NaN or infinite: {not_finite:,} values"
    left = start - (font.text_width(said) * 8.5 + 42 if not_finite else 0)
    sheet.rectangle(left - 18, y - 18, sheet.width - left - 2, 54, BACKGROUND)
    colors = lookup_table(display, look.negative, look.positive)
    for i in range(COLOR_BAR_STEPS):
        ends = [colors[round(j * (len(colors) - 1) / COLOR_BAR_STEPS)] for j in (i, i + 1)]
        part = 2 * bar / COLOR_BAR_STEPS
        sheet.rectangle(
            x + i * part, y, part, 11, (*ends[0].tolist(), 1.0), (*ends[1].tolist(), 1.0)
        )
    sheet.text(x, y + 28, "negative" if display.symmetric else "lowest", 8.5, TEXT_COLOR)
    if display.symmetric:
        sheet.text(x + bar - font.text_width("0") * 4.25, y + 28, "0", 8.5, TEXT_COLOR)
    word = "positive" if display.symmetric else "highest"
    sheet.text(x + 2 * bar - font.text_width(word) * 8.5, y + 28, word, 8.5, TEXT_COLOR)
    sheet.text(start, y + 9.5, words, 8.5, TEXT_COLOR)
    if not_finite:
        start -= font.text_width(said) * 8.5 + 24
        sheet.text(start, y + 9.5, said, 8.5, ACCENT)
        sheet.rectangle(start - 18, y, 11, 11, (*look.not_finite, 1.0))
    return left - 18


def draw_help(sheet: HudCanvas, rows: Sequence[tuple[str, str]]) -> None:
    """The keys, on a dark card in the middle, in columns. rows: (keys, what they do)."""
    line, pad, text = 30.0, 32.0, 11.5
    split = max(font.text_width(keys) for keys, _ in rows) * text + 30
    column = split + max(font.text_width(does) for _, does in rows) * text + 40
    count = 2 if line * len(rows) + 2 * pad + 26 > sheet.height - 60 else 1
    each = -(-len(rows) // count)
    width, height = column * count + 2 * pad - 40, line * each + 2 * pad + 26
    shrink = min(1.0, (sheet.width - 40) / width, (sheet.height - 40) / height)
    small = HudCanvas(sheet.size, sheet.scale * shrink)
    x, y = (small.width - width) / 2, (small.height - height) / 2
    small.rectangle(x - 1.5, y - 1.5, width + 3, height + 3, BORDER)
    small.rectangle(x, y, width, height, (*BACKGROUND[:3], 1.0))
    small.text(x + pad, y + pad + 12, "Keys", 16, BRIGHT_COLOR)
    for i, (keys, does) in enumerate(rows):
        left = x + pad + i // each * column
        base = y + pad + 54 + i % each * line
        small.text(left, base, keys, text, ACCENT)
        small.text(left + split, base, does, text, TEXT_COLOR)
    sheet.add(small)


def draw_message(sheet: HudCanvas, text: str, hint: str) -> None:
    """A message on a card near the top; wrapped. hint: how to be rid of it."""
    room = min(900.0, sheet.width - 120)
    lines = wrap_text(text, room, 13)
    height = 30 * len(lines) + 62
    x, y = (sheet.width - room) / 2 - 30, 70.0
    sheet.rectangle(x - 1.5, y - 1.5, room + 63, height + 3, (*ACCENT[:3], 0.9))
    sheet.rectangle(x, y, room + 60, height, (*BACKGROUND[:3], 1.0))
    for i, line in enumerate(lines):
        sheet.text(x + 30, y + 36 + 30 * i, line, 13, BRIGHT_COLOR)
    sheet.text(x + 30, y + height - 16, hint, 9.5, TEXT_COLOR)


def draw_hint(sheet: HudCanvas, text: str, room: float) -> None:
    """One quiet line at the lower left. room: what is free there; more goes higher, in lines."""
    lines = wrap_text(text, sheet.width - 80, 11)
    width = max(font.text_width(line) for line in lines) * 11
    high = 40 + 26 * (len(lines) - 1)
    top = sheet.height - (22 if width + 66 < room else 84) - high
    sheet.rectangle(20, top, width + 36, high, BACKGROUND)
    for i, line in enumerate(lines):
        sheet.text(38, top + 25 + 26 * i, line, 11, TEXT_COLOR)


def draw_progress(sheet: HudCanvas, text: str) -> None:
    """What is being done, at the upper right."""
    width = font.text_width(text) * 9.5
    sheet.text(sheet.width - width - 28, 40, text, 9.5, ACCENT)


def draw_crosshair(sheet: HudCanvas) -> None:
    """Where the eye points while the cursor is captured."""
    x, y = sheet.width / 2, sheet.height / 2
    for w, h in ((14.0, 1.6), (1.6, 14.0)):
        sheet.rectangle(x - w / 2, y - h / 2, w, h, (0.8, 0.82, 0.86, 0.55))


def wrap_text(text: str, room: float, size: float) -> list[str]:
    """The text in lines no wider than `room`."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.text_width(longer) * size > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
