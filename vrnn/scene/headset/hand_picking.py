"""What a hand points at or touches, and which of its buttons are pressed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vrnn.scene.headset.rig_math import direction
from vrnn.scene.headset.tracking import HandInput, Pose, Rig
from vrnn.scene.linalg import cross, turned_about_y
from vrnn.scene.picking import Hit, Ray
from vrnn.scene.world import World

PRESS_THRESHOLD, RELEASE_THRESHOLD = 0.6, 0.4
"""Part of a trigger's way at which it counts as pressed, and below which as released."""
TOUCH_DISTANCE = 0.06
"""Meters of the stage: what is nearer before the hand is touched, not only pointed at."""
MAX_PENETRATION = 0.10
"""Meters of the stage that a hand may be beyond what it touches."""


@dataclass(frozen=True)
class Buttons:
    """Which buttons of one hand's controller are held."""

    trigger: bool = False
    squeeze: bool = False
    primary: bool = False
    secondary: bool = False
    menu: bool = False
    stick_click: bool = False

    def after(self, hand: HandInput) -> Buttons:
        """Returns the buttons in the next frame; a trigger between both thresholds is unchanged.

        Args:
            hand: The input of that frame.
        """

        def held(value: float, before: bool) -> bool:
            return value > (RELEASE_THRESHOLD if before else PRESS_THRESHOLD)

        return Buttons(
            held(hand.trigger, self.trigger), held(hand.squeeze, self.squeeze),
            hand.primary, hand.secondary, hand.menu, hand.stick_click,
        )  # fmt: skip

    def pressed_since(self, before: Buttons) -> frozenset[str]:
        """Returns the names of the buttons that went down."""
        return frozenset(n for n, v in vars(self).items() if v and not getattr(before, n))

    def released_since(self, before: Buttons) -> frozenset[str]:
        """Returns the names of the buttons that came up."""
        return before.pressed_since(self)


@dataclass(frozen=True)
class HandHit:
    """What a hand is on.

    Attributes:
        hit: What its ray meets; None for nothing.
        touching: Whether the hand is at the thing itself, not only pointing at it.
    """

    hit: Hit | None = None
    touching: bool = False


def aim_ray(rig: Rig, aim: Pose) -> Ray:
    """Returns the ray in the world along which a hand points.

    Args:
        rig: Where the stage is.
        aim: Of the hand, in the stage.
    """
    return Ray(rig.apply(aim.position), turned_about_y(direction(aim), rig.yaw))


def pick_with_hand(world: World, ray: Ray, scale: float) -> HandHit:
    """Finds what a hand's ray meets first, or what the hand touches or has just gone through.

    Args:
        world: What is picked in.
        ray: Of the hand, in the world.
        scale: Of the rig: meters of the world for a meter of the stage.
    """
    back = MAX_PENETRATION * scale
    hit = world.pick(ray.at(-back), ray.direction)
    if hit is None:
        return HandHit()
    hit = replace(hit, distance=hit.distance - back)
    return HandHit(hit, hit.distance < TOUCH_DISTANCE * scale)


def intersect_quad(
    ray: Ray, origin: np.ndarray, right: np.ndarray, down: np.ndarray
) -> tuple[float, float, float] | None:
    """Finds where a ray meets the front of a rectangle.

    Args:
        ray: In the same coordinates.
        origin: (3,) the upper left corner.
        right: (3,) the edge to the right.
        down: (3,) the edge down.

    Returns:
        The distance along the ray, and the position 0…1 to the right and down; None: not at all.
    """
    normal = cross(down, right)  # toward whoever sees right and down as such
    across = float(ray.direction @ normal)
    if across > -1e-12:
        return None
    distance = float((origin - ray.origin) @ normal) / across
    offset = ray.at(distance) - origin
    u, v = float(offset @ right / (right @ right)), float(offset @ down / (down @ down))
    if distance < 0 or not (0 <= u <= 1 and 0 <= v <= 1):
        return None
    return distance, u, v
