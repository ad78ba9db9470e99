"""The text that belongs to a network: names of layers, edges and stages, its title."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vrnn.network.graph import Annotation, Edge, NetworkInfo, Node
from vrnn.scene.layout.types import TerraceRow
from vrnn.scene.network_object import NetworkObject
from vrnn.scene.placement import ROW_NAME_HEIGHT, PlacementFrame
from vrnn.scene.primitives import TextLabel
from vrnn.scene.visuals.token_labels import token_labels
from vrnn.style import font
from vrnn.style.text import elide
from vrnn.style.theme import ANNOTATION, STRUCTURE, with_alpha

NAME_HEIGHT = 0.15
"""Capital height of a layer's name, meters."""
OPERATION_HEIGHT = 0.095
"""Capital height of a layer's operation, meters."""
EDGE_HEIGHT = 0.075
"""Capital height of an edge's label, meters."""
MIN_ROW_NAME_HEIGHT = 0.3
"""Capital height of a row's name where there is little room, meters."""
ROW_NAME_GAP = 0.62
"""Free width between a row's name and its first panel, meters."""
MAX_ROW_NAME_WIDTH = 9.0
"""Of the first row on a step, meters."""
ANNOTATION_HEIGHT = 0.2
"""Capital height of an annotation, meters."""
TITLE_HEIGHT = 0.42
"""Capital height of the title of a network of TITLE_WIDTH, meters."""
FACTS_HEIGHT = 0.19
"""Capital height of what stands under the title, meters."""
TITLE_WIDTH = 26.0
"""Meters: the title of a wider network is larger."""
NAME_FADE = 4.8
"""Pixels: the name of a layer is there from this height of a capital letter on, and bright soon."""
OVERHANG = 0.4
"""Meters that a label may reach beyond its panel, into the gap."""
TILTED = (0.0, 0.70710678, -0.70710678)
"""Direction of the title's height: it leans back by 45 degrees, like a lectern."""

NAME_COLOR = (0.70, 0.74, 0.82, 1.0)
OPERATION_COLOR = (0.30, 0.345, 0.44, 1.0)
EDGE_COLOR = (0.42, 0.48, 0.60, 1.0)
TITLE_COLOR = (0.85, 0.88, 0.94, 1.0)
FACTS_COLOR = (0.42, 0.47, 0.58, 1.0)
WARNING_COLOR = (1.0, 0.40, 0.05, 1.0)


def network_labels(
    network_object: NetworkObject, frame: PlacementFrame, nodes: Sequence[Node], opacity: float
) -> list[TextLabel]:
    """Return the text that belongs to a network.

    Args:
        network_object: The network.
        frame: Where its layers are.
        nodes: The layers in the order of `frame.node_ids`, with the text under their names as
            `label`.
        opacity: Of stage names, 0…1, see `WorldPlacement.reveal`.
    """
    placement, rects = frame.placement, frame.panel_rects
    rows, network = placement.layout.rows, placement.network
    left = float((rects[:, 0] - rects[:, 3] / 2).min())
    right = float((rects[:, 0] + rects[:, 3] / 2).max())
    front = max([float(rects[:, 2].max()) + 1.5, *(row.front for row in rows)])
    return [
        *layer_labels(rects, nodes),
        *token_labels(frame, {node.id: node for node in nodes}, network_object.info.token_names),
        *edge_labels(frame.routes, network.edges, placement.labeled_edges),
        *row_labels(rows, placement.row_name_widths, frame.offset, opacity),
        *annotation_labels(network.annotations, rects, frame.index),
        *title_labels(network_object.info, left, front + 1.2, right - left),
    ]


def layer_labels(rects: np.ndarray, nodes: Sequence[Node]) -> list[TextLabel]:
    """Return over each panel its name and, smaller, its operation; hardly wider than the panel.

    Args:
        rects: (N, 5) see `PlacementFrame.panel_rects`.
        nodes: The layer of each.
    """
    labels = []
    for (x, y, z, width, height), node in zip(rects.tolist(), nodes, strict=True):
        left, room = x - width / 2, max(width + OVERHANG, 0.8)
        top = y + height
        full = max(font.text_width(node.name) * NAME_HEIGHT, 1e-6)
        size = NAME_HEIGHT * min(1.0, max(0.6, room / full))
        text = elide(node.name, room, size)
        labels.append(TextLabel(text, (left, top + 0.235, z), size, NAME_COLOR, fade=NAME_FADE))
        full = max(font.text_width(node.label) * OPERATION_HEIGHT, 1e-6)
        size = OPERATION_HEIGHT * min(1.0, max(0.7, room / full))
        text = elide(node.label, room, size)
        labels.append(TextLabel(text, (left, top + 0.075, z), size, OPERATION_COLOR, fade=7.0))
    return labels


def edge_labels(
    routes: Sequence[np.ndarray], edges: Sequence[Edge], labeled_edges: Sequence[int]
) -> list[TextLabel]:
    """Return, flat on the floor beside the end of an edge, the operation that takes the data.

    Args:
        routes: The (P, 3) points of each edge.
        edges: The edges.
        labeled_edges: Indices of the edges to label.
    """
    labels = []
    for index in labeled_edges:
        x, y, z = (float(v) for v in routes[index][-1])
        text = edges[index].label.replace("_", " ")
        origin, up = (x + 0.2, y + 0.004, z + 0.04), (0.0, 0.0, -1.0)
        labels.append(TextLabel(text, origin, EDGE_HEIGHT, EDGE_COLOR, up=up, fade=6.0))
    return labels


def row_labels(
    rows: Sequence[TerraceRow], widths: Sequence[float], offset: np.ndarray, opacity: float
) -> list[TextLabel]:
    """Return, large at the left of each row, the name of its stage.

    The name of the first row on a step may reach beyond the step's end, others are fitted in.

    Args:
        rows: The rows of a network.
        widths: Meters free for the name of each.
        offset: (3,) of the network in the world, meters.
        opacity: 0…1.
    """
    labels = []
    first_left: dict[float, float] = {}
    for row in rows:
        first_left[row.y] = min(first_left.get(row.y, np.inf), row.left)
    for row, width in zip(rows, widths, strict=True):
        if not row.name or opacity <= 0.01:
            continue
        end = row.left + float(offset[0]) + width - ROW_NAME_GAP
        is_first = row.left == first_left[row.y]
        room = MAX_ROW_NAME_WIDTH if is_first else max(width - ROW_NAME_GAP - 0.15, 0.5)
        full = max(font.text_width(row.name), 1e-6)
        size = max(min(ROW_NAME_HEIGHT, room / full), MIN_ROW_NAME_HEIGHT)
        text = elide(row.name, room, size)
        y = row.y + float(offset[1]) + max(min(row.height, 2.2) / 2 - size / 2, 0.1)
        origin = (end - font.text_width(text) * size, y, (row.front + row.back) / 2)
        color = with_alpha(STRUCTURE, STRUCTURE[3] * opacity)
        labels.append(TextLabel(text, origin, size, color, fade=3.0))
    return labels


def annotation_labels(
    annotations: Sequence[Annotation], rects: np.ndarray, index: Mapping[int, int]
) -> list[TextLabel]:
    """Return the annotations by the model's author, above the layers they belong to.

    Args:
        annotations: Of a network.
        rects: (N, 5) see `PlacementFrame.panel_rects`.
        index: Row of each node id in `rects`.
    """
    labels = []
    for annotation in annotations:
        x, y, z, width, height = rects[index[annotation.node]].tolist()
        origin = (x - width / 2, y + height + 0.46, z + 0.01)
        labels.append(TextLabel(annotation.text, origin, ANNOTATION_HEIGHT, ANNOTATION, fade=5.0))
    return labels


def title_labels(info: NetworkInfo, x: float, z: float, width: float) -> list[TextLabel]:
    """Return the network's name on the floor in front of it, leaning back like a lectern.

    Args:
        info: What a person should know of the network.
        x: Left end of the text, meters.
        z: Front of the network, meters.
        width: Of the network, meters: a large one is looked at from afar.
    """
    scale = max(1.0, width / TITLE_WIDTH)
    z += scale
    facts = f"{info.parameters:,} parameters"
    small = FACTS_HEIGHT * scale
    origin = (x, 0.42 * scale, z - 0.42 * scale)
    labels = [
        TextLabel(info.title, origin, TITLE_HEIGHT * scale, TITLE_COLOR, up=TILTED, fade=4.0),
        TextLabel(facts, (x, 0.06, z), small, FACTS_COLOR, up=TILTED, fade=4.0),
    ]
    if info.random_weights:
        after = (x + font.text_width(facts + "   ") * small, 0.06, z)
        labels.append(
            TextLabel("untrained weights", after, small, WARNING_COLOR, up=TILTED, fade=4.0)
        )
    return labels
