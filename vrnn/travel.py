"""Where one stands in a headset, for what a flat window would show from a camera."""

from __future__ import annotations

from math import radians

import numpy as np

from vrnn.actions import Look
from vrnn.scene.camera import Camera
from vrnn.scene.locomotion import eye_at, heading, stood, table_top
from vrnn.scene.tracked import Pose, Rig
from vrnn.scene.viewpoints import at_layer, find_layer, named, start
from vrnn.scene.world import World

FIELD = radians(75)
"""Of view: what of a layer is seen without turning the head."""


def at_start(world: World, head: Pose) -> Rig:
    """On the floor before the input, looking at it."""
    where = start(world, FIELD) if world.slots else Camera()
    yaw = where.yaw - heading(head)
    return stood(Rig(yaw=yaw), head.position, np.array([where.x, 0.0, where.z]))


def seen_from(world: World, head: Pose, look: Look) -> Rig:
    """Where an action leads: `overview` is everything on a table before the head. Raises
    VrnnError."""
    if look.camera == "overview":
        corners = world.corners()
        return table_top(head, corners.min(0), corners.max(0))
    name = look.camera.removeprefix("layer:")
    if name == look.camera:
        camera = named(world, name, 1.0, FIELD)
    else:
        slot = look.network
        node = world.node_id(slot, name) if slot is not None else None
        if slot is None or node is None:
            slot, node = find_layer(world, name, slot)
        camera = at_layer(world, slot, node, 1.0, FIELD)
    return eye_at(head, camera.position, camera.yaw)
