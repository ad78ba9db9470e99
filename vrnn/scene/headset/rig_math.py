"""Rigs and poses: where the stage has to be for a person to be somewhere in the world."""

from __future__ import annotations

from dataclasses import replace
from math import asin, atan2

import numpy as np

from vrnn.scene.camera import Camera
from vrnn.scene.headset.tracking import Pose, Rig
from vrnn.scene.linalg import turned_about_y

MIN_RIG_SCALE, MAX_RIG_SCALE = 0.05, 400.0
"""Meters of the world that a meter of the stage can be: inside a map, and the world in a palm."""
FORWARD = np.array([0.0, 0.0, -1.0])
UP = np.array([0.0, 1.0, 0.0])


def direction(pose: Pose) -> np.ndarray:
    """Returns the unit vector (3,) that a pose points along."""
    return -pose.matrix()[:3, 2]


def heading(pose: Pose) -> float:
    """Returns the yaw of a pose, radians; of its upper side where it looks straight down or up."""
    matrix = pose.matrix()
    ahead = -matrix[:3, 2]
    if ahead[0] ** 2 + ahead[2] ** 2 < 0.04:
        ahead = matrix[:3, 1] * (1.0 if ahead[1] < 0 else -1.0)
    return atan2(-ahead[0], -ahead[2])


def pinned_at(rig: Rig, stage: np.ndarray, world: np.ndarray) -> Rig:
    """Returns a rig moved so that a point of the stage is at a point of the world.

    Args:
        rig: Its yaw and scale stay.
        stage: (3,) meters of the stage.
        world: (3,) meters of the world.
    """
    return replace(rig, position=rig.position + np.asarray(world) - rig.apply(stage))


def turned(rig: Rig, head: np.ndarray, angle: float) -> Rig:
    """Returns a rig turned about the head, which stays where it is.

    Args:
        rig: As it was.
        head: (3,) meters of the stage.
        angle: Radians, to the left for positive values.
    """
    there = rig.apply(head)
    return pinned_at(replace(rig, yaw=rig.yaw + angle), head, there)


def standing_at(rig: Rig, head: np.ndarray, floor: np.ndarray, yaw: float | None = None) -> Rig:
    """Returns a rig moved so that the person stands at a point.

    Args:
        rig: Its scale stays.
        head: (3,) meters of the stage; the feet are below it.
        floor: (3,) meters of the world, where the feet come to be.
        yaw: Of the stage, radians; None: as it is.
    """
    rig = rig if yaw is None else replace(rig, yaw=yaw)
    feet = np.array([head[0], 0.0, head[2]])
    return pinned_at(rig, feet, floor)


def with_eye_at(head: Pose, eye: np.ndarray, yaw: float, scale: float = 1.0) -> Rig:
    """Returns a rig with which the head is at a point and looks along a yaw.

    Args:
        head: In the stage.
        eye: (3,) meters of the world, where the head comes to be.
        yaw: Of the head in the world, radians.
        scale: Of the rig.
    """
    rig = Rig(np.zeros(3), yaw - heading(head), scale)
    return pinned_at(rig, head.position, eye)


def table_top(head: Pose, low: np.ndarray, high: np.ndarray) -> Rig:
    """Returns a rig with which everything stands before the head, as on a table.

    Args:
        head: In the stage.
        low: (3,) meters of the world, the lowest corner of everything.
        high: (3,) meters of the world, the highest corner.
    """
    size = np.maximum(np.asarray(high) - low, 0.1)
    scale = float(np.clip(max(size[0] / 1.7, size[1] / 1.0, size[2] / 1.7), 0.5, MAX_RIG_SCALE))
    rig = Rig(np.zeros(3), -heading(head), scale)
    ahead = turned_about_y(FORWARD, heading(head))
    depth = float(size[2]) / scale / 2
    height = min(0.95, float(head.position[1]) - 0.25)
    table = head.position + ahead * (0.45 + depth)
    middle = (np.asarray(low, np.float64) + high) / 2
    return pinned_at(
        rig, np.array([table[0], height, table[2]]), np.array([middle[0], low[1], middle[2]])
    )


def camera_of(head: Pose, rig: Rig) -> Camera:
    """Returns a flat camera where the head is, looking where it looks; a tilted head is held level.

    Args:
        head: In the stage.
        rig: Where the stage is in the world.
    """
    forward = direction(head)
    yaw = atan2(-forward[0], -forward[2]) + rig.yaw
    pitch = asin(max(-1.0, min(1.0, float(forward[1]))))
    x, y, z = rig.apply(head.position).tolist()
    return Camera(x, y, z, yaw, pitch)


def rig_for_camera(camera: Camera, head: Pose, on_floor: bool = False) -> Rig:
    """Returns the rig with which the head is at a flat camera, turned its way.

    Args:
        camera: In the world.
        head: In the stage.
        on_floor: Whether the stage is on the world's floor, whatever the camera's height; else it
            is there at the lowest.
    """
    forward = direction(head)
    yaw = camera.yaw - atan2(-forward[0], -forward[2])
    turned_head = Rig(np.zeros(3), yaw).apply(head.position)
    height = 0.0 if on_floor else max(0.0, camera.y - turned_head[1])
    return Rig(np.array([camera.x - turned_head[0], height, camera.z - turned_head[2]]), yaw)
