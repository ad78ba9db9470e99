"""The plan: the network as a drawn graph, with names, kinds and edges, for a view from above."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np

from vrnn.network.graph import Node
from vrnn.network.layer_kinds import layer_kind
from vrnn.scene.camera import Camera
from vrnn.scene.linalg import turned_about_y
from vrnn.scene.output_choices import shown_outputs
from vrnn.scene.picking import Hit
from vrnn.scene.placement import PlacementFrame
from vrnn.scene.plan_view import LAYERS_PART, PlanView, plan_opacity, plan_view
from vrnn.scene.primitives import PLAIN, QUAD
from vrnn.scene.visuals.answer_scores import answer_text
from vrnn.scene.visuals.labels import row_name_lines
from vrnn.scene.world import World
from vrnn.style import font
from vrnn.style.text import elide
from vrnn.style.theme import ACCENT, KIND_COLORS, LUMINANCE_WEIGHTS
from vrnn.ui.hud.overlay import BRIGHT_COLOR, TEXT_COLOR, HudCanvas

OTHER_COLOR = (0.10, 0.12, 0.17, 1.0)
"""Of a layer of no kind."""
PAPER = (0.011, 0.013, 0.018)
"""What the plan is drawn on."""
ROW_COLOR = (0.020, 0.024, 0.034)
"""Of a step."""
EDGE_COLOR = (0.19, 0.31, 0.38, 0.9)
EDGE_WIDTH = 1.3
"""Of an edge, units of the canvas."""
BOX_PART, MAX_BOX = 0.38, 0.05
"""Height of a layer's box as a part of a band, and at most as a part of the picture's height."""
STACK_PART, SAME_COLUMN = 0.5, 0.3
"""Height of several boxes as a part of a band, and meters along the row within which they stand one
above the other."""
FOOT = 0.02
"""Part of a band that a box reaches over the ends of its edges."""
TEXT_SIZES = (6.5, 10.0)
"""Capital height of a layer's name, units; where it does not fit it is left out."""
DETAIL_SIZE = 7.5
"""Capital height of its operation, units."""
ROW_TEXT = 12.0
"""Capital height of the name of a row, units."""
BRIGHT_BOX = 0.2
"""Luminance from which a box has dark text."""
DARK_INK = (0.012, 0.013, 0.016)
ANSWER_TEXT = 15.0
"""Capital height of the answer, units."""
SHADE = 0.75
"""Part of a kind's color in the box, so that text is readable on it."""


def draw_plan(canvas: HudCanvas, world: World, camera: Camera) -> None:
    """Draw the layers as boxes with names where a camera looks down on them from above.

    Args:
        canvas: Over the picture of that camera, empty yet: the plan covers all of it.
        world: The world.
        camera: The camera.
    """
    view = plan_view(world, camera, canvas.width / canvas.height)
    if view is None:
        return
    opacity = plan_opacity(world, camera)
    canvas.rectangle(0, 0, canvas.width, canvas.height, (*PAPER, opacity))
    for slot in world.slots:
        frame = world.placement_frame(slot)
        _draw_rows(canvas, view, frame, opacity)
        _draw_edges(canvas, view, frame, opacity)
        nodes = world.networks[slot].visible_nodes(frame)
        hovered = world.hovered.layer if world.hovered is not None else None
        boxes = plan_boxes(view, frame, canvas.height)
        for node, box in zip(frame.node_ids, boxes.tolist(), strict=True):
            color = ACCENT if hovered == (slot, node) else kind_color(nodes[node])
            _draw_box(canvas, box, nodes[node], (*color[:3], opacity))
        _draw_row_names(canvas, view, frame, boxes, opacity)
        _draw_answer(canvas, world, slot, boxes, opacity)


def kind_color(node: Node) -> tuple[float, float, float, float]:
    """Return the color of a layer's kind in a drawn graph."""
    kind = layer_kind(node.operation)
    r, g, b, a = OTHER_COLOR if kind is None else KIND_COLORS[kind]
    return r * SHADE, g * SHADE, b * SHADE, a


def plan_boxes(view: PlanView, frame: PlacementFrame, height: float) -> np.ndarray:
    """Return where each layer's box is: where several stand one above the other, they share it.

    Args:
        view: The plan.
        frame: Where the layers are.
        height: Of the picture, in the unit of the boxes.

    Returns:
        (N, 4) left, upper, right and lower edge.
    """
    rects = frame.panel_rects.astype(float)
    x, foot = (view.feet(rects[:, :3]) * height).T
    half = rects[:, 3] / 2 * view.scale * height
    band = view.band * height
    columns: dict[tuple[int, int], list[int]] = {}
    for i in np.argsort(-rects[:, 1], kind="stable").tolist():  # the highest first
        columns.setdefault((round(foot[i] / band), round(rects[i, 0] / SAME_COLUMN)), []).append(i)
    top, low = np.zeros(len(rects)), np.zeros(len(rects))
    for column in columns.values():
        tall = min(band * BOX_PART, MAX_BOX * height) if len(column) == 1 else band * STACK_PART
        each = tall / len(column)
        for number, i in enumerate(column):
            top[i] = foot[i] + FOOT * band - tall + each * number
            low[i] = top[i] + each * (1.0 if len(column) == 1 else 0.9)
    return np.stack([x - half, top, x + half, low], 1)


def plan_hit(
    world: World, camera: Camera, aspect: float, cursor: tuple[float, float]
) -> Hit | None:
    """Return the layer whose box is pointed at where the plan is seen.

    Args:
        world: The world.
        camera: What looks at it.
        aspect: Width / height of the picture.
        cursor: Where it points, -1…1 to the right and upward.
    """
    view = plan_view(world, camera, aspect)
    if view is None:
        return None
    x, y = (cursor[0] + 1) / 2 * aspect, (1 - cursor[1]) / 2
    for slot in world.slots:
        frame = world.placement_frame(slot)
        left, top, right, low = plan_boxes(view, frame, 1.0).T
        found = np.flatnonzero((left <= x) & (x <= right) & (top <= y) & (y <= low))
        if len(found):
            i = int(found[0])
            away = float(np.linalg.norm(frame.panel_rects[i, :3] - camera.position))
            return Hit("layer", away, slot, frame.node_ids[i])
    return None


def _draw_rows(
    canvas: HudCanvas, view: PlanView, frame: PlacementFrame, opacity: float
) -> None:  # fmt: skip
    """The steps, a little apart."""
    offset = turned_about_y(frame.offset.astype(float)[None], -view.bounds.turn)[0]
    gap = 0.04 * view.band * canvas.height
    for row in frame.placement.layout.rows:
        ends = np.array([[row.left, row.back], [row.right, row.front]]) + offset[[0, 2]]
        (left, top), (right, low) = (view.place(ends) * canvas.height).tolist()
        height = low - top - 2 * gap
        canvas.rectangle(left, top + gap, right - left, height, (*ROW_COLOR, opacity))


def _draw_row_names(
    canvas: HudCanvas, view: PlanView, frame: PlacementFrame, boxes: np.ndarray, opacity: float
) -> None:
    """The name of each row at the left of its boxes, or over them where there is no room."""
    offset = turned_about_y(frame.offset.astype(float)[None], -view.bounds.turn)[0]
    for row in frame.placement.layout.rows:
        mine = [frame.index[node] for node in row.node_ids if node in frame.index]
        if not row.name or not mine:
            continue
        corner = np.array([[row.left, row.back]]) + offset[[0, 2]]
        left, top = (view.place(corner)[0] * canvas.height).tolist()
        band = view.band * canvas.height
        room = float(boxes[mine, 0].min()) - left - 12
        size = min(ROW_TEXT, room / max(map(font.text_width, row.name.split())))
        lines, middle = [row.name], top + band * (LAYERS_PART - BOX_PART / 2)
        if size >= 0.7 * ROW_TEXT:
            lines = row_name_lines(row.name, room, size)
        else:  # over the boxes
            free = float(boxes[mine, 1].min()) - top
            size, middle = min(ROW_TEXT, 0.6 * free), top + 0.55 * free
        for number, line in enumerate(lines):
            base = middle + size / 2 + (number - (len(lines) - 1) / 2) * 1.6 * size
            canvas.text(left + 6, base, line, size, (*BRIGHT_COLOR[:3], opacity))


def _draw_answer(
    canvas: HudCanvas, world: World, slot: int, boxes: np.ndarray, opacity: float
) -> None:
    """The answer in a few words beside the last layer."""
    network, frame = world.networks[slot], world.placement_frame(slot)
    node = frame.placement.answer.node
    if network.result is None or node not in frame.index:
        return
    outputs = shown_outputs(network.result, world.state, slot)
    text = answer_text(outputs[0], network.info.class_names) if outputs else ""
    _, top, right, low = boxes[frame.index[node]].tolist()
    text = elide(text, canvas.width - right - 24, ANSWER_TEXT)
    middle = (top + low) / 2 + ANSWER_TEXT / 2
    canvas.text(right + 14, middle, text, ANSWER_TEXT, (*ACCENT[:3], opacity))


def _draw_box(
    canvas: HudCanvas, box: list[float], node: Node, color: tuple[float, ...]
) -> None:  # fmt: skip
    """A layer's box with its name and, where there is room, its operation."""
    left, top, right, low = box
    is_outside = right < 0 or left > canvas.width or low < 0 or top > canvas.height
    if is_outside or right - left < 0.5:
        return
    canvas.rectangle(left, top, right - left, low - top, color)
    room, (least, most), height = right - left - 6, TEXT_SIZES, low - top
    is_bright = float(np.dot(color[:3], LUMINANCE_WEIGHTS)) > BRIGHT_BOX
    name_ink, detail_ink = (DARK_INK, DARK_INK) if is_bright else (BRIGHT_COLOR, TEXT_COLOR)
    parts = node.name.split(".")
    starts = [i for i in range(len(parts) - 1) if not parts[i].isdigit()]
    names = [".".join(parts[i:]) for i in (*starts, len(parts) - 1)]
    detail = elide(node.label, room, DETAIL_SIZE)
    has_detail = height > 2.9 * most and len(detail) > 5
    for text in names:
        size = min(most, 0.6 * height, room / max(font.text_width(text), 1e-6))
        if size >= (least if text == names[-1] else 0.8 * most):
            base = top + (0.42 * height if has_detail else 0.5 * height + size / 2)
            canvas.text(left + 3, base, text, size, (*name_ink[:3], color[3]))
            break
    if has_detail:
        ink = (*detail_ink[:3], color[3])
        canvas.text(left + 3, top + 0.84 * height, detail, DETAIL_SIZE, ink)


def _draw_edges(
    canvas: HudCanvas, view: PlanView, frame: PlacementFrame, opacity: float
) -> None:  # fmt: skip
    offset = turned_about_y(frame.offset.astype(float)[None], -view.bounds.turn)[0]
    ends = view.place(edge_pieces(frame) + offset[[0, 2]]) * canvas.height
    color = (*EDGE_COLOR[:3], EDGE_COLOR[3] * opacity)
    canvas.quads(edge_lines(ends, EDGE_WIDTH, color, canvas.scale))


def edge_lines(
    ends: np.ndarray, width: float, color: tuple[float, ...], scale: float
) -> np.ndarray:
    """Return pieces of edges as thin lines, `QUAD`s in pixels.

    Args:
        ends: (N, 2, 2) both ends of each, units of a canvas.
        width: Of a line, units.
        color: Linear RGBA.
        scale: Pixels per unit.
    """
    along = ends[:, 1] - ends[:, 0]
    length = np.linalg.norm(along, axis=1)
    ends, along, length = ends[length > 0], along[length > 0], length[length > 0]
    unit = along / length[:, None]
    across = unit[:, ::-1] * (-1, 1) * width
    start = ends[:, 0] - across / 2 - unit * width / 2  # so that corners are closed
    records = np.zeros(len(ends), QUAD)
    records["origin"][:, :2] = start * scale
    records["right"][:, :2] = (along + unit * width) * scale
    records["down"][:, :2] = across * scale
    records["top"] = records["bottom"] = color
    records["kind"] = PLAIN
    return records


_EDGES: WeakKeyDictionary[PlacementFrame, np.ndarray] = WeakKeyDictionary()


def edge_pieces(frame: PlacementFrame) -> np.ndarray:
    """Return the pieces of a network's edges as they are seen from above, each place once.

    Args:
        frame: Where the edges are; what was found is kept as long as it is.

    Returns:
        (N, 2, 2) x and z of both ends, meters, turned back as the rows of the layout are.
    """
    if frame not in _EDGES:
        found: np.ndarray = np.zeros((0, 2, 2))
        if frame.routes:
            pieces = np.concatenate([np.stack([r[:-1], r[1:]], 1) for r in frame.routes])
            flat = turned_about_y(pieces - frame.offset, -frame.placement.layout.turn)[..., [0, 2]]
            found = np.unique(np.rint(flat / 0.05).astype(np.int32).reshape(-1, 4), axis=0) * 0.05
            found = found.reshape(-1, 2, 2)
            found = found[np.abs(found[:, 0] - found[:, 1]).max(1) > 0]
        _EDGES[frame] = found
    return _EDGES[frame]
