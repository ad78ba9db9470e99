"""The radial menu: a few labels in a ring, chosen by the stick or by pointing."""

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
"""Half the width and height of the ring, meters per meter of distance."""
PICK_THRESHOLD = 0.5
"""Part of a stick's way beyond which it chooses."""
CARD_MARGIN = 0.3
"""Part of a card's height: a ray that is no farther from the card counts as on it."""
CARD = (0.030, 0.036, 0.052, 0.98)
CHOSEN = (1.0, 0.52, 0.10, 0.96)
INK, DARK = (0.80, 0.83, 0.88, 1.0), (0.01, 0.01, 0.012, 1.0)


def pick_with_stick(stick: tuple[float, float], count: int) -> int | None:
    """Finds the label that a stick is pushed toward.

    Args:
        stick: -1…1 to the right and forward.
        count: How many labels there are; the first is above, the next to its right.

    Returns:
        The number of the label; None while the stick is not pushed far enough.
    """
    x, y = stick
    if hypot(x, y) < PICK_THRESHOLD:
        return None
    return round(atan2(x, y) / (2 * pi) * count) % count


def pick_with_ray(
    ray: Ray, board: Billboard, rig: Rig, distance: float, labels: Sequence[str]
) -> int | None:
    """Finds the label that a ray is on.

    Args:
        ray: In the world.
        board: Where the menu is, in the stage.
        rig: Where the stage is in the world.
        distance: Of the menu from the eye, meters of the stage.
        labels: All of them.

    Returns:
        The number of the label; None for none.
    """
    whole = board.with_size(2 * board.width, 2 * board.height)
    at = intersect_quad(ray, *whole.edges_in_world(rig))
    if at is None:
        return None
    across, above = (at[1] - 0.5) * whole.width, (0.5 - at[2]) * whole.height
    for number, (x, y, width, height) in enumerate(_cards(board, distance, labels)):
        is_across = abs(across - x) < width / 2 + CARD_MARGIN * height
        if is_across and abs(above - y) < (0.5 + CARD_MARGIN) * height:
            return number
    return None


def menu_billboard(center: Billboard, distance: float) -> Billboard:
    """Returns the billboard that a menu fills.

    Args:
        center: Where it is and how it is turned.
        distance: From the eye, meters of the stage.
    """
    return center.with_size(2 * HALF_WIDTH * distance, 2 * HALF_HEIGHT * distance)


def _cards(
    board: Billboard, distance: float, labels: Sequence[str]
) -> Iterator[tuple[float, float, float, float]]:
    """Yields middle, width and height of each label's card, meters from the menu's center."""
    unit = READABLE_HEIGHT * distance
    for number, label in enumerate(labels):
        angle = 2 * pi * number / len(labels)
        x, y = sin(angle) * board.width / 2, cos(angle) * board.height / 2
        yield x, y, (font.text_width(label) + 1.4) * unit, 2.3 * unit


def draw_radial_menu(
    board: Billboard, rig: Rig, distance: float, labels: Sequence[str], chosen: int | None
) -> tuple[np.ndarray, list[TextLabel]]:
    """Returns the cards and their text.

    Args:
        board: Where the menu is, in the stage.
        rig: Where the stage is in the world.
        distance: Of the menu from the eye, meters of the stage.
        labels: All of them.
        chosen: The number of the one that is highlighted; None for none.

    Returns:
        QUAD records of the world, and the text.
    """
    quads, texts = [np.zeros(0, QUAD)], []
    unit = READABLE_HEIGHT * distance
    right, up = turned_about_y(board.right, rig.yaw), turned_about_y(board.up, rig.yaw)
    for number, (x, y, width, height) in enumerate(_cards(board, distance, labels)):
        is_chosen = number == chosen
        nearer = 0.012 if is_chosen else 0.0
        corner = rig.apply(board.point(x - width / 2, y + height / 2, nearer))
        edges = right * (rig.scale * width), up * (-rig.scale * height)
        quads.append(quad_from_edges(corner, *edges, CHOSEN if is_chosen else CARD))
        left, base = x - width / 2 + 0.7 * unit, y - unit / 2
        origin = rig.apply(board.point(left, base, nearer + 0.003)).tolist()
        texts.append(
            TextLabel(
                labels[number], (origin[0], origin[1], origin[2]), unit * rig.scale,
                DARK if is_chosen else INK, tuple(right.tolist()), tuple(up.tolist()), fade=0,
            )
        )  # fmt: skip
    return np.concatenate(quads), texts
