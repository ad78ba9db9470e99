"""How one moves in a headset: where the stage stands in the world, from moment to moment.

Nothing here knows of OpenXR: each function takes a `Rig` and gives the next one. What is physical
(the head's place in the room) is never changed; only the room moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import atan2, exp, pi, radians

import numpy as np

from vrnn.config.schema import Comfort
from vrnn.scene.headset.rig_math import (
    FORWARD,
    MAX_RIG_SCALE,
    MIN_RIG_SCALE,
    UP,
    direction,
    heading,
    pinned_at,
    standing_at,
    turned,
)
from vrnn.scene.headset.tracking import Pose, Rig
from vrnn.scene.linalg import turned_about_y
from vrnn.scene.world import World

DEAD_ZONE = 0.2
"""Part of a stick's way in which it does nothing."""
SNAP_THRESHOLD, REARM_THRESHOLD = 0.7, 0.35
"""Part of a stick's way at which it turns by a step, and below which it may again."""
THROW_SPEED, GRAVITY = 11.0, 9.81
"""Of the teleport's arc, m/s and m/s² of the stage."""
SMOOTHING_SECONDS = 0.12
"""Seconds in which most of a change of speed or of the vignette is done."""
BLINK_SECONDS = 0.18
"""Seconds in which the picture comes back after a jump."""


@dataclass(frozen=True)
class Floor:
    """Where one can stand: from left to right and from back to front at height y, meters."""

    left: float
    right: float
    back: float
    front: float
    y: float


GROUND = Floor(-1e5, 1e5, -1e5, 1e5, 0.0)
"""The floor itself."""


@dataclass(frozen=True, eq=False)
class TeleportArc:
    """A teleport that is aimed. points: (N, 3) meters; target: (3,) where it ends on a floor, None
    where it meets none."""

    points: np.ndarray
    target: np.ndarray | None


@dataclass(frozen=True, eq=False)
class MotionInput:
    """What the hands ask for in one moment.

    walk: (right, forward) and rise, turn: -1…1 of the sticks; aim: a teleport is aimed along it
    (of the stage); hold: (2, 3) points of the stage by which both hands hold the world.
    """

    walk: tuple[float, float] = (0.0, 0.0)
    rise: float = 0.0
    turn: float = 0.0
    aim: Pose | None = None
    hold: np.ndarray | None = None


def floors(world: World) -> list[Floor]:
    """The floor, and the steps that layers stand on."""
    found = [GROUND]
    for slot in world.slots:
        pose = world.placement_frame(slot)
        x, y = float(pose.offset[0]), float(pose.offset[1])
        found += [
            Floor(row.left + x, row.right + x, row.back, row.front, row.y + y)
            for row in pose.placement.layout.rows
        ]
    return found


def walked(
    rig: Rig, head: Pose, walk: tuple[float, float], rise: float, meters: float, fly: bool
) -> Rig:
    """Moved by meters of the stage along where the head looks; level, unless one flies."""
    right, ahead = walk
    yaw = rig.yaw + heading(head)
    forward = turned_about_y(FORWARD, yaw)
    if fly:
        forward = turned_about_y(direction(head), rig.yaw)
    move = forward * ahead + turned_about_y(np.array([1.0, 0.0, 0.0]), yaw) * right
    move = move + UP * (rise if fly else 0.0)
    position = rig.position + move * meters * rig.scale
    if fly:  # the eye stays above the floor
        lowest = (0.25 - head.position[1]) * rig.scale
        position[1] = max(position[1], min(lowest, rig.position[1]))
    return replace(rig, position=position)


def dragged_by_two_hands(rig: Rig, before: np.ndarray, now: np.ndarray) -> Rig:
    """Both hands hold the world: what was between them stays between them, turns about +Y and
    grows with them. before, now: (2, 3) of the stage; rig: as it was before."""
    world = rig.apply(before)
    was, is_ = world[1] - world[0], np.asarray(now[1], np.float64) - now[0]
    apart = max(float(np.linalg.norm(is_)), 0.02)
    scale = float(np.clip(float(np.linalg.norm(was)) / apart, MIN_RIG_SCALE, MAX_RIG_SCALE))
    yaw = rig.yaw
    # Hands over each other say nothing of a turn.
    if np.hypot(is_[0], is_[2]) > 0.3 * apart and np.hypot(was[0], was[2]) > 0.3 * apart * scale:
        yaw = atan2(was[0], was[2]) - atan2(is_[0], is_[2])
    return pinned_at(Rig(rig.position, yaw, scale), np.mean(now, 0), world.mean(0))


def teleport_arc(rig: Rig, aim: Pose, grounds: Sequence[Floor]) -> TeleportArc:
    """Where something thrown along `aim` flies, and the first floor that it falls on."""
    times = np.linspace(0.0, 2.6, 53)[:, None]
    speed = direction(aim) * THROW_SPEED
    stage = aim.position + speed * times - UP * (GRAVITY / 2) * times**2
    points = rig.apply(stage)
    start, step = points[:-1], np.diff(points, axis=0)
    best, target = np.inf, None
    for ground in grounds:
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (ground.y - start[:, 1]) / step[:, 1]
        falls = (step[:, 1] < 0) & (t >= 0) & (t <= 1)
        at = start + np.where(falls, t, 0.0)[:, None] * step
        inside = (
            falls & (at[:, 0] >= ground.left) & (at[:, 0] <= ground.right)
            & (at[:, 2] >= ground.back) & (at[:, 2] <= ground.front)
        )  # fmt: skip
        met = np.flatnonzero(inside)
        if len(met) and met[0] + t[met[0]] < best:
            best, target = float(met[0] + t[met[0]]), at[met[0]]
    if target is None:
        return TeleportArc(points, None)
    return TeleportArc(np.concatenate([points[: int(best) + 1], target[None]]), target)


def apply_dead_zone(value: float) -> float:
    """A stick's way, 0 within its dead part, then from 0 on."""
    size = (abs(value) - DEAD_ZONE) / (1 - DEAD_ZONE)
    return 0.0 if size <= 0 else (size if value > 0 else -size)


class Locomotion:
    """Where the stage stands, and what of a movement has to be remembered to the next moment."""

    def __init__(self, comfort: Comfort, rig: Rig | None = None) -> None:
        self.comfort = comfort
        self.rig = rig or Rig()
        self.flying = False
        self.arc: TeleportArc | None = None
        self.vignette = self.blink = 0.0
        self._turned = False
        self._velocity = np.zeros(3)
        self._hold: tuple[Rig, np.ndarray] | None = None

    @property
    def holding(self) -> bool:
        """Whether both hands hold the world."""
        return self._hold is not None

    def go_to(self, rig: Rig) -> None:
        """Be somewhere else at once."""
        self.rig, self.blink = rig, 1.0
        self._velocity[:] = 0
        self._hold = self.arc = None

    def finish_teleport(self, head: Pose) -> bool:
        """A teleport was aimed and is let go: go there. False where there is no place to stand."""
        target = self.arc.target if self.arc is not None else None
        self.arc = None
        if target is None:
            return False
        self.flying = False
        self.go_to(standing_at(self.rig, head.position, target))
        return True

    def step(
        self, head: Pose | None, motion: MotionInput, seconds: float, grounds: Sequence[Floor]
    ) -> Rig:
        """Let time go on. head: of the stage; None while it is not tracked: nothing moves then."""
        self.blink = max(0.0, self.blink - seconds / BLINK_SECONDS)
        if head is None:
            self._velocity[:] = 0
            self._hold = self.arc = None
            return self.rig
        before = self.rig
        if motion.hold is not None:
            if self._hold is None:
                self._hold = (self.rig, np.array(motion.hold, np.float64))
            self.rig = dragged_by_two_hands(*self._hold, motion.hold)
            self._velocity[:] = 0
        else:
            self._hold = None
            self._walk(head, motion, seconds)
            self._turn(head, motion.turn, seconds)
        self.arc = None if motion.aim is None else teleport_arc(self.rig, motion.aim, grounds)
        self._darken(self.rig is not before and self._hold is None, seconds)
        return self.rig

    def _walk(self, head: Pose, wish: MotionInput, seconds: float) -> None:
        right, ahead = map(apply_dead_zone, wish.walk)
        wanted = np.array([right, apply_dead_zone(wish.rise), ahead])
        if not self.comfort.walk and not self.flying:
            wanted[:] = 0
        length = float(np.linalg.norm(wanted))
        if length > 1:
            wanted /= length
        keep = exp(-seconds / SMOOTHING_SECONDS)
        self._velocity = wanted + (self._velocity - wanted) * keep
        if np.abs(self._velocity).max() < 5e-3:
            self._velocity[:] = 0
            return
        x, y, z = self._velocity.tolist()
        meters = self.comfort.walk_speed * seconds
        self.rig = walked(self.rig, head, (x, z), y, meters, self.flying)

    def _turn(self, head: Pose, turn: float, seconds: float) -> None:
        if self.comfort.turn <= 0:
            angle = -apply_dead_zone(turn) * radians(self.comfort.turn_speed) * seconds
            if angle:
                self.rig = turned(self.rig, head.position, angle)
            return
        if abs(turn) < REARM_THRESHOLD:
            self._turned = False
        elif abs(turn) > SNAP_THRESHOLD and not self._turned:
            self._turned = True
            angle = radians(self.comfort.turn) * (-1 if turn > 0 else 1)
            rig = turned(self.rig, head.position, angle)
            self.rig = replace(rig, yaw=(rig.yaw + pi) % (2 * pi) - pi)

    def _darken(self, moves: bool, seconds: float) -> None:
        wanted = self.comfort.vignette if moves else 0.0
        self.vignette = wanted + (self.vignette - wanted) * exp(-seconds / SMOOTHING_SECONDS)
        if self.vignette < 0.01:
            self.vignette = 0.0
