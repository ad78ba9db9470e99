"""Rig math."""

from __future__ import annotations

from dataclasses import replace
from math import atan2

import numpy as np

from vrnn.scene.headset.tracking import Pose, Rig
from vrnn.scene.linalg import turned_about_y

MIN_RIG_SCALE, MAX_RIG_SCALE = 0.05, 400.0
"""Meters of the world that a meter of the stage can be: inside a map, and the world in a palm."""
FORWARD = np.array([0.0, 0.0, -1.0])
UP = np.array([0.0, 1.0, 0.0])


def direction(pose: Pose) -> np.ndarray:
    """(3,) unit vector that a pose points along."""
    return -pose.matrix()[:3, 2]


def heading(pose: Pose) -> float:
    """Yaw of a pose, radians; of its upper side where it looks straight down or up."""
    matrix = pose.matrix()
    ahead = -matrix[:3, 2]
    if ahead[0] ** 2 + ahead[2] ** 2 < 0.04:
        ahead = matrix[:3, 1] * (1.0 if ahead[1] < 0 else -1.0)
    return atan2(-ahead[0], -ahead[2])


def pinned_at(rig: Rig, stage: np.ndarray, world: np.ndarray) -> Rig:
    """The rig moved, with its turn and scale, so that a point (3,) of the stage lies at one of the
    world."""
    return replace(rig, position=rig.position + np.asarray(world) - rig.apply(stage))


def turned(rig: Rig, head: np.ndarray, angle: float) -> Rig:
    """Turned about the head, which stays where it is. head: (3,) of the stage."""
    there = rig.apply(head)
    return pinned_at(replace(rig, yaw=rig.yaw + angle), head, there)


def standing_at(rig: Rig, head: np.ndarray, place: np.ndarray, yaw: float | None = None) -> Rig:
    """The person stands with both feet at a place (3,) of the world. yaw: of the stage."""
    rig = rig if yaw is None else replace(rig, yaw=yaw)
    feet = np.array([head[0], 0.0, head[2]])
    return pinned_at(rig, feet, place)


def with_eye_at(head: Pose, place: np.ndarray, yaw: float, scale: float = 1.0) -> Rig:
    """The head is at a place (3,) of the world and looks along yaw."""
    rig = Rig(np.zeros(3), yaw - heading(head), scale)
    return pinned_at(rig, head.position, place)


def table_top(head: Pose, low: np.ndarray, high: np.ndarray) -> Rig:
    """Everything between two corners (3,) of the world stands before the head, as on a table."""
    size = np.maximum(np.asarray(high) - low, 0.1)
    scale = float(np.clip(max(size[0] / 1.7, size[1] / 1.0, size[2] / 1.7), 0.5, MAX_RIG_SCALE))
    rig = Rig(np.zeros(3), -heading(head), scale)
    ahead = turned_about_y(FORWARD, heading(head))
    depth = float(size[2]) / scale / 2
    below = min(0.95, float(head.position[1]) - 0.25)
    table = head.position + ahead * (0.45 + depth)
    middle = (np.asarray(low, np.float64) + high) / 2
    return pinned_at(
        rig, np.array([table[0], below, table[2]]), np.array([middle[0], low[1], middle[2]])
    )
