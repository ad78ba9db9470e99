"""The pointer on the floating panel: hands point at it, press, scroll, poke and move it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from vrnn.commands.context import Choice
from vrnn.controls.hands.feedback import TOUCH, Feedback
from vrnn.controls.hands.hand_state import HandPair, HandState
from vrnn.scene.headset.billboard import Billboard
from vrnn.scene.headset.floating_panel import FloatingPanel
from vrnn.scene.headset.hand_gestures import INDEX
from vrnn.scene.headset.hand_picking import MAX_PENETRATION, intersect_quad
from vrnn.scene.headset.locomotion import DEAD_ZONE
from vrnn.scene.headset.tracking import Rig
from vrnn.scene.picking import Ray

POKE_DISTANCE, RELEASE_DISTANCE = 0.004, 0.02
"""Meters of the stage before the panel at which a finger presses it, and has let go of it."""
SCROLL_RATE = 14.0
"""Lines per second that a stick scrolls."""
DEFAULT_SIZE, DEFAULT_CAP_HEIGHT = (1024, 1280), 24.0
"""Pixels of a floating panel with nothing on it."""


class PanelSurface(Protocol):
    """What is on the floating panel: `vrnn.ui.texture_host.TextureGui`."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its image, pixels."""

    @property
    def cap_height(self) -> float:
        """Height of a capital letter, pixels."""

    def point(self, at: tuple[float, float] | None) -> None:
        """Moves the pointer to a pixel, or off the panel."""

    def press(self, down: bool) -> None:
        """Presses or releases the pointer."""

    def scroll(self, lines: float) -> None:
        """Scrolls up by so many lines."""

    def open_palette(self) -> None:
        """Opens the command palette."""

    def offer(self, choices: Sequence[Choice], question: str = "") -> None:
        """Lists several things to choose from."""


class PanelPointer:
    """The floating panel, and the hand that presses it.

    Attributes:
        surface: What is on it; None for nothing.
    """

    def __init__(self, surface: PanelSurface | None, feedback: Feedback) -> None:
        """Starts hidden.

        Args:
            surface: What is on it; None: nothing.
            feedback: Plays the pulses that the hands feel.
        """
        self.surface, self._feedback = surface, feedback
        size, cap_height = DEFAULT_SIZE, DEFAULT_CAP_HEIGHT
        if surface is not None:
            size, cap_height = surface.size, surface.cap_height
        self._panel = FloatingPanel(size, cap_height)
        self._presser: int | None = None

    @property
    def billboard(self) -> Billboard | None:
        """Where it is, in the stage; None while it is hidden."""
        return self._panel.billboard if self._panel.visible else None

    @property
    def visible(self) -> bool:
        """Whether it is shown."""
        return self._panel.visible

    @property
    def pinned(self) -> bool:
        """Whether it hangs in the room, and not over a wrist."""
        return self._panel.pinned

    @property
    def holders(self) -> frozenset[int]:
        """The hands that hold it."""
        return self._panel.holders

    def toggle(self) -> None:
        """Shows it over the wrist, or hides it."""
        self._panel.toggle()

    def open_palette(self) -> None:
        """Shows it, with the command palette open."""
        if not self.visible:
            self.toggle()
        if self.surface is not None:
            self.surface.open_palette()

    def offer(self, choices: Sequence[Choice], question: str = "") -> bool:
        """Shows it, with several things to choose from; False when there is nothing on it."""
        if self.surface is None:
            return False
        if not self.visible:
            self.toggle()
        self.surface.offer(choices, question)
        return True

    def grab(self, hand: HandState) -> None:
        """Lets a hand take it."""
        if hand.input.aim is not None:
            self._panel.grab(hand.index, hand.input.aim)

    def let_go(self, hand: int) -> None:
        """Lets a hand open."""
        self._panel.let_go(hand)

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
        self._panel.update(hands.head, wrist, aims, push, seconds)

    def update_hit(self, hand: HandState, ray: Ray | None, rig: Rig, pokes: bool) -> None:
        """Finds where a hand's ray meets it, and whether the tip of finger or controller is in it.

        Args:
            hand: Gets the result, in `panel_hit` and `poking`.
            ray: Of the hand, in the world; None for a hand that cannot point at it.
            rig: Where the stage is in the world.
            pokes: Whether a tip that enters it presses it.
        """
        board, was_poking = self.billboard, hand.poking
        hand.panel_hit = hand.poking = None
        if ray is None or board is None:
            self.release(hand)
            return
        ray_hit = tip_hit = _intersect(ray, board, rig)
        joints = hand.input.joints
        if joints is not None:
            tip_hit = _intersect(Ray(rig.apply(joints[INDEX, :3]), ray.direction), board, rig)
        distance = np.inf if tip_hit is None else tip_hit[0] / rig.scale
        hit = tip_hit if distance < RELEASE_DISTANCE else ray_hit
        if hit is not None:
            hand.panel_hit = (max(hit[0], 0.0), *hit[1:])
        hand.poking = distance < (RELEASE_DISTANCE if was_poking else POKE_DISTANCE)
        if pokes and was_poking is False and hand.poking:
            self.press(hand)
        elif was_poking and not hand.poking:
            self.release(hand)

    def press(self, hand: HandState) -> None:
        """Lets a hand press where it points, if no other does."""
        if self.surface is not None and self._presser is None:
            self._presser = hand.index
            self._point(hand)
            self.surface.press(True)
            self._feedback.play(hand.index, TOUCH)

    def release(self, hand: HandState) -> None:
        """Ends the press of a hand, if it is the one that presses."""
        if self.surface is not None and self._presser == hand.index:
            self._presser = None
            self.surface.press(False)

    def follow(self, hands: HandPair, seconds: float) -> None:
        """Moves the pointer to where the hand that presses or points is; its stick scrolls.

        Args:
            hands: The state of both hands.
            seconds: Since the last frame.
        """
        candidates = [hand for hand in hands if hand.panel_hit is not None]
        preferred = self._presser if self._presser is not None else hands.pointing
        # The preferred hand first, else the left one.
        candidates.sort(key=lambda hand: hand.index != preferred)
        hand = candidates[0] if candidates else None
        self._point(hand)
        if hand is not None and self.surface is not None and hand.index not in self.holders:
            stick = hand.input.stick[1]
            if abs(stick) > DEAD_ZONE:
                self.surface.scroll(stick * seconds * SCROLL_RATE)

    def _point(self, hand: HandState | None) -> None:
        if self.surface is None:
            return
        if hand is not None and hand.panel_hit is not None:
            _, right, down = hand.panel_hit
            width, height = self.surface.size
            self.surface.point((right * width, down * height))
        elif self._presser is None:
            self.surface.point(None)


def _intersect(ray: Ray, board: Billboard, rig: Rig) -> tuple[float, float, float] | None:
    """Finds where a ray, or the hand at its origin that has gone through it, meets a billboard.

    Returns:
        See `intersect_quad`; the distance is negative where the hand has gone through.
    """
    back = MAX_PENETRATION * rig.scale
    at = intersect_quad(Ray(ray.at(-back), ray.direction), *board.edges_in_world(rig))
    return None if at is None else (at[0] - back, at[1], at[2])
