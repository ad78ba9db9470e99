"""Frame pacing: a world that is slow to draw advances in larger steps.

So what follows the head stays smooth, and a model that the processor runs has time for live images
where the processor draws as well.
"""

from __future__ import annotations

COST_FACTOR = 4.0
"""Times what a draw list took to make, until the next one is made."""
LIVE_SHARE = 0.25
"""Part of the time in which the processor may draw what only new live images have changed."""


class UpdateThrottle:
    """Collects the time that has passed until the world is to advance by it."""

    def __init__(self) -> None:
        self._cost = self._waiting = 0.0

    def record_cost(self, seconds: float) -> None:
        """Notes how long it took to make the last draw list."""
        self._cost = seconds

    def elapsed(self, seconds: float) -> float:
        """Adds time.

        Args:
            seconds: Since the last call.

        Returns:
            By how many seconds the world is to advance now; 0 for not yet.
        """
        self._waiting += seconds
        if self._waiting < COST_FACTOR * self._cost:
            return 0.0
        step, self._waiting = self._waiting, 0.0
        return step


class LiveFramePacer:
    """Tells when a frame is due that only shows newer live images, where the processor draws."""

    def __init__(self) -> None:
        self._next = 0.0
        self._has_news = False

    def record_frame(self, began: float, ended: float) -> None:
        """Notes when the last frame began and ended, seconds; it has shown all that is new."""
        self._next = ended + (ended - began) * (1.0 / LIVE_SHARE - 1.0)
        self._has_news = False

    def is_due(self, now: float, has_news: bool) -> bool:
        """Whether to draw a frame.

        Args:
            now: Seconds, as in `record_frame`.
            has_news: Whether something new has arrived since the last call.
        """
        self._has_news |= has_news
        return self._has_news and now >= self._next
