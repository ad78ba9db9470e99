"""The place from above, small, with where one stands and looks."""

from __future__ import annotations

from math import cos, sin

import numpy as np

from vrnn.scene.camera import Camera
from vrnn.scene.world import World
from vrnn.style.theme import ACCENT
from vrnn.ui.hud.overlay import BACKGROUND, HudCanvas

WIDTH, HEIGHT = 250.0, 170.0
LAYER_COLOR = (0.26, 0.32, 0.44, 1.0)
STEP_COLOR = (0.035, 0.042, 0.060, 0.95)
MIN_LAYER_SIZE = 2.2
"""Of a layer on the map, so that each can be seen."""


def draw_minimap(canvas: HudCanvas, world: World, camera: Camera) -> None:
    """At the upper right. Layers are strokes, seen from above; the arrow is the eye."""
    if not world.slots:
        return
    places = [world.placement_frame(slot).panel_rects for slot in world.slots]
    everything = np.concatenate(places)
    left = float((everything[:, 0] - everything[:, 3] / 2).min()) - 2
    right = float((everything[:, 0] + everything[:, 3] / 2).max()) + 2
    far, near = float(everything[:, 2].min()) - 2, float(everything[:, 2].max()) + 6
    scale = min(WIDTH / (right - left), HEIGHT / (near - far))
    x0, y0 = canvas.width - WIDTH - 28, 58.0
    canvas.rectangle(x0 - 8, y0 - 8, WIDTH + 16, HEIGHT + 16, BACKGROUND)
    middle_x, middle_z = (left + right) / 2, (far + near) / 2

    def at(x: float, z: float) -> tuple[float, float]:
        """On the sheet, kept on the map."""
        across = min(max((x - middle_x) * scale, -WIDTH / 2), WIDTH / 2)
        down = min(max((z - middle_z) * scale, -HEIGHT / 2), HEIGHT / 2)
        return x0 + WIDTH / 2 + across, y0 + HEIGHT / 2 + down

    for slot in world.slots:
        pose = world.placement_frame(slot)
        for row in pose.placement.layout.rows:
            a, b = at(row.left + float(pose.offset[0]), row.back)
            c, d = at(row.right + float(pose.offset[0]), row.front)
            canvas.rectangle(a, b, max(c - a, 1), max(d - b, 1), STEP_COLOR)
        lit = world.hovered.layer if world.hovered is not None else None
        for node, place in zip(pose.node_ids, pose.panel_rects.tolist(), strict=True):
            a, b = at(place[0] - place[3] / 2, place[2])
            wide = max(place[3] * scale, MIN_LAYER_SIZE)
            ink = ACCENT if lit == (slot, node) else LAYER_COLOR
            canvas.rectangle(a, b - MIN_LAYER_SIZE / 2, wide, MIN_LAYER_SIZE, ink)
    x, y = at(camera.x, camera.z)
    for step in range(9):  # a row of dots for where the eye looks, fading
        away = 3.5 * step
        size = 6.0 if step == 0 else 2.4
        ink = (*ACCENT[:3], 1.0 if step == 0 else 0.75 - 0.08 * step)
        a, b = x - sin(camera.yaw) * away, y - cos(camera.yaw) * away
        canvas.rectangle(a - size / 2, b - size / 2, size, size, ink)
