"""Contact sheets: all maps of a layer on one flat picture, with channel numbers and a legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log, sqrt

import numpy as np
from PIL import Image

from vrnn.config.schema import Color, ColorScheme
from vrnn.errors import VrnnError
from vrnn.network.feature_maps import FeatureMaps, map_shape
from vrnn.network.graph import Node
from vrnn.style import font
from vrnn.style.srgb import linear_to_srgb
from vrnn.style.text import elide

SHEET_COLOR_RANGES = ("map", "layer")
"""What the colors of a sheet can span."""
MIN_MAP_SIDE = 48
"""Pixels: the longer side of a map is at least that."""
MAX_MAP_ASPECT = 8
"""The sides of a map differ by this factor at most; beyond, the shorter one is stretched."""
MAX_PIXELS = 80_000_000
"""Of a sheet: more is refused as a possible attack by Pillow and by many viewers."""
MAX_SIDE = 32_000
"""Pixels: the longest side of a sheet."""
SHEET_ASPECT = 1.5
"""Width by height that a sheet comes near to."""

ZERO = (0.006, 0.007, 0.009)
"""Linear color of 0, as in panel.frag.glsl."""
BACKGROUND = (16, 18, 22)
"""sRGB."""
BRIGHT, INK, ACCENT = (226, 230, 238), (150, 157, 170), (255, 178, 70)
"""sRGB."""


@dataclass(frozen=True)
class _Plan:
    """Where things are on a sheet, in pixels.

    Attributes:
        columns: Maps in a row.
        rows: Rows of maps.
        zoom: Rows and columns of pixels for one value.
        cell: (width, height) of a map.
        gap: Between two maps.
        caption: Height of the line under a map.
        em: Text size of that line.
        head: Height of what is above the maps.
        margin: Left, right and below.
        size: (width, height) of the sheet.
    """

    columns: int
    rows: int
    zoom: tuple[int, int]
    cell: tuple[int, int]
    gap: int
    caption: int
    em: int
    head: int
    margin: int
    size: tuple[int, int]

    def corner(self, channel: int) -> tuple[int, int]:
        """Return left and top of a map."""
        row, column = divmod(channel, self.columns)
        x = self.margin + column * (self.cell[0] + self.gap)
        return x, self.head + row * (self.cell[1] + self.caption + self.gap)


def feature_map_sheet(
    node: Node, maps: FeatureMaps, colors: ColorScheme,
    columns: int | None = None, color_range: str = "map", title: str = "",
) -> Image.Image:  # fmt: skip
    """Draw all maps of a layer, row by row, each with its channel number under it.

    Colors are as in the world: negative, zero, positive, and in a color of its own what is not
    finite. Maps are enlarged by whole factors until their longer side has MIN_MAP_SIDE pixels.

    Args:
        node: The layer.
        maps: Its feature maps.
        colors: Of the values.
        columns: Maps in a row; None for a sheet of a pleasant shape.
        color_range: What the colors span: the peak |value| of each `map`, then written under it,
            or of the `layer`.
        title: The network's name.

    Returns:
        RGB.

    Raises:
        VrnnError: The sheet would be too large, see `sheet_size`.
    """
    if color_range not in SHEET_COLOR_RANGES:
        known = ", ".join(SHEET_COLOR_RANGES)
        raise VrnnError(f"the color range of a sheet is one of {known}, not '{color_range}'")
    name = f"{title} · {node.name}" if title else node.name
    plan = _plan(node.name, (maps.channels, maps.height, maps.width), columns)
    sheet = Image.new("RGB", plan.size, BACKGROUND)
    _draw_head(sheet, plan, node, maps, colors, color_range, name)
    peaks = _peaks(maps, color_range)
    for channel, values in enumerate(maps.values):
        unit = float(peaks[channel]) or 1.0
        pixels = color_values(values.astype(np.float32) * np.float32(maps.scale / unit), colors)
        pixels = pixels.repeat(plan.zoom[0], 0).repeat(plan.zoom[1], 1)
        x, y = plan.corner(channel)
        sheet.paste(Image.fromarray(pixels), (x, y))
        _draw_caption(sheet, plan, channel, peaks[channel] if color_range == "map" else None)
    return sheet


def image_grid(
    title: str, subtitle: str, pictures: Sequence[np.ndarray], captions: Sequence[str]
) -> Image.Image:
    """Draw color images, each with its caption.

    Args:
        title: In large letters at the top.
        subtitle: Below it.
        pictures: (H, W, 3) uint8, all of one size.
        captions: One for each picture.

    Returns:
        RGB.

    Raises:
        VrnnError: The sheet would be too large, see `sheet_size`.
    """
    plan = _plan(title, (len(pictures), *pictures[0].shape[:2]), None)
    sheet = Image.new("RGB", plan.size, BACKGROUND)
    room = plan.size[0] - 2 * plan.margin
    _text(sheet, plan.margin, 50, elide(title, room, 26 * font.CAPITAL), 26, BRIGHT)
    _text(sheet, plan.margin, 78, elide(subtitle, room, 16 * font.CAPITAL), 16, INK)
    for number, (pixels, caption) in enumerate(zip(pictures, captions, strict=True)):
        x, y = plan.corner(number)
        enlarged = pixels.repeat(plan.zoom[0], 0).repeat(plan.zoom[1], 1)
        sheet.paste(Image.fromarray(enlarged), (x, y))
        base = y + plan.cell[1] + round(1.08 * plan.em)
        _text(sheet, x, base, caption, plan.em, BRIGHT)
    return sheet


def sheet_size(
    name: str, shape: tuple[int, int, int], columns: int | None = None
) -> tuple[int, int]:
    """Return the size of a sheet, (width, height) in pixels.

    Args:
        name: The layer's name.
        shape: Of its maps, (C, H, W).
        columns: Maps in a row; None for a sheet of a pleasant shape.

    Raises:
        VrnnError: It is more than MAX_PIXELS or MAX_SIDE; the message names the layer.
    """
    return _plan(name, shape, columns).size


def color_values(values: np.ndarray, colors: ColorScheme) -> np.ndarray:
    """Color values, as `shade` in shaders/panel.frag.glsl does.

    They are squared, so that half a peak looks half as bright.

    Args:
        values: (…) in units of the peak, NaN where not finite.
        colors: Of the largest, the smallest and what is not finite.

    Returns:
        (…, 3) uint8 sRGB.
    """
    finite = np.isfinite(values)
    known = np.where(finite, values, 0).astype(np.float32)
    strength = (np.minimum(np.abs(known), 1) ** 2)[..., None]
    ends = np.array([colors.positive, colors.negative], np.float32)[(known < 0).astype(np.intp)]
    linear = np.array(ZERO, np.float32) * (1 - strength) + ends * strength
    not_finite = linear_to_srgb(np.array(colors.not_finite, np.float32))
    return np.where(finite[..., None], linear_to_srgb(linear), not_finite)


def _peaks(maps: FeatureMaps, scale: str) -> np.ndarray:
    """Return the |value| that has the full color in each map, (C,) float64."""
    if scale == "layer":
        return np.full(maps.channels, maps.peak)
    return np.abs(maps.channel_stats[:2].astype(np.float64)).max(0) * maps.scale


def _plan(name: str, shape: tuple[int, int, int], columns: int | None) -> _Plan:
    count, height, width = shape
    if not count * height * width:
        raise VrnnError(
            f"layer '{name}' has no values to put on a sheet, its shape is {_by(shape)}"
        )
    zoom_y = zoom_x = ceil(MIN_MAP_SIDE / max(height, width))
    zoom_y *= ceil(width * zoom_x / MAX_MAP_ASPECT / (height * zoom_y))
    zoom_x *= ceil(height * zoom_y / MAX_MAP_ASPECT / (width * zoom_x))
    cell = width * zoom_x, height * zoom_y
    em = int(min(20, max(12, 8 + max(cell) / 16)))
    gap, caption = max(6, max(cell) // 16), round(1.4 * em)
    # A number needs its room also under a narrow map.
    gap = max(gap, ceil(len(str(count - 1)) * 0.6 * em) + 4 - cell[0])
    steps = cell[0] + gap, cell[1] + caption + gap
    columns = min(columns, count) if columns else _columns(count, steps[0] / steps[1])
    rows = ceil(count / columns)
    margin, head = 28, 168
    size = (
        max(2 * margin + columns * steps[0] - gap, 760),
        head + rows * steps[1] - gap + margin,
    )
    if size[0] * size[1] > MAX_PIXELS or max(size) > MAX_SIDE:
        raise VrnnError(
            f"the sheet of layer '{name}' ({_by(shape)}) would have {size[0]:,}×{size[1]:,} "
            f"pixels, and at most {MAX_PIXELS // 10**6} million or {MAX_SIDE:,} on a side can be "
            "shown; export its values instead"
        )
    return _Plan(columns, rows, (zoom_y, zoom_x), cell, gap, caption, em, head, margin, size)


def _columns(count: int, cell_aspect: float) -> int:
    """Choose columns for this many cells: near SHEET_ASPECT, few cells empty, best none."""
    ideal = sqrt(count * SHEET_ASPECT / cell_aspect)

    def cost(columns: int) -> float:
        empty = ceil(count / columns) * columns - count
        return abs(log(columns / ideal)) + 2 * empty / count + (0.15 if empty else 0)

    return min(range(max(1, int(ideal * 0.6)), min(count, ceil(ideal * 1.6)) + 1), key=cost)


def _by(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _draw_head(
    sheet: Image.Image, plan: _Plan, node: Node, maps: FeatureMaps, colors: ColorScheme,
    color_range: str, name: str,
) -> None:  # fmt: skip
    """Draw what is above the maps: name, shape and legend."""
    left, room = plan.margin, plan.size[0] - 2 * plan.margin
    _text(sheet, left, 50, elide(name, room, 26 * font.CAPITAL), 26, BRIGHT)
    shape = _by(node.shape if node.shape else (1,))
    facts = [node.label, shape]
    if map_shape(node.shape) != node.shape and len(node.shape) != 1:
        facts.append(f"shown as {_by((maps.channels, maps.height, maps.width))}")
    if node.parameters:
        facts.append(f"{node.parameters:,} parameters")
    _text(sheet, left, 78, elide("   ".join(facts), room, 16 * font.CAPITAL), 16, INK)
    _draw_legend(sheet, left, 98, maps, colors, color_range)


def _draw_legend(
    sheet: Image.Image, left: int, top: int, maps: FeatureMaps, colors: ColorScheme,
    color_range: str,
) -> None:  # fmt: skip
    """Draw the colors with their values, and what is not finite."""
    length, height, size = 360, 14, 14
    values = np.linspace(-1, 1, length, dtype=np.float32)
    sheet.paste(Image.fromarray(color_values(values[None].repeat(height, 0), colors)), (left, top))
    unit = (maps.peak or 1.0) if color_range == "layer" else 1.0
    for part in (-1.0, -0.5, 0.0, 0.5, 1.0):
        x = left + (part + 1) / 2 * (length - 1)
        sheet.paste(INK, (round(x), top + height, round(x) + 1, top + height + 4))
        label = format_number(part * unit)
        x -= _width(label, size) / 2
        _text(sheet, max(left, x) if part < 0 else x, top + 33, label, size, INK)
    unit_text = (
        "activation"
        if color_range == "layer"
        else "of each map's peak |activation|, written under it"
    )
    _text(sheet, left + length + 30, top + 12, unit_text, size, INK)
    if maps.not_finite:
        label = f"NaN or infinite: {maps.not_finite:,}"
        sheet.paste(
            _byte(colors.not_finite), (left + length + 30, top + 21, left + length + 44, top + 35)
        )
        _text(sheet, left + length + 52, top + 33, label, size, ACCENT)


def _byte(color: Color) -> tuple[int, int, int]:
    red, green, blue = linear_to_srgb(np.array(color, np.float32)).tolist()
    return red, green, blue


def _draw_caption(sheet: Image.Image, plan: _Plan, channel: int, peak: float | None) -> None:
    x, y = plan.corner(channel)
    base = y + plan.cell[1] + round(1.08 * plan.em)
    end = x + _text(sheet, x, base, str(channel), plan.em, BRIGHT)
    if peak is None:
        return
    # Shorter words where the map is narrow; none where even these would touch the number.
    for digits in (3, 2, 1):
        label = format_number(peak, digits)
        start = x + plan.cell[0] - _width(label, plan.em - 1)
        if start > end + 0.35 * plan.em:
            _text(sheet, start, base, label, plan.em - 1, INK)
            return


def format_number(value: float, digits: int = 3) -> str:
    """Format a number in few letters, with a real minus sign: 0, 0.0123, −1.5, 12,300, 4.1e9."""
    if value == 0:
        return "0"
    size = abs(value)
    text = f"{size:.{digits}g}"
    if "e" in text and 1 <= size < 1e5:
        text = f"{float(text):,.0f}"
    mantissa, _, power = text.partition("e")
    if "." not in mantissa and "," not in mantissa and not power and size >= 1000:
        mantissa = f"{int(mantissa):,}"
    text = f"{mantissa}e{int(power)}" if power else mantissa
    return ("−" if value < 0 else "") + text.replace("e-", "e−")


def _width(text: str, size: int) -> float:
    return font.text_width(text) * size * font.CAPITAL


def _text(
    sheet: Image.Image, x: float, base: int, text: str, size: int, ink: tuple[int, int, int]
) -> float:
    """Write a line of text; returns its width in pixels.

    Args:
        sheet: Where.
        x: Left end.
        base: The base line, from the top.
        text: What.
        size: Text size.
        ink: sRGB.
    """
    sheet.paste(ink, (round(x), base - font.baseline(size)), font.rasterize_line(text, size))
    return _width(text, size)
