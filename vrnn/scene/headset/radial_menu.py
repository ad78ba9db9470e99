"""A menu around the hand: a few words in a ring, chosen by the stick or by pointing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import atan2, cos, hypot, pi, sin

import numpy as np

from vrnn.scene.headset.billboard import READABLE_HEIGHT, Billboard
from vrnn.scene.headset.hand_picking import intersect_quad
from vrnn.scene.headset.tracking import Rig
from vrnn.scene.linalg import turned_about_y
from vrnn.scene.picking import Ray
from vrnn.scene.primitives import QUAD, TextLabel, quad_from_edges
from vrnn.style import font

HALF_WIDTH, HALF_HEIGHT = 0.36, 0.27
"""Half the width and height of the ring, meters at a meter's distance."""
PICK_THRESHOLD = 0.5
"""Part of a stick's way at which it chooses."""
CARD_MARGIN = 0.3
"""Of a card's height: a ray so near to it is on it."""
CARD = (0.030, 0.036, 0.052, 0.98)
CHOSEN = (1.0, 0.52, 0.10, 0.96)
INK, DARK = (0.80, 0.83, 0.88, 1.0), (0.01, 0.01, 0.012, 1.0)


def pick_with_stick(stick: tuple[float, float], count: int) -> int | None:
    """Which of `count` words a stick is pushed toward; the first is above, the next to its
    right."""
    x, y = stick
    if hypot(x, y) < PICK_THRESHOLD:
        return None
    return round(atan2(x, y) / (2 * pi) * count) % count


def pick_with_ray(
    ray: Ray, leaf: Billboard, rig: Rig, distance: float, texts: Sequence[str]
) -> int | None:
    """Which one a ray is on."""
    whole = leaf.with_size(2 * leaf.width, 2 * leaf.height)
    at = intersect_quad(ray, *whole.edges_in_world(rig))
    if at is None:
        return None
    across, above = (at[1] - 0.5) * whole.width, (0.5 - at[2]) * whole.height
    for number, (x, y, wide, tall) in enumerate(_cards(leaf, distance, texts)):
        if (
            abs(across - x) < wide / 2 + CARD_MARGIN * tall
            and abs(above - y) < (0.5 + CARD_MARGIN) * tall
        ):
            return number
    return None


def menu_billboard(center: Billboard, distance: float) -> Billboard:
    """The leaf that a menu fills at a distance from the eye, meters of the stage."""
    return center.with_size(2 * HALF_WIDTH * distance, 2 * HALF_HEIGHT * distance)


def _cards(
    leaf: Billboard, distance: float, texts: Sequence[str]
) -> Iterator[tuple[float, float, float, float]]:
    """Middle, width and height of each word's card, meters from the leaf's middle."""
    text = READABLE_HEIGHT * distance
    for number, word in enumerate(texts):
        angle = 2 * pi * number / len(texts)
        x, y = sin(angle) * leaf.width / 2, cos(angle) * leaf.height / 2
        yield x, y, (font.text_width(word) + 1.4) * text, 2.3 * text


def draw_radial_menu(
    leaf: Billboard, rig: Rig, distance: float, texts: Sequence[str], chosen: int | None
) -> tuple[np.ndarray, list[TextLabel]]:
    """QUADs and words. distance: from the eye, meters of the stage."""
    quads, labels = [np.zeros(0, QUAD)], []
    text = READABLE_HEIGHT * distance
    right, up = turned_about_y(leaf.right, rig.yaw), turned_about_y(leaf.up, rig.yaw)
    for number, (x, y, wide, tall) in enumerate(_cards(leaf, distance, texts)):
        lit = number == chosen
        nearer = 0.012 if lit else 0.0
        corner = rig.apply(leaf.point(x - wide / 2, y + tall / 2, nearer))
        size = rig.scale * wide, -rig.scale * tall
        quads.append(
            quad_from_edges(corner, right * size[0], up * size[1], CHOSEN if lit else CARD)
        )
        place = rig.apply(leaf.point(x - wide / 2 + 0.7 * text, y - text / 2, nearer + 0.003))
        labels.append(
            TextLabel(
                texts[number], (float(place[0]), float(place[1]), float(place[2])),
                text * rig.scale, DARK if lit else INK, tuple(right.tolist()), tuple(up.tolist()),
                fade=0,
            )
        )  # fmt: skip
    return np.concatenate(quads), labels
