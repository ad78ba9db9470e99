"""A wall of thumbnails beside the input: click one, then the input, to put it in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vrnn.scene.layout.input_margin import WALL_WIDTH
from vrnn.scene.primitives import QUAD, ImageQuad, PickRegion, TextLabel, Visual, quad
from vrnn.style import font
from vrnn.style.srgb import linear_to_srgb, srgb_to_linear
from vrnn.style.text import elide, wrap
from vrnn.style.theme import ACCENT, BUTTON, CARD, TEXT, themed
from vrnn.style.theme_names import Theme

COLUMNS = 4
"""Thumbnails in a row."""
TILE, GAP, INNER = 0.56, 0.12, 0.5
"""Meters: from one thumbnail to the next, what is more below it for its class, and its side."""
WIDTH = WALL_WIDTH
"""Of the wall, meters: its thumbnails and a margin."""
LINE = 0.014
"""Thickness of a highlighted thumbnail's frame, meters."""
THUMBNAIL_PIXELS = 96
"""Side of a thumbnail, pixels."""
TITLE_HEIGHT, HINT_HEIGHT, BUTTON_HEIGHT, CLASS_HEIGHT = 0.12, 0.15, 0.085, 0.065
"""Capital heights, meters."""
CARD_PIXEL, EMPTY_PIXEL = (19, 22, 28), (31, 35, 43)
"""sRGB of the wall, and of a thumbnail that is not there yet."""
CLASS_COLOR = (0.45, 0.49, 0.58, 1.0)
HINT = "click an image, then click the input"
"""How to put an image in, for those who have never been here."""


@dataclass(frozen=True)
class WallTile:
    """A thumbnail.

    Attributes:
        pixels: (THUMBNAIL_PIXELS, THUMBNAIL_PIXELS, 3) uint8 sRGB; None as long as it is not there.
        text: Its class.
        action: What a click on it does.
        is_highlighted: Whether it is the one in the network, or the one that was searched for.
    """

    pixels: np.ndarray | None
    text: str
    action: Any
    is_highlighted: bool = False


@dataclass(frozen=True)
class WallButton:
    """A button below the thumbnails.

    Attributes:
        text: What it says.
        action: What a click on it does.
    """

    text: str
    action: Any


def wall_visual(
    tiles: Sequence[WallTile],
    sources: Sequence[WallTile],
    buttons: Sequence[WallButton],
    title: str,
    corner: tuple[float, float, float],
    hint: str = HINT,
    theme: Theme = "dark",
) -> Visual:
    """Return the wall.

    Args:
        tiles: Images of the data set.
        sources: A row of other images below them.
        buttons: What turns the pages.
        title: Text above all.
        corner: Lower right corner, meters.
        hint: What can be done with it, over the title.
        theme: Whose colors are between thumbnails.
    """
    x, y, z = corner
    rows = max(1, -(-len(tiles) // COLUMNS)) if tiles else 0
    width = WIDTH
    height = rows * (TILE + GAP) + (0.62 if tiles else 0.2) + (TILE + GAP + 0.06 if sources else 0)
    left, top = x - width, y + height
    quads = [quad(left, top, width, height, z - 0.02, CARD)]
    labels = [
        TextLabel(title, (left + 0.12, top - 0.2, z), TITLE_HEIGHT, TEXT, fade=5.0),
    ]
    for number, line in enumerate(reversed(wrap(hint, width, HINT_HEIGHT, 2))):
        origin = (left + 0.12, top + 0.1 + 1.5 * HINT_HEIGHT * number, z)
        labels.append(TextLabel(line, origin, HINT_HEIGHT, ACCENT, fade=4.0))
    parts = []
    if tiles:
        parts.append(_thumbnails(tiles, left + 0.12, top - 0.32, z, theme))
        base = top - 0.32 - rows * (TILE + GAP) - 0.1
        parts.append(_button_row(buttons, left + 0.12, base, z))
    if sources:
        parts.append(_thumbnails(sources, left + 0.12, y + TILE + GAP + 0.04, z, theme))
    return Visual(
        np.concatenate([*quads, *(part.quads for part in parts)]),
        (*labels, *(label for part in parts for label in part.labels)),
        tuple(image for part in parts for image in part.image_quads),
        tuple(region for part in parts for region in part.pick_regions),
    )


def _button_row(buttons: Sequence[WallButton], left: float, base: float, z: float) -> Visual:
    """Buttons from left to right, the base line of their text at `base`."""
    quads, labels, regions = [np.zeros(0, QUAD)], [], []
    for button in buttons:
        width = font.text_width(button.text) * BUTTON_HEIGHT + 0.14
        quads.append(quad(left, base + 0.14, width, 0.19, z - 0.008, BUTTON))
        labels.append(TextLabel(button.text, (left + 0.07, base, z), BUTTON_HEIGHT, TEXT, fade=5.0))
        corner = (left, base + 0.14, z)
        regions.append(PickRegion("button", corner, (width, 0, 0), (0, -0.19, 0), button.action))
        left += width + 0.06
    return Visual(np.concatenate(quads), tuple(labels), (), tuple(regions))


def _thumbnails(
    tiles: Sequence[WallTile], left: float, top: float, z: float, theme: Theme
) -> Visual:
    """Thumbnails as one image: each would take a draw call of its own."""
    rows = -(-len(tiles) // COLUMNS)
    pixels_y = round(THUMBNAIL_PIXELS * (TILE + GAP) / INNER)
    pixels_x = round(THUMBNAIL_PIXELS * TILE / INNER)
    sheet = np.empty((rows * pixels_y, COLUMNS * pixels_x, 3), np.uint8)
    card, empty = (
        linear_to_srgb(themed(srgb_to_linear(np.array(pixel, np.uint8)), theme))
        for pixel in (CARD_PIXEL, EMPTY_PIXEL)
    )
    sheet[:] = card
    quads, labels, regions = [np.zeros(0, QUAD)], [], []
    for i, tile in enumerate(tiles):
        row, column = divmod(i, COLUMNS)
        x, y = left + column * TILE, top - row * (TILE + GAP)
        first_y, first_x = row * pixels_y, column * pixels_x
        sheet[first_y : first_y + THUMBNAIL_PIXELS, first_x : first_x + THUMBNAIL_PIXELS] = (
            empty if tile.pixels is None else tile.pixels
        )
        if tile.is_highlighted:
            for dx, dy, w, h in (
                (0, 0, INNER, LINE), (0, LINE - INNER, INNER, LINE),
                (0, 0, LINE, INNER), (INNER - LINE, 0, LINE, INNER),
            ):  # fmt: skip
                quads.append(quad(x + dx, y + dy, w, h, z + 0.006, ACCENT))
        color = ACCENT if tile.is_highlighted else CLASS_COLOR
        text = elide(tile.text, INNER, CLASS_HEIGHT)
        below = (x, y - INNER - 0.085, z + 0.004)
        labels.append(TextLabel(text, below, CLASS_HEIGHT, color, fade=5.0))
        across, down = (INNER, 0, 0), (0, -INNER, 0)
        regions.append(PickRegion("thumbnail", (x, y, z), across, down, tile.action))
    image = ImageQuad((left, top, z), (COLUMNS * TILE, 0, 0), (0, -rows * (TILE + GAP), 0), sheet)
    return Visual(np.concatenate(quads), tuple(labels), (image,), tuple(regions))
