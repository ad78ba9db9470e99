"""How fast a world goes on whose drawing takes long to make: in larger steps, so that what follows
the head stays smooth."""

from __future__ import annotations

COST_FACTOR = 4.0
"""Times what a drawing took to make, until the next one is made."""


class UpdateThrottle:
    """Time that has passed and is still to be given to the world."""

    def __init__(self) -> None:
        self._took = self._waiting = 0.0

    def record_cost(self, seconds: float) -> None:
        """Making a drawing anew took so long."""
        self._took = seconds

    def elapsed(self, seconds: float) -> float:
        """So much time has passed since the last call; returns by how much the world is to go on
        now, 0 for not yet."""
        self._waiting += seconds
        if self._waiting < COST_FACTOR * self._took:
            return 0.0
        going, self._waiting = self._waiting, 0.0
        return going
