"""What floats before the eye: the image that is carried, and the magnifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import tan

import numpy as np

from vrnn.scene.camera import Camera
from vrnn.scene.primitives import QUAD, DrawList, ImageQuad, TextLabel, quad_from_edges
from vrnn.style import font

AWAY = 1.0
"""Meters from the eye."""
TEXT_HEIGHT = 0.0145
"""Height of a capital letter, of the picture's height."""
INK = (0.75, 0.78, 0.84, 1.0)
ACCENT = (1.0, 0.52, 0.10, 1.0)
CARD = (0.0065, 0.008, 0.0115, 0.97)
Ink = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class ImageCard:
    """An image with lines of text under it. smooth: blend its pixels; cross: (row, column) of the
    pixel that is marked; side: of the image, of the picture's height."""

    pixels: np.ndarray
    lines: Sequence[str] = ()
    smooth: bool = False
    marked_pixel: tuple[int, int] | None = None
    side: float = 0.3


@dataclass(frozen=True, eq=False)
class CardFrame:
    """Where a card is: its upper left corner (3,), unit vectors right, up and toward the eye, and
    how many meters a unit of the card (a picture's height) is."""

    corner: np.ndarray
    right: np.ndarray
    up: np.ndarray
    toward: np.ndarray
    unit: float

    def point(self, across: float, above: float, nearer: float = 0.0) -> np.ndarray:
        """A point by units from the corner."""
        flat = self.right * across + self.up * above + self.toward * nearer
        return self.corner + flat * self.unit


def card_size(card: ImageCard) -> tuple[float, float]:
    """Width and height in units, with its lines and edges."""
    height, width = card.pixels.shape[:2]
    longest = max(height, width)
    text = max((font.text_width(line) * TEXT_HEIGHT for line in card.lines), default=0.0)
    wide = max(card.side * width / longest, text) + 0.03
    return wide, card.side * height / longest + 0.03 + len(card.lines) * TEXT_HEIGHT * 1.75


def draw_card(
    card: ImageCard, frame: CardFrame
) -> tuple[np.ndarray, np.ndarray, list[TextLabel], ImageQuad]:
    """A card: two QUADs behind its picture, QUADs that mark a pixel, its lines, its picture."""
    height, width = card.pixels.shape[:2]
    longest = max(height, width)
    w, h = card.side * width / longest, card.side * height / longest
    wide, tall = card_size(card)
    right, up, unit = frame.right, frame.up, frame.unit

    def sheet(
        across: float, above: float, nearer: float, size: tuple[float, float], ink: Ink
    ) -> np.ndarray:
        down = -up * size[1] * unit
        return quad_from_edges(
            frame.point(across, above, nearer), right * size[0] * unit, down, ink
        )

    behind = [sheet(0, 0, 0, (wide, tall), CARD), sheet(0, 0, 0.001, (wide, 0.0018), ACCENT)]
    picture = ImageQuad(
        _three(frame.point(0.015, -0.015, 0.002)), _three(right * w * unit), _three(-up * h * unit),
        card.pixels, card.smooth,
    )  # fmt: skip
    marks = [np.zeros(0, QUAD)]
    if card.marked_pixel is not None:
        row, column = card.marked_pixel
        cell_w, cell_h = w / width, h / height
        line = 0.003
        grown = max(cell_w, 0.012), max(cell_h, 0.012)
        x0 = 0.015 + column * cell_w - (grown[0] - cell_w) / 2
        y0 = -0.015 - row * cell_h + (grown[1] - cell_h) / 2
        for dx, dy, a, b in (
            (0.0, 0.0, grown[0], line), (0.0, line - grown[1], grown[0], line),
            (0.0, 0.0, line, grown[1]), (grown[0] - line, 0.0, line, grown[1]),
        ):  # fmt: skip
            marks.append(sheet(x0 + dx, y0 + dy, 0.004, (a, b), ACCENT))
    labels = []
    for i, text in enumerate(card.lines):
        base = -0.015 - h - TEXT_HEIGHT * 1.6 - i * TEXT_HEIGHT * 1.75
        ink = ACCENT if i == 0 else INK
        place = _three(frame.point(0.015, base, 0.003))
        labels.append(
            TextLabel(text, place, TEXT_HEIGHT * unit, ink, _three(right), _three(up), fade=0)
        )
    return np.concatenate(behind), np.concatenate(marks), labels, picture


def hud_cards(
    cards: Sequence[ImageCard], camera: Camera, aspect: float, x: float, y: float,
    marks_too: np.ndarray | None = None,
) -> DrawList:  # fmt: skip
    """Cards beside the point (x, y) of the picture, -1…1 with y up, on the side that has room.

    marks_too: QUADs in the world that are to be seen through everything.
    """
    sheets = [np.zeros(0, QUAD)]
    marks = [] if marks_too is None else [marks_too]
    labels: list[TextLabel] = []
    pictures: list[ImageQuad] = []
    right, up, forward = camera.axes()
    unit = 2 * AWAY * tan(camera.fov / 2)  # meters of the picture's height
    origin = camera.position + forward * AWAY
    across = x * aspect / 2
    for card in cards:
        wide, tall = card_size(card)
        left = across + 0.03 if across + 0.03 + wide < aspect / 2 - 0.01 else across - 0.03 - wide
        left = max(left, -aspect / 2 + 0.01)
        top = min(y / 2 + tall * 0.7, 0.49)
        top = max(top, tall - 0.49)
        corner = origin + (right * left + up * top) * unit
        behind, mark, lines, picture = draw_card(card, CardFrame(corner, right, up, -forward, unit))
        sheets.append(behind)
        marks.append(mark)
        labels += lines
        pictures.append(picture)
        across = left + wide if left >= across else left
    return DrawList(
        quads=np.concatenate([*sheets, *marks]), labels=tuple(labels), image_quads=tuple(pictures)
    )


def _three(vector: np.ndarray) -> tuple[float, float, float]:
    x, y, z = vector.tolist()
    return x, y, z
