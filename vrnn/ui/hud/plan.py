"""The plan: the network as a drawn graph, with names, kinds and edges, for a view from above.

Sheets are edges on from above, so each layer is drawn as a box in the color of its kind with its
name. The edges of the plan are those in the world; the minimap draws its own.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np

from vrnn.network.graph import Node
from vrnn.network.layer_kinds import layer_kind
from vrnn.scene.camera import Camera
from vrnn.scene.linalg import turned_about_y
from vrnn.scene.placement import PlacementFrame
from vrnn.scene.world import World
from vrnn.style import font
from vrnn.style.theme import ACCENT, KIND_COLORS
from vrnn.ui.hud.overlay import BRIGHT_COLOR, HudCanvas

PLAN_PITCHES = np.radians((-50.0, -62.0))
"""Pitches of a view between which the plan fades in."""
OTHER_COLOR = (0.10, 0.12, 0.17, 1.0)
"""Of a layer of no kind."""
BOX_DEPTH = 0.9
"""Of a layer's box along its narrow side, meters."""
MIN_BOX, MAX_BOX = 8.0, 34.0
"""The same on the canvas at least and at most, units."""
TEXT_SIZES = (5.0, 10.0)
"""Capital height of a layer's name, units; where it does not fit it is left out."""
ROW_TEXT = 11.0
"""Capital height of the name of a row, units."""
SHADE = 0.75
"""Part of a kind's color in the box, so that text is readable on it."""


def plan_opacity(camera: Camera) -> float:
    """Return how much of the plan is seen from a camera, 0…1."""
    first, whole = PLAN_PITCHES
    return float(np.clip((camera.pitch - first) / (whole - first), 0.0, 1.0))


def draw_plan(canvas: HudCanvas, world: World, camera: Camera) -> None:
    """Draw the layers as boxes with names where a camera looks down on them.

    Args:
        canvas: Over the picture of that camera.
        world: The world.
        camera: The camera.
    """
    opacity = plan_opacity(camera)
    if opacity <= 0.01:
        return
    clip = camera.clip_from_world(canvas.width / canvas.height).astype(float)
    for slot in world.slots:
        frame = world.placement_frame(slot)
        nodes = world.networks[slot].visible_nodes(frame)
        hovered = world.hovered.layer if world.hovered is not None else None
        for node, rect in zip(frame.node_ids, frame.panel_rects.astype(float), strict=True):
            color = ACCENT if hovered == (slot, node) else kind_color(nodes[node])
            _draw_box(canvas, clip, rect, nodes[node].name, (*color[:3], opacity))
        turn, offset = frame.placement.layout.turn, frame.offset
        for row in frame.placement.layout.rows:
            at = turned_about_y(np.array([row.left, row.y, row.front]), turn) + offset
            x, y, is_seen = _on_canvas(canvas, clip, at)
            if is_seen and row.name:
                canvas.text(x, y, row.name, ROW_TEXT, (*BRIGHT_COLOR[:3], opacity))


def kind_color(node: Node) -> tuple[float, float, float, float]:
    """Return the color of a layer's kind in a drawn graph."""
    kind = layer_kind(node.operation)
    r, g, b, a = OTHER_COLOR if kind is None else KIND_COLORS[kind]
    return r * SHADE, g * SHADE, b * SHADE, a


def _draw_box(
    canvas: HudCanvas, clip: np.ndarray, rect: np.ndarray, name: str, color: tuple[float, ...]
) -> None:
    """A layer's box with its name, at the foot of its sheet, where its edges end."""
    x, y, z, width, _ = rect.tolist()
    middle, top, is_seen = _on_canvas(canvas, clip, np.array([x, y, z]))
    end = np.array([*_on_canvas(canvas, clip, np.array([x + width / 2, y, z]))[:2]])
    half = float(np.linalg.norm(end - (middle, top)))
    if not is_seen or half < 0.5:
        return
    left, right = middle - half, middle + half
    depth = min(max(2 * BOX_DEPTH * half / width, MIN_BOX), MAX_BOX)
    canvas.rectangle(left, top - depth / 2, right - left, depth, color)
    room, (least, most) = right - left - 4, TEXT_SIZES
    for text in (name, name.rpartition(".")[2]):
        size = min(most, 0.62 * depth, room / max(font.text_width(text), 1e-6))
        if size >= least:
            canvas.text(left + 2, top + size / 2, text, size, (*BRIGHT_COLOR[:3], color[3]))
            return


def _on_canvas(canvas: HudCanvas, clip: np.ndarray, point: np.ndarray) -> tuple[float, float, bool]:
    """Where a point is on the canvas, and whether it is before the camera and near the picture."""
    x, y, _, w = (clip @ np.array([*point, 1.0])).tolist()
    if w <= 0.05:
        return 0.0, 0.0, False
    across, up = x / w, y / w
    inside = abs(across) < 1.5 and abs(up) < 1.5
    return (across + 1) / 2 * canvas.width, (1 - up) / 2 * canvas.height, inside


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
            found = np.unique(np.rint(flat / 0.1).astype(np.int32).reshape(-1, 4), axis=0) * 0.1
            found = found.reshape(-1, 2, 2)
            found = found[np.abs(found[:, 0] - found[:, 1]).max(1) > 0.3]
        _EDGES[frame] = found
    return _EDGES[frame]
