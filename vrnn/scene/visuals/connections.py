"""The connections of a layer as far as they are opened: ribbons, kernels, all calculations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrnn.network.connection_sums import CONNECTION_VALUES, PositionSum, position_sum
from vrnn.network.connections import LayerConnections, Position
from vrnn.scene.connection_state import ConnectionState
from vrnn.scene.connections import MapPlaces, ShownConnections
from vrnn.scene.primitives import (
    QUAD,
    STROKE,
    ImageQuad,
    TextLabel,
    Visual,
    outline_quads,
    quad,
)
from vrnn.scene.ribbon_net import PIECES
from vrnn.scene.visuals.connection_ribbons import ribbon_strokes
from vrnn.scene.visuals.kernel_pictures import kernel_quads
from vrnn.scene.visuals.position_board import position_board
from vrnn.scene.visuals.scaling import scale_visual
from vrnn.style import font
from vrnn.style.text import number_text
from vrnn.style.theme import ACCENT, CARD, TEXT

WIDTH_PART = 0.16
"""Width of the strongest ribbon, as a part of a map's side."""
MIN_WIDTH, MAX_WIDTH = 0.006, 0.07
"""Meters."""
KERNEL_AT = 8
"""Place along a ribbon, of PIECES, where its kernel is."""
KERNEL_PART = 0.8
"""Side of a kernel as a part of the room between ribbons there."""
FILTER_LIGHT = 0.3
"""Opacity of a filter's ribbons beside all calculations."""
ABOVE = 0.5
"""Meters from panels to what stands over them: beyond their names."""
BOARD_PART = 0.7
"""Width of the board as a part of what it stands over, within its scales."""
MIN_BOARD_SCALE, MAX_BOARD_SCALE = 0.6, 1.5
CAPTION_HEIGHT = 0.15
"""Capital height, meters."""
COLOR_WORDS = {
    "red-blue": "red: positive, white: near 0, blue: negative; the wider, the larger",
    "orange-purple": "orange: positive, white: near 0, purple: negative; the wider, the larger",
}
MARK = 0.012
"""Thickness of the frame around a position, meters."""
FRONT = 0.03
"""Meters from a panel to marks on it."""


@dataclass(frozen=True, eq=False)
class ConnectionVisual:
    """What is drawn of connections.

    Attributes:
        strokes: (N,) `STROKE`, the ribbons.
        visual: Kernels, text and boards.
    """

    strokes: np.ndarray
    visual: Visual


def smooth_part(value: float) -> float:
    """Return 0…1 of a part, eased at both ends (smoothstep)."""
    part = min(1.0, max(0.0, value))
    return part * part * (3 - 2 * part)


def connection_visual(
    shown: ShownConnections, state: ConnectionState, opening: float, steps: int = 0
) -> ConnectionVisual:
    """Return what is drawn of a layer's connections.

    Args:
        shown: What there is.
        state: How it is shown.
        opening: How far it is opened now, 0…3.
        steps: How many positions the window has slid on.
    """
    opened = smooth_part(opening)
    filtered, calculated = smooth_part(opening - 1), smooth_part(opening - 2)
    width = ribbon_width(shown)
    strokes = [np.zeros(0, STROKE)]
    if shown.net is not None and filtered < 1:
        strokes.append(ribbon_strokes(shown.net, opened, width, state.palette, 1 - filtered))
    quads = [np.zeros(0, QUAD)]
    labels: list[TextLabel] = []
    images: list[ImageQuad] = []
    if shown.filter_net is not None and filtered > 0:
        light = filtered * (1 - (1 - FILTER_LIGHT) * calculated)
        strokes.append(ribbon_strokes(shown.filter_net, opened, width, state.palette, light))
        quads.append(_filter_kernels(shown, state, filtered))
    top = _top(shown)
    if calculated > 0:
        one = shown_position(shown.layer, state, steps)
        quads += _position_marks(shown, one)
        board, height = _board(shown, state, one, top, calculated)
        quads.append(board.quads)
        labels += board.labels
        top += height + ABOVE / 2
    caption = _caption(shown, state, opening, top)
    quads.append(_caption_card(caption))
    labels += caption
    if shown.sheet is not None:
        image, label = _sheet(shown, *shown.sheet, top + 4 * CAPTION_HEIGHT)
        images.append(image)
        labels.append(label)
    visual = Visual(np.concatenate(quads), tuple(labels), tuple(images))
    return ConnectionVisual(np.concatenate(strokes), visual)


def shown_position(layer: LayerConnections, state: ConnectionState, steps: int = 0) -> PositionSum:
    """Return the value that is opened, the nearest there is to what the state names.

    Args:
        layer: The layer.
        state: Names a map, a row and a column.
        steps: How many positions on from there, row by row, from the last to the first.
    """
    return position_sum(layer, min(state.channel, layer.outputs - 1), stepped(layer, state, steps))


def stepped(layer: LayerConnections, state: ConnectionState, steps: int) -> Position:
    """Return the position so many on from that of the state, from the last on to the first."""
    sizes = layer.positions
    wanted = (0,) * len(sizes) + (state.row, state.column)
    first = tuple(min(p, n - 1) for p, n in zip(wanted[-len(sizes) :], sizes, strict=True))
    number = (int(np.ravel_multi_index(first, sizes)) + steps) % int(np.prod(sizes))
    return tuple(int(i) for i in np.unravel_index(number, sizes))


def connection_bounds(shown: ShownConnections) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower left and the upper right corner of the panels, (3,) meters each."""
    places = [shown.places.target, *(s for s in shown.places.sources if s is not None)]
    bounds = [one.bounds for one in places]
    return np.min([low for low, _ in bounds], 0), np.max([high for _, high in bounds], 0)


def _top(shown: ShownConnections) -> float:
    return float(connection_bounds(shown)[1][1]) + ABOVE


def ribbon_width(shown: ShownConnections) -> float:
    """Return the width of the strongest ribbon, meters."""
    sizes = shown.places.target.sizes
    side = float(sizes[sizes[:, 0] > 0].min(1).mean()) if (sizes[:, 0] > 0).any() else 0.1
    return float(np.clip(side * WIDTH_PART, MIN_WIDTH, MAX_WIDTH))


def _filter_kernels(shown: ShownConnections, state: ConnectionState, grown: float) -> np.ndarray:
    """The kernels of a filter on its ribbons."""
    net, pairs = shown.filter_net, shown.filter_pairs
    assert net is not None
    samples = PIECES + 1
    count = len(net.opened) // samples
    sides = [
        float(source.sizes[source.sizes[:, 0] > 0].min())
        for source in shown.places.sources
        if source is not None and (source.sizes[:, 0] > 0).any()
    ]
    if not count or not sides:
        return np.zeros(0, QUAD)
    room = min(sides) * (1 - KERNEL_AT / PIECES)
    centers = net.opened.reshape(count, samples, 3)[:, KERNEL_AT].copy()
    centers[:, 2] += FRONT
    ends = shown.places.target.sizes
    largest = float(ends[ends[:, 0] > 0].min()) if (ends[:, 0] > 0).any() else room
    side = min(KERNEL_PART * room, largest) * grown
    which = np.arange(count)
    return kernel_quads(shown.layer, pairs, which, centers, side, state.palette)


def _position_marks(shown: ShownConnections, one: PositionSum) -> list[np.ndarray]:
    """Frames around the value, and around its windows in the maps that feed it."""
    marks = []
    layer = shown.layer
    target = _cell_frame(shown.places.target, one.channel, [one.position], layer.positions)
    marks += target
    for m in one.maps:
        part, source = layer.parts[m.part], shown.places.sources[m.part]
        number = int(part.source_maps[m.input]) if len(part.source_maps) else m.input
        if source is None or not 0 <= number < len(source.centers):
            continue
        places = [tuple(p) for p in m.places[m.inside].tolist()]
        marks += _cell_frame(source, number, places, part.maps.shape[1:])
    return marks


def _cell_frame(
    places: MapPlaces, number: int, positions: list[tuple[int, ...]], sizes: tuple[int, ...]
) -> list[np.ndarray]:
    """A frame around positions of a map."""
    center, size = places.centers[number], places.sizes[number]
    if not positions or not np.isfinite(center).all():
        return []
    rows, columns = int(np.prod(sizes[:-1])), sizes[-1]
    flat = [
        (int(np.ravel_multi_index(p[:-1], sizes[:-1])) if p[:-1] else 0, p[-1]) for p in positions
    ]
    first_row, last_row = min(r for r, _ in flat), max(r for r, _ in flat) + 1
    first_column, last_column = min(c for _, c in flat), max(c for _, c in flat) + 1
    left = float(center[0] - size[0] / 2 + size[0] * first_column / columns)
    top = float(center[1] + size[1] / 2 - size[1] * first_row / rows)
    width = float(size[0] * (last_column - first_column) / columns)
    height = float(size[1] * (last_row - first_row) / rows)
    line = min(MARK, 0.2 * float(size.min()))
    return outline_quads(
        left - line, top + line, width + 2 * line, height + 2 * line, float(center[2]) + FRONT,
        line, ACCENT,
    )  # fmt: skip


def _board(
    shown: ShownConnections, state: ConnectionState, one: PositionSum, top: float, grown: float
) -> tuple[Visual, float]:
    """The board over the panels, and its height."""
    low, high = connection_bounds(shown)
    board, (width, height) = position_board(shown.layer, one, state.palette)
    scale = (
        float(np.clip((high[0] - low[0]) * BOARD_PART / width, MIN_BOARD_SCALE, MAX_BOARD_SCALE))
        * grown
    )
    middle = float(low[0] + high[0]) / 2
    corner = (middle - width * scale / 2, top, float(high[2]))
    return scale_visual(board, scale, (0.0, 0.0, 0.0), corner), height * scale


def board_bounds(shown: ShownConnections, state: ConnectionState) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower left and the upper right corner of the board, (3,) meters each."""
    one = shown_position(shown.layer, state)
    board, _ = _board(shown, state, one, _top(shown), 1.0)
    card = board.quads[0]
    low = card["origin"] + card["down"]
    return low, low + card["right"] - card["down"]


def connection_texts(shown: ShownConnections, state: ConnectionState, opening: float) -> list[str]:
    """Return what is drawn, and what is not, line by line."""
    layer = shown.layer
    names = {"weight": "|weight|", "contribution": "|weight × activation|"}
    assert set(names) == set(CONNECTION_VALUES)
    of_filter = opening > 1.5
    pairs = shown.filter_pairs if of_filter else shown.pairs
    what = (
        f"map {min(state.channel, layer.outputs - 1)} of {layer.name}" if of_filter else layer.name
    )
    size = " × ".join(map(str, layer.parts[0].window.size))
    if layer.kind == "attention":
        text = f"{what}: query, key and value of {layer.outputs} heads"
    elif layer.parts[0].window.adaptive:
        text = f"{what}: {layer.kind}, {pairs.total:,} connections"
    else:
        text = f"{what}: {layer.kind}, {pairs.total:,} kernel{'s' * (pairs.total != 1)} {size}"
    lines = [text]
    if len(pairs) < pairs.total:
        part = number_text(100 * pairs.share)
        lines.append(
            f"the strongest {len(pairs):,} are drawn, {part} % of all {names[state.values]}; "
            f"{pairs.total - len(pairs):,} are hidden"
        )
    lines.append(COLOR_WORDS[state.palette])
    if shown.question.importance is not None:
        lines.append("their width is also by how much both maps matter for the class (Ctrl+I)")
    drawn = _drawn_count(shown, of_filter)
    if drawn < len(pairs):
        lines.append(f"{len(pairs) - drawn:,} of them lead to maps that are not shown")
    if pairs.not_finite:
        lines.append(f"{pairs.not_finite:,} have no finite value and are not drawn")
    return lines


def _drawn_count(shown: ShownConnections, of_filter: bool) -> int:
    return len(shown.filter_which) if of_filter else len(shown.which)


def _caption(
    shown: ShownConnections, state: ConnectionState, opening: float, top: float
) -> list[TextLabel]:
    low, high = connection_bounds(shown)
    lines = connection_texts(shown, state, opening)
    x, z, pitch = float(low[0]), float(high[2]), 1.7 * CAPTION_HEIGHT
    return [
        TextLabel(line, (x, top + i * pitch, z), CAPTION_HEIGHT, TEXT, fade=4.0)
        for i, line in enumerate(reversed(lines))
    ]


def _caption_card(lines: list[TextLabel]) -> np.ndarray:
    """What lies behind the caption, so that maps further back do not show through its text."""
    height, margin = CAPTION_HEIGHT, 0.7 * CAPTION_HEIGHT
    width = max(font.text_width(line.text) for line in lines) * height + 2 * margin
    x, low, z = lines[0].origin
    top = lines[-1].origin[1] + height + margin
    return quad(x - margin, top, width, top - low + margin, z - FRONT, CARD)


def _sheet(
    shown: ShownConnections, pixels: np.ndarray, text: str, bottom: float
) -> tuple[ImageQuad, TextLabel]:
    """All kernels over the panels, and what they are."""
    low, high = connection_bounds(shown)
    rows, columns = pixels.shape[:2]
    width = float(high[0] - low[0])
    height = width * rows / columns
    if height > 2 * width:
        width, height = width * 2 * width / height, 2 * width
    bottom += 2 * CAPTION_HEIGHT
    z = float(high[2])
    image = ImageQuad(
        (float(low[0]), bottom + height, z), (width, 0, 0), (0, -height, 0), pixels, smooth=False
    )
    at = (float(low[0]), bottom + height + 0.6 * CAPTION_HEIGHT, z)
    return image, TextLabel(text, at, CAPTION_HEIGHT, TEXT, fade=4.0)
