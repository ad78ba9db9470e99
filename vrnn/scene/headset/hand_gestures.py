"""Gestures of a tracked hand: fingers that meet the thumb are the buttons of a controller."""

from __future__ import annotations

import numpy as np

from vrnn.scene.headset.billboard import billboard_facing
from vrnn.scene.headset.rig_math import direction
from vrnn.scene.headset.tracking import HandInput, Pose
from vrnn.scene.linalg import normalized_quaternion, quaternion_from_matrix

PALM, THUMB, KNUCKLE = 0, 5, 7
INDEX, MIDDLE, RING = 10, 15, 20
"""Numbers of joints in OpenXR's order: tips, and the index finger's knuckle."""
PINCH_CLOSED, PINCH_OPEN = 0.012, 0.045
"""Meters between two tips that meet, and that are apart."""
PRIMARY_PRESS, PRIMARY_RELEASE = 0.8, 0.5
"""Strength of a pinch of the ring finger at which it counts as pressed, and below which no more."""
SHOULDER_OFFSET = (0.17, -0.22, 0.0)
"""Meters from the head to the right shoulder: right, up, back."""
AIM_SMOOTHING = 0.35
"""Part of the way to a new aim that is gone in a frame: a hand in the air is not still."""


def pinch_strength(joints: np.ndarray, finger: int) -> float:
    """Returns how far a finger's tip has come to the thumb's.

    Args:
        joints: (26, 7), see `HandInput`.
        finger: The number of the tip's joint.

    Returns:
        0 for apart … 1 for touching.
    """
    gap = float(np.linalg.norm(joints[finger, :3] - joints[THUMB, :3]))
    return min(max((PINCH_OPEN - gap) / (PINCH_OPEN - PINCH_CLOSED), 0.0), 1.0)


def hand_input_from_joints(
    joints: np.ndarray, head: Pose | None, side: int, previous: HandInput
) -> HandInput:
    """Returns what a tracked hand does, as if it held a controller.

    It points from the shoulder through the index finger's knuckle, which a pinch hardly moves. The
    index finger is the trigger, the middle one the grip, the ring finger the menu.

    Args:
        joints: (26, 7), see `HandInput`.
        head: In the stage; None: the hand points along its palm.
        side: 0 for the left hand, 1 for the right.
        previous: The hand in the last frame, for a steady aim.
    """
    knuckle = joints[KNUCKLE, :3].astype(np.float64)
    orientation = joints[PALM, 3:].astype(np.float64)
    grip = Pose(joints[PALM, :3].astype(np.float64), normalized_quaternion(orientation))
    aim = grip
    if head is not None:
        ahead = knuckle - _shoulder(head, side)
        ahead = ahead / max(float(np.linalg.norm(ahead)), 1e-6)
        if previous.aim is not None and previous.joints is not None:
            last = direction(previous.aim)
            ahead = last + (ahead - last) * AIM_SMOOTHING
        aim = pose_along(knuckle, ahead)
    threshold = PRIMARY_RELEASE if previous.primary else PRIMARY_PRESS
    return HandInput(
        aim=aim,
        grip=grip,
        trigger=pinch_strength(joints, INDEX),
        squeeze=pinch_strength(joints, MIDDLE),
        primary=pinch_strength(joints, RING) > threshold,
        joints=joints,
        active=True,
    )


def _shoulder(head: Pose, side: int) -> np.ndarray:
    """Returns where a shoulder (3,) is, in the stage."""
    right = head.matrix()[:3, 0] * np.array([1.0, 0.0, 1.0])
    right = right / max(float(np.linalg.norm(right)), 1e-6)
    across, up, _ = SHOULDER_OFFSET
    return head.position + right * (across if side else -across) + np.array([0.0, up, 0.0])


def pose_along(position: np.ndarray, ahead: np.ndarray) -> Pose:
    """Returns a pose that points along a direction, its sides level.

    Args:
        position: (3,) meters.
        ahead: (3,) vector of any length.
    """
    board = billboard_facing(position, position - ahead)
    axes = np.stack([board.right, board.up, board.normal], 1)
    return Pose(position, quaternion_from_matrix(axes))
