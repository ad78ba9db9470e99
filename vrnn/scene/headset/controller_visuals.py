"""How hands, rays, the teleport's arc and what darkens the edge are drawn: plain records."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from math import cos, pi, sin

import numpy as np

from vrnn.scene.headset.billboard import Billboard, billboard_facing
from vrnn.scene.headset.locomotion import TeleportArc
from vrnn.scene.headset.tracking import HandInput, Pose, Rig
from vrnn.scene.linalg import turned_about_y
from vrnn.scene.primitives import QUAD, STROKE, TextLabel, quad_from_edges
from vrnn.style import font

Ink = tuple[float, float, float, float]
BODY_LIGHT: Ink = (0.10, 0.115, 0.145, 1.0)
BODY_DARK: Ink = (0.022, 0.026, 0.036, 1.0)
RAY: Ink = (0.62, 0.70, 0.86, 0.75)
QUIET: Ink = (0.36, 0.43, 0.58, 0.35)
LIT: Ink = (1.0, 0.52, 0.10, 0.95)
GOOD: Ink = (0.25, 0.80, 0.62, 0.9)
BAD: Ink = (1.0, 0.05, 0.45, 0.55)
INK: Ink = (0.80, 0.83, 0.88, 1.0)
QUIET_INK: Ink = (0.40, 0.44, 0.53, 1.0)
CARD: Ink = (0.0065, 0.008, 0.0115, 0.92)
SKIN: Ink = (0.42, 0.46, 0.55, 1.0)
CHAINS = ((1, 2, 3, 4, 5), (1, 6, 7, 8, 9, 10), (1, 11, 12, 13, 14, 15), (1, 16, 17, 18, 19, 20),
          (1, 21, 22, 23, 24, 25), (6, 11, 16, 21))  # fmt: skip
"""Joints, in OpenXR's order, that bones lie between."""
RAY_LENGTH = 6.0
"""Meters of the stage that a ray is seen that meets nothing."""
VIGNETTE_DISTANCE = 0.5


def box(middle: Sequence[float], size: Sequence[float], top: Ink, bottom: Ink) -> np.ndarray:
    """Six QUADs of a box, in its own coordinates."""
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


def transformed(records: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """QUADs of some coordinates, in others. matrix: (4, 4)."""
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
"""Of the nose: what lights up."""


def controller(hand: HandInput, rig: Rig, lit: bool) -> np.ndarray:
    """QUADs of a controller: a grip and a nose, with a light ring on the hand that points."""
    grip, aim = hand.grip or hand.aim, hand.aim or hand.grip
    if grip is None or aim is None:
        return np.zeros(0, QUAD)
    world = rig.matrix()
    nose = transformed(NOSE, world @ aim.matrix())
    part = (0.5 + 0.5 * hand.trigger) if lit else 0.6 * hand.trigger
    light = np.array(BODY_LIGHT) * (1 - part) + np.array(LIT) * part
    nose["top"][RING] = nose["bottom"][RING] = light
    return np.concatenate([transformed(HANDLE, world @ grip.matrix()), nose])


def fingers(joints: np.ndarray, rig: Rig) -> np.ndarray:
    """STROKEs of a tracked hand. joints: (26, 7)."""
    places = rig.apply(joints[:, :3])
    pairs = [pair for chain in CHAINS for pair in pairwise(chain)]
    records = np.zeros(len(pairs), STROKE)
    records["start"] = places[[a for a, _ in pairs]]
    records["end"] = places[[b for _, b in pairs]]
    records["width"], records["color"] = 0.013 * rig.scale, SKIN
    return records


def line(points: np.ndarray, width: float, start: Ink, end: Ink) -> np.ndarray:
    """STROKEs through points (N, 3), their color running from one to the other."""
    records = np.zeros(max(len(points) - 1, 0), STROKE)
    part = np.linspace(0, 1, len(records))[:, None] if len(records) else np.zeros((0, 1))
    records["start"], records["end"], records["width"] = points[:-1], points[1:], width
    records["color"] = np.array(start) * (1 - part) + np.array(end) * part
    return records


def ray(origin: np.ndarray, end: np.ndarray, scale: float, met: bool, active: bool) -> np.ndarray:
    """STROKEs of what a hand points along; it fades out where it meets nothing."""
    ink = RAY if active else QUIET
    points = origin + (end - origin) * np.linspace(0, 1, 2 if met else 7)[:, None]
    return line(points, 0.003 * scale, ink, ink if met else (*ink[:3], 0.0))


def dot(at: np.ndarray, eye: np.ndarray, ink: Ink) -> np.ndarray:
    """QUADs of a mark where a ray ends, as large from near as from far. eye: (3,) of the world."""
    size = max(float(np.linalg.norm(at - eye)), 1e-3) * 0.011
    leaf = billboard_facing(at, eye)
    across, up = (leaf.right + leaf.up) * size / 2, (leaf.up - leaf.right) * size / 2
    near = leaf.normal * size * 0.3
    return quad_from_edges(at - across / 2 + up / 2 + near, across, -up, ink)


def teleport(aimed: TeleportArc, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """STROKEs of the arc and QUADs of the place it leads to."""
    good = aimed.target is not None
    ink = GOOD if good else BAD
    strokes = line(aimed.points, 0.014 * scale, (*ink[:3], 0.25), ink)
    if aimed.target is None:
        return strokes, np.zeros(0, QUAD)
    angles = np.linspace(0, 2 * pi, 25)
    circle = np.stack([np.cos(angles), np.zeros(25), np.sin(angles)], 1) * scale
    ground = aimed.target + np.array([0.0, 0.012 * scale, 0.0])
    inner, outer = ground + 0.30 * circle, ground + 0.36 * circle
    walls = np.zeros(24, QUAD)
    walls["origin"] = np.add(outer[:-1], (0, 0.06 * scale, 0))
    walls["right"] = np.diff(outer, axis=0)
    walls["down"] = (0, -0.06 * scale, 0)
    walls["top"], walls["bottom"] = (*ink[:3], 0.0), ink
    return np.concatenate([strokes, line(inner, 0.02 * scale, ink, ink)]), walls


def vignette(head: Pose, rig: Rig, strength: float, blink: float, ink: Ink) -> np.ndarray:
    """QUADs before the eyes that darken the edge of what is seen, all of it in a blink.

    strength: 0 none … 1 all but a small middle; ink: of the dark.
    """
    if strength <= 0 and blink <= 0:
        return np.zeros(0, QUAD)
    world = rig.matrix() @ head.matrix()
    records = []
    if strength > 0:
        records.append(_edge(round(strength * 50) / 50))
    if blink > 0:
        records.append(COVER.copy())
        records[-1]["top"][:, 3] = records[-1]["bottom"][:, 3] = min(blink, 1.0)
    made = transformed(np.concatenate(records), world)
    made["top"][:, :3] = made["bottom"][:, :3] = ink[:3]
    return made


@lru_cache(64)
def _edge(strength: float) -> np.ndarray:
    """QUADs of a ring before the eyes, in the head's coordinates."""
    count = 72  # few would overlap in wedges that are seen
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
"""Before all of what the eyes see."""


def text_card(
    lines: Sequence[tuple[str, Ink]], leaf: Billboard, rig: Rig, text: float
) -> tuple[np.ndarray, list[TextLabel]]:
    """Lines of text on a card that hangs with its lower edge's middle at the leaf's center.

    text: height of a capital, meters of the stage.
    """
    if not lines:
        return np.zeros(0, QUAD), []
    wide = max(font.text_width(line) for line, _ in lines) * text + 1.6 * text
    tall = len(lines) * 1.75 * text + 0.9 * text
    right, up = turned_about_y(leaf.right, rig.yaw), turned_about_y(leaf.up, rig.yaw)
    corner = rig.apply(leaf.point(-wide / 2, tall))
    quads = quad_from_edges(corner, right * wide * rig.scale, -up * tall * rig.scale, CARD)
    labels = []
    for number, (said, ink) in enumerate(lines):
        base = tall - 1.6 * text - number * 1.75 * text
        x, y, z = rig.apply(leaf.point(-wide / 2 + 0.8 * text, base, 0.002)).tolist()
        labels.append(
            TextLabel(
                said, (x, y, z), text * rig.scale, ink, tuple(right.tolist()), tuple(up.tolist()),
                fade=0,
            )
        )  # fmt: skip
    return quads, labels
