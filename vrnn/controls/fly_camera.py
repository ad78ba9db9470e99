"""How the flat camera moves: walking, flying to a place, looking around. No window, no OpenGL."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from math import exp, radians

import numpy as np

from vrnn.config.schema import Motion
from vrnn.scene.camera import Camera, interpolate_cameras

MIN_EYE_HEIGHT = 0.25
"""Meters: the eye stays above the floor."""
MIN_SPEED, MAX_SPEED = 0.2, 200.0
DIRECTIONS = {
    "forward": (0.0, 0.0, 1.0),
    "back": (0.0, 0.0, -1.0),
    "left": (-1.0, 0.0, 0.0),
    "right": (1.0, 0.0, 0.0),
    "up": (0.0, 1.0, 0.0),
    "down": (0.0, -1.0, 0.0),
}
"""Right, up and forward of each action."""
ACCELERATION_SECONDS = 0.09
"""Seconds in which most of a change of speed is done."""


class FlyCamera:
    """Where the eye is, and where it is going."""

    def __init__(self, camera: Camera, motion: Motion) -> None:
        self.camera = camera
        self.speed = motion.walk_speed
        self._motion = motion
        self._velocity = np.zeros(3)
        self._flight: tuple[Camera, Camera, float] | None = None

    @property
    def moving(self) -> bool:
        """Whether the next step changes anything with no key held."""
        return self._flight is not None or bool(np.abs(self._velocity).max() > 1e-3)

    def step(self, held: Collection[str], seconds: float) -> None:
        """Let time go on. held: of the DIRECTIONS, and `run`."""
        wanted = np.zeros(3)
        for name in held:
            wanted += DIRECTIONS.get(name, (0.0, 0.0, 0.0))
        if wanted.any():
            self._flight = None
            run = self._motion.run_factor if "run" in held else 1.0
            wanted *= self.speed * run / np.linalg.norm(wanted)
        if self._flight is not None:
            self._fly(seconds)
            return
        keep = exp(-seconds / ACCELERATION_SECONDS) if self._motion.enabled else 0.0
        self._velocity = wanted + (self._velocity - wanted) * keep
        if np.abs(self._velocity).max() <= 1e-3:
            self._velocity[:] = 0
            return
        right, up, forward = (self._velocity * seconds).tolist()
        self.camera = self.camera.moved(right, up, forward)
        self.camera = replace(self.camera, y=max(MIN_EYE_HEIGHT, self.camera.y))

    def _fly(self, seconds: float) -> None:
        assert self._flight is not None
        start, end, t = self._flight
        t = min(1.0, t + seconds / max(self._motion.seconds * 2.4, 1e-3))
        self.camera = interpolate_cameras(start, end, t)
        self._flight = None if t >= 1 else (start, end, t)

    def rotate(self, right: float, down: float) -> None:
        """Turn by mouse pixels."""
        self._flight = None
        angle = radians(self._motion.mouse)
        self.camera = self.camera.turned(-right * angle, -down * angle)

    def fly_to(self, camera: Camera) -> None:
        """Fly to another camera, or be there at once where motion is off."""
        self._velocity[:] = 0
        if self._motion.enabled:
            self._flight = (self.camera, camera, 0.0)
        else:
            self.camera, self._flight = camera, None

    def jump(self, camera: Camera) -> None:
        """Be there at once."""
        self.camera, self._flight = camera, None
        self._velocity[:] = 0

    def change_speed(self, steps: float) -> None:
        """Faster by an eighth for each step of the wheel."""
        self.speed = float(np.clip(self.speed * 1.125**steps, MIN_SPEED, MAX_SPEED))
