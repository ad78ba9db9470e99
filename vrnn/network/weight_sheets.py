"""Kernels of a layer as one picture: those of each filter where its map stands."""

from __future__ import annotations

from functools import cache
from math import ceil, sqrt

import numpy as np

from vrnn.network.map_difference import DIFFERENCE_COLORS
from vrnn.style.colormap import SAFE, lookup_table
from vrnn.style.connection_colors import GAMMA, NOT_FINITE, connection_table
from vrnn.style.srgb import linear_to_srgb
from vrnn.style.theme_names import Theme

BETWEEN = (40, 45, 54), (9, 11, 15)
LIGHT_BETWEEN = (206, 210, 217), (178, 184, 193)
"""sRGB of the lines between the kernels of a filter, and of the room around it; over white."""
STEPS = 120
"""Colors on either side of zero: with three more they are numbered by a byte."""
FINE = 8192
"""Values that are told apart on either side of zero."""
ROOM = 0.05
"""Around the kernels of a filter, as a part of their side; about that between maps."""


@cache
def sheet_colors(are_weights: bool, theme: Theme = "dark") -> np.ndarray:
    """Return the colors from -1 to 1, last that of no number: (2 · STEPS + 2, 3) uint8 sRGB.

    Args:
        are_weights: Red to blue over white, as connections have it; else orange to blue over black.
        theme: In the light one, orange to blue lead over white.
    """
    if are_weights:
        table = connection_table("red-blue")[:-1]
    else:
        table = linear_to_srgb(lookup_table(DIFFERENCE_COLORS, *SAFE, theme))
    chosen = table[np.rint(np.linspace(0, len(table) - 1, 2 * STEPS + 1)).astype(int)]
    return np.concatenate([chosen, np.array([NOT_FINITE], np.uint8)])


@cache
def _levels() -> np.ndarray:
    """The number of the color of each of 2 · FINE + 1 values from -1 to 1, uint8."""
    values = np.arange(-FINE, FINE + 1) / FINE
    numbers = np.sign(values) * np.abs(values) ** GAMMA * STEPS + STEPS
    return np.rint(numbers).astype(np.uint8)


def value_colors(values: np.ndarray, largest: float) -> np.ndarray:
    """Return the number of each value's color in `sheet_colors`, uint8.

    Args:
        values: Any numbers.
        largest: The value that has the full color.
    """
    parts = np.asarray(values, np.float32) * np.float32(FINE / (largest or 1.0))
    is_finite = np.isfinite(parts)
    whole = np.rint(np.clip(np.where(is_finite, parts, 0), -FINE, FINE)).astype(np.int16)
    return np.where(is_finite, _levels()[whole + FINE], np.uint8(2 * STEPS + 1))


def largest_value(values: np.ndarray) -> float:
    """Return the largest finite |value|; 0 where there is none."""
    low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))
    if np.isfinite([low, high]).all():
        return max(-low, high)
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0))


def weight_sheet(
    values: np.ndarray, columns: int, largest: float, are_weights: bool, theme: Theme = "dark"
) -> np.ndarray:
    """Return kernels as a picture, (H, W, 3) uint8 sRGB.

    Args:
        values: (filters, kernels of a filter, …) float32; two axes are a matrix, which is shown as
            it is, a row for each filter.
        columns: Filters beside each other.
        largest: The value that has the full color.
        are_weights: Which colors, see `sheet_colors`.
        theme: See `sheet_colors`.
    """
    colors = sheet_colors(are_weights, theme)
    if values.ndim == 2:
        return colors[value_colors(values, largest)]
    filters, kernels = values.shape[:2]
    flat = values.reshape(filters, kernels, -1, values.shape[-1])
    height, width = flat.shape[2:]
    line = 0 if height == width == 1 else 1
    across = ceil(sqrt(kernels * height / width))
    down = ceil(kernels / across)
    # Beside the values two more colors: of lines, and of the room around.
    lines = LIGHT_BETWEEN if theme == "light" and not are_weights else BETWEEN
    table = np.concatenate([colors, np.array(lines, np.uint8)])
    between, around = len(colors), len(colors) + 1
    numbers = np.full((filters, down * across, height + line, width + line), between, np.uint8)
    numbers[:, :kernels, :height, :width] = value_colors(flat, largest)
    numbers[:, kernels:] = around
    shape = (filters, down, across, height + line, width + line)
    cells = numbers.reshape(shape).transpose(0, 1, 3, 2, 4)
    cells = cells.reshape(filters, down * (height + line), across * (width + line))
    cells = cells[:, : cells.shape[1] - line, : cells.shape[2] - line]
    room = max(1, round(ROOM * max(cells.shape[1:]) / 2))
    cells = np.pad(cells, ((0, 0), (room, room), (room, room)), constant_values=around)
    columns = min(columns, filters)
    rows = ceil(filters / columns)
    sheet = np.full((rows * columns, *cells.shape[1:]), around, np.uint8)
    sheet[:filters] = cells
    sheet = sheet.reshape(rows, columns, *cells.shape[1:]).transpose(0, 2, 1, 3)
    pixels = sheet.reshape(rows * cells.shape[1], columns * cells.shape[2])
    return np.take(table, pixels, 0)
