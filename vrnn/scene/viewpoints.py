"""Cameras by name: the whole from afar, from the front or above, one layer, or given numbers."""

from __future__ import annotations

import difflib
from dataclasses import replace
from math import atan, radians, tan

import numpy as np

from vrnn.errors import VrnnError
from vrnn.scene.camera import MAX_PITCH, NEAR, Camera, frame_points
from vrnn.scene.layout.registry import find_arrangement
from vrnn.scene.visibility import free_depth, panel_corners
from vrnn.scene.world import World

MAX_FIELD_OF_VIEW = radians(75)
EYE_HEIGHT = 1.7
"""Height of a standing eye, meters."""
BEFORE, CLOSE = 5.5, 2.4
"""Meters from the input to the visitor: behind a small network's name, and before a large one's."""
WIDE = 30.0
"""Meters of a network whose name is larger than a visitor."""


def camera_by_name(world: World, name: str, aspect: float, fov: float) -> Camera:
    """The camera that `overview`, `front`, `top`, `layer:NAME` or `x,y,z,yaw,pitch` means.

    aspect: width / height of the picture; fov: vertical, radians. Raises VrnnError.
    """
    if name.startswith("layer:"):
        slot, node = find_layer(world, name.removeprefix("layer:"))
        return frame_layer(world, slot, node, aspect, fov)
    if name == "overview":
        yaw, pitch = find_arrangement(world.state.arrangement).overview
        return frame_all(world, radians(yaw), radians(pitch), aspect, fov)
    if name == "front":
        return frame_all(world, 0.0, 0.0, aspect, fov)
    if name == "top":
        return frame_all(world, 0.0, -MAX_PITCH, aspect, fov)
    return _from_numbers(name, fov)


def frame_all(world: World, yaw: float, pitch: float, aspect: float, fov: float) -> Camera:
    """Everything, as large as it fits with 5 % free on each side."""
    return frame_points(world.corners(), Camera(yaw=yaw, pitch=pitch, fov=fov), aspect)


def frame_layer(world: World, slot: int, node: int, aspect: float, fov: float) -> Camera:
    """Face to face with one layer, on its side of whatever stands before it."""
    corners = panel_corners(world, slot, node)
    camera = frame_points(corners, Camera(yaw=0.0, pitch=0.0, fov=fov), aspect, margin=0.08)
    free = free_depth(world, slot, node)
    z = float(corners[0, 2])
    if camera.z - z < free:
        return camera
    # Too near to see all of it from here: a wider view does, up to a limit.
    closer = max(free - 0.1, 0.3)
    wide = min(2 * atan(tan(fov / 2) * (camera.z - z) / closer), MAX_FIELD_OF_VIEW)
    return replace(camera, z=z + closer, fov=wide)


def start_camera(world: World, fov: float) -> Camera:
    """Where a visitor stands at first: at eye height before the input, looking at it, and never
    within the name on the floor, which is as large as the network."""
    slot = world.slots[0]
    corners = panel_corners(world, slot, world.networks[slot].network.inputs[0])
    middle = corners.mean(0)
    wide = float(np.ptp(world.corners()[:, 0]))
    away = BEFORE if wide < WIDE else CLOSE
    return Camera(float(middle[0]) + 0.6, EYE_HEIGHT, float(middle[2]) + away, 0.0, radians(2), fov)


def find_layer(world: World, name: str, network: int | None = None) -> tuple[int, int]:
    """Network and node of a layer by its name, or by a part of it that only one has.

    network: look only there. Raises VrnnError.
    """
    names = {
        (slot, node.id): node.name
        for slot in (world.slots if network is None else (network,))
        for node in world.networks[slot].network.nodes
    }
    exact = [key for key, value in names.items() if value == name]
    if exact:
        return exact[0]
    partial = [key for key, value in names.items() if name.lower() in value.lower()]
    if len(partial) == 1:
        return partial[0]
    if partial:
        some = ", ".join(names[key] for key in partial[:6])
        raise VrnnError(f"{len(partial)} layers have '{name}' in their name ({some}, …); say which")
    close = difflib.get_close_matches(name, list(names.values()), 4, 0.4)
    hint = f"close to it: {', '.join(close)}" if close else "`vrnn graph` lists them all"
    raise VrnnError(f"there is no layer '{name}'; {hint}")


def _from_numbers(text: str, fov: float) -> Camera:
    try:
        x, y, z, yaw, pitch = (float(part) for part in text.split(","))
    except ValueError:
        raise VrnnError(
            f"no camera '{text}': give overview, front, top, layer:NAME or x,y,z,yaw,pitch "
            "in meters and degrees"
        ) from None
    steep = float(np.clip(radians(pitch), -MAX_PITCH, MAX_PITCH))
    return Camera(x, y, z, radians(yaw), steep, fov)


def near_and_fog(world: World, camera: Camera) -> tuple[float, float]:
    """Meters within which nothing has to be drawn, and at which fog has taken most of the light.

    The first is as far as it may be, as depth is told apart in proportion to it; the second such
    that a picture of everything is clear.
    """
    corners = world.corners()
    low, high = corners.min(0), corners.max(0)
    away = camera.position - np.clip(camera.position, low, high)
    reach = float(np.linalg.norm(corners - camera.position, axis=1).max())
    nearest = 0.5 * min(float(np.linalg.norm(away)), max(camera.y, 0.0))  # the floor is there too
    return float(np.clip(nearest, NEAR, 20.0)), 2.2 * max(reach, 40.0)
