"""The overlay in screen space, drawn like everything else: legend, help, messages, crosshair.

Lengths are units, pixels of an image 1080 pixels high; they scale with the image, so that text is
as readable in a large image as on a monitor.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vrnn.network.layer_kinds import KIND_TEXT, LAYER_KINDS, LayerKind
from vrnn.render.uniforms import RenderColors
from vrnn.scene.primitives import FIXED, PLAIN, QUAD, DrawList, TextLabel
from vrnn.scene.visuals.free_room import Box, overlap
from vrnn.style import font
from vrnn.style.color_mapping import COLOR_RANGE_TEXT, ColorMapping
from vrnn.style.colormap import lookup_table
from vrnn.style.theme import ACCENT, KIND_COLORS
from vrnn.style.theme_names import Theme

TEXT_COLOR = (0.62, 0.66, 0.74, 1.0)
BRIGHT_COLOR = (0.88, 0.90, 0.95, 1.0)
BACKGROUND = (0.004, 0.005, 0.008, 0.97)
"""Behind text: nearly opaque, so that it is readable over the brightest map too."""
BORDER = (0.10, 0.12, 0.17, 0.9)
LEGEND_HEIGHT = 44.0
"""Of the color legend."""
LEGEND_BOTTOM = 3.0
"""What is free below it."""
PICTURE_ROW = 20.0
"""Height of the legend's line about what is seen from afar."""
PROGRESS_ROW = 52
"""Height of what is in progress at the upper left, with the room below it."""
HINT_TOP = 8.0
"""What is free above a hint at the upper left."""
MAX_HEIGHT_AT_SCALE_1 = 1600
"""Height of a window in pixels above which text is enlarged."""
MAX_PICTURE_TEXT = 0.5
"""Part of the view's width from which on the meaning of pictures' colors is told in short."""
KIND_LEGEND_LEFT = 0.3
"""Part of the image's width that the legend of kinds leaves free at the left."""
COLOR_BAR_STEPS = 24
"""Gradient rectangles of the color bar."""


class HudCanvas:
    """Collects rectangles and lines of text over an image; x goes right, y goes down, in units.

    Attributes:
        size: (width, height) of the image, pixels.
        scale: Pixels per unit.
        taken: What keeps its place, such as the legend: nothing that follows the pointer lies on
            it.
    """

    def __init__(self, size: tuple[int, int], scale: float | None = None) -> None:
        """Create an empty canvas.

        Args:
            size: (width, height) of the image, pixels.
            scale: Pixels per unit; None derives it from the size of the image.
        """
        self.size = size
        self.scale = scale if scale is not None else max(0.5, min(size[1] / 1080, size[0] / 1400))
        self.taken: list[Box] = []
        self._quads: list[np.ndarray] = []
        self._labels: list[TextLabel] = []

    @property
    def width(self) -> float:
        """Width of the image, units."""
        return self.size[0] / self.scale

    @property
    def height(self) -> float:
        """Height of the image, units."""
        return self.size[1] / self.scale

    def rectangle(
        self, x: float, y: float, width: float, height: float,
        left: Sequence[float], right: Sequence[float] | None = None, fixed: bool = False,
    ) -> None:  # fmt: skip
        """Add a rectangle.

        Args:
            x: Left edge.
            y: Upper edge.
            width: Width.
            height: Height.
            left: Linear RGBA at the left edge.
            right: Linear RGBA at the right edge; None for one color.
            fixed: Whether they are colors of data, the same in every theme.
        """
        record = np.zeros(1, QUAD)
        s = self.scale
        # `top` to `bottom` runs along `down`: turned sideways for a gradient from left to right.
        record["origin"] = (x * s, y * s, 0)
        record["right"] = (0, height * s, 0)
        record["down"] = (width * s, 0, 0)
        record["top"] = left
        record["bottom"] = left if right is None else right
        record["kind"] = FIXED if fixed else PLAIN
        self._quads.append(record)

    def quads(self, records: np.ndarray) -> None:
        """Add rectangles of any direction, (N,) `QUAD` in pixels of the image."""
        self._quads.append(records)

    def card(self, x: float, y: float, width: float, height: float) -> None:
        """Add the dark card behind text that keeps its place. See `rectangle` and `taken`."""
        self.cover(x, y, width, height)
        self.rectangle(x, y, width, height, BACKGROUND)
        self.taken.append((x, y, width, height))

    def cover(self, x: float, y: float, width: float, height: float) -> None:
        """Drop the lines of text under a rectangle, as all text is drawn over all rectangles."""
        box = (x * self.scale, y * self.scale, width * self.scale, height * self.scale)
        self._labels = [
            label
            for label in self._labels
            if not overlap(
                box,
                (
                    label.origin[0], label.origin[1] - label.height,
                    font.text_width(label.text) * label.height, label.height,
                ),
            )
        ]  # fmt: skip

    def text(self, x: float, y: float, text: str, size: float, color: Sequence[float]) -> float:
        """Add a line of text.

        Args:
            x: Where it begins.
            y: Its base line.
            text: The text.
            size: Height of capital letters.
            color: Linear RGBA.

        Returns:
            Where it ends, x.
        """
        s = self.scale
        r, g, b, a = color
        label = TextLabel(text, (x * s, y * s, 0.0), size * s, (r, g, b, a), up=(0, -1, 0), fade=0)
        self._labels.append(label)
        return x + font.text_width(text) * size

    def add(self, other: HudCanvas) -> None:
        """Lay another canvas of the same image over this one."""
        self._quads += other._quads
        self._labels += other._labels

    def draw_list(self) -> DrawList:
        """Return everything, ready to be drawn over the image."""
        quads = np.concatenate(self._quads) if self._quads else np.zeros(0, QUAD)
        return DrawList(quads=quads, labels=tuple(self._labels))


def window_scale(height: int, pixel_scale: float) -> float:
    """Return the pixels per unit of a window, in which text is larger where it is very high.

    Args:
        height: Of the view, pixels.
        pixel_scale: Pixels per point.
    """
    return max(pixel_scale, height / MAX_HEIGHT_AT_SCALE_1)


def legend_height(height: int, pixel_scale: float) -> float:
    """Return the pixels at the lower side of a window's view that the color legend takes.

    Args:
        height: Of the view, pixels.
        pixel_scale: Pixels per point.
    """
    units = LEGEND_HEIGHT + PICTURE_ROW + LEGEND_BOTTOM
    return units * window_scale(height, pixel_scale)


def draw_legend(
    canvas: HudCanvas, colors: RenderColors, mapping: ColorMapping, not_finite: int = 0,
    picture: str = "", ends: tuple[float, float] | None = None, theme: Theme = "dark",
) -> float:  # fmt: skip
    """Draw the color legend at the lower right.

    Args:
        canvas: Where to draw.
        colors: Of negative, positive and not finite values.
        mapping: How values become colors.
        not_finite: How many values are NaN or infinite.
        picture: What layers show from afar in place of their maps, a text; '' for nothing.
        ends: Values of the lowest and the highest color; None where each map has its own.
        theme: Whose colors values have.

    Returns:
        Its left edge, x.
    """
    half_bar = 118.0
    text = COLOR_RANGE_TEXT[mapping.normalize_by]
    if mapping.clip_percentile < 100:
        text += f", saturated at {mapping.clip_percentile:g} %"
    x, y = canvas.width - 2 * half_bar - 28.0, canvas.height - LEGEND_BOTTOM - LEGEND_HEIGHT + 13.0
    start = x - font.text_width(text) * 8.5 - 16
    if start < 30:
        text, start = "", x
    warning = f"NaN or infinite: {not_finite:,} values"
    left = start - (font.text_width(warning) * 8.5 + 42 if not_finite else 0)
    picture = _short_of_narrow(picture, canvas.width)
    picture_left = x + 2 * half_bar - font.text_width(picture) * 8.5
    has_picture = bool(picture) and picture_left >= 30
    above = PICTURE_ROW if has_picture else 0.0
    left = min(left, picture_left) if has_picture else left
    height = LEGEND_HEIGHT + above
    canvas.card(left - 18, y - 13 - above, canvas.width - left - 2, height)
    if has_picture:
        canvas.text(picture_left, y - 10, picture, 8.5, TEXT_COLOR)
    table = lookup_table(mapping, colors.negative, colors.positive, theme)
    for i in range(COLOR_BAR_STEPS):
        step = [table[round(j * (len(table) - 1) / COLOR_BAR_STEPS)] for j in (i, i + 1)]
        width = 2 * half_bar / COLOR_BAR_STEPS
        canvas.rectangle(
            x + i * width, y, width, 11, (*step[0].tolist(), 1.0), (*step[1].tolist(), 1.0), True
        )
    lowest, highest = ("negative", "positive") if mapping.symmetric else ("lowest", "highest")
    if ends is not None:
        lowest, highest = (f"{end:.3g}".replace("-", "−") for end in ends)
    canvas.text(x, y + 25, lowest, 8.5, TEXT_COLOR)
    if mapping.symmetric:
        canvas.text(x + half_bar - font.text_width("0") * 4.25, y + 25, "0", 8.5, TEXT_COLOR)
    canvas.text(x + 2 * half_bar - font.text_width(highest) * 8.5, y + 25, highest, 8.5, TEXT_COLOR)
    canvas.text(start, y + 9.5, text, 8.5, TEXT_COLOR)
    if not_finite:
        start -= font.text_width(warning) * 8.5 + 24
        canvas.text(start, y + 9.5, warning, 8.5, ACCENT)
        canvas.rectangle(start - 18, y, 11, 11, (*colors.not_finite, 1.0))
    return left - 18


def _short_of_narrow(picture: str, width: float) -> str:
    """What the colors of pictures mean; in a narrow view, where titles are to be seen, in short."""
    kind, _, meaning = picture.partition(": ")
    if font.text_width(picture) * 8.5 < MAX_PICTURE_TEXT * width or "; " not in meaning:
        return picture
    return f"{kind}: {meaning.rpartition('; ')[2]}"


def draw_start(canvas: HudCanvas, progress: str) -> None:
    """Draw the program's name, and what it is doing while there is nothing else to see.

    Args:
        canvas: The canvas.
        progress: Such as `importing torch`; '' for nothing yet.
    """
    middle, y = canvas.width / 2, canvas.height * 0.28
    for text, size, color, down in (
        ("vrnn", 44.0, BRIGHT_COLOR, 0.0),
        ("walk inside your network", 12.0, TEXT_COLOR, 52.0),
        (progress, 12.0, ACCENT, 110.0),
    ):
        canvas.text(middle - font.text_width(text) * size / 2, y + down, text, size, color)


def draw_kind_legend(canvas: HudCanvas, kinds: Sequence[LayerKind], room: float) -> None:
    """Draw what the colored feet of layers mean, in one line beside the color legend.

    Args:
        canvas: Where to draw.
        kinds: Those that there are in the world.
        room: Left edge of the color legend, x.
    """
    shown = [kind for kind in LAYER_KINDS if kind in kinds]
    widths = [font.text_width(KIND_TEXT[kind]) * 8.5 + 40 for kind in shown]
    left, y = room - sum(widths) - 8, canvas.height - 16.0
    if not shown or left < canvas.width * KIND_LEGEND_LEFT:
        return
    canvas.card(left - 18, y - 15, sum(widths) + 12, 24)
    for kind, width in zip(shown, widths, strict=True):
        canvas.rectangle(left, y - 5, 16, 5, KIND_COLORS[kind])
        canvas.text(left + 22, y, KIND_TEXT[kind], 8.5, TEXT_COLOR)
        left += width


def draw_message(canvas: HudCanvas, text: str, hint: str) -> None:
    """Draw a wrapped message on a card near the top.

    Args:
        canvas: Where to draw.
        text: The message.
        hint: How to close it.
    """
    room = min(900.0, canvas.width - 120)
    lines = wrap_text(text, room, 13)
    height = 30 * len(lines) + 62
    x, y = (canvas.width - room) / 2 - 30, 70.0
    canvas.rectangle(x - 1.5, y - 1.5, room + 63, height + 3, (*ACCENT[:3], 0.9))
    canvas.rectangle(x, y, room + 60, height, (*BACKGROUND[:3], 1.0))
    for i, line in enumerate(lines):
        canvas.text(x + 30, y + 36 + 30 * i, line, 13, BRIGHT_COLOR)
    canvas.text(x + 30, y + height - 16, hint, 9.5, TEXT_COLOR)


def draw_hint(canvas: HudCanvas, text: str, room: float, top: float | None = None) -> None:
    """Draw a muted hint at the lower left; a long one is wrapped and placed above the legend.

    Args:
        canvas: Where to draw.
        text: The hint.
        room: Width that is free beside the legend.
        top: It is at the upper left instead, so far below the upper edge; None for the lower left.
    """
    lines = wrap_text(text, canvas.width - 80, 11)
    width = max(font.text_width(line) for line in lines) * 11
    height = 40 + 26 * (len(lines) - 1)
    if top is None:
        top = canvas.height - (22 if width + 66 < room else 84 + PICTURE_ROW) - height
    canvas.card(20, top, width + 36, height)
    for i, line in enumerate(lines):
        canvas.text(38, top + 25 + 26 * i, line, 11, TEXT_COLOR)


def draw_progress(canvas: HudCanvas, text: str) -> None:
    """Draw what is in progress at the upper left: at the upper right there is the answer."""
    canvas.card(20, HINT_TOP, font.text_width(text) * 9.5 + 28, 30)
    canvas.text(34, HINT_TOP + 19, text, 9.5, ACCENT)


def draw_line(canvas: HudCanvas, points: Sequence[tuple[float, float]], width: float = 2.0) -> None:
    """Draw a line in the accent color, closed from its end to its beginning.

    Args:
        canvas: Where to draw.
        points: Its corners, units.
        width: Units.
    """
    for (x0, y0), (x1, y1) in zip(points, (*points[1:], points[0]), strict=True):
        length = max(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5, 1e-6)
        across = width / length * (y1 - y0), -width / length * (x1 - x0)
        s, record = canvas.scale, np.zeros(1, QUAD)
        record["origin"] = ((x0 - across[0] / 2) * s, (y0 - across[1] / 2) * s, 0)
        record["right"] = (across[0] * s, across[1] * s, 0)
        record["down"] = ((x1 - x0) * s, (y1 - y0) * s, 0)
        record["top"] = record["bottom"] = ACCENT
        canvas.quads(record)


def draw_crosshair(canvas: HudCanvas) -> None:
    """Draw the crosshair, which points while the cursor is captured."""
    x, y = canvas.width / 2, canvas.height / 2
    for w, h in ((14.0, 1.6), (1.6, 14.0)):
        canvas.rectangle(x - w / 2, y - h / 2, w, h, (0.8, 0.82, 0.86, 0.55))


def wrap_text(text: str, room: float, size: float) -> list[str]:
    """Break a text into lines; what is too long for one, such as a path, is broken anywhere.

    Args:
        text: The text.
        room: Width of a line at most.
        size: Height of capital letters, in the unit of `room`.
    """
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.text_width(longer) * size > room:
            lines.append(word)
        else:
            lines[-1] = longer
        while len(lines[-1]) > 1 and font.text_width(lines[-1]) * size > room:
            line = lines[-1]
            fitting = [n for n in range(1, len(line)) if font.text_width(line[:n]) * size <= room]
            count = max(fitting, default=1)
            lines[-1:] = [line[:count], line[count:]]
    return lines
