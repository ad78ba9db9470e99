"""Labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vrnn.network.graph import Annotation, Edge, NetworkInfo, Node
from vrnn.scene.layout.registry import TerraceRow
from vrnn.scene.network_object import ROW_NAME_HEIGHT
from vrnn.scene.primitives import TextLabel
from vrnn.scene.visuals.panels import (
    EDGE_INK,
    EDGE_TEXT,
    MARKER_INK,
    NAME,
    NAME_GAP,
    NAME_INK,
    OPERATION,
    OPERATION_INK,
    OVERHANG,
    ROW_INK,
    SMALLEST_ROW_NAME,
    TITLE,
    WARNING,
)
from vrnn.style import font
from vrnn.style.text import elide


def layer_labels(places: np.ndarray, nodes: Sequence[Node]) -> list[TextLabel]:
    """Over each panel its name and, smaller, its operation; never wider than the panel."""
    labels = []
    for (x, y, z, width, height), node in zip(places.tolist(), nodes, strict=True):
        left, room = x - width / 2, max(width + OVERHANG, 0.8)
        top = y + height
        size = NAME * min(1.0, max(0.6, room / max(font.text_width(node.name) * NAME, 1e-6)))
        labels.append(
            TextLabel(
                elide(node.name, room, size), (left, top + 0.235, z), size, NAME_INK, fade=6.0
            )
        )
        size = OPERATION * min(
            1.0, max(0.7, room / max(font.text_width(node.label) * OPERATION, 1e-6))
        )
        text = elide(node.label, room, size)
        labels.append(TextLabel(text, (left, top + 0.075, z), size, OPERATION_INK, fade=7.0))
    return labels


def edge_labels(
    routes: Sequence[np.ndarray], edges: Sequence[Edge], flow: Sequence[int]
) -> list[TextLabel]:
    """Flat on the floor beside the end of each edge: the operation that takes the data.

    flow: indices of the edges to label, one for each layer that data arrives at.
    """
    labels = []
    for index in flow:
        x, y, z = (float(v) for v in routes[index][-1])
        text = edges[index].label.replace("_", " ")
        at = (x + 0.2, y + 0.004, z + 0.04)
        labels.append(TextLabel(text, at, EDGE_TEXT, EDGE_INK, up=(0.0, 0.0, -1.0), fade=6.0))
    return labels


def row_labels(
    rows: Sequence[TerraceRow], rooms: Sequence[float], offset: np.ndarray, shown: float
) -> list[TextLabel]:
    """Large, at the left of each row: the stage's name. rooms: meters free for each.

    The name of the first row on a step may reach beyond the step's end, others are fitted in.
    """
    labels = []
    first: dict[float, float] = {}
    for row in rows:
        first[row.y] = min(first.get(row.y, np.inf), row.left)
    for row, room in zip(rows, rooms, strict=True):
        if not row.name or shown <= 0.01:
            continue
        end = row.left + float(offset[0]) + room - NAME_GAP
        room = 9.0 if row.left == first[row.y] else max(room - NAME_GAP - 0.15, 0.5)
        size = max(
            min(ROW_NAME_HEIGHT, room / max(font.text_width(row.name), 1e-6)), SMALLEST_ROW_NAME
        )
        text = elide(row.name, room, size)
        y = row.y + float(offset[1]) + max(min(row.height, 2.2) / 2 - size / 2, 0.1)
        at = (end - font.text_width(text) * size, y, (row.front + row.back) / 2)
        ink = (*ROW_INK[:3], ROW_INK[3] * shown)
        labels.append(TextLabel(text, at, size, ink, fade=3.0))
    return labels


def marker_labels(
    markers: Sequence[Annotation], places: np.ndarray, index: Mapping[int, int]
) -> list[TextLabel]:
    """Signposts that the model's author placed, above the layers they stand at."""
    labels = []
    for marker in markers:
        x, y, z, width, height = places[index[marker.node]].tolist()
        at = (x - width / 2, y + height + 0.46, z + 0.01)
        labels.append(TextLabel(marker.text, at, 0.2, MARKER_INK, fade=5.0))
    return labels


def title_labels(info: NetworkInfo, x: float, z: float, width: float) -> list[TextLabel]:
    """The network's name on the floor before it, leaning back like a lectern.

    width: of the network, meters: a large one is looked at from afar.
    """
    scale = max(1.0, width / 26)
    up = (0.0, 0.70710678, -0.70710678)
    z += scale
    facts = f"{info.parameters:,} parameters"
    small = 0.19 * scale
    high = (0.42 * scale, z - 0.42 * scale)
    labels = [
        TextLabel(info.title, (x, *high), TITLE * scale, (0.85, 0.88, 0.94, 1.0), up=up, fade=4.0),
        TextLabel(facts, (x, 0.06, z), small, (0.42, 0.47, 0.58, 1.0), up=up, fade=4.0),
    ]
    if info.random_weights:
        after = x + font.text_width(facts + "   ") * small
        labels.append(
            TextLabel("random weights", (after, 0.06, z), small, WARNING, up=up, fade=4.0)
        )
    return labels
