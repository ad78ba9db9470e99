"""Where the maps of one layer are: in a grid, a line or rings, ordered, spread, or one for all."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, pi
from typing import Literal, get_args

import numpy as np

from vrnn.network.axes import Presentation
from vrnn.scene.layout.panel_size import MAX_PANEL_SIDE, PanelGrid, panel_size

MapForm = Literal["grid", "line", "ring"]
FORMS: tuple[MapForm, ...] = get_args(MapForm)
"""How the maps of a layer are placed."""
MAX_LINE_LENGTH = 9.0
"""A line of maps, meters."""
MIN_RING_FRACTION = 0.35
"""The radius of the innermost ring beside that of the outermost."""
FOLDED_LAYER_SIDE, FOLDED_MODULE_SIDE = 0.75, 1.15
"""Side of a folded layer's one map, and of a folded module's, meters."""


WALL = 0.5
"""Free room between two groups of maps, beside a map's cell."""
MIN_WALL = 0.04
"""The same, meters, at least."""
TREE_ROOM = 0.34
"""Room for the tree of the groups: at the left of a grid, above a line; meters."""


@dataclass(frozen=True, eq=False)
class MapGrid:
    """Where each map is that is drawn as a panel of its own, meters.

    Attributes:
        channels: (K,) channel numbers.
        centers: (K, 3) float32 from the middle of the layer's lower edge, z toward the viewer.
        cell_size: Width and height of a map.
        width: Of all.
        height: Of all.
    """

    channels: np.ndarray
    centers: np.ndarray
    cell_size: tuple[float, float]
    width: float
    height: float


@dataclass(frozen=True, eq=False)
class ChannelOrder:
    """In which order maps stand.

    Attributes:
        channels: (C,) channel numbers, the first first.
        groups: (C,) number of the group of each, not decreasing from 0; None for no groups.
    """

    channels: np.ndarray
    groups: np.ndarray | None = None


def single_map_grid(shape: tuple[int, int, int], side: float) -> PanelGrid:
    """Return a panel with a single map.

    Args:
        shape: (C, H, W) of the layer.
        side: Of a square with the area of the panel, meters.
    """
    _, height, width = shape
    aspect = min(3.0, max(1 / 3, width / max(height, 1)))
    return PanelGrid(1, 1, side * aspect**0.5, side / aspect**0.5)


def map_grid(
    shape: tuple[int, int, int],
    form: MapForm = "grid",
    spread: float = 1.0,
    max_maps: int = 0,
    order: ChannelOrder | None = None,
    presentation: Presentation = "image",
    has_graph: bool = False,
) -> MapGrid:
    """Return where the maps of a layer are.

    Args:
        shape: (C, H, W) of the layer.
        form: One of FORMS.
        spread: Distance between maps, as a multiple of the usual one, 1…4.
        max_maps: Only so many of the first maps are shown; 0 for all.
        order: Of the channels, perhaps in groups: then there are walls between groups, and room
            for their tree, but not in rings; None for that of their numbers.
        presentation: How the maps are read. The lines of a sequence are no longer than other maps
            in a line or a ring.
        has_graph: Whether it is known how the nodes of a graph are to be placed.
    """
    order = order or ChannelOrder(np.arange(shape[0]))
    channels = order.channels[: max_maps or None]
    groups = None if order.groups is None else order.groups[: len(channels)]
    count = max(1, len(channels))
    is_heatmap = presentation == "sequence" or (presentation == "nodes" and not has_graph)
    if is_heatmap and form != "grid":
        presentation = "image"
    grid = panel_size((count, *shape[1:]), presentation, has_graph)
    cell = (grid.width / grid.columns, grid.height / grid.rows)
    if form == "line":
        return _line(channels, cell, spread, groups)
    if form == "ring":
        return _rings(channels, cell, spread)
    if groups is not None:
        return _walled_grid(channels, cell, spread, grid.columns, groups)
    index = np.arange(count)
    step_x, step_y = cell[0] * spread, cell[1] * spread
    width, height = grid.columns * step_x, grid.rows * step_y
    x = (index % grid.columns + 0.5) * step_x - width / 2
    y = height - (index // grid.columns + 0.5) * step_y
    return MapGrid(channels, _points(x, y), cell, width, height)


def _points(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.stack([x, y, np.zeros_like(x)], 1).astype(np.float32)


def _walled_grid(
    channels: np.ndarray, cell: tuple[float, float], spread: float, columns: int,
    groups: np.ndarray,
) -> MapGrid:  # fmt: skip
    """Rows of maps in which each group begins a new one, a wall below the one before."""
    step_x, step_y = cell[0] * spread, cell[1] * spread
    sizes = np.bincount(groups)
    rows_of = -(-sizes // columns)
    within = np.arange(len(groups)) - (np.cumsum(sizes) - sizes)[groups]
    row = (np.cumsum(rows_of) - rows_of)[groups] + within // columns
    wall = max(WALL * step_y, MIN_WALL)
    width = columns * step_x + TREE_ROOM
    height = float(rows_of.sum() * step_y + (len(sizes) - 1) * wall)
    x = (within % columns + 0.5) * step_x - width / 2 + TREE_ROOM
    y = height - (row + 0.5) * step_y - groups * wall
    return MapGrid(channels, _points(x, y), cell, width, height)


def _line(
    channels: np.ndarray, cell: tuple[float, float], spread: float, groups: np.ndarray | None
) -> MapGrid:
    count = max(1, len(channels))
    walls = np.zeros(count) if groups is None else groups * WALL
    length = (count + float(walls[-1])) * cell[0] * spread
    shrink = min(1.0, MAX_LINE_LENGTH / length)
    cell, width = (cell[0] * shrink, cell[1] * shrink), length * shrink
    x = (np.arange(count) + 0.5 + walls) * cell[0] * spread - width / 2
    height = cell[1] + (0.0 if groups is None else TREE_ROOM)
    return MapGrid(channels, _points(x, np.full(count, cell[1] / 2)), cell, width, height)


def _rings(channels: np.ndarray, cell: tuple[float, float], spread: float) -> MapGrid:
    """Rings one inside another, the first map at the top of the outermost, clockwise."""
    count = max(1, len(channels))
    max_radius = (MAX_PANEL_SIDE - max(cell)) / 2
    for _ in range(60):
        step = max(cell) * spread
        radius = min(max(count * step / (2 * pi), step), max_radius)
        radii = _radii(radius, step, count)
        if sum(n for _, n in radii) >= count:
            break
        cell = (cell[0] * 0.95, cell[1] * 0.95)
    x, y, left = [], [], count
    for ring_radius, capacity in radii:
        taken = min(capacity, left)
        angle = pi / 2 - 2 * pi * np.arange(taken) / taken if taken else np.zeros(0)
        x.append(ring_radius * np.cos(angle))
        y.append(ring_radius * np.sin(angle))
        left -= taken
    side = 2 * radius + max(cell)
    points = _points(np.concatenate(x), np.concatenate(y) + side / 2)
    return MapGrid(channels[: len(points)], points, cell, side, side)


def _radii(radius: float, step: float, count: int) -> list[tuple[float, int]]:
    """Radius of each ring, and how many maps are on it, from the outermost."""
    rings = max(1, floor((1 - MIN_RING_FRACTION) * radius / step) + 1)
    radii, left = [], count
    for ring in range(rings):
        ring_radius = radius - ring * step
        capacity = max(1, floor(2 * pi * ring_radius / step))
        if ring == 0 and left <= capacity:
            return [(ring_radius, left)]
        radii.append((ring_radius, min(capacity, left) if left > 0 else 0))
        left -= capacity
    return [(r, n) for r, n in radii if n > 0] or [(radius, ceil(count))]
