"""What hands do at the board: point, press, scroll, poke it with a finger, hang it elsewhere."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from vrnn.controls.hands.feedback import TOUCH, Feedback
from vrnn.controls.hands.hand_state import HandPair, HandState
from vrnn.scene.headset.billboard import Billboard
from vrnn.scene.headset.floating_panel import BoardPlace
from vrnn.scene.headset.hand_gestures import INDEX
from vrnn.scene.headset.hand_picking import THROUGH, intersect_quad
from vrnn.scene.headset.locomotion import DEAD
from vrnn.scene.headset.tracking import Rig
from vrnn.scene.picking import Ray

POKED, LEFT = 0.004, 0.02
"""Meters of the stage before the board at which a finger presses it, and has let go of it."""
SCROLL = 14.0
"""Lines a second that a stick scrolls."""
SIZE, CAPITAL = (1024, 1280), 24.0
"""Pixels of a board without panels."""


class PanelSurface(Protocol):
    """The panels on the board."""

    @property
    def size(self) -> tuple[int, int]:
        """Of its picture, pixels."""

    @property
    def capital(self) -> float:
        """Height of a capital letter, pixels."""

    def point(self, at: tuple[float, float] | None) -> None:
        """A ray is at this pixel, or nowhere on it."""

    def press(self, down: bool) -> None:
        """The trigger went down or up."""

    def scroll(self, lines: float) -> None:
        """Go up by so many lines."""

    def find(self) -> None:
        """Open what finds a layer by its name."""


class PanelPointer:
    """The board, and which hand presses it."""

    def __init__(self, panels: PanelSurface | None, feedback: Feedback) -> None:
        """Starts hidden.

        Args:
            panels: What is on it; None: nothing.
            feedback: Plays the pulses that the hands feel.
        """
        self.panels, self._feedback = panels, feedback
        size, capital = (panels.size, panels.capital) if panels is not None else (SIZE, CAPITAL)
        self._place = BoardPlace(size, capital)
        self._pressing: int | None = None

    @property
    def leaf(self) -> Billboard | None:
        """Where it is, None while it is not shown."""
        return self._place.leaf if self._place.shown else None

    @property
    def shown(self) -> bool:
        """Whether it is seen."""
        return self._place.shown

    @property
    def pinned(self) -> bool:
        """Whether it hangs in the room, and not over a wrist."""
        return self._place.pinned

    @property
    def hands(self) -> frozenset[int]:
        """Which hands hold it."""
        return self._place.hands

    def toggle(self) -> None:
        """Show it over the wrist, or put it away."""
        self._place.toggle()

    def find(self) -> None:
        """Show it, and what finds a layer."""
        if not self.shown:
            self.toggle()
        if self.panels is not None:
            self.panels.find()

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
        aims, push = (hands[0].input.aim, hands[1].input.aim), hands.stick_push(self.hands)
        self._place.update(hands.head, wrist, aims, push, seconds)

    def update_hit(self, hand: HandState, ray: Ray | None, rig: Rig, pokes: bool) -> None:
        """Find where on it a hand's ray is, and whether its finger, or the tool's tip, is in it.

        ray: None for a hand that cannot point at it; pokes: whether a finger presses it.
        """
        leaf, before = self.leaf, hand.poking
        hand.on_board = hand.poking = None
        if ray is None or leaf is None:
            self.release(hand)
            return
        tip, joints = ray, hand.input.joints
        pointed = self._met(ray, leaf, rig)
        if joints is not None:
            tip = Ray(rig.apply(joints[INDEX, :3]), ray.direction)
        at_tip = self._met(tip, leaf, rig) if tip is not ray else pointed
        away = np.inf if at_tip is None else at_tip[0] / rig.scale
        found = at_tip if away < LEFT else pointed
        if found is not None:
            hand.on_board = (max(found[0], 0.0), *found[1:])
        hand.poking = away < (LEFT if before else POKED)
        if pokes and before is False and hand.poking:
            self.press(hand)
        elif before and not hand.poking:
            self.release(hand)

    @staticmethod
    def _met(ray: Ray, leaf: Billboard, rig: Rig) -> tuple[float, float, float] | None:
        back = THROUGH * rig.scale
        at = intersect_quad(Ray(ray.at(-back), ray.direction), *leaf.in_world(rig))
        return None if at is None else (at[0] - back, at[1], at[2])

    def press(self, hand: HandState) -> None:
        """A hand presses where it points, if no other does."""
        if self.panels is not None and self._pressing is None:
            self._pressing = hand.index
            self._point(hand)
            self.panels.press(True)
            self._feedback.play(hand.index, TOUCH)

    def release(self, hand: HandState) -> None:
        """A hand presses no longer."""
        if self.panels is not None and self._pressing == hand.index:
            self._pressing = None
            self.panels.press(False)

    def follow(self, hands: HandPair, seconds: float) -> None:
        """The hand that presses, or points, is where it is now; its stick scrolls."""
        on = [hand for hand in hands if hand.on_board is not None]
        wanted = self._pressing if self._pressing is not None else hands.pointing
        first = next((hand for hand in on if hand.index == wanted), on[0] if on else None)
        self._point(first)
        if first is not None and self.panels is not None and first.index not in self.hands:
            stick = first.input.stick[1]
            if abs(stick) > DEAD:
                self.panels.scroll(stick * seconds * SCROLL)

    def _point(self, hand: HandState | None) -> None:
        if self.panels is None:
            return
        if hand is not None and hand.on_board is not None:
            _, right, down = hand.on_board
            width, height = self.panels.size
            self.panels.point((right * width, down * height))
        elif self._pressing is None:
            self.panels.point(None)
