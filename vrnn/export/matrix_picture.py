"""A matrix of layers against layers as a picture with names and a scale."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from vrnn.export.plot import BACKGROUND, BRIGHT, INK, write_line
from vrnn.network.cka import CkaMatrix
from vrnn.style import font
from vrnn.style.cka_colors import NOT_KNOWN, cka_pixels

MAX_SIDE, MIN_CELL, MAX_CELL = 1400, 2, 28
"""Pixels of the longer side of the matrix, if cells then have at least the least."""
NAME_SIZE, TITLE_SIZE = 13, 24
"""Sizes of text, pixels."""
NAME_ROOM = 190
"""Pixels beside the matrix for names."""
MARGIN, HEAD, FOOT = 24, 84, 70
"""Pixels."""
SCALE_WIDTH, SCALE_HEIGHT = 260, 14


def draw_matrix(matrix: CkaMatrix, titles: tuple[str, str]) -> Image.Image:
    """Draw CKA: layers of the first network from the bottom up, of the second from left to right.

    Names stand at as many rows and columns as there is room for.

    Args:
        matrix: What is drawn.
        titles: Names of both networks.

    Returns:
        RGB.
    """
    rows, columns = matrix.values.shape
    cell = min(max(MAX_SIDE // max(rows, columns), MIN_CELL), MAX_CELL)
    width, height = columns * cell, rows * cell
    left, top = MARGIN + NAME_ROOM, HEAD
    size = (left + max(width, 2 * SCALE_WIDTH) + MARGIN, top + height + NAME_ROOM + FOOT)
    picture = Image.new("RGB", size, BACKGROUND)
    pixels = np.repeat(np.repeat(cka_pixels(matrix.values[::-1]), cell, 0), cell, 1)
    picture.paste(Image.fromarray(pixels), (left, top))
    step = -(-(NAME_SIZE + 4) // cell)
    for i in range(0, rows, step):
        y = top + height - (i + 0.5) * cell + NAME_SIZE * 0.35
        write_line(
            picture, matrix.rows[i], left - 8, y, INK, 1.0, NAME_SIZE, NAME_ROOM - 8
        )  # fmt: skip
    _write_columns(picture, matrix, (left, top + height), cell, step)
    room = size[0] - 2 * MARGIN
    title = f"linear CKA over {matrix.images} images"
    write_line(picture, title, MARGIN, 36, BRIGHT, size=TITLE_SIZE, room=room)
    axes = f"upward: {titles[0]}   across: {titles[1]}"
    write_line(picture, axes, MARGIN, 64, INK, room=room)
    _draw_scale(picture, (left, size[1] - 40), bool(np.isnan(matrix.values).any()))
    return picture


def _write_columns(
    picture: Image.Image, matrix: CkaMatrix, corner: tuple[int, int], cell: int, step: int
) -> None:
    """Names below the columns, from the top down."""
    strip = Image.new("RGB", (NAME_ROOM, len(matrix.columns) * cell), BACKGROUND)
    for k in range(0, len(matrix.columns), step):
        y = (k + 0.5) * cell + NAME_SIZE * 0.35
        write_line(
            strip, matrix.columns[k], NAME_ROOM - 8, y, INK, 1.0, NAME_SIZE, NAME_ROOM - 8
        )  # fmt: skip
    picture.paste(strip.transpose(Image.Transpose.ROTATE_90), corner)


def _draw_scale(picture: Image.Image, corner: tuple[int, int], has_unknown: bool) -> None:
    x, y = corner
    bar = cka_pixels(np.tile(np.linspace(0, 1, SCALE_WIDTH), (SCALE_HEIGHT, 1)))
    picture.paste(Image.fromarray(bar), (x, y))
    write_line(picture, "0", x, y + 30, INK, size=NAME_SIZE)
    write_line(picture, "1: alike", x + SCALE_WIDTH, y + 30, INK, 1.0, NAME_SIZE)
    if has_unknown:
        start = x + SCALE_WIDTH + 20
        box = (start, y, start + SCALE_HEIGHT, y + SCALE_HEIGHT - 1)
        ImageDraw.Draw(picture).rectangle(box, fill=NOT_KNOWN)
        room = font.text_width("not finite, or constant") * NAME_SIZE
        text = "not finite, or constant"
        write_line(picture, text, start + 22, y + 12, INK, size=NAME_SIZE, room=room)
