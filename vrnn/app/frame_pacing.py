"""Frame pacing: a world that is slow to draw advances in larger steps.

So what follows the head stays smooth.
"""

from __future__ import annotations

COST_FACTOR = 4.0
"""Times what a draw list took to make, until the next one is made."""


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
