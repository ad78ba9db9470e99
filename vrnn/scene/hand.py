"""What floats before the eye: the image that is carried, and the magnifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import tan

import numpy as np

from vrnn import font
from vrnn.scene.camera import Camera
from vrnn.scene.drawing import QUAD, Drawing, Label, Picture, quad_of

AWAY = 1.0
"""Metres from the eye."""
TEXT = 0.0145
"""Height of a capital letter, of the picture's height."""
INK = (0.75, 0.78, 0.84, 1.0)
ACCENT = (1.0, 0.52, 0.10, 1.0)
CARD = (0.0065, 0.008, 0.0115, 0.97)


@dataclass(frozen=True, eq=False)
class Card:
    """An image with lines of text under it. smooth: blend its pixels; cross: (row, column) of the
    pixel that is marked; side: of the image, of the picture's height."""

    pixels: np.ndarray
    lines: Sequence[str] = ()
    smooth: bool = False
    cross: tuple[int, int] | None = None
    side: float = 0.3


def floating(
    cards: Sequence[Card], camera: Camera, aspect: float, x: float, y: float,
    marks_too: np.ndarray | None = None,
) -> Drawing:  # fmt: skip
    """Cards beside the point (x, y) of the picture, -1…1 with y up, on the side that has room.

    marks_too: QUADs in the world that are to be seen through everything.
    """
    sheets: list[np.ndarray] = []
    marks: list[np.ndarray] = [] if marks_too is None else [marks_too]
    labels: list[Label] = []
    pictures: list[Picture] = []
    right, up, forward = camera.axes()
    unit = 2 * AWAY * tan(camera.fov / 2)  # metres of the picture's height
    origin = camera.position + forward * AWAY

    def at(across: float, above: float, nearer: float = 0.0) -> np.ndarray:
        """A point by parts of the picture's height from its middle."""
        return origin - forward * nearer + (right * across + up * above) * unit

    across = x * aspect / 2
    for card in cards:
        height, width = card.pixels.shape[:2]
        longest = max(height, width)
        w, h = card.side * width / longest, card.side * height / longest
        text = max((font.width(line) * TEXT for line in card.lines), default=0.0)
        wide = max(w, text) + 0.03
        tall = h + 0.03 + len(card.lines) * TEXT * 1.75
        left = across + 0.03 if across + 0.03 + wide < aspect / 2 - 0.01 else across - 0.03 - wide
        left = max(left, -aspect / 2 + 0.01)
        top = min(y / 2 + tall * 0.7, 0.49)
        top = max(top, tall - 0.49)
        sheets.append(_sheet(at(left, top), right, up, wide * unit, tall * unit, CARD))
        edge = 0.0018
        sheets.append(_sheet(at(left, top), right, up, wide * unit, edge * unit, ACCENT))
        corner = (left + 0.015, top - 0.015)
        pictures.append(
            Picture(
                tuple(at(*corner, 0.002).tolist()), tuple((right * w * unit).tolist()),
                tuple((-up * h * unit).tolist()), card.pixels, card.smooth,
            )
        )  # fmt: skip
        if card.cross is not None:
            row, column = card.cross
            cell_w, cell_h = w / width, h / height
            x0, y0 = corner[0] + column * cell_w, corner[1] - row * cell_h
            line = 0.003
            grown = max(cell_w, 0.012), max(cell_h, 0.012)
            x0, y0 = x0 - (grown[0] - cell_w) / 2, y0 + (grown[1] - cell_h) / 2
            for dx, dy, a, b in (
                (0.0, 0.0, grown[0], line), (0.0, line - grown[1], grown[0], line),
                (0.0, 0.0, line, grown[1]), (grown[0] - line, 0.0, line, grown[1]),
            ):  # fmt: skip
                where = at(x0 + dx, y0 + dy, 0.004)
                marks.append(_sheet(where, right, up, a * unit, b * unit, ACCENT))
        for i, line_text in enumerate(card.lines):
            base = corner[1] - h - TEXT * 1.6 - i * TEXT * 1.75
            labels.append(
                Label(
                    line_text, tuple(at(corner[0], base, 0.003).tolist()), TEXT * unit,
                    ACCENT if i == 0 else INK, tuple(right.tolist()), tuple(up.tolist()), fade=0,
                )
            )  # fmt: skip
        across = left + wide if left >= across else left
    return Drawing(
        quads=np.concatenate([np.zeros(0, QUAD), *sheets, *marks]), labels=tuple(labels),
        pictures=tuple(pictures),
    )  # fmt: skip


def _sheet(
    corner: np.ndarray, right: np.ndarray, up: np.ndarray, width: float, height: float,
    colour: tuple[float, ...],
) -> np.ndarray:  # fmt: skip
    return quad_of(corner, right * width, -up * height, colour)
