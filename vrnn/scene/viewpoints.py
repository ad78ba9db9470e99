"""Viewpoints: cameras by name, for everything, for one layer, or at given coordinates."""

from __future__ import annotations

from math import radians

import numpy as np

from vrnn.errors import VrnnError
from vrnn.scene.camera import MAX_PITCH, NEAR, Camera
from vrnn.scene.framing import (
    frame_all,
    frame_board,
    frame_cloud,
    frame_connections,
    frame_input,
    frame_named,
    overview_direction,
)
from vrnn.scene.layout.overview_fit import LEGEND_MARGIN
from vrnn.scene.plan_view import plan_camera
from vrnn.scene.visibility import panel_corners
from vrnn.scene.visuals.cka_board import CKA_VISUAL
from vrnn.scene.visuals.confusion_board import SCORE_VISUAL
from vrnn.scene.visuals.pruning_board import PRUNING_VISUAL
from vrnn.scene.world import World

EYE_HEIGHT = 1.7
"""Of someone who stands, meters."""
START_DISTANCE, START_HEIGHTS = 6.5, 1.5
"""From the input to where one starts: meters at least, and in heights of its image with what is
over that, so that all of it is seen, however large it is made."""


def camera_by_name(
    world: World, name: str, aspect: float, fov: float, legend: float = LEGEND_MARGIN
) -> Camera:
    """Return the camera of a name.

    Args:
        world: The world.
        name: `overview`, `front`, `top`, `input`, `cloud`, `connections`, `pruning`, `score`,
            `cka`, `layer:NAME`, or `x,y,z,yaw,pitch` in meters and degrees.
        aspect: Width / height of the picture.
        fov: Vertical field of view, radians.
        legend: Part of the picture's height that the legend takes at the lower side.

    Raises:
        VrnnError: When there is no such camera or layer.
    """
    if name.startswith("layer:"):
        return frame_named(world, name.removeprefix("layer:"), None, aspect, fov)
    if name == "overview":
        return frame_all(world, *overview_direction(world), aspect, fov, legend)
    if name == "front":
        return frame_all(world, 0.0, 0.0, aspect, fov, legend)
    if name == "top":
        if world.slots:
            return plan_camera(world, aspect, fov)
        return frame_all(world, overview_direction(world)[0], -MAX_PITCH, aspect, fov)
    if name == "input":
        return frame_input(world, aspect, fov)
    if name == "cloud":
        return frame_cloud(world, aspect, fov)
    if name == "pruning":
        return frame_board(world, PRUNING_VISUAL, aspect, fov)
    if name == "cka":
        return frame_board(world, CKA_VISUAL, aspect, fov)
    if name == "connections":
        return frame_connections(world, aspect, fov)
    if name == "score":
        return frame_board(world, SCORE_VISUAL, aspect, fov)
    return _from_numbers(name, fov)


def start_camera(world: World, fov: float) -> Camera:
    """Return where one starts: at eye height before the input, between its image and its maps.

    It is never within the title on the floor, which is as large as the network.

    Args:
        world: The world, with at least one network.
        fov: Vertical field of view, radians.
    """
    slot = world.slots[0]
    corners = panel_corners(world, slot, world.networks[slot].network.inputs[0])
    middle = corners.mean(0)
    margin, frame = world.networks[slot].input_margin, world.placement_frame(slot)
    scale = frame.panel_scale(margin.node) if margin.node in frame.index else 1.0
    x = float(corners[:, 0].min()) - margin.gap / 2 * scale
    z = float(middle[2]) + max(START_DISTANCE, START_HEIGHTS * margin.height * scale)
    rows = frame.placement.layout.rows
    floor = next((row.y for row in rows if margin.node in row.node_ids), 0.0)
    y = floor + float(frame.offset[1]) + EYE_HEIGHT
    return Camera(x, y, z, 0.0, radians(2), fov)


def _from_numbers(text: str, fov: float) -> Camera:
    try:
        x, y, z, yaw, pitch = (float(part) for part in text.split(","))
    except ValueError:
        raise VrnnError(
            f"no camera '{text}': give overview, front, top, input, layer:NAME or x,y,z,yaw,pitch "
            "in meters and degrees"
        ) from None
    limited = float(np.clip(radians(pitch), -MAX_PITCH, MAX_PITCH))
    return Camera(x, y, z, radians(yaw), limited, fov)


def near_and_fog(world: World, camera: Camera) -> tuple[float, float]:
    """Return how near things are drawn, and how far the fog is.

    Args:
        world: The world.
        camera: What looks at it.

    Returns:
        Meters within which nothing has to be drawn: as far as possible, as depths are distinguished
        in proportion to it. Meters at which fog has taken most of the light: such that a picture of
        everything is clear.
    """
    corners = world.corners()
    low, high = corners.min(0), corners.max(0)
    away = camera.position - np.clip(camera.position, low, high)
    reach = float(np.linalg.norm(corners - camera.position, axis=1).max())
    nearest = 0.5 * min(float(np.linalg.norm(away)), max(camera.y, 0.0))  # the floor is there too
    return float(np.clip(nearest, NEAR, 20.0)), 2.2 * max(reach, 40.0)
