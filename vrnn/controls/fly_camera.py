"""The fly camera of the window: walks, looks around, and flies to other cameras."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from math import exp, radians

import numpy as np

from vrnn.config.schema import Motion
from vrnn.scene.camera import Camera, interpolate_cameras

MIN_EYE_HEIGHT = 0.25
"""Meters of the eye above the floor, at least."""
MIN_SPEED, MAX_SPEED = 0.2, 200.0
"""Range of the walking speed, meters per second."""
SPEED_STEP = 1.125
"""Factor of the walking speed for each step of the wheel."""
MIN_VELOCITY = 1e-3
"""Meters per second; a slower camera stands still."""
FLIGHT_SECONDS = 2.4
"""Duration of a flight, as a multiple of `motion.seconds`."""
DIRECTIONS = {
    "forward": (0.0, 0.0, 1.0),
    "back": (0.0, 0.0, -1.0),
    "left": (-1.0, 0.0, 0.0),
    "right": (1.0, 0.0, 0.0),
    "up": (0.0, 1.0, 0.0),
    "down": (0.0, -1.0, 0.0),
}
"""Right, up and forward components of each direction."""
GLIDE_SECONDS = 0.07
"""Time constant of a glide, seconds."""
GLIDE_END = 1e-3
"""Meters from its end at which a glide has arrived."""
ACCELERATION_SECONDS = 0.09
"""Time constant of changes of velocity, seconds."""


class FlyCamera:
    """Where the eye is, and how it moves.

    Attributes:
        camera: The present camera.
        speed: Walking speed, meters per second.
    """

    def __init__(self, camera: Camera, motion: Motion) -> None:
        """Create a camera at rest.

        Args:
            camera: Where it begins.
            motion: Speeds, durations and mouse sensitivity.
        """
        self.camera = camera
        self.speed = motion.walk_speed
        self._motion = motion
        self._velocity = np.zeros(3)
        self._flight: tuple[Camera, Camera, float] | None = None
        self._glide: Camera | None = None

    @property
    def destination(self) -> Camera:
        """Where a glide ends; the present camera when there is none."""
        return self.camera if self._glide is None else self._glide

    @property
    def moving(self) -> bool:
        """Whether the next step moves the camera even with no key held."""
        gliding = self._flight is not None or self._glide is not None
        return gliding or bool(np.abs(self._velocity).max() > MIN_VELOCITY)

    def step(self, held: Collection[str], seconds: float) -> None:
        """Advance time.

        Args:
            held: Directions that are held, of DIRECTIONS, and `run`.
            seconds: How much time has passed.
        """
        target_velocity = np.zeros(3)
        for name in held:
            target_velocity += DIRECTIONS.get(name, (0.0, 0.0, 0.0))
        if target_velocity.any():
            self._flight = self._glide = None
            factor = self._motion.run_factor if "run" in held else 1.0
            target_velocity *= self.speed * factor / np.linalg.norm(target_velocity)
        if self._flight is not None:
            self._fly(seconds)
            return
        if self._glide is not None:
            self._advance_glide(seconds)
            return
        decay = exp(-seconds / ACCELERATION_SECONDS) if self._motion.enabled else 0.0
        self._velocity = target_velocity + (self._velocity - target_velocity) * decay
        if np.abs(self._velocity).max() <= MIN_VELOCITY:
            self._velocity[:] = 0
            return
        right, up, forward = (self._velocity * seconds).tolist()
        self.camera = self.camera.moved(right, up, forward)
        self.camera = replace(self.camera, y=max(MIN_EYE_HEIGHT, self.camera.y))

    def _fly(self, seconds: float) -> None:
        assert self._flight is not None
        start, end, t = self._flight
        t = min(1.0, t + seconds / max(self._motion.seconds * FLIGHT_SECONDS, 1e-3))
        self.camera = end if t >= 1 else interpolate_cameras(start, end, t)
        self._flight = None if t >= 1 else (start, end, t)

    def _advance_glide(self, seconds: float) -> None:
        assert self._glide is not None
        end, here = self._glide, self.camera.position
        there = end.position + (here - end.position) * exp(-seconds / GLIDE_SECONDS)
        if np.abs(there - end.position).max() < GLIDE_END:
            self.camera, self._glide = end, None
        else:
            x, y, z = there.tolist()
            self.camera = replace(end, x=x, y=y, z=z)

    def glide_to(self, camera: Camera) -> None:
        """Move to another camera of the same direction within a moment, as the wheel does."""
        self._flight, self._velocity[:] = None, 0
        if self._motion.enabled:
            self._glide = camera
        else:
            self.camera = camera

    def rotate(self, right: float, down: float) -> None:
        """Turn the camera.

        Args:
            right: Pixels that the mouse moved to the right.
            down: Pixels that it moved down.
        """
        self._flight = self._glide = None
        angle = radians(self._motion.mouse)
        self.camera = self.camera.turned(-right * angle, -down * angle)

    def fly_to(self, camera: Camera) -> None:
        """Fly to another camera; jump there when motion is disabled."""
        self._velocity[:], self._glide = 0, None
        if self._motion.enabled:
            self._flight = (self.camera, camera, 0.0)
        else:
            self.camera, self._flight = camera, None

    def jump(self, camera: Camera) -> None:
        """Move to another camera at once."""
        self.camera, self._flight, self._glide = camera, None, None
        self._velocity[:] = 0

    def change_speed(self, steps: float) -> None:
        """Change the walking speed by `SPEED_STEP` for each step of the wheel."""
        self.speed = float(np.clip(self.speed * SPEED_STEP**steps, MIN_SPEED, MAX_SPEED))
