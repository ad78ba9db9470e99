"""How large a layer's panel is, and in how many columns and rows its maps are on it.

Sizes have a meaning: a map's cell grows slowly with its resolution, so that a 112×112 map appears
larger than a 7×7 one while both stay legible, and a panel grows slowly with its number of maps.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, log, sqrt

from vrnn.network.axes import Presentation

CELL_GAP = 0.06
"""Part of a cell that is free between two maps; as in shaders/panel.frag.glsl."""
CELL_AT_7 = 0.12
"""Side of a 7×7 map's cell, meters; at 112×112 it comes to 0.3 m."""
CELL_GROWTH = 1 / 3
"""Power of a map's side, in values, with which its cell grows."""
IMAGE_CELL = 0.9
"""Side of one of the few maps of an image-like result, meters."""
NATURAL_SIDES = (1.9, 3.2)
"""Between these sides, in meters, a panel has its natural size; others are brought nearer."""
MAX_PANEL_SIDE = 4.4
"""Meters."""
MAX_ASPECT = 8.0
"""Of a map's cell."""
PANEL_ASPECT = 1.15
"""Width / height that a panel is to have."""
STRIP_ASPECT = 4.0
"""Width / height that the panel of a long vector is to have."""
MAX_STRIP_CELL = 0.14
"""Largest cell of a short vector, meters."""
CURVE_ASPECT = 3.0
"""Width / height of the cell of a curve."""
CURVE_HEIGHT = 0.22
"""Of a curve's cell, meters."""
GRAPH_CELL = 0.42
"""Side of the cell that a graph is drawn in, meters."""
TOKEN_PITCH = 0.13
"""Meters from one token to the next, where there is room."""
TOKEN_LINE_HEIGHTS = (0.006, 0.14)
"""A channel of a sequence is between these high, meters, where there is room."""
MIN_SEQUENCE_SIDES = (1.2, 0.28)
"""A sequence is at least so wide and so high, meters, whatever its numbers of tokens and channels:
a line of 512 tokens is a band, not a hair."""
MAX_LINES = 1024
"""Channels of a sequence that stand below each other; more of them stand in several columns."""


@dataclass(frozen=True)
class PanelGrid:
    """The cells of a panel of maps.

    Attributes:
        columns: Of cells.
        rows: Of cells.
        width: Of the panel, meters.
        height: Of the panel, meters.
    """

    columns: int
    rows: int
    width: float
    height: float


@lru_cache(maxsize=4096)
def panel_size(
    shape: tuple[int, int, int], presentation: Presentation = "image", has_graph: bool = False
) -> PanelGrid:
    """Return the size of the panel of a layer.

    Maps keep their aspect up to 8:1. Vectors (C, 1, 1) become a wide low strip, results with at
    most four maps (images, masks) are side by side and large. Tokens stand from left to right,
    with the channels below each other; so do the nodes of a graph that nothing else is known of.

    Args:
        shape: (C, H, W) of the layer.
        presentation: How its maps are read.
        has_graph: Whether it is known how the nodes of a graph are to be placed.
    """
    count, height, width = (max(1, n) for n in shape)
    if presentation == "nodes" and has_graph and height == 1:
        return _cells(count, 1.0, GRAPH_CELL)
    if presentation in ("sequence", "nodes") and (height > 1 or width > 1):
        return _sequence(count, height, width)
    if height == width == 1:
        return _strip(count)
    if presentation == "curve":
        return _cells(count, CURVE_ASPECT / height, CURVE_HEIGHT * sqrt(CURVE_ASPECT))
    aspect = min(MAX_ASPECT, max(1 / MAX_ASPECT, width / height))
    natural = CELL_AT_7 * (sqrt(height * width) / 7) ** CELL_GROWTH
    if count > 4:
        return _cells(count, aspect, natural)
    columns, rows = (count, 1) if aspect <= 2 else (1, count)
    return _fitted(columns, rows, IMAGE_CELL * min(1.0, natural / 0.126), aspect)


def _cells(count: int, aspect: float, natural: float) -> PanelGrid:
    """So many cells in a grid.

    Args:
        count: How many.
        aspect: Width / height of each.
        natural: Side of a square with the area of one, where there are neither few nor many.
    """
    columns, rows = (1, count) if count <= 4 and aspect > 2 else _grid(count, aspect, PANEL_ASPECT)
    side = natural * _moderated(natural * sqrt(count)) / (natural * sqrt(count))
    return _fitted(columns, rows, side, aspect)


def _fitted(columns: int, rows: int, side: float, aspect: float) -> PanelGrid:
    """A panel of so many cells, made smaller when it is too large; side as in `_cells`."""
    cell_width, cell_height = side * sqrt(aspect), side / sqrt(aspect)
    shrink = min(
        1.0, MAX_PANEL_SIDE / (columns * cell_width), MAX_PANEL_SIDE / (rows * cell_height)
    )
    return PanelGrid(columns, rows, columns * cell_width * shrink, rows * cell_height * shrink)


def _sequence(count: int, height: int, width: int) -> PanelGrid:
    """Tokens from left to right, channels below each other; H rows of tokens for each channel."""
    columns = ceil(count / MAX_LINES)
    rows = ceil(count / columns)
    columns = ceil(count / rows)
    low, high = TOKEN_LINE_HEIGHTS
    least_width, least_height = MIN_SEQUENCE_SIDES
    line = min(high * height, max(low, NATURAL_SIDES[0] / rows))
    return PanelGrid(
        columns,
        rows,
        min(_moderated(columns * max(least_width, width * TOKEN_PITCH)), MAX_PANEL_SIDE),
        min(max(rows * line, least_height), MAX_PANEL_SIDE),
    )


def _strip(count: int) -> PanelGrid:
    """A vector's panel: one row when short, else a low grid."""
    columns, rows = (count, 1) if count <= 16 else _grid(count, 1.0, STRIP_ASPECT)
    natural = CELL_AT_7 * (1 / 7) ** CELL_GROWTH
    cell = max(natural, min(MAX_STRIP_CELL, NATURAL_SIDES[0] / columns))
    cell *= min(1.0, _moderated(columns * cell) / (columns * cell))
    return PanelGrid(columns, rows, columns * cell, rows * cell)


def _moderated(side: float) -> float:
    """A panel's side from its natural one, meters: small ones grow, large ones shrink."""
    low, high = NATURAL_SIDES
    if side < low:
        return low * (side / low) ** 0.3
    if side > high:
        return min(MAX_PANEL_SIDE, high * (side / high) ** 0.35)
    return side


def _grid(count: int, cell_aspect: float, wanted: float) -> tuple[int, int]:
    """Columns and rows for so many cells: near the wanted aspect, few cells empty, best none."""
    ideal = sqrt(count * wanted / cell_aspect)

    def cost(columns: int) -> float:
        rows = ceil(count / columns)
        empty = columns * rows - count
        shape = abs(log(columns * cell_aspect / rows / wanted))
        return shape + 2 * empty / count + (0.15 if empty else 0.0)

    choices = range(max(1, int(ideal * 0.7)), min(count, ceil(ideal * 1.45)) + 1)
    columns = min(choices, key=cost, default=count)
    return columns, ceil(count / columns)
