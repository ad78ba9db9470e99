"""What hands do at the board: point, press, scroll, poke it with a finger, hang it elsewhere."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from vrnn.controls.hands.feedback import TOUCH, Feedback
from vrnn.controls.hands.hand_state import HandPair, HandState
from vrnn.scene.headset.billboard import Billboard
from vrnn.scene.headset.floating_panel import FloatingPanel
from vrnn.scene.headset.hand_gestures import INDEX
from vrnn.scene.headset.hand_picking import MAX_PENETRATION, intersect_quad
from vrnn.scene.headset.locomotion import DEAD_ZONE
from vrnn.scene.headset.tracking import Rig
from vrnn.scene.picking import Ray

POKE_DEPTH, RELEASE_DEPTH = 0.004, 0.02
"""Meters of the stage before the board at which a finger presses it, and has let go of it."""
SCROLL_RATE = 14.0
"""Lines a second that a stick scrolls."""
DEFAULT_SIZE, DEFAULT_CAP_HEIGHT = (1024, 1280), 24.0
"""Pixels of a board without panels."""


class PanelSurface(Protocol):
    """The panels on the board."""

    @property
    def size(self) -> tuple[int, int]:
        """Of its picture, pixels."""

    @property
    def cap_height(self) -> float:
        """Height of a capital letter, pixels."""

    def point(self, at: tuple[float, float] | None) -> None:
        """A ray is at this pixel, or nowhere on it."""

    def press(self, down: bool) -> None:
        """The trigger went down or up."""

    def scroll(self, lines: float) -> None:
        """Go up by so many lines."""

    def open_palette(self) -> None:
        """Open what finds a layer by its name."""


class PanelPointer:
    """The board, and which hand presses it."""

    def __init__(self, surface: PanelSurface | None, feedback: Feedback) -> None:
        """Starts hidden.

        Args:
            surface: What is on it; None: nothing.
            feedback: Plays the pulses that the hands feel.
        """
        self.surface, self._feedback = surface, feedback
        size, capital = (
            (surface.size, surface.cap_height)
            if surface is not None
            else (DEFAULT_SIZE, DEFAULT_CAP_HEIGHT)
        )
        self._place = FloatingPanel(size, capital)
        self._pressing: int | None = None

    @property
    def billboard(self) -> Billboard | None:
        """Where it is, None while it is not shown."""
        return self._place.billboard if self._place.visible else None

    @property
    def visible(self) -> bool:
        """Whether it is seen."""
        return self._place.visible

    @property
    def pinned(self) -> bool:
        """Whether it hangs in the room, and not over a wrist."""
        return self._place.pinned

    @property
    def holders(self) -> frozenset[int]:
        """Which hands hold it."""
        return self._place.holders

    def toggle(self) -> None:
        """Show it over the wrist, or put it away."""
        self._place.toggle()

    def open_palette(self) -> None:
        """Show it, and what finds a layer."""
        if not self.visible:
            self.toggle()
        if self.surface is not None:
            self.surface.open_palette()

    def grab(self, hand: HandState) -> None:
        """A hand takes it."""
        if hand.input.aim is not None:
            self._place.grab(hand.index, hand.input.aim)

    def let_go(self, hand: int) -> None:
        """A hand opens."""
        self._place.let_go(hand)

    def update(self, hands: HandPair, seconds: float) -> None:
        """Moves it with the wrist that it hangs over, or with the hands that hold it.

        Args:
            hands: The state of both hands.
            seconds: Since the last frame.
        """
        if hands.head is None:
            return
        secondary = hands[hands.secondary].input
        wrist = (secondary.grip or secondary.aim) if secondary.active else None
        aims, push = (hands[0].input.aim, hands[1].input.aim), hands.stick_push(self.holders)
        self._place.update(hands.head, wrist, aims, push, seconds)

    def update_hit(self, hand: HandState, ray: Ray | None, rig: Rig, pokes: bool) -> None:
        """Find where on it a hand's ray is, and whether its finger, or the tool's tip, is in it.

        ray: None for a hand that cannot point at it; pokes: whether a finger presses it.
        """
        leaf, before = self.billboard, hand.poking
        hand.panel_hit = hand.poking = None
        if ray is None or leaf is None:
            self.release(hand)
            return
        tip, joints = ray, hand.input.joints
        pointed = self._met(ray, leaf, rig)
        if joints is not None:
            tip = Ray(rig.apply(joints[INDEX, :3]), ray.direction)
        at_tip = self._met(tip, leaf, rig) if tip is not ray else pointed
        away = np.inf if at_tip is None else at_tip[0] / rig.scale
        found = at_tip if away < RELEASE_DEPTH else pointed
        if found is not None:
            hand.panel_hit = (max(found[0], 0.0), *found[1:])
        hand.poking = away < (RELEASE_DEPTH if before else POKE_DEPTH)
        if pokes and before is False and hand.poking:
            self.press(hand)
        elif before and not hand.poking:
            self.release(hand)

    @staticmethod
    def _met(ray: Ray, leaf: Billboard, rig: Rig) -> tuple[float, float, float] | None:
        back = MAX_PENETRATION * rig.scale
        at = intersect_quad(Ray(ray.at(-back), ray.direction), *leaf.edges_in_world(rig))
        return None if at is None else (at[0] - back, at[1], at[2])

    def press(self, hand: HandState) -> None:
        """A hand presses where it points, if no other does."""
        if self.surface is not None and self._pressing is None:
            self._pressing = hand.index
            self._point(hand)
            self.surface.press(True)
            self._feedback.play(hand.index, TOUCH)

    def release(self, hand: HandState) -> None:
        """A hand presses no longer."""
        if self.surface is not None and self._pressing == hand.index:
            self._pressing = None
            self.surface.press(False)

    def follow(self, hands: HandPair, seconds: float) -> None:
        """The hand that presses, or points, is where it is now; its stick scrolls."""
        on = [hand for hand in hands if hand.panel_hit is not None]
        wanted = self._pressing if self._pressing is not None else hands.pointing
        first = next((hand for hand in on if hand.index == wanted), on[0] if on else None)
        self._point(first)
        if first is not None and self.surface is not None and first.index not in self.holders:
            stick = first.input.stick[1]
            if abs(stick) > DEAD_ZONE:
                self.surface.scroll(stick * seconds * SCROLL_RATE)

    def _point(self, hand: HandState | None) -> None:
        if self.surface is None:
            return
        if hand is not None and hand.panel_hit is not None:
            _, right, down = hand.panel_hit
            width, height = self.surface.size
            self.surface.point((right * width, down * height))
        elif self._pressing is None:
            self.surface.point(None)
