"""The minimap: the world from above, with the position and direction of the eye."""

from __future__ import annotations

from math import cos, sin

import numpy as np

from vrnn.scene.camera import Camera
from vrnn.scene.world import World
from vrnn.style.theme import ACCENT
from vrnn.ui.hud.overlay import HudCanvas

WIDTH, HEIGHT = 250.0, 170.0
"""Size of the map, units of the canvas."""
LAYER_COLOR = (0.26, 0.32, 0.44, 1.0)
STEP_COLOR = (0.035, 0.042, 0.060, 0.95)
MIN_LAYER_SIZE = 2.2
"""Width and height of a layer on the map at least, units, so that each can be seen."""


def draw_minimap(canvas: HudCanvas, world: World, camera: Camera) -> None:
    """Draw the minimap at the upper right: layers as strokes, the eye as a fading row of dots.

    Args:
        canvas: Where to draw.
        world: The world.
        camera: The eye.
    """
    if not world.slots:
        return
    rects = [world.placement_frame(slot).panel_rects for slot in world.slots]
    everything = np.concatenate(rects)
    left = float((everything[:, 0] - everything[:, 3] / 2).min()) - 2
    right = float((everything[:, 0] + everything[:, 3] / 2).max()) + 2
    far, near = float(everything[:, 2].min()) - 2, float(everything[:, 2].max()) + 6
    scale = min(WIDTH / (right - left), HEIGHT / (near - far))
    x0, y0 = canvas.width - WIDTH - 28, 58.0
    canvas.card(x0 - 8, y0 - 8, WIDTH + 16, HEIGHT + 16)
    middle_x, middle_z = (left + right) / 2, (far + near) / 2

    def at(x: float, z: float) -> tuple[float, float]:
        """Project meters of the floor to the canvas, clamped to the map."""
        across = min(max((x - middle_x) * scale, -WIDTH / 2), WIDTH / 2)
        down = min(max((z - middle_z) * scale, -HEIGHT / 2), HEIGHT / 2)
        return x0 + WIDTH / 2 + across, y0 + HEIGHT / 2 + down

    for slot in world.slots:
        frame = world.placement_frame(slot)
        offset = float(frame.offset[0])
        for row in frame.placement.layout.rows:
            x, y = at(row.left + offset, row.back)
            x_end, y_end = at(row.right + offset, row.front)
            canvas.rectangle(x, y, max(x_end - x, 1), max(y_end - y, 1), STEP_COLOR)
        hovered = world.hovered.layer if world.hovered is not None else None
        for node, rect in zip(frame.node_ids, frame.panel_rects.tolist(), strict=True):
            x, y = at(rect[0] - rect[3] / 2, rect[2])
            width = max(rect[3] * scale, MIN_LAYER_SIZE)
            color = ACCENT if hovered == (slot, node) else LAYER_COLOR
            canvas.rectangle(x, y - MIN_LAYER_SIZE / 2, width, MIN_LAYER_SIZE, color)
    x, y = at(camera.x, camera.z)
    for step in range(9):  # a row of dots for where the eye looks, fading
        distance = 3.5 * step
        size = 6.0 if step == 0 else 2.4
        color = (*ACCENT[:3], 1.0 if step == 0 else 0.75 - 0.08 * step)
        dot_x, dot_y = x - sin(camera.yaw) * distance, y - cos(camera.yaw) * distance
        canvas.rectangle(dot_x - size / 2, dot_y - size / 2, size, size, color)
