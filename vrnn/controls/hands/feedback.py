"""Feedback to a person in a headset: short messages, and pulses that the controllers play."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vrnn.controls.hands.hand_state import HandPair
from vrnn.errors import VrnnError

Pulse = tuple[float, float]
"""Strength, 0…1, and seconds."""
TOUCH: Pulse = (0.25, 0.02)
PICK: Pulse = (0.5, 0.1)
DONE: Pulse = (0.8, 0.06)
REFUSED: Pulse = (0.4, 0.25)
NOMINAL_HAPTICS = 0.6
"""The setting, 0…1, at which a pulse is as strong as it is declared above."""
MESSAGE_SECONDS = 4.0


@dataclass(frozen=True)
class HapticPulse:
    """A vibration of one controller.

    Attributes:
        hand: 0 for the left hand, 1 for the right.
        strength: Amplitude, 0…1.
        seconds: Duration.
    """

    hand: int
    strength: float
    seconds: float


class Feedback:
    """Collects the pulses of a frame, and holds a message for a few seconds.

    Attributes:
        message: What is shown to the person; '' for nothing.
    """

    def __init__(self, hands: HandPair, haptics: float) -> None:
        """Starts without message and pulses.

        Args:
            hands: The state of both hands, for the time and the hand that points.
            haptics: Strength of all pulses, 0…1; 0 turns them off.
        """
        self.message = ""
        self._hands, self._haptics = hands, haptics
        self._shown = self._expires = 0.0
        self._pulses: list[HapticPulse] = []

    def play(self, hand: int, pulse: Pulse) -> None:
        """Adds a pulse for a hand, 0 left or 1 right."""
        amplitude, seconds = pulse
        strength = amplitude * self._haptics / NOMINAL_HAPTICS
        if self._haptics > 0:
            self._pulses.append(HapticPulse(hand, min(1.0, strength), seconds))

    def notify(self, text: str) -> None:
        """Shows a message for a few seconds."""
        self.message, self._shown = text, self._hands.seconds
        self._expires = self._shown + MESSAGE_SECONDS

    def clear(self) -> None:
        """Drops what is shown, as it is about a session that is over."""
        self.message = ""

    def attempt(self, action: Callable[..., object], *arguments: object) -> None:
        """Calls a function; the VrnnError that it may raise is shown and felt."""
        try:
            action(*arguments)
        except VrnnError as error:
            self.notify(str(error))
            self.play(self._hands.pointing, REFUSED)

    def take_pulses(self) -> list[HapticPulse]:
        """Ends a frame: an old message goes.

        Returns:
            All pulses since the last call.
        """
        # With another session, time may begin anew.
        if not self._shown <= self._hands.seconds <= self._expires:
            self.message = ""
        pulses, self._pulses = self._pulses, []
        return pulses
