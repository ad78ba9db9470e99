"""Plots of curves between 0 and 1 as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from vrnn.style import font
from vrnn.style.text import elide

SIZE = (960, 600)
"""Width and height of a plot, pixels."""
LEFT, TOP, RIGHT, BOTTOM = 84, 84, 330, 76
"""What is free around the curves, pixels; at the right stand their names."""
BACKGROUND, GRID = (16, 18, 22), (44, 48, 56)
BRIGHT, INK = (226, 230, 238), (150, 157, 170)
"""sRGB."""
TITLE, TEXT = 24, 16
"""Sizes of text, pixels."""
SMOOTHING = 3
"""Curves are drawn so many times larger, and shrunk."""


@dataclass(frozen=True, eq=False)
class PlotCurve:
    """A curve of a plot.

    Attributes:
        name: What people read beside it.
        x: (P,) 0…1.
        y: (P,) 0…1; what is NaN is left out.
        color: sRGB.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    color: tuple[int, int, int]


def draw_plot(curves: Sequence[PlotCurve], title: str, across: str, upright: str) -> Image.Image:
    """Draw curves with their names.

    Args:
        curves: What is drawn, the first on top.
        title: Above it.
        across: What the axis across is.
        upright: What the upright axis is.

    Returns:
        RGB.
    """
    width, height = SIZE
    picture = Image.new("RGB", SIZE, BACKGROUND)
    box = LEFT, TOP, width - RIGHT, height - BOTTOM
    _draw_lines(picture, curves, box)
    for part in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = _place(box, part, part)
        write_line(picture, f"{part:g}", x, box[3] + 22, INK, 0.5)
        write_line(picture, f"{part:g}", box[0] - 10, y + 5, INK, 1.0)
    room = width - LEFT - 20
    write_line(picture, title, LEFT, 36, BRIGHT, size=TITLE, room=room)
    write_line(picture, upright, LEFT, 66, INK, room=room)
    write_line(picture, across, (box[0] + box[2]) / 2, height - 20, INK, 0.5)
    draw = ImageDraw.Draw(picture)
    for place, curve in enumerate(curves):
        y = TOP + 18 + place * 30
        draw.rectangle((box[2] + 20, y - 7, box[2] + 44, y - 4), fill=curve.color)
        write_line(picture, curve.name, box[2] + 54, y, BRIGHT, room=RIGHT - 64)
    return picture


Box = tuple[int, int, int, int]


def _place(box: Box, x: float, y: float) -> tuple[float, float]:
    return box[0] + x * (box[2] - box[0]), box[3] - y * (box[3] - box[1])


def _draw_lines(picture: Image.Image, curves: Sequence[PlotCurve], box: Box) -> None:
    scale = SMOOTHING
    large = Image.new("RGB", (picture.width * scale, picture.height * scale), BACKGROUND)
    draw = ImageDraw.Draw(large)

    def line(points: np.ndarray, color: tuple[int, int, int], thickness: int) -> None:
        places = [_place(box, *point) for point in points.tolist()]
        scaled = [(x * scale, y * scale) for x, y in places]
        draw.line(scaled, fill=color, width=thickness, joint="curve")

    for part in (0.0, 0.25, 0.5, 0.75, 1.0):
        line(np.array([(part, 0), (part, 1)]), GRID, scale)
        line(np.array([(0, part), (1, part)]), GRID, scale)
    for curve in reversed(curves):
        is_known = np.isfinite(curve.y)
        if is_known.sum() > 1:
            points = np.stack([curve.x[is_known], curve.y[is_known]], 1)
            line(points, curve.color, 3 * scale)
    picture.paste(large.resize(picture.size, Image.Resampling.BOX))


def write_line(
    picture: Image.Image, text: str, x: float, y: float, color: tuple[int, int, int],
    anchor: float = 0.0, size: int = TEXT, room: float = np.inf,
) -> None:  # fmt: skip
    """Write a line on a picture.

    Args:
        picture: The picture.
        text: The line.
        x: Where its anchor is, pixels.
        y: Of its base, pixels.
        color: sRGB.
        anchor: Which part of it is at x, 0…1.
        size: Of the text, pixels.
        room: Its longest width, pixels; a longer one is elided.
    """
    em = size * font.CAPITAL
    text = elide(text, room, em) if np.isfinite(room) else text
    left = round(x - anchor * font.text_width(text) * em)
    ink = Image.new("RGB", font.rasterize_line(text, size).size, color)
    picture.paste(ink, (left, round(y) - font.baseline(size)), font.rasterize_line(text, size))
