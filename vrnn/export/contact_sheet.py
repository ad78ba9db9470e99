"""All maps of a layer on one flat sheet, with channel numbers and a color scale."""

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

SCALES = ("map", "layer")
SMALLEST = 48
"""Pixels: the longer side of a map is at least that."""
STEEPEST = 8
"""A map's sides differ at most so many times; beyond, the shorter one is stretched."""
MOST_PIXELS = 80_000_000
"""Of a sheet: more is refused as a possible attack by Pillow and by many viewers."""
LONGEST = 32_000
"""Pixels: the longest side of a sheet."""
ASPECT = 1.5
"""Width by height that a sheet comes near to."""

ZERO = (0.006, 0.007, 0.009)
"""Linear color of 0, as in panel.frag.glsl."""
PAPER = (16, 18, 22)
BRIGHT, INK, ACCENT = (226, 230, 238), (150, 157, 170), (255, 178, 70)
"""sRGB."""


@dataclass(frozen=True)
class _Plan:
    """Where things stand on a sheet, pixels.

    zoom: rows and columns of pixels for one value; cell: (width, height) of a map; gap: between
    two; caption: height of the line under a map; em: of that line; head: height above the maps.
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
        """Left and top of a map."""
        row, column = divmod(channel, self.columns)
        x = self.margin + column * (self.cell[0] + self.gap)
        return x, self.head + row * (self.cell[1] + self.caption + self.gap)


def feature_map_sheet(
    node: Node, maps: FeatureMaps, look: ColorScheme,
    columns: int | None = None, scale: str = "map", title: str = "",
) -> Image.Image:  # fmt: skip
    """A picture (RGB) of all maps of a layer, row by row, each with its channel number under it.

    Colors as in the world: negative, zero and positive as `look` has them, in its own color what
    is not finite. scale: what the colors span, the peak |value| of each `map`, then written under
    it, or of the `layer`. columns: None for a sheet of a pleasant shape; title: the network's name.
    Maps are enlarged by whole factors until their longer side has SMALLEST pixels.
    Raises VrnnError when the sheet would be too large, see `sheet_size`.
    """
    if scale not in SCALES:
        raise VrnnError(f"the scale of a sheet is one of {', '.join(SCALES)}, not '{scale}'")
    name = f"{title} · {node.name}" if title else node.name
    plan = _plan(node.name, (maps.channels, maps.height, maps.width), columns)
    sheet = Image.new("RGB", plan.size, PAPER)
    _head(sheet, plan, node, maps, look, scale, name)
    peaks = _peaks(maps, scale)
    for channel, values in enumerate(maps.values):
        unit = float(peaks[channel]) or 1.0
        pixels = shade(values.astype(np.float32) * np.float32(maps.scale / unit), look)
        pixels = pixels.repeat(plan.zoom[0], 0).repeat(plan.zoom[1], 1)
        x, y = plan.corner(channel)
        sheet.paste(Image.fromarray(pixels), (x, y))
        _caption(sheet, plan, channel, peaks[channel] if scale == "map" else None)
    return sheet


def image_grid(
    title: str, said: str, pictures: Sequence[np.ndarray], captions: Sequence[str]
) -> Image.Image:
    """A picture (RGB) of color images (H, W, 3) uint8 of one size, each with its caption.

    Raises VrnnError when it would be too large, see `sheet_size`.
    """
    plan = _plan(title, (len(pictures), *pictures[0].shape[:2]), None)
    sheet = Image.new("RGB", plan.size, PAPER)
    room = plan.size[0] - 2 * plan.margin
    _text(sheet, plan.margin, 50, _fitted(title, 26, room), 26, BRIGHT)
    _text(sheet, plan.margin, 78, _fitted(said, 16, room), 16, INK)
    for number, (pixels, caption) in enumerate(zip(pictures, captions, strict=True)):
        x, y = plan.corner(number)
        large = pixels.repeat(plan.zoom[0], 0).repeat(plan.zoom[1], 1)
        sheet.paste(Image.fromarray(large), (x, y))
        base = y + plan.cell[1] + round(1.08 * plan.em)
        _text(sheet, x, base, caption, plan.em, BRIGHT)
    return sheet


def sheet_size(
    name: str, shape: tuple[int, int, int], columns: int | None = None
) -> tuple[int, int]:
    """(width, height) in pixels of the sheet for maps of this shape (C, H, W).

    Raises VrnnError, naming the layer, when that is more than MOST_PIXELS or LONGEST.
    """
    return _plan(name, shape, columns).size


def shade(values: np.ndarray, look: ColorScheme) -> np.ndarray:
    """(…, 3) uint8 sRGB: the color of values in units of the peak, NaN where not finite.

    As `shade` in shaders/panel.frag.glsl: squared, so that half a peak looks half as bright.
    """
    finite = np.isfinite(values)
    known = np.where(finite, values, 0).astype(np.float32)
    strength = (np.minimum(np.abs(known), 1) ** 2)[..., None]
    ends = np.array([look.positive, look.negative], np.float32)[(known < 0).astype(np.intp)]
    linear = np.array(ZERO, np.float32) * (1 - strength) + ends * strength
    return np.where(finite[..., None], _srgb(linear), _srgb(np.array(look.not_finite, np.float32)))


def _srgb(linear: np.ndarray) -> np.ndarray:
    code = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(np.clip(code, 0, 1) * 255).astype(np.uint8)


def _peaks(maps: FeatureMaps, scale: str) -> np.ndarray:
    """(C,) float64: the |value| that has the full color in each map."""
    if scale == "layer":
        return np.full(maps.channels, maps.peak)
    return np.abs(maps.channel_stats[:2].astype(np.float64)).max(0) * maps.scale


def _plan(name: str, shape: tuple[int, int, int], columns: int | None) -> _Plan:
    count, height, width = shape
    if not count * height * width:
        raise VrnnError(
            f"layer '{name}' has no values to put on a sheet, its shape is {_by(shape)}"
        )
    zoom_y = zoom_x = ceil(SMALLEST / max(height, width))
    zoom_y *= ceil(width * zoom_x / STEEPEST / (height * zoom_y))
    zoom_x *= ceil(height * zoom_y / STEEPEST / (width * zoom_x))
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
    if size[0] * size[1] > MOST_PIXELS or max(size) > LONGEST:
        raise VrnnError(
            f"the sheet of layer '{name}' ({_by(shape)}) would have {size[0]:,}×{size[1]:,} "
            f"pixels, and at most {MOST_PIXELS // 10**6} million or {LONGEST:,} on a side can be "
            "shown; export its values instead"
        )
    return _Plan(columns, rows, (zoom_y, zoom_x), cell, gap, caption, em, head, margin, size)


def _columns(count: int, cell_aspect: float) -> int:
    """Columns for this many cells: near the wanted aspect, few cells empty, best none."""
    ideal = sqrt(count * ASPECT / cell_aspect)

    def cost(columns: int) -> float:
        empty = ceil(count / columns) * columns - count
        return abs(log(columns / ideal)) + 2 * empty / count + (0.15 if empty else 0)

    return min(range(max(1, int(ideal * 0.6)), min(count, ceil(ideal * 1.6)) + 1), key=cost)


def _by(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _head(
    sheet: Image.Image, plan: _Plan, node: Node, maps: FeatureMaps, look: ColorScheme, scale: str,
    name: str,
) -> None:  # fmt: skip
    left, room = plan.margin, plan.size[0] - 2 * plan.margin
    _text(sheet, left, 50, _fitted(name, 26, room), 26, BRIGHT)
    shape = _by(node.shape if node.shape else (1,))
    facts = [node.label, shape]
    if map_shape(node.shape) != node.shape and len(node.shape) != 1:
        facts.append(f"shown as {_by((maps.channels, maps.height, maps.width))}")
    if node.parameters:
        facts.append(f"{node.parameters:,} parameters")
    _text(sheet, left, 78, _fitted("   ".join(facts), 16, room), 16, INK)
    _bar(sheet, left, 98, maps, look, scale)


def _bar(
    sheet: Image.Image, left: int, top: int, maps: FeatureMaps, look: ColorScheme, scale: str
) -> None:
    """The colors with their values, and what is not finite."""
    length, height, size = 360, 14, 14
    values = np.linspace(-1, 1, length, dtype=np.float32)
    sheet.paste(Image.fromarray(shade(values[None].repeat(height, 0), look)), (left, top))
    unit = (maps.peak or 1.0) if scale == "layer" else 1.0
    for part in (-1.0, -0.5, 0.0, 0.5, 1.0):
        x = left + (part + 1) / 2 * (length - 1)
        sheet.paste(INK, (round(x), top + height, round(x) + 1, top + height + 4))
        said = number(part * unit)
        x -= _width(said, size) / 2
        _text(sheet, max(left, x) if part < 0 else x, top + 33, said, size, INK)
    words = (
        "activation" if scale == "layer" else "of each map's peak |activation|, written under it"
    )
    x = left + length + 30 + _text(sheet, left + length + 30, top + 12, words, size, INK)
    if maps.not_finite:
        said = f"NaN or infinite: {maps.not_finite:,}"
        sheet.paste(
            _byte(look.not_finite), (left + length + 30, top + 21, left + length + 44, top + 35)
        )
        _text(sheet, left + length + 52, top + 33, said, size, ACCENT)


def _byte(color: Color) -> tuple[int, int, int]:
    red, green, blue = _srgb(np.array(color, np.float32)).tolist()
    return red, green, blue


def _caption(sheet: Image.Image, plan: _Plan, channel: int, peak: float | None) -> None:
    x, y = plan.corner(channel)
    base = y + plan.cell[1] + round(1.08 * plan.em)
    end = x + _text(sheet, x, base, str(channel), plan.em, BRIGHT)
    if peak is None:
        return
    # Shorter words where the map is narrow; none where even these would touch the number.
    for digits in (3, 2, 1):
        said = number(peak, digits)
        start = x + plan.cell[0] - _width(said, plan.em - 1)
        if start > end + 0.35 * plan.em:
            _text(sheet, start, base, said, plan.em - 1, INK)
            return


def number(value: float, digits: int = 3) -> str:
    """A number in few letters, with a real minus sign: 0, 0.0123, −1.5, 12,300, 4.1e9."""
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


def _fitted(text: str, size: int, room: float) -> str:
    """The text, cut with … where it would be wider than the room."""
    if _width(text, size) <= room:
        return text
    while text and _width(text + "…", size) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def _text(
    sheet: Image.Image, x: float, base: int, text: str, size: int, ink: tuple[int, int, int]
) -> float:
    """Write on the base line; returns the width."""
    sheet.paste(ink, (round(x), base - font.baseline(size)), font.rasterize_line(text, size))
    return _width(text, size)
