"""Where the board with the panels hangs: over a wrist, or wherever it was put."""

from __future__ import annotations

from math import exp

import numpy as np

from vrnn.scene.headset.billboard import READABLE_HEIGHT, Billboard, billboard_facing
from vrnn.scene.headset.rig_math import UP
from vrnn.scene.headset.tracking import Pose
from vrnn.scene.linalg import transformed

PANEL_TEXTURE = "board"
"""The name of its picture at the renderer."""
MIN_DISTANCE, MAX_DISTANCE = 0.35, 6.0
"""Meters of the stage from the eye."""
MIN_SIZE_FACTOR, MAX_SIZE_FACTOR = 1.0, 3.0
"""Times the size at which its text can just be read."""
PUSH_RATE = 1.6


class FloatingPanel:
    """The board's place in the room. It is as large as its distance from the eye asks for."""

    def __init__(self, pixels: tuple[int, int], cap_height: float) -> None:
        """pixels: width and height of its picture; capital: pixels of a capital letter."""
        self.pixels, self.cap_height = pixels, cap_height
        self.visible = self.pinned = False
        self.billboard: Billboard | None = None
        self._factor = 1.0
        self._holders: dict[int, np.ndarray] = {}
        self._apart = 0.0

    @property
    def holders(self) -> frozenset[int]:
        """Which hands hold it."""
        return frozenset(self._holders)

    def toggle(self) -> None:
        """Show it over the wrist, or put it away."""
        self.visible = not self.visible
        self.pinned = False
        self._holders.clear()
        self.billboard = None

    def grab(self, hand: int, aim: Pose) -> None:
        """A hand takes it, off the wrist."""
        if self.billboard is None:
            return
        self.pinned = True
        inverse = np.linalg.inv(aim.matrix())
        self._holders[hand] = transformed(inverse, self.billboard.center)
        self._apart = 0.0

    def let_go(self, hand: int) -> None:
        """A hand opens: it stays where it is."""
        self._holders.pop(hand, None)
        self._apart = 0.0

    def update(
        self, head: Pose, wrist: Pose | None, aims: tuple[Pose | None, Pose | None],
        push: float, seconds: float,
    ) -> Billboard | None:  # fmt: skip
        """Time goes on. wrist: what it hangs over; aims: of both hands; push: -1…1, away from the
        hand that holds it. Returns where it is, None while it is not seen."""
        if not self.visible:
            return None
        if not self.pinned:
            if wrist is not None:
                away = max(float(np.linalg.norm(wrist.position - head.position)), MIN_DISTANCE)
                tall = self._meter(away) * self.pixels[1]
                self._hang(head, wrist.position + UP * (0.07 + tall / 2))
            return self.billboard
        held = [(hand, aims[hand]) for hand in self._holders]
        if len(held) == 2 and held[0][1] is not None and held[1][1] is not None:
            apart = max(float(np.linalg.norm(held[0][1].position - held[1][1].position)), 0.02)
            if self._apart:
                grown = self._factor * apart / self._apart
                self._factor = min(MAX_SIZE_FACTOR, max(MIN_SIZE_FACTOR, grown))
            self._apart = apart
        for hand, aim in held[:1]:
            if aim is not None:
                self._holders[hand] = self._holders[hand] * exp(push * PUSH_RATE * seconds)
                self._hang(head, transformed(aim.matrix(), self._holders[hand]))
        return self.billboard

    def _hang(self, head: Pose, center: np.ndarray) -> None:
        away = center - head.position
        length = float(np.linalg.norm(away))
        if length < 1e-3:
            return
        distance = min(MAX_DISTANCE, max(MIN_DISTANCE, length))
        center = head.position + away * (distance / length)
        meter = self._meter(distance) * self._factor
        width, height = self.pixels[0] * meter, self.pixels[1] * meter
        self.billboard = billboard_facing(center, head.position, width, height)

    def _meter(self, distance: float) -> float:
        """Meters of a pixel, so that a capital can be read at a distance."""
        return READABLE_HEIGHT * distance / self.cap_height
