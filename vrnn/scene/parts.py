"""From a network's places to what is drawn of it: panels, steps, edges and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

import numpy as np

from vrnn import font
from vrnn.network import Edge, FeatureMaps, Marker, NetworkInfo, Node, map_shape
from vrnn.scene.answers import fitted
from vrnn.scene.display import Display, symmetric
from vrnn.scene.drawing import PANEL, QUAD, STROKE, Label, flat_quad, quad
from vrnn.scene.layout import Row
from vrnn.scene.panel import PanelGrid
from vrnn.scene.pose import Maps, Pose, grid_maps
from vrnn.scene.stand import ROW_NAME, Stand
from vrnn.scene.state import SwitchedOff

NAME = 0.15
"""Capital height of a layer's name, metres."""
OPERATION = 0.095
"""Capital height of a layer's operation, metres."""
EDGE_TEXT = 0.075
SMALLEST_ROW_NAME, NAME_GAP = 0.3, 0.62
TITLE = 0.42

OVERHANG = 0.4
"""Metres that a label may reach beyond its panel, into the gap."""
CELL_GAP = 0.06
"""Of a cell, free between two maps; as in shaders/panel.frag.glsl."""
PILE, PILE_INSIDE = (0.060, 0.070, 0.095), (0.0105, 0.0125, 0.0175)
OFF = (1.0, 0.12, 0.10, 1.0)
BORDER, LIT_BORDER = 0.018, 0.035
"""Metres around a panel, and around one that is pointed out."""
TREAD_FAR = (0.0120, 0.0150, 0.0225, 1.0)
TREAD_NEAR = (0.0215, 0.0265, 0.0390, 1.0)
RISER_TOP = (0.0165, 0.0205, 0.0310, 1.0)
RISER_FOOT = (0.0105, 0.0130, 0.0185, 0.0)
RISER = 1.1
"""Metres of a row's front that can be seen."""
EDGE_LINE = (0.085, 0.105, 0.150, 1.0)
FLOW = (0.16, 0.20, 0.29, 0.95)
SKIP = (0.06, 0.24, 0.27, 0.95)
LIT = (1.0, 0.52, 0.10, 1.0)
QUIET = 0.35
NAME_INK = (0.70, 0.74, 0.82, 1.0)
OPERATION_INK = (0.30, 0.345, 0.44, 1.0)
EDGE_INK = (0.42, 0.48, 0.60, 1.0)
ROW_INK = (0.36, 0.43, 0.58, 1.0)
WARNING = (1.0, 0.40, 0.05, 1.0)
MARKER_INK = (0.25, 0.80, 0.62, 1.0)
ARROW_LENGTH = 0.24
ARROW_WIDTH = 0.26
LINE_WIDTH = 0.085


def panels(places: np.ndarray, grids: Sequence[PanelGrid], nodes: Sequence[Node]) -> np.ndarray:
    """(N,) PANEL that wait for their maps. places: (N, 5) x centre, bottom, z, width, height."""
    records = np.zeros(len(nodes), PANEL)
    x, y, z, width, height = places.T
    records["origin"] = np.stack([x - width / 2, y + height, z], 1)
    records["right"][:, 0] = width
    records["down"][:, 1] = -height
    shapes = np.array([map_shape(node.shape) for node in nodes], np.int32).reshape(-1, 3)
    records["grid"][:, 0] = [grid.columns for grid in grids]
    records["grid"][:, 1] = [grid.rows for grid in grids]
    records["grid"][:, 2] = shapes[:, 0]
    records["tile"] = shapes[:, 1:]
    records["base"] = -1
    records["clip"] = 1.0
    records["light"] = 1.0
    records["border"] = BORDER
    return records


def single_maps(panel: np.ndarray, maps: Maps) -> np.ndarray:
    """(K,) PANEL, one for each map that stands on its own. panel: (1,) the layer's own."""
    records = np.repeat(panel, len(maps.channels))
    left = panel["origin"][0] + panel["right"][0] / 2 + panel["down"][0]
    width, height = maps.size[:, 0] * (1 - CELL_GAP), maps.size[:, 1] * (1 - CELL_GAP)
    records["origin"] = left + maps.middle
    records["origin"][:, 0] -= width / 2
    records["origin"][:, 1] += height / 2
    records["right"], records["down"] = 0.0, 0.0
    records["right"][:, 0], records["down"][:, 1] = width, -height
    records["grid"][:, :2] = 1
    records["first"] = maps.channels
    records["border"] *= 0.3
    return records


def boxes(pose: Pose) -> np.ndarray:
    """QUADs behind each folded module: it looks like a pile of panels."""
    quads = []
    for node in pose.standing.folded.boxes:
        if node not in pose.index:
            continue
        x, y, z, width, height = pose.place(node).tolist()
        for i in (3, 2, 1):
            shift = 0.035 * i
            back = z - 0.03 * i
            edge = tuple(c * (1.15 - 0.2 * i) for c in PILE)
            quads.append(
                quad(
                    x - width / 2 + shift - 0.018,
                    y + height + shift + 0.018,
                    width + 0.036,
                    height + 0.036,
                    back - 0.004,
                    (*edge, 1.0),
                )
            )
            quads.append(
                quad(
                    x - width / 2 + shift,
                    y + height + shift,
                    width,
                    height,
                    back,
                    (*PILE_INSIDE, 1.0),
                )
            )
    return np.concatenate(quads) if quads else np.zeros(0, QUAD)


def off_marks(off: Sequence[SwitchedOff], slot: int, stand: Stand, pose: Pose) -> np.ndarray:
    """QUADs: a frame around what is switched off."""
    quads = []
    for one in off:
        node = stand.ids.get(one.layer)
        if one.network != slot or node is None or node not in pose.index:
            continue
        place = pose.place(node)
        face = pose.standing.faces.get(node)
        if face is None or face.one or not one.channels:
            x, y, z, width, height = place.tolist()
            quads += _frame(x - width / 2, y + height, width, height, z)
            continue
        maps = pose.maps.get(node) or grid_maps(
            face.grid, map_shape(stand.network.by_id[node].shape), place
        )
        for channel in one.channels:
            at = np.flatnonzero(maps.channels == channel)
            if len(at):
                x, y, z = (place[:3] + maps.middle[at[0]]).tolist()
                width, height = maps.size[at[0]].tolist()
                quads += _frame(x - width / 2, y + height / 2, width, height, z)
    return np.concatenate(quads) if quads else np.zeros(0, QUAD)


def outline(left: float, top: float, width: float, height: float, z: float) -> np.ndarray:
    """QUADs: a thin bright frame just before a picture."""
    line, z = 0.014, z + 0.01
    width, height = max(width, line), max(height, line)
    return np.concatenate(
        [
            quad(left, top, width, line, z, LIT),
            quad(left, top - height + line, width, line, z, LIT),
            quad(left, top, line, height, z, LIT),
            quad(left + width - line, top, line, height, z, LIT),
        ]
    )


def _frame(left: float, top: float, width: float, height: float, z: float) -> list[np.ndarray]:
    line = min(0.02, 0.12 * min(width, height))
    z += 0.006
    return [
        quad(left, top, width, line, z, OFF),
        quad(left, top - height + line, width, line, z, OFF),
        quad(left, top, line, height, z, OFF),
        quad(left + width - line, top, line, height, z, OFF),
        quad(left, top - height / 2 + line / 2, width, line, z, OFF),
    ]


def ranges(
    maps: Mapping[int, FeatureMaps], nodes: Sequence[Node], display: Display
) -> tuple[np.ndarray, np.ndarray]:
    """(N, 2) and (N,) float32 for `PANEL`'s range and clip.

    A map of one value would always be at its own peak, so vectors are scaled by their layer.
    """
    low = min((m.lowest for m in maps.values()), default=0.0)
    high = max((m.highest for m in maps.values()), default=0.0)
    found = np.zeros((len(nodes), 2), np.float32)
    clip = np.ones(len(nodes), np.float32)
    for i, node in enumerate(nodes):
        if node.id not in maps:
            continue
        layer = maps[node.id]
        if display.clip < 100:
            clip[i] = layer.share_below(display.clip)
        ends = (low, high)
        if display.scale == "layer" or (display.scale == "map" and layer.height * layer.width == 1):
            ends = (layer.lowest, layer.highest)
        elif display.scale == "map":
            continue
        ends = symmetric(*ends) if display.symmetric else ends
        if ends[0] == ends[1]:
            ends = (ends[0], ends[0] + 1e-30)
        found[i] = np.clip(np.array(ends) / layer.scale, -65504, 65504)
    return found, clip


def steps(rows: Sequence[Row], offset: np.ndarray, shown: float) -> np.ndarray:
    """QUADs of the terrace: for each row a tread and a riser that fades out downward.

    shown: 0…1, faded while moving. The furthest come first, as they blend.
    """
    if shown <= 0.01:
        return np.zeros(0, QUAD)
    parts = []
    for row in sorted(rows, key=lambda row: row.front):
        left, width = row.left + float(offset[0]), row.right - row.left
        depth = row.front - row.back
        top = row.y + float(offset[1]) + 0.002
        tread = flat_quad(left, row.back, width, depth, top, TREAD_FAR, TREAD_NEAR)
        parts.append(tread)
        if row.y > 0.01:
            height = min(row.y, RISER)
            parts.append(quad(left, top, width, height, row.front, RISER_TOP, RISER_FOOT))
        parts.append(quad(left, top + 0.01, width, 0.02, row.front + 0.003, EDGE_LINE))
    records = np.concatenate(parts) if parts else np.zeros(0, QUAD)
    records["top"][:, 3] *= shown
    records["bottom"][:, 3] *= shown
    return records


def strokes(
    routes: Sequence[np.ndarray], skips: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """STROKEs of edges, each ending in an arrow head; see `coloured` for their colours.

    routes: (P, 3) points each; skips: (R,) bool. Returns records, the edge (N,) of each, and the
    usual colours (R, 4) of the edges.
    """
    colours = np.where(skips[:, None], np.array(SKIP, np.float32), np.array(FLOW, np.float32))
    if not routes:
        return np.zeros(0, STROKE), np.zeros(0, int), colours
    cut = [_without_head(points) for points in routes]
    counts = np.array([len(points) - 1 for points in cut])
    total = int(counts.sum())
    records = np.zeros(total + len(routes), STROKE)
    records["start"][:total] = np.concatenate([points[:-1] for points in cut])
    records["end"][:total] = np.concatenate([points[1:] for points in cut])
    records["width"][:total] = LINE_WIDTH
    records["start"][total:] = [points[-1] for points in cut]
    records["end"][total:] = [points[-1] for points in routes]
    records["width"][total:] = ARROW_WIDTH
    records["kind"][total:] = 1
    numbers = np.arange(len(routes))
    return records, np.concatenate([np.repeat(numbers, counts), numbers]), colours


def coloured(edges: tuple[np.ndarray, np.ndarray, np.ndarray], state: np.ndarray) -> np.ndarray:
    """The same STROKEs with their colours. state: (R,) 1 lit, 0 as usual, -1 stepped back."""
    records, owner, usual = edges
    colours = usual.copy()
    colours[state > 0] = LIT
    colours[state < 0, 3] *= QUIET
    made = records.copy()
    made["colour"] = colours[owner]
    return made


def _without_head(points: np.ndarray) -> np.ndarray:
    """The line up to where its arrow head begins."""
    left = ARROW_LENGTH
    for i in range(len(points) - 2, -1, -1):  # nearly always the last piece alone
        back = points[i] - points[i + 1]
        length = sqrt(float(back @ back))
        if length > left:
            end = points[i + 1] + back * (left / length)
            return np.concatenate([points[: i + 1], end[None]])
        left -= length
    return np.stack([points[0], points[0] + (points[-1] - points[0]) * 0.5])


def layer_labels(places: np.ndarray, nodes: Sequence[Node]) -> list[Label]:
    """Over each panel its name and, smaller, its operation; never wider than the panel."""
    labels = []
    for (x, y, z, width, height), node in zip(places.tolist(), nodes, strict=True):
        left, room = x - width / 2, max(width + OVERHANG, 0.8)
        top = y + height
        size = NAME * min(1.0, max(0.6, room / max(font.width(node.name) * NAME, 1e-6)))
        labels.append(
            Label(fitted(node.name, room, size), (left, top + 0.235, z), size, NAME_INK, fade=6.0)
        )
        size = OPERATION * min(1.0, max(0.7, room / max(font.width(node.label) * OPERATION, 1e-6)))
        text = fitted(node.label, room, size)
        labels.append(Label(text, (left, top + 0.075, z), size, OPERATION_INK, fade=7.0))
    return labels


def edge_labels(
    routes: Sequence[np.ndarray], edges: Sequence[Edge], flow: Sequence[int]
) -> list[Label]:
    """Flat on the floor beside the end of each edge: the operation that takes the data.

    flow: indices of the edges to label, one for each layer that data arrives at.
    """
    labels = []
    for index in flow:
        x, y, z = (float(v) for v in routes[index][-1])
        text = edges[index].label.replace("_", " ")
        at = (x + 0.2, y + 0.004, z + 0.04)
        labels.append(Label(text, at, EDGE_TEXT, EDGE_INK, up=(0.0, 0.0, -1.0), fade=6.0))
    return labels


def row_labels(
    rows: Sequence[Row], rooms: Sequence[float], offset: np.ndarray, shown: float
) -> list[Label]:
    """Large, at the left of each row: the stage's name. rooms: metres free for each.

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
        size = max(min(ROW_NAME, room / max(font.width(row.name), 1e-6)), SMALLEST_ROW_NAME)
        text = fitted(row.name, room, size)
        y = row.y + float(offset[1]) + max(min(row.height, 2.2) / 2 - size / 2, 0.1)
        at = (end - font.width(text) * size, y, (row.front + row.back) / 2)
        ink = (*ROW_INK[:3], ROW_INK[3] * shown)
        labels.append(Label(text, at, size, ink, fade=3.0))
    return labels


def marker_labels(
    markers: Sequence[Marker], places: np.ndarray, index: Mapping[int, int]
) -> list[Label]:
    """Signposts that the model's author placed, above the layers they stand at."""
    labels = []
    for marker in markers:
        x, y, z, width, height = places[index[marker.node]].tolist()
        at = (x - width / 2, y + height + 0.46, z + 0.01)
        labels.append(Label(marker.text, at, 0.2, MARKER_INK, fade=5.0))
    return labels


def title_labels(info: NetworkInfo, x: float, z: float, width: float) -> list[Label]:
    """The network's name on the floor before it, leaning back like a lectern.

    width: of the network, metres: a large one is looked at from afar.
    """
    scale = max(1.0, width / 26)
    up = (0.0, 0.70710678, -0.70710678)
    z += scale
    facts = f"{info.parameters:,} parameters"
    small = 0.19 * scale
    high = (0.42 * scale, z - 0.42 * scale)
    labels = [
        Label(info.title, (x, *high), TITLE * scale, (0.85, 0.88, 0.94, 1.0), up=up, fade=4.0),
        Label(facts, (x, 0.06, z), small, (0.42, 0.47, 0.58, 1.0), up=up, fade=4.0),
    ]
    if info.random_weights:
        after = x + font.width(facts + "   ") * small
        labels.append(Label("random weights", (after, 0.06, z), small, WARNING, up=up, fade=4.0))
    return labels
