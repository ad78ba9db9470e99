"""The minimap: the network from above as a drawn graph, with the eye and where it looks."""

from __future__ import annotations

from math import cos, sin

import numpy as np

from vrnn.scene.camera import Camera
from vrnn.scene.linalg import turned_about_y
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
    everything = np.concatenate(list(rects.values()))
    left = float((everything[:, 0] - everything[:, 3] / 2).min()) - 2
    right = float((everything[:, 0] + everything[:, 3] / 2).max()) + 2
    far, near = float(everything[:, 2].min()) - 2, float(everything[:, 2].max()) + 6
    across = (WIDTH - NAME_ROOM) / (right - left)
    down = min(HEIGHT / (near - far), MAX_STRETCH * across)  # rows apart, so that edges are seen
    x0, y0 = 28.0, 64.0  # the answer is at the right
    canvas.card(x0 - 8, y0 - 8, WIDTH + 16, HEIGHT + 16)
    middle = (far + near) / 2

    def at(x: float, z: float) -> tuple[float, float]:
        """Project meters of the floor to the canvas, clamped to the map."""
        over = min(max((x - left) * across + NAME_ROOM, 0.0), WIDTH)
        under = min(max((z - middle) * down, -HEIGHT / 2), HEIGHT / 2)
        return x0 + over, y0 + HEIGHT / 2 + under

    hovered = world.hovered.layer if world.hovered is not None else None
    for slot, frame in frames.items():
        offset = turned_about_y(frame.offset, -turn)
        for row in frame.placement.layout.rows:
            x, y = at(row.left + offset[0], row.back + offset[2])
            x_end, y_end = at(row.right + offset[0], row.front + offset[2])
            canvas.rectangle(x, y, max(x_end - x, 1), max(y_end - y, 1), STEP_COLOR)
        ends = edge_pieces(frame) + offset[[0, 2]]
        lines = np.rint([[at(*end) for end in piece] for piece in ends.tolist()])
        lines = np.unique(lines.reshape(-1, 4), axis=0).reshape(-1, 2, 2)
        canvas.quads(edge_lines(lines, EDGE_WIDTH, EDGE_COLOR, canvas.scale))
        nodes = world.networks[slot].visible_nodes(frame)
        for node, rect in zip(frame.node_ids, rects[slot].tolist(), strict=True):
            x, y = at(rect[0] - rect[3] / 2, rect[2])
            width = max(rect[3] * across, MIN_LAYER_WIDTH)
            color = ACCENT if hovered == (slot, node) else kind_color(nodes[node])
            canvas.rectangle(x, y - LAYER_DEPTH / 2, width, LAYER_DEPTH, color)
        lowest = -np.inf
        for row in sorted(frame.placement.layout.rows, key=lambda row: (row.back, row.left)):
            x, y = at(row.left + offset[0], (row.back + row.front) / 2 + offset[2])
            if y - lowest >= 1.6 * NAME_SIZE and row.name:  # of one row the first
                text = elide(row.name, NAME_ROOM - 6, NAME_SIZE)
                start = min(x, x0 + NAME_ROOM) - 4 - font.text_width(text) * NAME_SIZE
                canvas.text(max(start, x0), y + NAME_SIZE / 2, text, NAME_SIZE, TEXT_COLOR)
                lowest = y
    eye = turned_about_y(np.array([camera.x, 0.0, camera.z]), -turn)
    x, y = at(float(eye[0]), float(eye[2]))
    yaw = camera.yaw - turn
    for step in range(9):  # a row of dots for where the eye looks, fading
        distance = 3.5 * step
        size = 6.0 if step == 0 else 2.4
        color = (*ACCENT[:3], 1.0 if step == 0 else 0.75 - 0.08 * step)
        dot_x, dot_y = x - sin(yaw) * distance, y - cos(yaw) * distance
        canvas.rectangle(dot_x - size / 2, dot_y - size / 2, size, size, color)
