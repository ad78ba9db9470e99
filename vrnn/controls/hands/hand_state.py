"""State of both hands in the current frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from vrnn.scene.headset.hand_picking import Buttons, HandHit, aim_ray
from vrnn.scene.headset.locomotion import DEAD_ZONE
from vrnn.scene.headset.tracking import HandInput, Pose, Rig, TrackingFrame
from vrnn.scene.picking import Ray

NO_HIT = HandHit()
AIM_DELAY = 0.3
"""Seconds that a trigger is held on empty space before a teleport is aimed with it."""


@dataclass
class HandState:
    """One hand in the current frame.

    Attributes:
        index: 0 for the left hand, 1 for the right.
        input: What the headset reports of the hand.
        buttons: Which buttons are held.
        previous_buttons: Which buttons were held in the previous frame.
        ray: What the hand points along, in the world; None while it is not tracked.
        hand_hit: What of the world the hand points at or touches.
        panel_hit: Where the ray meets the floating panel: meters along the ray, then the position
            on the panel, 0…1 to the right and down. None where it does not.
        lifted: Whether the press that is still held has picked something up.
        aiming: Since when the trigger is held on empty space, in seconds; None while
            it is not.
        poking: Whether the fingertip is in the floating panel; None while that is unknown.
    """

    index: int
    input: HandInput = field(default_factory=HandInput)
    buttons: Buttons = field(default_factory=Buttons)
    previous_buttons: Buttons = field(default_factory=Buttons)
    ray: Ray | None = None
    hand_hit: HandHit = NO_HIT
    panel_hit: tuple[float, float, float] | None = None
    lifted: bool = False
    aiming: float | None = None
    poking: bool | None = None

    @property
    def pressed(self) -> list[str]:
        """Names of the buttons that went down in this frame, in alphabetical order."""
        return sorted(self.buttons.pressed_since(self.previous_buttons))

    @property
    def released(self) -> list[str]:
        """Names of the buttons that came up in this frame, in alphabetical order."""
        return sorted(self.buttons.released_since(self.previous_buttons))


class HandPair:
    """Both hands and the head in the current frame, and which hand does what.

    Attributes:
        dominant: The hand that points and opens the menu, 0 left or 1 right.
        pointing: The hand that points now: the dominant one, unless the other was used last.
        carrier: The hand that carries an image.
        head: The last known pose of the head, in the stage; None before it was tracked at all.
        seconds: The time of the frame, by the clock of the headset's runtime.
        frames: How many frames there have been.
    """

    def __init__(self, left_handed: bool) -> None:
        self._states = (HandState(0), HandState(1))
        self.dominant = 0 if left_handed else 1
        self.pointing = self.carrier = self.dominant
        self.head: Pose | None = None
        self.seconds = 0.0
        self.frames = 0

    def __getitem__(self, hand: int) -> HandState:
        return self._states[hand]

    def __iter__(self) -> Iterator[HandState]:
        return iter(self._states)

    @property
    def secondary(self) -> int:
        """The hand that does not point: it walks, and carries the floating panel."""
        return 1 - self.dominant

    @property
    def rays(self) -> tuple[Ray | None, Ray | None]:
        """The rays of the left and the right hand."""
        return self[0].ray, self[1].ray

    def update(self, tracking: TrackingFrame, rig: Rig) -> None:
        """Takes the input of a frame.

        Args:
            tracking: What the headset reports; its hands count only while it is focused.
            rig: Where the stage is in the world.
        """
        self.head = tracking.head or self.head
        self.seconds = tracking.seconds
        self.frames += 1
        for hand, reported in zip(self, tracking.hands, strict=True):
            self._update_hand(hand, reported if tracking.focused else HandInput(), rig)

    def _update_hand(self, hand: HandState, reported: HandInput, rig: Rig) -> None:
        if reported.active and not hand.input.active and hand.index == self.dominant:
            self.pointing = self.dominant
        hand.input = reported
        hand.previous_buttons, hand.buttons = hand.buttons, hand.buttons.after(reported)
        aim = reported.aim if reported.active else None
        hand.ray = aim_ray(rig, aim) if aim is not None else None

    def update_rays(self, rig: Rig) -> None:
        """Lets the rays follow the stage after it has moved to `rig`."""
        for hand in self:
            aim = hand.input.aim
            hand.ray = aim_ray(rig, aim) if hand.ray is not None and aim else None

    def update_pointing(self) -> HandState:
        """Returns the hand that points; the other one takes over while it is inactive."""
        if not self[self.pointing].input.active and self[1 - self.pointing].input.active:
            self.pointing = 1 - self.pointing
        return self[self.pointing]

    def is_aiming(self, hand: HandState) -> bool:
        """Whether a hand aims a teleport with its trigger."""
        return hand.aiming is not None and self.seconds - hand.aiming > AIM_DELAY

    def stick_push(self, holders: frozenset[int]) -> float:
        """How the sticks of hands that hold something push it away.

        Args:
            holders: The hands that hold it.

        Returns:
            -1…1, positive away from the hand: the stick that is pushed farthest.
        """
        pushes = [self[hand].input.stick[1] for hand in holders]
        push = max(pushes, key=abs, default=0.0)
        return push if abs(push) > DEAD_ZONE else 0.0
