"""Records of controllers, hands, rays, the teleport's arc, the vignette and cards of text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from math import cos, pi, sin

import numpy as np

from vrnn.scene.headset.billboard import billboard_facing
from vrnn.scene.headset.locomotion import TeleportArc
from vrnn.scene.headset.tracking import HandInput, Pose, Rig
from vrnn.scene.primitives import QUAD, STROKE, quad_from_edges

Color = tuple[float, float, float, float]
BODY_LIGHT: Color = (0.10, 0.115, 0.145, 1.0)
BODY_DARK: Color = (0.022, 0.026, 0.036, 1.0)
RAY: Color = (0.62, 0.70, 0.86, 0.75)
QUIET: Color = (0.36, 0.43, 0.58, 0.35)
LIT: Color = (1.0, 0.52, 0.10, 0.95)
GOOD: Color = (0.25, 0.80, 0.62, 0.9)
BAD: Color = (1.0, 0.05, 0.45, 0.55)
INK: Color = (0.80, 0.83, 0.88, 1.0)
QUIET_INK: Color = (0.40, 0.44, 0.53, 1.0)
CARD: Color = (0.0065, 0.008, 0.0115, 0.92)
SKIN: Color = (0.42, 0.46, 0.55, 1.0)
BONE_CHAINS = (
    (1, 2, 3, 4, 5), (1, 6, 7, 8, 9, 10), (1, 11, 12, 13, 14, 15), (1, 16, 17, 18, 19, 20),
    (1, 21, 22, 23, 24, 25), (6, 11, 16, 21),
)  # fmt: skip
"""Numbers of the joints, in OpenXR's order, that bones lie between."""
RAY_LENGTH = 6.0
"""Meters of the stage of a ray that meets nothing."""
VIGNETTE_DISTANCE = 0.5
"""Meters of the stage from the head to the vignette."""
VIGNETTE_STEPS = 50
"""How many strengths of the vignette there are, whose records are kept."""


def box(middle: Sequence[float], size: Sequence[float], top: Color, bottom: Color) -> np.ndarray:
    """Returns the six faces of a box.

    Args:
        middle: x, y, z, meters.
        size: Along x, y, z, meters.
        top: Linear color, with opacity, of the upper face and of the upper edge of the sides.
        bottom: The same for below.

    Returns:
        (6,) QUAD.
    """
    x, y, z = np.asarray(size) / 2
    faces = (
        ((-x, y, -z), (2 * x, 0, 0), (0, 0, 2 * z), top, top),
        ((-x, -y, z), (2 * x, 0, 0), (0, 0, -2 * z), bottom, bottom),
        ((-x, y, z), (2 * x, 0, 0), (0, -2 * y, 0), top, bottom),
        ((x, y, -z), (-2 * x, 0, 0), (0, -2 * y, 0), top, bottom),
        ((-x, y, -z), (0, 0, 2 * z), (0, -2 * y, 0), top, bottom),
        ((x, y, z), (0, 0, -2 * z), (0, -2 * y, 0), top, bottom),
    )
    records = np.zeros(6, QUAD)
    for record, (origin, right, down, above, below) in zip(records, faces, strict=True):
        record["origin"], record["right"], record["down"] = np.add(middle, origin), right, down
        record["top"], record["bottom"] = above, below
    return records


def transformed_quads(records: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Returns QUAD records in the coordinates that an affine matrix (4, 4) leads to."""
    moved = records.copy()
    # Origin, right and down are the first nine numbers of a record.
    corners = moved.view(np.float32).reshape(len(moved), -1)[:, :9]
    corners[:] = (corners.reshape(-1, 3) @ matrix[:3, :3].T).reshape(-1, 9)
    corners[:, :3] += matrix[:3, 3]
    return moved


HANDLE = box((0.0, -0.005, 0.035), (0.030, 0.030, 0.110), BODY_LIGHT, BODY_DARK)
NOSE = np.concatenate(
    [
        box((0.0, -0.004, 0.035), (0.044, 0.030, 0.055), BODY_LIGHT, BODY_DARK),
        box((0.0, -0.002, -0.006), (0.012, 0.010, 0.020), BODY_LIGHT, BODY_LIGHT),
        box((0.0, -0.004, 0.014), (0.048, 0.034, 0.007), LIT, LIT),
    ]
)
RING = slice(-6, None)
"""The faces of `NOSE` that light up."""


def controller(hand: HandInput, rig: Rig, lit: bool) -> np.ndarray:
    """Returns a controller: a handle and a nose, with a light ring on the hand that points.

    Args:
        hand: The input of the hand.
        rig: Where the stage is in the world.
        lit: Whether it is the hand that points.

    Returns:
        QUAD records of the world; none while the hand is not tracked.
    """
    grip, aim = hand.grip or hand.aim, hand.aim or hand.grip
    if grip is None or aim is None:
        return np.zeros(0, QUAD)
    world = rig.matrix()
    nose = transformed_quads(NOSE, world @ aim.matrix())
    part = (0.5 + 0.5 * hand.trigger) if lit else 0.6 * hand.trigger
    light = np.array(BODY_LIGHT) * (1 - part) + np.array(LIT) * part
    nose["top"][RING] = nose["bottom"][RING] = light
    return np.concatenate([transformed_quads(HANDLE, world @ grip.matrix()), nose])


def fingers(joints: np.ndarray, rig: Rig) -> np.ndarray:
    """Returns the bones of a tracked hand.

    Args:
        joints: (26, 7), see `HandInput`.
        rig: Where the stage is in the world.

    Returns:
        STROKE records of the world.
    """
    positions = rig.apply(joints[:, :3])
    pairs = [pair for chain in BONE_CHAINS for pair in pairwise(chain)]
    records = np.zeros(len(pairs), STROKE)
    records["start"] = positions[[a for a, _ in pairs]]
    records["end"] = positions[[b for _, b in pairs]]
    records["width"], records["color"] = 0.013 * rig.scale, SKIN
    return records


def line(points: np.ndarray, width: float, start: Color, end: Color) -> np.ndarray:
    """Returns a line through points, its color running from one to the other.

    Args:
        points: (N, 3) meters.
        width: Meters.
        start: Linear color with opacity.
        end: The same at the last point.

    Returns:
        (N - 1,) STROKE.
    """
    records = np.zeros(max(len(points) - 1, 0), STROKE)
    part = np.linspace(0, 1, len(records))[:, None] if len(records) else np.zeros((0, 1))
    records["start"], records["end"], records["width"] = points[:-1], points[1:], width
    records["color"] = np.array(start) * (1 - part) + np.array(end) * part
    return records


def ray(origin: np.ndarray, end: np.ndarray, scale: float, met: bool, active: bool) -> np.ndarray:
    """Returns what a hand points along; it fades out where it meets nothing.

    Args:
        origin: (3,) meters of the world.
        end: (3,) meters of the world.
        scale: Of the rig.
        met: Whether it meets something at its end.
        active: Whether it is the hand that points.

    Returns:
        STROKE records of the world.
    """
    color = RAY if active else QUIET
    points = origin + (end - origin) * np.linspace(0, 1, 2 if met else 7)[:, None]
    return line(points, 0.003 * scale, color, color if met else (*color[:3], 0.0))


def dot(at: np.ndarray, eye: np.ndarray, color: Color) -> np.ndarray:
    """Returns a mark where a ray ends, as large from near as from far.

    Args:
        at: (3,) meters of the world.
        eye: (3,) meters of the world.
        color: Linear, with opacity.

    Returns:
        QUAD records of the world.
    """
    size = max(float(np.linalg.norm(at - eye)), 1e-3) * 0.011
    board = billboard_facing(at, eye)
    across, up = (board.right + board.up) * size / 2, (board.up - board.right) * size / 2
    near = board.normal * size * 0.3
    return quad_from_edges(at - across / 2 + up / 2 + near, across, -up, color)


def teleport(arc: TeleportArc, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns the arc of a teleport and a ring around where it ends.

    Args:
        arc: In the world.
        scale: Of the rig.

    Returns:
        STROKE and QUAD records of the world.
    """
    color = BAD if arc.target is None else GOOD
    strokes = line(arc.points, 0.014 * scale, (*color[:3], 0.25), color)
    if arc.target is None:
        return strokes, np.zeros(0, QUAD)
    angles = np.linspace(0, 2 * pi, 25)
    circle = np.stack([np.cos(angles), np.zeros(25), np.sin(angles)], 1) * scale
    ground = arc.target + np.array([0.0, 0.012 * scale, 0.0])
    inner, outer = ground + 0.30 * circle, ground + 0.36 * circle
    walls = np.zeros(24, QUAD)
    walls["origin"] = np.add(outer[:-1], (0, 0.06 * scale, 0))
    walls["right"] = np.diff(outer, axis=0)
    walls["down"] = (0, -0.06 * scale, 0)
    walls["top"], walls["bottom"] = (*color[:3], 0.0), color
    return np.concatenate([strokes, line(inner, 0.02 * scale, color, color)]), walls


def vignette(head: Pose, rig: Rig, strength: float, blink: float, color: Color) -> np.ndarray:
    """Returns what darkens the edge of the picture, and all of it in a blink.

    Args:
        head: In the stage.
        rig: Where the stage is in the world.
        strength: 0 for nothing … 1 for all but a small middle.
        blink: Opacity of the dark over everything, 0…1.
        color: Of the dark, linear.

    Returns:
        QUAD records of the world, before the eyes.
    """
    if strength <= 0 and blink <= 0:
        return np.zeros(0, QUAD)
    world = rig.matrix() @ head.matrix()
    records = []
    if strength > 0:
        records.append(_vignette_ring(round(strength * VIGNETTE_STEPS) / VIGNETTE_STEPS))
    if blink > 0:
        records.append(COVER.copy())
        records[-1]["top"][:, 3] = records[-1]["bottom"][:, 3] = min(blink, 1.0)
    quads = transformed_quads(np.concatenate(records), world)
    quads["top"][:, :3] = quads["bottom"][:, :3] = color[:3]
    return quads


@lru_cache(64)
def _vignette_ring(strength: float) -> np.ndarray:
    """Returns the QUADs of a ring before the eyes, in the head's coordinates."""
    count = 72  # fewer would overlap in wedges that are seen
    inner = VIGNETTE_DISTANCE * (1.25 - 0.95 * min(strength, 1.0))
    fade, outer = 0.35 * VIGNETTE_DISTANCE, 4.0 * VIGNETTE_DISTANCE
    records = []
    for number in range(count):
        angle = 2 * pi * number / count
        out = np.array([cos(angle), sin(angle), 0.0])
        along = np.array([-sin(angle), cos(angle), 0.0])
        for begin, end, top in ((inner, inner + fade, 0.0), (inner + fade, outer, 1.0)):
            half = end * sin(pi / count) * 1.06
            start = out * begin - along * half + (0, 0, -VIGNETTE_DISTANCE)
            record = quad_from_edges(
                start, along * 2 * half, out * (end - begin), (0.0, 0.0, 0.0, 1.0)
            )
            record["top"][0, 3] = top
            records.append(record)
    return np.concatenate(records)


COVER = quad_from_edges(
    np.array([-3.0, 3.0, -0.98]) * VIGNETTE_DISTANCE, np.array([6.0, 0, 0]) * VIGNETTE_DISTANCE,
    np.array([0, -6.0, 0]) * VIGNETTE_DISTANCE, (0.0, 0.0, 0.0, 1.0),
)  # fmt: skip
"""A quad before all of what the eyes see, in the head's coordinates."""
