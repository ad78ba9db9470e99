"""The connections of a layer as far as they are opened: ribbons, kernels, all calculations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrnn.network.connection_sums import PositionSum, position_sum
from vrnn.network.connections import LayerConnections, Position
from vrnn.scene.connection_state import ConnectionState
from vrnn.scene.connections import ShownConnections, connection_bounds
from vrnn.scene.primitives import QUAD, STROKE, ImageQuad, TextLabel, Visual
from vrnn.scene.ribbon_net import PIECES
from vrnn.scene.visuals.connection_caption import (
    caption_card,
    caption_height,
    caption_labels,
)
from vrnn.scene.visuals.connection_marks import FRONT, position_marks
from vrnn.scene.visuals.connection_ribbons import ribbon_strokes
from vrnn.scene.visuals.kernel_pictures import kernel_quads
from vrnn.scene.visuals.position_board import position_board
from vrnn.scene.visuals.scaling import scale_visual
from vrnn.style.theme import TEXT

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
SHEET_SIZE = 2.0
"""Width and height of the sheet of kernels at most, in those of the layer's panel."""
MIN_BOARD_SCALE, MAX_BOARD_SCALE = 0.6, 1.5


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
        quads += position_marks(shown, one)
        board, height = _board(shown, state, one, top, calculated)
        quads.append(board.quads)
        labels += board.labels
        top += height + ABOVE / 2
    caption = caption_labels(shown, state, opening, top)
    quads.append(caption_card(caption))
    labels += caption
    if shown.sheet is not None:
        over = caption[-1].origin[1] + 3 * caption[-1].height
        image, label = _sheet(shown, *shown.sheet, over)
        images.append(image)
        quads.append(caption_card([label]))
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


def _sheet(
    shown: ShownConnections, pixels: np.ndarray, text: str, bottom: float
) -> tuple[ImageQuad, TextLabel]:
    """All kernels over the layer, and what they are."""
    low, high = connection_bounds(shown)
    own_low, own_high = shown.places.target.bounds
    rows, columns = pixels.shape[:2]
    most = SHEET_SIZE * float((own_high - own_low).max())
    scale = min(min(float(high[0] - low[0]), most) / columns, most / rows)
    width, height = columns * scale, rows * scale
    size = caption_height(shown)
    left, top, z = max(float(own_high[0]) - width, float(low[0])), bottom + height, float(high[2])
    image = ImageQuad((left, top, z), (width, 0, 0), (0, -height, 0), pixels, smooth=False)
    return image, TextLabel(text, (left, top + 0.9 * size, z), size, TEXT, fade=4.0)
