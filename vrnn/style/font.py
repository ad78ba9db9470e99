"""The typeface: how wide a text is, and each letter's shape as a signed distance field.

Roboto (Apache license) comes with imgui-bundle; without that, Pillow's own typeface is used.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

EM = 44
"""Size of the em in which a letter is drawn, pixels."""
SPREAD = 8
"""Pixels from the outline to where a distance field ends."""
CELL = EM + 2 * SPREAD + 4
"""Side of a letter's distance field, pixels."""
CAPITAL = 0.711
"""Height of a capital letter, in em."""
BASE = 46
"""Rows from the top of a distance field to the base line."""
ARROW = "→"
"""Drawn by hand, as the typeface has none."""
ARROW_ADVANCE = 0.95
"""Width of the arrow, in em."""


@cache
def _face(size: int = EM) -> ImageFont.FreeTypeFont:
    spec = find_spec("imgui_bundle")  # finds the folder without loading the library
    for root in (spec.submodule_search_locations or []) if spec else []:
        path = Path(root) / "assets" / "fonts" / "Roboto" / "Roboto-Regular.ttf"
        if path.is_file():
            return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
    face = ImageFont.load_default(size)
    if not isinstance(face, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType; install pillow from its wheel")
    return face


def typeface_name() -> str:
    """Return the name of the typeface in use."""
    return " ".join(part for part in _face().getname() if part)


@lru_cache(4096)
def letter_offsets(text: str) -> np.ndarray:
    """Return where each letter of a text starts, and where the text ends.

    Args:
        text: The text.

    Returns:
        (len(text) + 1,) float32, in heights of a capital letter.
    """
    widths = [_width(letter) for letter in text]
    return np.concatenate([[0.0], np.cumsum(widths)]).astype(np.float32)


def text_width(text: str) -> float:
    """Return the width of a text in heights of a capital letter."""
    return float(letter_offsets(text)[-1])


@cache
def _width(letter: str) -> float:
    pixels = EM * ARROW_ADVANCE if letter == ARROW else _face().getlength(letter)
    return pixels / (EM * CAPITAL)


def rasterize_line(text: str, size: int) -> Image.Image:
    """Draw a line of text for flat images.

    Args:
        text: The text.
        size: Of the em, pixels.

    Returns:
        An image of mode "L", 255 inside the letters. The base line is `baseline(size)` pixels below
        the upper edge.
    """
    face, height = _face(size), 2 * size
    parts = text.split(ARROW)
    arrow = Image.fromarray(np.uint8(_cover(ARROW) * 255))
    arrow = arrow.resize((round(CELL * size / EM),) * 2, Image.Resampling.LANCZOS)
    step = ARROW_ADVANCE * size
    room = sum(map(face.getlength, parts)) + step * (len(parts) - 1)
    picture = Image.new("L", (int(room) + size // 4 + 1, height))
    draw, x = ImageDraw.Draw(picture), 0.0
    for number, part in enumerate(parts):
        if number:
            corner = x - SPREAD * size / EM, baseline(size) - BASE * size / EM
            picture.paste(255, (round(corner[0]), round(corner[1])), arrow)
            x += step
        draw.text((x, baseline(size)), part, font=face, fill=255, anchor="ls")
        x += face.getlength(part)
    return picture


def baseline(size: int) -> int:
    """Return the pixels from the upper edge of a `rasterize_line` to its base line."""
    return round(1.2 * size)


def sdf_glyphs(letters: str) -> np.ndarray:
    """Return the signed distance fields of letters.

    The distance is found from the gray edge pixels by two passes of lower envelopes (Felzenszwalb
    and Huttenlocher 2012), cut off at SPREAD.

    Args:
        letters: One after the other.

    Returns:
        (N, CELL, CELL) uint8, row 0 on top, each letter's origin at (SPREAD, BASE): 128 on the
        outline, rising inside, SPREAD pixels to either end.
    """
    cover = (
        np.stack([_cover(letter) for letter in letters]) if letters else np.zeros((0, CELL, CELL))
    )
    edge = 0.5 - cover
    outside = np.where(cover >= 1, 0.0, np.where(cover <= 0, 1e6, np.maximum(0, edge) ** 2))
    inside = np.where(cover >= 1, 1e6, np.where(cover <= 0, 0.0, np.maximum(0, -edge) ** 2))
    distance = np.sqrt(_envelope(inside)) - np.sqrt(_envelope(outside))
    return np.clip(np.rint(127.5 + distance / SPREAD * 127.5), 0, 255).astype(np.uint8)


def _envelope(squared: np.ndarray) -> np.ndarray:
    for axis in (1, 2):
        source = np.moveaxis(squared, axis, 1).astype(np.float32)
        best = source.copy()
        for step in range(1, SPREAD + 1):
            np.minimum(best[:, step:], source[:, :-step] + step * step, out=best[:, step:])
            np.minimum(best[:, :-step], source[:, step:] + step * step, out=best[:, :-step])
        squared = np.moveaxis(best, 1, axis)
    return squared


def _cover(letter: str) -> np.ndarray:
    """(CELL, CELL) float32, 0…1: how much of each pixel a letter covers."""
    picture = Image.new("L", (CELL, CELL))
    draw = ImageDraw.Draw(picture)
    if letter == ARROW:
        large = Image.new("L", (CELL * 4, CELL * 4))
        _draw_arrow(ImageDraw.Draw(large))
        picture = large.resize((CELL, CELL), Image.Resampling.BOX)
    else:
        draw.text((SPREAD, BASE), letter, font=_face(), fill=255, anchor="ls")
    return np.asarray(picture, np.float32) / 255


def _draw_arrow(draw: ImageDraw.ImageDraw) -> None:
    left, right, middle = SPREAD + 3, SPREAD + ARROW_ADVANCE * EM - 3, BASE - 0.36 * EM
    points = [(right - 11, middle - 11), (right, middle), (right - 11, middle + 11)]
    draw.line([(left * 4, middle * 4), (right * 4 - 4, middle * 4)], fill=255, width=16)
    draw.line([(x * 4, y * 4) for x, y in points], fill=255, width=16, joint="curve")
