"""The minimap: the network from above as a drawn graph, with the eye and where it looks."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, sin

import numpy as np

from vrnn.scene.camera import Camera
from vrnn.scene.linalg import turned_about_y
from vrnn.scene.transition import PlacementFrame
from vrnn.scene.world import World
from vrnn.style import font
from vrnn.style.text import elide
from vrnn.style.theme import ACCENT
from vrnn.ui.hud.overlay import TEXT_COLOR, HudCanvas
from vrnn.ui.hud.plan import edge_lines, edge_pieces, kind_color

WIDTH, HEIGHT = 400.0, 240.0
"""Size of the map, units of the canvas."""
STEP_COLOR = (0.035, 0.042, 0.060, 0.95)
EDGE_COLOR = (0.16, 0.26, 0.32, 0.9)
EDGE_WIDTH = 0.9
"""Of an edge on the map, units."""
MAX_STRETCH = 14.0
"""How much larger depth is on the map than width, at most."""
MIN_LAYER_WIDTH, LAYER_DEPTH = 2.2, 5.0
"""Width of a layer on the map at least, and its depth, units."""
NAME_SIZE = 8.0
"""Capital height of the name of a row, units."""
NAME_ROOM = 84.0
"""Width of the map that is kept free for names of rows, units."""


def draw_minimap(canvas: HudCanvas, world: World, camera: Camera) -> None:
    """Draw the minimap at the upper left: layers in the colors of their kinds, edges and names.

    Args:
        canvas: Where to draw.
        world: The world.
        camera: The eye, a large dot with a fading row of dots to where it looks.
    """
    if not world.slots:
        return
    turn = world.placement_frame(world.slots[0]).placement.layout.turn
    frames = {slot: world.placement_frame(slot) for slot in world.slots}
    rects = {slot: frame.panel_rects.astype(float).copy() for slot, frame in frames.items()}
    for mine in rects.values():  # as the rows run across the map
        mine[:, :3] = turned_about_y(mine[:, :3], -turn)
    floor = _floor_map(np.concatenate(list(rects.values())), turn)
    canvas.card(floor.left - 8, floor.top - 8, WIDTH + 16, HEIGHT + 16)
    for slot, frame in frames.items():
        _draw_steps_and_edges(canvas, floor, frame)
        _draw_layers(canvas, floor, world, slot, frame, rects[slot])
        _draw_row_names(canvas, floor, frame)
    _draw_eye(canvas, floor, camera)


@dataclass(frozen=True)
class _FloorMap:
    """Where the floor lies on the canvas, turned so that rows run across.

    Attributes:
        x: Meters at the left end of what is seen, behind the names of rows.
        z: Meters in the middle of the map's height.
        across, down: Units of the canvas for a meter.
        turn: By how much the layout is turned, radians.
        left, top: Of the map on the canvas, units; the answer is at the right.
    """

    x: float
    z: float
    across: float
    down: float
    turn: float
    left: float = 28.0
    top: float = 64.0

    def at(self, x: float, z: float) -> tuple[float, float]:
        """Project meters of the floor to the canvas, clamped to the map."""
        over = min(max((x - self.x) * self.across + NAME_ROOM, 0.0), WIDTH)
        under = min(max((z - self.z) * self.down, -HEIGHT / 2), HEIGHT / 2)
        return self.left + over, self.top + HEIGHT / 2 + under


def _floor_map(rects: np.ndarray, turn: float) -> _FloorMap:
    """Choose what fits all panels. rects: (N, 5), turned."""
    left = float((rects[:, 0] - rects[:, 3] / 2).min()) - 2
    right = float((rects[:, 0] + rects[:, 3] / 2).max()) + 2
    far, near = float(rects[:, 2].min()) - 2, float(rects[:, 2].max()) + 6
    across = (WIDTH - NAME_ROOM) / (right - left)
    down = min(HEIGHT / (near - far), MAX_STRETCH * across)  # rows apart, so that edges are seen
    return _FloorMap(left, (far + near) / 2, across, down, turn)


def _draw_steps_and_edges(canvas: HudCanvas, floor: _FloorMap, frame: PlacementFrame) -> None:
    offset = turned_about_y(frame.offset, -floor.turn)
    for row in frame.placement.layout.rows:
        x, y = floor.at(row.left + offset[0], row.back + offset[2])
        x_end, y_end = floor.at(row.right + offset[0], row.front + offset[2])
        canvas.rectangle(x, y, max(x_end - x, 1), max(y_end - y, 1), STEP_COLOR)
    ends = edge_pieces(frame) + offset[[0, 2]]
    lines = np.rint([[floor.at(*end) for end in piece] for piece in ends.tolist()])
    lines = np.unique(lines.reshape(-1, 4), axis=0).reshape(-1, 2, 2)
    canvas.quads(edge_lines(lines, EDGE_WIDTH, EDGE_COLOR, canvas.scale))


def _draw_layers(
    canvas: HudCanvas, floor: _FloorMap, world: World, slot: int, frame: PlacementFrame,
    rects: np.ndarray,
) -> None:  # fmt: skip
    hovered = world.hovered.layer if world.hovered is not None else None
    nodes = world.networks[slot].visible_nodes(frame)
    for node, rect in zip(frame.node_ids, rects.tolist(), strict=True):
        x, y = floor.at(rect[0] - rect[3] / 2, rect[2])
        width = max(rect[3] * floor.across, MIN_LAYER_WIDTH)
        color = ACCENT if hovered == (slot, node) else kind_color(nodes[node])
        canvas.rectangle(x, y - LAYER_DEPTH / 2, width, LAYER_DEPTH, color)


def _draw_row_names(canvas: HudCanvas, floor: _FloorMap, frame: PlacementFrame) -> None:
    offset = turned_about_y(frame.offset, -floor.turn)
    lowest = -np.inf
    for row in sorted(frame.placement.layout.rows, key=lambda row: (row.back, row.left)):
        x, y = floor.at(row.left + offset[0], (row.back + row.front) / 2 + offset[2])
        if y - lowest >= 1.6 * NAME_SIZE and row.name:  # of one row the first
            text = elide(row.name, NAME_ROOM - 6, NAME_SIZE)
            start = min(x, floor.left + NAME_ROOM) - 4 - font.text_width(text) * NAME_SIZE
            canvas.text(max(start, floor.left), y + NAME_SIZE / 2, text, NAME_SIZE, TEXT_COLOR)
            lowest = y


def _draw_eye(canvas: HudCanvas, floor: _FloorMap, camera: Camera) -> None:
    eye = turned_about_y(np.array([camera.x, 0.0, camera.z]), -floor.turn)
    x, y = floor.at(float(eye[0]), float(eye[2]))
    yaw = camera.yaw - floor.turn
    for step in range(9):  # a row of dots for where the eye looks, fading
        distance = 3.5 * step
        size = 6.0 if step == 0 else 2.4
        color = (*ACCENT[:3], 1.0 if step == 0 else 0.75 - 0.08 * step)
        dot_x, dot_y = x - sin(yaw) * distance, y - cos(yaw) * distance
        canvas.rectangle(dot_x - size / 2, dot_y - size / 2, size, size, color)
