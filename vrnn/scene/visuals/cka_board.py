"""A board with the similarity of the layers of two networks: point at a cell to see which."""

from __future__ import annotations

from typing import Any

import numpy as np

from vrnn.network.cka import CkaMatrix
from vrnn.scene.primitives import ImageQuad, PickRegion, TextLabel, Visual, quad
from vrnn.style import font
from vrnn.style.cka_colors import cka_pixels
from vrnn.style.text import elide
from vrnn.style.theme import ACCENT, CARD, RGBA, TEXT

CKA_VISUAL = "cka"
"""Name of the board among the world's visuals."""
CKA_KIND = "cka"
"""Kind of the region of its cells."""
SIDE = 3.6
"""Longer side of the matrix, meters."""
NAMES = 1.1
"""Room for names beside the matrix, meters."""
GAP = 0.2
HEAD = 0.7
"""Height of the title, meters."""
FOOT = 0.45
"""Height of the scale, meters."""
TITLE_HEIGHT, TEXT_HEIGHT, NAME_HEIGHT = 0.13, 0.1, 0.07
"""Capital heights, meters."""
MIN_PITCH = 1.8
"""From one name to the next at least, in capital heights."""
NEARER = 0.006
"""From one sheet to the one on it, meters."""
SCALE_COLORS = 64


def matrix_size(matrix: CkaMatrix) -> tuple[float, float]:
    """Return width and height of the cells together, meters."""
    rows, columns = matrix.values.shape
    longest = max(rows, columns)
    return SIDE * columns / longest, SIDE * rows / longest


def board_size(matrix: CkaMatrix) -> tuple[float, float]:
    """Return width and height of the board, meters."""
    width, height = matrix_size(matrix)
    return max(width, SIDE / 2) + NAMES + 2 * GAP, HEAD + height + NAMES + FOOT + GAP


def cell_at(matrix: CkaMatrix, across: float, down: float) -> tuple[int, int]:
    """Return row and column of the cell at a place.

    Args:
        matrix: What the board shows, its first row at the bottom.
        across: Part of the width of all cells.
        down: Part of their height.
    """
    rows, columns = matrix.values.shape
    row, column = int((1 - down) * rows), int(across * columns)
    return min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)


def cka_board(
    matrix: CkaMatrix, titles: tuple[str, str], position: tuple[float, float, float], close: Any,
    slots: tuple[int, int],
) -> Visual:  # fmt: skip
    """Return the board: the first network upward, the second across.

    Args:
        matrix: What is drawn.
        titles: Names of both networks.
        position: Middle of the board's lower edge, meters.
        close: What a click on the close button does.
        slots: Of both networks: what is at the cells belongs to them.
    """
    width, height = board_size(matrix)
    left, top, z = position[0] - width / 2, position[1] + height, position[2]
    across, down = matrix_size(matrix)
    x, y = left + GAP + NAMES, top - HEAD
    button = "× close"
    right = left + width - GAP - font.text_width(button) * TEXT_HEIGHT
    room = right - left - 2 * GAP
    axes = f"upward {titles[0]}, across {titles[1]}"
    labels = [
        _label(elide("linear CKA of layers", room, TITLE_HEIGHT), left + GAP, top - 0.25, z, TEXT,
               TITLE_HEIGHT),
        _label(elide(axes, width - 2 * GAP, TEXT_HEIGHT), left + GAP, top - 0.5, z, TEXT),
        _label(button, right, top - 0.25, z, ACCENT),
        *_names(matrix, (x, y, z), (across, down)),
    ]  # fmt: skip
    cells = ImageQuad(
        (x, y, z + NEARER), (across, 0.0, 0.0), (0.0, -down, 0.0), cka_pixels(matrix.values[::-1]),
        False,
    )  # fmt: skip
    bar_top, bar_width = position[1] + FOOT, min(across, SIDE / 2)
    bar = ImageQuad(
        (x, bar_top, z + NEARER), (bar_width, 0.0, 0.0), (0.0, -0.12, 0.0),
        cka_pixels(np.linspace(0, 1, SCALE_COLORS)[None]),
    )  # fmt: skip
    end = "1 alike"
    labels += [
        _label("0", x, bar_top - 0.27, z, TEXT),
        _label(end, x + bar_width - font.text_width(end) * TEXT_HEIGHT, bar_top - 0.27, z, TEXT),
        _label(f"{matrix.images} images", left + GAP, bar_top - 0.12, z, TEXT),
    ]
    value = matrix, slots
    regions = (
        PickRegion("button", (right - 0.1, top - 0.08, z), (0.6, 0, 0), (0, -0.28, 0), close),
        PickRegion(CKA_KIND, (x, y, z + NEARER), (across, 0, 0), (0, -down, 0), value, slots[0]),
    )
    card = quad(left, top, width, height, z, CARD)
    return Visual(card, tuple(labels), (cells, bar), regions)


def _names(
    matrix: CkaMatrix, corner: tuple[float, float, float], size: tuple[float, float]
) -> list[TextLabel]:
    """Names at as many rows and columns as there is room for."""
    x, y, z = corner
    across, down = size
    rows, columns = matrix.values.shape
    labels = []
    room = NAMES - 0.06
    for i in range(0, rows, _step(down / rows)):
        text = elide(matrix.rows[i], room, NAME_HEIGHT)
        start = x - 0.06 - font.text_width(text) * NAME_HEIGHT
        base = y - down + (i + 0.5) * down / rows - NAME_HEIGHT / 2
        labels.append(_label(text, start, base, z, TEXT, NAME_HEIGHT))
    for k in range(0, columns, _step(across / columns)):
        text = elide(matrix.columns[k], room, NAME_HEIGHT)
        end = y - down - 0.06 - font.text_width(text) * NAME_HEIGHT
        base = x + (k + 0.5) * across / columns + NAME_HEIGHT / 2
        labels.append(
            TextLabel(
                text, (base, end, z + NEARER), NAME_HEIGHT, TEXT, (0.0, 1.0, 0.0),
                (-1.0, 0.0, 0.0), fade=5.0,
            )
        )  # fmt: skip
    return labels


def _step(pitch: float) -> int:
    """Every so manieth name has room where cells are so large. pitch: meters."""
    return max(1, int(np.ceil(NAME_HEIGHT * MIN_PITCH / pitch)))


def _label(
    text: str, x: float, y: float, z: float, color: RGBA, height: float = TEXT_HEIGHT
) -> TextLabel:
    return TextLabel(text, (x, y, z + NEARER), height, color, fade=5.0)
