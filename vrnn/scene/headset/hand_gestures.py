"""A tracked hand as if it held a controller: fingers that meet the thumb are its buttons."""

from __future__ import annotations

import numpy as np

from vrnn.scene.headset.billboard import billboard_facing
from vrnn.scene.headset.rig_math import direction
from vrnn.scene.headset.tracking import HandInput, Pose
from vrnn.scene.linalg import normalized_quaternion, quaternion_from_matrix

PALM, WRIST, THUMB, KNUCKLE = 0, 1, 5, 7
INDEX, MIDDLE, RING = 10, 15, 20
"""Joints, in OpenXR's order: tips, and the index finger's knuckle."""
PINCH_CLOSED, PINCH_OPEN = 0.012, 0.045
"""Meters between two tips that meet, and that are apart."""
SHOULDER_OFFSET = (0.17, -0.22, 0.0)
"""Meters from the head to the right shoulder: right, up, back."""
AIM_SMOOTHING = 0.35
"""Part of the way to a new aim that is gone in a frame: a hand in the air is not still."""


def pinch_strength(joints: np.ndarray, finger: int) -> float:
    """0…1: how far a finger's tip has come to the thumb's. joints: (26, 7)."""
    apart = float(np.linalg.norm(joints[finger, :3] - joints[THUMB, :3]))
    return min(max((PINCH_OPEN - apart) / (PINCH_OPEN - PINCH_CLOSED), 0.0), 1.0)


def hand_input_from_joints(
    joints: np.ndarray, head: Pose | None, side: int, before: HandInput
) -> HandInput:
    """What a hand does. joints: (26, 7); side: 0 left, 1 right; before: of the last moment.

    It points from the shoulder through the index finger's knuckle, which a pinch hardly moves. The
    index finger is the trigger, the middle one the grip, the ring finger the menu.
    """
    knuckle = joints[KNUCKLE, :3].astype(np.float64)
    orientation = joints[PALM, 3:].astype(np.float64)
    grip = Pose(joints[PALM, :3].astype(np.float64), normalized_quaternion(orientation))
    aim = grip
    if head is not None:
        shoulder = _shoulder(head, side)
        ahead = knuckle - shoulder
        ahead = ahead / max(float(np.linalg.norm(ahead)), 1e-6)
        if before.aim is not None and before.joints is not None:
            last = direction(before.aim)
            ahead = last + (ahead - last) * AIM_SMOOTHING
        aim = pose_along(knuckle, ahead)
    return HandInput(
        aim=aim,
        grip=grip,
        trigger=pinch_strength(joints, INDEX),
        squeeze=pinch_strength(joints, MIDDLE),
        primary=pinch_strength(joints, RING) > (0.5 if before.primary else 0.8),
        joints=joints,
        active=True,
    )


def _shoulder(head: Pose, side: int) -> np.ndarray:
    right = head.matrix()[:3, 0] * np.array([1.0, 0.0, 1.0])
    right = right / max(float(np.linalg.norm(right)), 1e-6)
    across, up, _ = SHOULDER_OFFSET
    return head.position + right * (across if side else -across) + np.array([0.0, up, 0.0])


def pose_along(position: np.ndarray, ahead: np.ndarray) -> Pose:
    """A pose that points along a direction, its sides level."""
    leaf = billboard_facing(position, position - ahead)
    return Pose(position, quaternion_from_matrix(np.stack([leaf.right, leaf.up, leaf.normal], 1)))
