"""The text that belongs to a network: names of layers, edges and stages, its title."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import cos

import numpy as np

from vrnn.network.graph import Annotation, Edge, NetworkInfo, Node
from vrnn.scene.layout.picture_aspect import PICTURE_ASPECT
from vrnn.scene.layout.types import Layout, TerraceRow, name_scale
from vrnn.scene.linalg import turned_about_y, turned_point
from vrnn.scene.network_object import NetworkObject
from vrnn.scene.placement import ROW_NAME_HEIGHT, PlacementFrame
from vrnn.scene.primitives import TextLabel
from vrnn.scene.visuals.token_labels import token_labels
from vrnn.style import font
from vrnn.style.text import elide, wrap
from vrnn.style.theme import ANNOTATION, STRUCTURE, WARNING, with_alpha

NAME_HEIGHT = 0.15
"""Capital height of a layer's name, meters."""
OPERATION_HEIGHT = 0.095
"""Capital height of a layer's operation, meters."""
EDGE_HEIGHT = 0.075
"""Capital height of an edge's label, meters."""
LEAST_ROW_NAME, MIN_ROW_NAME = 0.9, 0.5
"""How large the names of rows are at least where one has little room, and that one itself, as
parts of the usual height: so they can be read in a small picture of the whole network."""
ROW_NAME_GAP = 0.36
"""Free width between a row's name and its first panel, meters, in a network of usual width."""
MIN_ROW_NAME_ROOM = 0.8
"""Width of a row's name where there is hardly any, meters."""
ROW_NAME_PITCH = 1.5
"""From one line of a row's name to the next, in heights."""
ANNOTATION_HEIGHT = 0.2
"""Capital height of an annotation, meters."""
TITLE_HEIGHT = 0.42
"""Capital height of the title of a network of TITLE_WIDTH, meters."""
FACTS_HEIGHT = 0.27
"""Capital height of what stands under the title, meters."""
TITLE_WIDTH = 26.0
"""Meters: the title of a wider network is larger."""
FAR_TEXT = 100.0
"""Pixels, see `TextLabel.until`: what is to be read from afar goes where it would be a wall of
letters before the eye."""
NAME_FADE = 4.8
"""Pixels: the name of a layer is there from this height of a capital letter on, and bright soon."""
TITLE_CLEARANCE = 1.6
"""Distance of the title from what is behind it, in its heights, so that it hides nothing of it; up
to 1.6 times as much in a large world, over which one looks at a flat angle."""
MAX_TITLE_SCALE = 32.0
"""So many times at most."""
OVERHANG = 0.4
"""Meters that a label may reach beyond its panel, into the gap."""
TILTED = (0.0, 0.70710678, -0.70710678)
"""Direction of the title's height: it leans back by 45 degrees, like a lectern."""

Point = tuple[float, float, float]

NAME_COLOR = (0.70, 0.74, 0.82, 1.0)
OPERATION_COLOR = (0.30, 0.345, 0.44, 1.0)
EDGE_COLOR = (0.42, 0.48, 0.60, 1.0)
TITLE_COLOR = (0.85, 0.88, 0.94, 1.0)
FACTS_COLOR = (0.42, 0.47, 0.58, 1.0)


def network_labels(
    network_object: NetworkObject, frame: PlacementFrame, nodes: Sequence[Node], opacity: float,
    world_width: float,
) -> list[TextLabel]:  # fmt: skip
    """Return the text that belongs to a network.

    Args:
        network_object: The network.
        frame: Where its layers are.
        nodes: The layers in the order of `frame.node_ids`, with the text under their names as
            `label`.
        opacity: Of stage names, 0…1, see `WorldPlacement.reveal`.
        world_width: Of all networks together, meters.
    """
    placement, rects = frame.placement, frame.panel_rects
    rows, network = placement.layout.rows, placement.network
    left, right, front = _extent(placement.layout, frame)
    widths = _name_widths(frame)
    return [
        *layer_labels(rects, nodes),
        *token_labels(frame, {node.id: node for node in nodes}, network_object.info.token_names),
        *edge_labels(frame.routes, network.edges, placement.labeled_edges),
        *row_labels(
            rows, widths, _name_depths(placement.layout), frame.offset, opacity,
            placement.layout.turn, placement.layout.aspect,
            _name_rooms(placement.layout, widths, placement.row_name_widths),
        ),
        *annotation_labels(network.annotations, rects, frame.index),
        *title_labels(
            network_object.info, left, front + 0.1, right - left, world_width, frame.offset,
            placement.layout.turn,
        ),
    ]  # fmt: skip


def _extent(layout: Layout, frame: PlacementFrame) -> tuple[float, float, float]:
    """Left and right end and the front of a network without its offset, turned back; meters."""
    rects, offset = frame.panel_rects, frame.offset
    x, _, z = turned_about_y(rects[:, :3] - offset, -layout.turn).T
    half = rects[:, 3] / 2 * cos(layout.turn)
    front = max([float(z.max()) + 1.0, *(row.front for row in layout.rows)])
    left = layout.rows[0].left if layout.turn else float((x - half).min())  # tiers differ in width
    return left, float((x + half).max()), front


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
    rows: Sequence[TerraceRow], widths: Sequence[float], depths: Sequence[float],
    offset: np.ndarray, opacity: float, turn: float = 0.0, aspect: float = PICTURE_ASPECT,
    rooms: Sequence[float] = (),
) -> list[TextLabel]:  # fmt: skip
    """Return, large at the left of each row, the name of its stage.

    A name that is too wide stands in two lines.

    Args:
        rows: The rows of a network.
        widths: Meters free for the name of each.
        depths: z at which each name stands, not turned, meters.
        offset: (3,) of the network in the world, meters.
        opacity: 0…1.
        turn: Of the rows, see `Layout`.
        aspect: The same.
        rooms: Meters that each name may take, where that is more than what is free in its row.
    """
    each = zip(rows, widths, depths, rooms or widths, strict=True)
    named = [one for one in each if one[0].name]
    if not named or opacity <= 0.01:
        return []
    labels = []
    color = with_alpha(STRUCTURE, STRUCTURE[3] * opacity)
    scale = name_scale(max(row.right for row in rows) - min(row.left for row in rows), aspect)
    gap = ROW_NAME_GAP * scale
    rooms = [max(width - gap, MIN_ROW_NAME_ROOM) for *_, width in named]
    above = _rises(rows)
    fitting = [
        _row_name_size(row.name, room, scale, above[row.y])
        for (row, *_), room in zip(named, rooms, strict=True)
    ]
    # The same for all, as none is more important than another; but one long name makes none small.
    common = max(min(fitting), LEAST_ROW_NAME * ROW_NAME_HEIGHT * scale)
    for (row, width, z, _), room, fits in zip(named, rooms, fitting, strict=True):
        size = min(common, fits)
        end = row.left + width - gap
        lines = row_name_lines(row.name, room, size)
        lift = max(min(row.height, 2.4 * scale) / 2, 0.1 + len(lines) / 2 * ROW_NAME_PITCH * size)
        middle = row.y + lift
        for number, line in enumerate(lines):
            y = middle + (len(lines) / 2 - number - 1) * ROW_NAME_PITCH * size
            start = (end - font.text_width(line) * size, y, z)
            origin, along = _placed(start, offset, turn), turned_point((1.0, 0.0, 0.0), turn)
            labels.append(TextLabel(line, origin, size, color, along, fade=3.0, until=FAR_TEXT))
    return labels


def row_name_lines(name: str, room: float, size: float) -> list[str]:
    """Return the name of a row in one line or two: broken where a part of the stage is named.

    Args:
        name: Such as `layer3 · 2–4`.
        room: Width, in any unit.
        size: Height of a capital letter, in the same unit.
    """
    if font.text_width(name) * size <= room:
        return [name]
    stage, dot, part = name.rpartition(" · ")
    if dot:
        return [elide(stage, room, size), elide(part, room, size)]
    return wrap(_breakable(name), room, size, 2)


def _name_widths(frame: PlacementFrame) -> list[float]:
    """Meters from the left end of each row to what is first on it, where layers are now."""
    placement = frame.placement
    turn, index = placement.layout.turn, placement.index
    places = placement.panel_rects
    at_first = turned_about_y(places[:, :3], -turn)[:, 0] - places[:, 3] / 2 * cos(turn)
    widths = []
    for row, width in zip(placement.layout.rows, placement.row_name_widths, strict=True):
        nodes = [node for node in row.node_ids if node in frame.index and node in index]
        now = frame.panel_rects[[frame.index[node] for node in nodes]]
        x = turned_about_y(now[:, :3] - frame.offset, -turn)[:, 0]
        begins = (x - now[:, 3] / 2 * cos(turn)).min(initial=np.inf)
        moved = begins - at_first[[index[node] for node in nodes]].min(initial=np.inf)
        widths.append(width + float(min(moved, 0.0)) if nodes else width)
    return widths


def _name_rooms(layout: Layout, widths: Sequence[float], at_first: Sequence[float]) -> list[float]:
    """Meters that the name of each row may take: at the left end of a step, where layers were moved
    to the left, it goes further left and stays as large as it was."""
    rows = layout.rows
    ends = {y: min(row.left for row in rows if row.y == y) for y in {row.y for row in rows}}
    return [
        first if row.left == ends[row.y] else width
        for row, width, first in zip(rows, widths, at_first, strict=True)
    ]


def _name_depths(layout: Layout) -> list[float]:
    """z at which the name of each row stands, not turned: in the middle of the row, or between
    sheets that are turned to it, so that what is nearer or further seems to lie on none."""
    if layout.turn == 0.0:
        return [(row.front + row.back) / 2 for row in layout.rows]
    panels = [layout.panels[row.node_ids[0]] for row in layout.rows]
    return [turned_point((p.x, p.y, p.z), -layout.turn)[2] for p in panels]


def _placed(point: Point, offset: np.ndarray, turn: float) -> Point:
    """A point of a network in the world."""
    x, y, z = turned_point(point, turn)
    return x + float(offset[0]), y + float(offset[1]), z + float(offset[2])


def _rises(rows: Sequence[TerraceRow]) -> dict[float, float]:
    """How far the next step is above each step, by the step's height; the last is free above."""
    heights = sorted({row.y for row in rows})
    ends = [*heights[1:], np.inf]
    return {low: high - low for low, high in zip(heights, ends, strict=True)}


def _row_name_size(name: str, room: float, scale: float, rise: float) -> float:
    """The height at which a name fits in a width in at most two lines, and below the next step.

    Args:
        name: The name.
        room: Its width, meters.
        scale: How many times as large as usual it may be.
        rise: Meters up to the next step.
    """
    largest = ROW_NAME_HEIGHT * scale
    for size in np.linspace(largest, MIN_ROW_NAME * largest, 12):
        lines = row_name_lines(name, room, float(size))
        is_whole = not any(line.endswith("…") for line in lines)
        if is_whole and len(lines) * ROW_NAME_PITCH * size <= rise:
            break
    return float(size)


def _breakable(name: str) -> str:
    """A name that may be broken between two words of a span: `stem– inception3b`."""
    return re.sub(r"–(?=[a-z]{3})", "– ", name)


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


def title_labels(
    info: NetworkInfo, x: float, z: float, width: float, world_width: float, offset: np.ndarray,
    turn: float = 0.0,
) -> list[TextLabel]:  # fmt: skip
    """Return the network's name and facts on the floor in front of it, leaning back like a lectern.

    Args:
        info: What a person should know of the network.
        x: Left end of the text, meters.
        z: Front of the network, meters.
        width: Of the network, meters.
        world_width: Of all networks together, meters: a large world is looked at from afar.
        offset: (3,) of the network in the world, meters.
        turn: Of its rows, see `Layout`.
    """
    parts = title_parts(info)
    length = sum(font.text_width(text) * height + TITLE_HEIGHT for text, height, _ in parts)
    scale = min(max(1.0, world_width / TITLE_WIDTH), MAX_TITLE_SCALE)
    scale = min(scale, max(1.0, width / TITLE_WIDTH, width / length))
    z += TITLE_CLEARANCE * TITLE_HEIGHT * (1.6 * scale - 0.6)
    labels = []
    for text, height, color in parts:
        size = height * scale
        origin = _placed((x, 0.06, z), offset * (1, 0, 1), turn)
        along, up = turned_point((1.0, 0.0, 0.0), turn), turned_point(TILTED, turn)
        labels.append(TextLabel(text, origin, size, color, along, up, fade=4.0, until=FAR_TEXT))
        x += font.text_width(text) * size + TITLE_HEIGHT * scale
    return labels


def title_parts(info: NetworkInfo) -> list[tuple[str, float, tuple[float, float, float, float]]]:
    """Return a network's name and facts, each with its capital height, meters, and its color."""
    parts = [(info.title, TITLE_HEIGHT, TITLE_COLOR)]
    if info.parameters:
        parts.append((f"{info.parameters:,} parameters", FACTS_HEIGHT, FACTS_COLOR))
    if info.random_weights:
        parts.append(("untrained weights", FACTS_HEIGHT, WARNING))
    return parts
