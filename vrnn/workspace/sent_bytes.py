"""How many bytes a second go to the GPU."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

SECONDS = 2.0
"""Over which it is measured."""


class SentBytes:
    """Counts what was sent lately."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing sent.

        Args:
            clock: Gives seconds.
        """
        self._clock = clock
        self._sent: deque[tuple[float, int]] = deque()

    def add(self, count: int) -> None:
        """Take note of bytes that were sent now."""
        if count:
            self._sent.append((self._clock(), count))
        self._forget()

    @property
    def rate(self) -> float:
        """Bytes a second over the last `SECONDS`."""
        self._forget()
        return sum(count for _, count in self._sent) / SECONDS

    def _forget(self) -> None:
        oldest = self._clock() - SECONDS
        while self._sent and self._sent[0][0] < oldest:
            self._sent.popleft()
