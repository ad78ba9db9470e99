"""The frame rate, as the window's title shows it."""

from __future__ import annotations

EVERY = 0.5
"""Seconds from one count to the next."""


class FrameRate:
    """Counts frames in the time in which frames were drawn. per_second: as last counted."""

    def __init__(self, now: float) -> None:
        self.per_second = 0.0
        self._frames, self._since = 0, now

    def update(self, frames: int, now: float) -> bool:
        """Count anew when it is time. True when it was.

        Args:
            frames: That were drawn since the program began.
            now: Seconds.
        """
        if now - self._since < EVERY:
            return False
        if frames - self._frames > 1:
            self.per_second = (frames - self._frames) / (now - self._since)
        self._frames, self._since = frames, now
        return True
