"""Locomotion: how a person in a headset moves through the world.

Nothing here knows of OpenXR: each function takes a `Rig` and gives the next one. What is physical
(where the head is in the room) is never changed; only the room moves.
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
"""Part of a stick's way beyond which it turns by a step, and below which it may again."""
THROW_SPEED, GRAVITY = 11.0, 9.81
"""Initial speed and gravity of the teleport's arc, m/s and m/s² of the stage."""
SMOOTHING_SECONDS = 0.12
"""Time constant of changes of speed and of the vignette."""
BLINK_SECONDS = 0.18
"""Time in which the picture comes back after a jump."""
MIN_EYE_HEIGHT = 0.25
"""Meters of the stage above the floor below which nobody flies."""


@dataclass(frozen=True)
class Floor:
    """A level rectangle on which one can stand.

    Attributes:
        left: Smallest x, meters of the world.
        right: Largest x.
        back: Smallest z.
        front: Largest z.
        y: Height.
        turn: Radians to the left by which all this is turned about the vertical axis through 0.
    """

    left: float
    right: float
    back: float
    front: float
    y: float
    turn: float = 0.0

    def holds(self, points: np.ndarray) -> np.ndarray:
        """Return which of (N, 3) points are over or under it, (N,) bool."""
        at = turned_about_y(points, -self.turn)
        inside = (at[:, 0] >= self.left) & (at[:, 0] <= self.right)
        return np.asarray(inside & (at[:, 2] >= self.back) & (at[:, 2] <= self.front))


GROUND = Floor(-1e5, 1e5, -1e5, 1e5, 0.0)
"""The floor of the whole world."""


@dataclass(frozen=True, eq=False)
class TeleportArc:
    """A teleport that is aimed.

    Attributes:
        points: (N, 3) meters of the world.
        target: (3,) meters of the world, where the arc ends on a floor; None where it meets none.
    """

    points: np.ndarray
    target: np.ndarray | None


@dataclass(frozen=True, eq=False)
class MotionInput:
    """The motion that the hands ask for in one frame.

    Attributes:
        walk: -1…1 to the right and forward.
        rise: -1…1 up, while flying.
        turn: -1…1 to the right.
        aim: What a teleport is aimed along, in the stage; None: none is aimed.
        hold: (2, 3) meters of the stage by which both hands hold the world; None: they do not.
    """

    walk: tuple[float, float] = (0.0, 0.0)
    rise: float = 0.0
    turn: float = 0.0
    aim: Pose | None = None
    hold: np.ndarray | None = None


def floors_in(world: World) -> list[Floor]:
    """Returns the ground, and the steps that layers stand on."""
    result = [GROUND]
    for slot in world.slots:
        frame = world.placement_frame(slot)
        y, turn = float(frame.offset[1]), frame.placement.layout.turn
        x, _, z = turned_about_y(frame.offset, -turn).tolist()
        result += [
            Floor(row.left + x, row.right + x, row.back + z, row.front + z, row.y + y, turn)
            for row in frame.placement.layout.rows
        ]
    return result


def walked(
    rig: Rig, head: Pose, walk: tuple[float, float], rise: float, meters: float, fly: bool
) -> Rig:
    """Returns a rig moved along where the head looks; level, unless one flies.

    Args:
        rig: As it was.
        head: In the stage.
        walk: Part of the distance to the right and forward, -1…1.
        rise: Part of the distance up, -1…1; only in flight.
        meters: The distance, of the stage.
        fly: Whether one flies.
    """
    right, ahead = walk
    yaw = rig.yaw + heading(head)
    forward = turned_about_y(FORWARD, yaw)
    if fly:
        forward = turned_about_y(direction(head), rig.yaw)
    move = forward * ahead + turned_about_y(np.array([1.0, 0.0, 0.0]), yaw) * right
    move = move + UP * (rise if fly else 0.0)
    position = rig.position + move * meters * rig.scale
    if fly:  # the eye stays above the floor
        lowest = (MIN_EYE_HEIGHT - head.position[1]) * rig.scale
        position[1] = max(position[1], min(lowest, rig.position[1]))
    return replace(rig, position=position)


def dragged_by_two_hands(rig: Rig, before: np.ndarray, now: np.ndarray) -> Rig:
    """Returns the rig while both hands hold the world.

    What was between the hands stays between them, turns about +Y and grows with them.

    Args:
        rig: As it was when they took hold.
        before: (2, 3) meters of the stage, where they were then.
        now: (2, 3) meters of the stage.
    """
    world = rig.apply(before)
    old, new = world[1] - world[0], np.asarray(now[1], np.float64) - now[0]
    distance = max(float(np.linalg.norm(new)), 0.02)
    scale = float(np.clip(float(np.linalg.norm(old)) / distance, MIN_RIG_SCALE, MAX_RIG_SCALE))
    yaw = rig.yaw
    # Hands over each other say nothing of a turn.
    level = 0.3 * distance
    if np.hypot(new[0], new[2]) > level and np.hypot(old[0], old[2]) > level * scale:
        yaw = atan2(old[0], old[2]) - atan2(new[0], new[2])
    return pinned_at(Rig(rig.position, yaw, scale), np.mean(now, 0), world.mean(0))


def teleport_arc(rig: Rig, aim: Pose, floors: Sequence[Floor]) -> TeleportArc:
    """Returns how something that is thrown flies, and the first floor that it falls on.

    Args:
        rig: Where the stage is in the world.
        aim: Along which it is thrown, in the stage.
        floors: On which it can fall.
    """
    times = np.linspace(0.0, 2.6, 53)[:, None]
    speed = direction(aim) * THROW_SPEED
    stage = aim.position + speed * times - UP * (GRAVITY / 2) * times**2
    points = rig.apply(stage)
    start, step = points[:-1], np.diff(points, axis=0)
    best, target = np.inf, None
    for floor in floors:
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (floor.y - start[:, 1]) / step[:, 1]
        falls = (step[:, 1] < 0) & (t >= 0) & (t <= 1)
        at = start + np.where(falls, t, 0.0)[:, None] * step
        hits = np.flatnonzero(falls & floor.holds(at))
        if len(hits) and hits[0] + t[hits[0]] < best:
            best, target = float(hits[0] + t[hits[0]]), at[hits[0]]
    if target is None:
        return TeleportArc(points, None)
    return TeleportArc(np.concatenate([points[: int(best) + 1], target[None]]), target)


def apply_dead_zone(value: float) -> float:
    """Returns a stick's value, -1…1, with its dead zone taken out: 0 within it, then from 0 on."""
    size = (abs(value) - DEAD_ZONE) / (1 - DEAD_ZONE)
    return 0.0 if size <= 0 else (size if value > 0 else -size)


class Locomotion:
    """Moves the stage, frame by frame.

    Attributes:
        comfort: The settings.
        rig: Where the stage is in the world.
        flying: Whether one flies instead of walking.
        arc: The teleport that is aimed; None for none.
        vignette: How dark the edge of the picture is, 0…1.
        blink: Opacity of the dark over the picture after a jump, 0…1.
    """

    def __init__(self, comfort: Comfort, rig: Rig | None = None) -> None:
        self.comfort = comfort
        self.rig = rig or Rig()
        self.flying = False
        self.arc: TeleportArc | None = None
        self.vignette = self.blink = 0.0
        self._has_turned = False
        self._velocity = np.zeros(3)
        self._hold: tuple[Rig, np.ndarray] | None = None

    @property
    def holding(self) -> bool:
        """Whether both hands hold the world."""
        return self._hold is not None

    def go_to(self, rig: Rig) -> None:
        """Goes somewhere else at once."""
        self.rig, self.blink = rig, 1.0
        self._velocity[:] = 0
        self._hold = self.arc = None

    def finish_teleport(self, head: Pose) -> bool:
        """Goes where a teleport is aimed.

        Args:
            head: In the stage.

        Returns:
            False where nobody can stand.
        """
        target = self.arc.target if self.arc is not None else None
        self.arc = None
        if target is None:
            return False
        self.flying = False
        self.go_to(standing_at(self.rig, head.position, target))
        return True

    def step(
        self, head: Pose | None, motion: MotionInput, seconds: float, floors: Sequence[Floor]
    ) -> Rig:
        """Advances the motion.

        Args:
            head: In the stage; None while it is not tracked: nothing moves then.
            motion: What the hands ask for.
            seconds: Since the last frame.
            floors: On which a teleport can end.

        Returns:
            Where the stage is now.
        """
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
        self.arc = None if motion.aim is None else teleport_arc(self.rig, motion.aim, floors)
        self._darken(self.rig is not before and self._hold is None, seconds)
        return self.rig

    def _walk(self, head: Pose, motion: MotionInput, seconds: float) -> None:
        right, ahead = map(apply_dead_zone, motion.walk)
        target = np.array([right, apply_dead_zone(motion.rise), ahead])
        if not self.comfort.walk and not self.flying:
            target[:] = 0
        length = float(np.linalg.norm(target))
        if length > 1:
            target /= length
        keep = exp(-seconds / SMOOTHING_SECONDS)
        self._velocity = target + (self._velocity - target) * keep
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
            self._has_turned = False
        elif abs(turn) > SNAP_THRESHOLD and not self._has_turned:
            self._has_turned = True
            angle = radians(self.comfort.turn) * (-1 if turn > 0 else 1)
            rig = turned(self.rig, head.position, angle)
            self.rig = replace(rig, yaw=(rig.yaw + pi) % (2 * pi) - pi)

    def _darken(self, moves: bool, seconds: float) -> None:
        target = self.comfort.vignette if moves else 0.0
        self.vignette = target + (self.vignette - target) * exp(-seconds / SMOOTHING_SECONDS)
        if self.vignette < 0.01:
            self.vignette = 0.0
