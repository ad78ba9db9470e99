"""One value of a layer with all its calculations: windows, products, the sum, the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vrnn.network.connection_sums import MapSum, PositionSum
from vrnn.network.connections import LayerConnections
from vrnn.scene.primitives import FIXED, QUAD, TextLabel, Visual, quad
from vrnn.style import font
from vrnn.style.connection_colors import ConnectionPalette, connection_colors
from vrnn.style.text import number_text
from vrnn.style.theme import ACCENT, CARD, RGBA, STRUCTURE, TEXT

MAX_MAPS = 3
"""Maps whose calculations are written out; of kernels of one weight more."""
MAX_POINT_MAPS = 9
MAX_SIDE = 7
"""Weights along the side of a kernel that is written in numbers; a larger one is colors alone."""
CELL = 0.4
"""Meters."""
GAP = 0.3
"""Meters between two grids."""
NUMBER_HEIGHT, TEXT_HEIGHT, TITLE_HEIGHT = 0.11, 0.14, 0.17
"""Capital heights, meters."""
MARGIN = 0.3
MIN_WIDTH = 4.6
"""Meters: room for the lines below the products."""
NEARER = 0.006
DARK: RGBA = (0.01, 0.01, 0.012, 1.0)
"""A number on a light color."""
LIGHT: RGBA = (1.0, 1.0, 1.0, 1.0)
"""A number on a strong color."""
LIGHT_FROM = 0.35
"""Luminance, 0…1, from which a color is light."""
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
"""Of linear red, green and blue (ITU-R BT.709)."""


@dataclass(frozen=True, eq=False)
class _Grid:
    """Numbers in rows and columns. values: (h, w); inside: (h, w) bool."""

    values: np.ndarray
    inside: np.ndarray
    largest: float


def position_board(
    layer: LayerConnections, one: PositionSum, palette: ConnectionPalette
) -> tuple[Visual, tuple[float, float]]:
    """Return the board with its lower left corner at the origin, and its width and height, meters.

    Args:
        layer: The layer.
        one: The value.
        palette: Of weights.
    """
    is_point = all(len(m.weights) == 1 for m in one.maps)
    maps = one.strongest(MAX_POINT_MAPS if is_point else MAX_MAPS)
    largest = _largest_values(maps)
    rows = [_row_of(layer, m, largest) for m in maps]
    cell = _cell_size(rows)
    row_heights = [
        max(g.values.shape[0] for g in row) * cell + TEXT_HEIGHT * (1.2 if is_point else 2.6)
        for row in rows
    ]
    widths = [max(row[i].values.shape[1] for row in rows) * cell for i in range(3)] if rows else []
    lines = _sum_lines(layer, one, len(maps))
    width = max(sum(widths) + 3 * GAP + (1.1 if is_point else 1.6), MIN_WIDTH) + 2 * MARGIN
    height = TITLE_HEIGHT * 3 + sum(row_heights) + len(lines) * TEXT_HEIGHT * 2 + 2 * MARGIN
    parts: list[np.ndarray] = [quad(0, height, width, height, 0, CARD)]
    labels: list[TextLabel] = []
    y = height - MARGIN - TITLE_HEIGHT
    labels.append(_text(_title(layer, one), MARGIN, y, TITLE_HEIGHT, TEXT))
    y -= TITLE_HEIGHT * 1.6
    for row, m, room in zip(rows, maps, row_heights, strict=True):
        _draw_row(parts, labels, row, m, layer, (MARGIN, y), widths, cell, palette)
        y -= room
    for number, (text, color) in enumerate(lines):
        at = y - (number + 0.6) * TEXT_HEIGHT * 2
        labels.append(_text(text, MARGIN, at, TEXT_HEIGHT, color))
    return Visual(np.concatenate(parts), tuple(labels)), (width, height)


def _title(layer: LayerConnections, one: PositionSum) -> str:
    names = {1: ("at",), 2: ("row", "column"), 3: ("slice", "row", "column")}[len(one.position)]
    where = ", ".join(f"{n} {p}" for n, p in zip(names, one.position, strict=True))
    if layer.kind == "attention":
        where = f"query {one.position[0]}, key {one.position[1]}"
        return f"{layer.name}: head {one.channel}, {where}"
    return f"{layer.name}: map {one.channel}, {where}"


def _largest_values(maps: Sequence[MapSum]) -> list[float]:
    """The largest |activation|, |weight| and |product| of all maps."""
    found = []
    for name in ("activations", "weights", "products"):
        sizes = [float(np.nanmax(np.abs(getattr(m, name)), initial=0.0)) for m in maps]
        found.append(max(sizes, default=0.0) or 1.0)
    return found


def _row_of(layer: LayerConnections, one: MapSum, largest: Sequence[float]) -> list[_Grid]:
    """Activations, weights and products of one map."""
    shape = _window_shape(layer, one)
    inside = one.inside.reshape(shape)
    columns = one.activations, one.weights, one.products
    return [
        _Grid(values.reshape(shape), inside, most)
        for values, most in zip(columns, largest, strict=True)
    ]


def _window_shape(layer: LayerConnections, one: MapSum) -> tuple[int, int]:
    """Rows and columns in which a window's weights are written."""
    count = len(one.weights)
    size = layer.parts[one.part].window.size
    if int(np.prod(size)) == count:
        return count // size[-1], size[-1]
    columns = len(np.unique(one.places[:, -1]))  # of an adaptive pool
    return count // max(columns, 1), max(columns, 1)


def _cell_size(rows: list[list[_Grid]]) -> float:
    side = max((max(g.values.shape) for row in rows for g in row), default=1)
    return CELL if side <= MAX_SIDE else CELL * MAX_SIDE / side


def _draw_row(
    parts: list[np.ndarray], labels: list[TextLabel], row: list[_Grid], one: MapSum,
    layer: LayerConnections, corner: tuple[float, float], widths: list[float], cell: float,
    palette: ConnectionPalette,
) -> None:  # fmt: skip
    """Write activation × weight = product, and their sum. corner: upper left one."""
    x, top = corner
    part = layer.parts[one.part]
    source = int(part.source_maps[one.input]) if len(part.source_maps) else one.input
    number = source if source >= 0 else one.input
    is_point = one.weights.size == 1
    if is_point:
        labels.append(_text(f"map {number}", x, top - cell * 0.65, TEXT_HEIGHT, STRUCTURE))
        x += 1.1
    else:
        text = f"map {number}: activation × weight = product"
        labels.append(_text(text, x, top - TEXT_HEIGHT * 1.2, TEXT_HEIGHT * 0.8, STRUCTURE))
        top -= TEXT_HEIGHT * 1.6
    height = row[0].values.shape[0] * cell
    middle = top - height / 2 - TEXT_HEIGHT / 2
    for i, (grid, sign) in enumerate(zip(row, ("×", "=", ""), strict=True)):
        parts.append(_grid_quads(grid, x, top, cell, palette))
        if cell >= CELL:
            labels.extend(_grid_numbers(grid, x, top, cell, palette))
        x += widths[i]
        if sign:
            labels.append(_text(sign, x + GAP * 0.3, middle, TEXT_HEIGHT, TEXT))
        x += GAP
    if not is_point:
        text = f"sum {number_text(one.total)}"
        labels.append(_text(text, x, middle, TEXT_HEIGHT, TEXT))


def _grid_quads(
    grid: _Grid, left: float, top: float, cell: float, palette: ConnectionPalette
) -> np.ndarray:
    rows, columns = grid.values.shape
    y, x = np.divmod(np.arange(rows * columns), columns)
    records = np.zeros(rows * columns, QUAD)
    records["origin"][:, 0] = left + x * cell
    records["origin"][:, 1] = top - y * cell
    records["origin"][:, 2] = NEARER
    records["right"][:, 0], records["down"][:, 1] = cell * 0.96, -cell * 0.96
    colors = connection_colors(grid.values.reshape(-1), grid.largest, palette)
    colors = np.where(grid.inside.reshape(-1, 1), colors, 0.03)  # outside the map
    records["top"][:, :3] = records["bottom"][:, :3] = colors
    records["top"][:, 3] = records["bottom"][:, 3] = 1
    records["kind"] = FIXED
    return records


def _grid_numbers(
    grid: _Grid, left: float, top: float, cell: float, palette: ConnectionPalette
) -> list[TextLabel]:
    labels = []
    is_light = connection_colors(grid.values, grid.largest, palette) @ LUMINANCE >= LIGHT_FROM
    for (row, column), value in np.ndenumerate(grid.values):
        if not grid.inside[row, column]:
            continue
        text = short_number(float(value))
        width = font.text_width(text)
        size = min(NUMBER_HEIGHT, 0.86 * cell / width)
        middle = left + (column + 0.48) * cell
        at = middle - width * size / 2, top - (row + 0.48) * cell - size / 2
        labels.append(_text(text, *at, size, DARK if is_light[row, column] else LIGHT))
    return labels


def short_number(value: float) -> str:
    """Return a number in at most five characters or so: what fits into a cell."""
    if abs(value) < 0.005:
        return "0.00" if value else "0"
    if not np.isfinite(value) or abs(value) >= 1000:
        return number_text(value)
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:.{digits}f}".replace("-", "−")


def _sum_lines(layer: LayerConnections, one: PositionSum, shown: int) -> list[tuple[str, RGBA]]:
    """What is below the products: all maps, the bias, and what the layer makes of the sum."""
    count = len(one.maps)
    rest = sum(m.total for m in one.strongest(count)[shown:])
    lines: list[tuple[str, RGBA]] = []
    if count > shown:
        what = "the other map" if count == shown + 1 else f"the other {count - shown:,} maps"
        lines.append((f"{what}: {number_text(rest)}", STRUCTURE))
    text = f"sum over {count:,} map{'s' if count != 1 else ''}: {number_text(one.total)}"
    if one.bias:
        word = "mask" if layer.kind == "attention" else "bias"
        text += f"   + {word} {number_text(one.bias)} = {number_text(one.total + one.bias)}"
    lines.append((text, TEXT))
    if len(one.steps) > 1:
        steps = [f"{name.replace('_', ' ')} {number_text(v)}" for name, v in one.steps[1:]]
        lines.append(("then " + ", ".join(steps), TEXT))
    lines.append((f"result {number_text(one.steps[-1][1])}", ACCENT))
    return lines


def _text(text: str, x: float, y: float, height: float, color: RGBA) -> TextLabel:
    return TextLabel(text, (x, y, 2 * NEARER), height, color, fade=3.0)
