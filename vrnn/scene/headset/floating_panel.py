"""The floating panel: where it hangs, over a wrist or wherever it was put."""

from __future__ import annotations

from math import exp

import numpy as np

from vrnn.scene.headset.billboard import READABLE_HEIGHT, Billboard, billboard_facing
from vrnn.scene.headset.rig_math import UP
from vrnn.scene.headset.tracking import Pose
from vrnn.scene.linalg import transformed

PANEL_TEXTURE = "floating panel"
"""The name under which its image is registered with the renderer."""
MIN_DISTANCE, MAX_DISTANCE = 0.35, 6.0
"""Meters of the stage from the eye."""
MIN_SIZE_FACTOR, MAX_SIZE_FACTOR = 1.0, 3.0
"""Times the size at which its text can just be read."""
MIN_HAND_DISTANCE = 0.02
"""Meters of the stage between two hands that resize it."""
WRIST_GAP = 0.07
"""Meters of the stage from the wrist to its lower edge."""
PUSH_RATE = 1.6
"""How fast a stick that is pushed fully moves what a hand holds: its distance grows by the factor e
in 1 / `PUSH_RATE` seconds."""


class FloatingPanel:
    """Places the floating panel, as large as its distance from the eye asks for.

    Attributes:
        pixels: Width and height of its image.
        cap_height: Height of a capital letter on it, pixels.
        visible: Whether it is shown.
        pinned: Whether it stays where it was put, and not over a wrist.
        billboard: Where it is; None before it was placed.
    """

    def __init__(self, pixels: tuple[int, int], cap_height: float) -> None:
        self.pixels, self.cap_height = pixels, cap_height
        self.visible = self.pinned = False
        self.billboard: Billboard | None = None
        self._size_factor = 1.0
        self._holders: dict[int, np.ndarray] = {}
        self._hand_distance = 0.0

    @property
    def holders(self) -> frozenset[int]:
        """The hands that hold it."""
        return frozenset(self._holders)

    def toggle(self) -> None:
        """Shows it over the wrist, or hides it."""
        self.visible = not self.visible
        self.pinned = False
        self._holders.clear()
        self.billboard = None

    def grab(self, hand: int, aim: Pose) -> None:
        """Lets a hand take it, off the wrist.

        Args:
            hand: 0 for the left hand, 1 for the right.
            aim: Of the hand, in the stage.
        """
        if self.billboard is None:
            return
        self.pinned = True
        inverse = np.linalg.inv(aim.matrix())
        self._holders[hand] = transformed(inverse, self.billboard.center)
        self._hand_distance = 0.0

    def let_go(self, hand: int) -> None:
        """Lets a hand open: the panel stays where it is."""
        self._holders.pop(hand, None)
        self._hand_distance = 0.0

    def update(
        self, head: Pose, wrist: Pose | None, aims: tuple[Pose | None, Pose | None],
        push: float, seconds: float,
    ) -> None:  # fmt: skip
        """Moves it with the wrist or the hands that hold it; two hands also resize it.

        Args:
            head: In the stage.
            wrist: What it hangs over, in the stage; None while that is not tracked.
            aims: Of the left and the right hand, in the stage; None while not tracked.
            push: -1…1, positive away from the hand that holds it.
            seconds: Since the last frame.
        """
        if not self.visible:
            return
        if not self.pinned:
            if wrist is not None:
                distance = max(float(np.linalg.norm(wrist.position - head.position)), MIN_DISTANCE)
                height = self._pixel_size(distance) * self.pixels[1]
                self._place(head, wrist.position + UP * (WRIST_GAP + height / 2))
            return
        held = [(hand, aims[hand]) for hand in self._holders]
        if len(held) == 2 and held[0][1] is not None and held[1][1] is not None:
            self._resize(held[0][1].position, held[1][1].position)
        for hand, aim in held[:1]:
            if aim is not None:
                self._holders[hand] = self._holders[hand] * exp(push * PUSH_RATE * seconds)
                self._place(head, transformed(aim.matrix(), self._holders[hand]))

    def _resize(self, one: np.ndarray, other: np.ndarray) -> None:
        """Lets it grow as two hands (3,) have moved apart since the last frame."""
        distance = max(float(np.linalg.norm(one - other)), MIN_HAND_DISTANCE)
        if self._hand_distance:
            factor = self._size_factor * distance / self._hand_distance
            self._size_factor = min(MAX_SIZE_FACTOR, max(MIN_SIZE_FACTOR, factor))
        self._hand_distance = distance

    def _place(self, head: Pose, center: np.ndarray) -> None:
        offset = center - head.position
        length = float(np.linalg.norm(offset))
        if length < 1e-3:
            return
        distance = min(MAX_DISTANCE, max(MIN_DISTANCE, length))
        center = head.position + offset * (distance / length)
        pixel = self._pixel_size(distance) * self._size_factor
        width, height = self.pixels[0] * pixel, self.pixels[1] * pixel
        self.billboard = billboard_facing(center, head.position, width, height)

    def _pixel_size(self, distance: float) -> float:
        """Returns meters of a pixel with which a capital can be read at a distance in meters."""
        return READABLE_HEIGHT * distance / self.cap_height
