"""What a hand points at or touches, and which of its buttons have just been pressed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vrnn.scene.headset.rig_math import direction
from vrnn.scene.headset.tracking import HandInput, Pose, Rig
from vrnn.scene.linalg import cross, turned_about_y
from vrnn.scene.picking import Hit, Ray
from vrnn.scene.world import World

PRESS_THRESHOLD, RELEASE_THRESHOLD = 0.6, 0.4
"""Part of a trigger's way at which it counts as pressed, and below which as let go."""
TOUCH_DISTANCE = 0.06
"""Meters of the stage: what is nearer before the hand is touched, not only pointed at."""
MAX_PENETRATION = 0.10
"""Meters of the stage that a hand may be beyond what it touches."""


@dataclass(frozen=True)
class Buttons:
    """What is held of one hand's controller, as yes or no."""

    trigger: bool = False
    squeeze: bool = False
    primary: bool = False
    secondary: bool = False
    menu: bool = False
    stick_click: bool = False

    def after(self, hand: HandInput) -> Buttons:
        """What is held at the next moment; a trigger between its two limits stays as it was."""

        def pulled(value: float, before: bool) -> bool:
            return value > (RELEASE_THRESHOLD if before else PRESS_THRESHOLD)

        return Buttons(
            pulled(hand.trigger, self.trigger), pulled(hand.squeeze, self.squeeze),
            hand.primary, hand.secondary, hand.menu, hand.stick_click,
        )  # fmt: skip

    def pressed_since(self, before: Buttons) -> frozenset[str]:
        """Names of those that went down."""
        return frozenset(n for n, v in vars(self).items() if v and not getattr(before, n))

    def released_since(self, before: Buttons) -> frozenset[str]:
        """Names of those that came up."""
        return before.pressed_since(self)


@dataclass(frozen=True)
class HandHit:
    """What a hand is on. touching: it is at the thing itself, not only pointing at it."""

    hit: Hit | None = None
    touching: bool = False


def aim_ray(rig: Rig, aim: Pose) -> Ray:
    """What a hand points along, in the world."""
    return Ray(rig.apply(aim.position), turned_about_y(direction(aim), rig.yaw))


def pick_with_hand(world: World, ray: Ray, scale: float) -> HandHit:
    """What a ray meets first, or what the hand at its beginning touches or has just gone through.

    scale: of the rig, meters of the world for one of the stage.
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
    """Where a ray meets a rectangle's front: distance, and 0…1 to the right and down. None: not.

    origin: (3,) its upper left corner; right, down: (3,) its edges.
    """
    normal = cross(down, right)  # toward whoever sees right and down as such
    across = float(ray.direction @ normal)
    if across > -1e-12:
        return None
    distance = float((origin - ray.origin) @ normal) / across
    at = ray.at(distance) - origin
    u, v = float(at @ right / (right @ right)), float(at @ down / (down @ down))
    if distance < 0 or not (0 <= u <= 1 and 0 <= v <= 1):
        return None
    return distance, u, v
