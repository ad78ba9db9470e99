"""The gate between a model's pass and the frames of a headset: the frame comes first.

Who draws closes it while a frame is made, and opens it when the frame is there; a pass waits at it
between two layers. Whatever becomes of the frame, nobody waits longer than `MAX_CLOSED_SECONDS`.
"""

from __future__ import annotations

import threading
from time import monotonic

MAX_CLOSED_SECONDS = 0.01
"""How long the gate stays closed at most: about one frame of 90 Hz. So a pass goes on by a piece a
frame where frames take all the time there is, and does not stop where a headset is lost."""


class FrameGate:
    """Is open, or closed for a moment. All methods may be called from any thread.

    Attributes:
        is_active: Whether a headset's session runs: passes are cut into pieces then.
    """

    def __init__(self, max_closed: float = MAX_CLOSED_SECONDS) -> None:
        """Begin open, without a session.

        Args:
            max_closed: Seconds that it stays closed at most.
        """
        self._max_closed = max_closed
        self._changed = threading.Condition()
        self._closed_until = 0.0
        self._openings = 0
        self._waiting = 0
        self.is_active = False

    def begin_session(self) -> None:
        """Be told that a headset's session runs from now on."""
        self.is_active = True

    def end_session(self) -> None:
        """Be told that there is none any more: the gate opens."""
        self.is_active = False
        self.open()

    def close(self) -> None:
        """Let passes wait from now on, until `open` or for `MAX_CLOSED_SECONDS`.

        Without a session it stays open.
        """
        if self.is_active:
            with self._changed:
                self._closed_until = monotonic() + self._max_closed

    def open(self) -> None:
        """Let passes go on."""
        with self._changed:
            self._closed_until = 0.0
            self._openings += 1
            self._changed.notify_all()

    @property
    def is_awaited(self) -> bool:
        """Whether a pass waits now."""
        return self._waiting > 0

    def wait(self) -> None:
        """Wait while it is closed; until it has been opened once, or for as long as it may be."""
        if not self._closed_until:  # what nearly always holds takes no lock
            return
        with self._changed:
            seen, until = self._openings, self._closed_until
            self._waiting += 1
            try:
                # Who is woken late may find the next frame begun: that the gate was open counts.
                self._changed.wait_for(
                    lambda: self._openings != seen or not self._closed_until, until - monotonic()
                )
            finally:
                self._waiting -= 1
