"""A wall of thumbnails beside the input: pick one up, put it in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vrnn.scene.primitives import ImageQuad, PickRegion, TextLabel, Visual, quad
from vrnn.style import font
from vrnn.style.text import elide

COLUMNS = 4
TILE, GAP, INNER = 0.56, 0.12, 0.5
"""Meters: from one thumbnail to the next, what is more under it for its class, and its side."""
THUMBNAIL_PIXELS = 96
"""Pixels of a thumbnail."""
CARD = (0.0065, 0.008, 0.0115, 1.0)
CARD_PIXEL, EMPTY_PIXEL = (19, 22, 28), (31, 35, 43)
INK = (0.45, 0.49, 0.58, 1.0)
BRIGHT = (0.75, 0.78, 0.84, 1.0)
HINT = "click one, then the large picture"
"""How to put an image in, for those who have never been here."""
LIT = (1.0, 0.52, 0.10, 1.0)
BUTTON = (0.030, 0.036, 0.052, 1.0)


@dataclass(frozen=True)
class WallTile:
    """A thumbnail. text: its class; action: what touching it does; lit: it is the one in the
    network, or the one looked for."""

    pixels: np.ndarray | None
    text: str
    action: Any
    is_highlighted: bool = False


@dataclass(frozen=True)
class WallButton:
    """A word to touch, and what it does."""

    text: str
    action: Any


def wall_size(count: int) -> tuple[float, float]:
    """Width and height in meters of a wall of so many tiles."""
    rows = -(-count // COLUMNS)
    return COLUMNS * TILE + 0.24, rows * (TILE + GAP) + 0.78


def wall_visual(
    tiles: Sequence[WallTile], sources: Sequence[WallTile], buttons: Sequence[WallButton],
    title: str, x: float, y: float, z: float,
) -> Visual:  # fmt: skip
    """The wall with its right lower corner at (x, y, z). sources: a row of other images below."""
    rows = max(1, -(-len(tiles) // COLUMNS)) if tiles else 0
    width = COLUMNS * TILE + 0.24
    height = rows * (TILE + GAP) + (0.62 if tiles else 0.2) + (TILE + GAP + 0.06 if sources else 0)
    left, top = x - width, y + height
    quads = [quad(left, top, width, height, z - 0.02, CARD)]
    labels = [
        TextLabel(title, (left + 0.12, top - 0.2, z), 0.12, BRIGHT, fade=5.0),
        TextLabel(HINT, (left + 0.12, top + 0.1, z), 0.13, LIT, fade=5.0),
    ]
    spots: list[PickRegion] = []
    pictures: list[ImageQuad] = []
    if tiles:
        _tiles(tiles, left + 0.12, top - 0.32, z, quads, labels, spots, pictures)
        base = top - 0.32 - rows * (TILE + GAP) - 0.1
        at = left + 0.12
        for button in buttons:
            wide = font.text_width(button.text) * 0.085 + 0.14
            quads.append(quad(at, base + 0.14, wide, 0.19, z - 0.008, BUTTON))
            labels.append(TextLabel(button.text, (at + 0.07, base, z), 0.085, BRIGHT, fade=5.0))
            spots.append(
                PickRegion(
                    "button", (at, base + 0.14, z), (wide, 0, 0), (0, -0.19, 0), button.action
                )
            )
            at += wide + 0.06
    if sources:
        lower = y + TILE + GAP + 0.04
        _tiles(sources, left + 0.12, lower, z, quads, labels, spots, pictures)
    return Visual(np.concatenate(quads), tuple(labels), tuple(pictures), tuple(spots))


def _tiles(
    tiles: Sequence[WallTile], left: float, top: float, z: float, quads: list[np.ndarray],
    labels: list[TextLabel], spots: list[PickRegion], pictures: list[ImageQuad],
) -> None:  # fmt: skip
    """Draw them as one picture: each thumbnail would take a draw call of its own."""
    rows = -(-len(tiles) // COLUMNS)
    tall = round(THUMBNAIL_PIXELS * (TILE + GAP) / INNER)
    wide = round(THUMBNAIL_PIXELS * TILE / INNER)
    sheet = np.empty((rows * tall, COLUMNS * wide, 3), np.uint8)
    sheet[:] = CARD_PIXEL
    for i, tile in enumerate(tiles):
        row, column = divmod(i, COLUMNS)
        x, y = left + column * TILE, top - row * (TILE + GAP)
        part = sheet[
            row * tall : row * tall + THUMBNAIL_PIXELS,
            column * wide : column * wide + THUMBNAIL_PIXELS,
        ]
        part[:] = EMPTY_PIXEL if tile.pixels is None else tile.pixels
        if tile.is_highlighted:
            line = 0.014
            for dx, dy, w, h in (
                (0, 0, INNER, line), (0, line - INNER, INNER, line),
                (0, 0, line, INNER), (INNER - line, 0, line, INNER),
            ):  # fmt: skip
                quads.append(quad(x + dx, y + dy, w, h, z + 0.006, LIT))
        ink = LIT if tile.is_highlighted else INK
        text = elide(tile.text, INNER, 0.065)
        labels.append(TextLabel(text, (x, y - INNER - 0.085, z + 0.004), 0.065, ink, fade=5.0))
        spots.append(PickRegion("thumbnail", (x, y, z), (INNER, 0, 0), (0, -INNER, 0), tile.action))
    across = (COLUMNS * TILE, 0.0, 0.0)
    pictures.append(ImageQuad((left, top, z), across, (0, -rows * (TILE + GAP), 0), sheet))
