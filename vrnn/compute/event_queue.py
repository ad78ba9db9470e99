"""What the worker tells, until somebody takes it; a pass can wait until its maps have been read."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable

from vrnn.compute.worker_events import Event, MapsReady

CHECK_SECONDS = 0.2
"""How often a pass that waits looks whether it is to stop."""


class EventQueue:
    """Events from one thread to another, which holds no more maps than it is to.

    Maps count from when they are put in until what came after them is asked for: then whoever took
    them is through with them.
    """

    def __init__(self, unread_bytes: int = 0) -> None:
        """Begin without events.

        Args:
            unread_bytes: Bytes of maps that may be on their way at once; 0 for any number.
        """
        self._limit = unread_bytes
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._bytes = 0
        self._taken = 0

    @property
    def unread_bytes(self) -> int:
        """Bytes of the maps that are on their way."""
        return self._bytes

    def put(self, event: Event) -> None:
        """Tell something."""
        if self._limit:
            with self._changed:
                self._bytes += _map_bytes(event)
        self._events.put(event)

    def take(self) -> list[Event]:
        """Return what has been told since the last call."""
        self._release()
        return self._take_all([])

    def wait(self, seconds: float) -> list[Event]:
        """Return the same, after at least one thing has been told or so many seconds."""
        self._release()
        with contextlib.suppress(queue.Empty):
            return self._take_all([self._events.get(timeout=seconds)])
        return []

    def _take_all(self, events: list[Event]) -> list[Event]:
        with contextlib.suppress(queue.Empty):
            while True:
                events.append(self._events.get_nowait())
        if self._limit:
            self._taken = sum(map(_map_bytes, events))
        return events

    def _release(self) -> None:
        """Let go on who waits: what was taken has been read."""
        if self._taken:
            with self._changed:
                self._bytes -= self._taken
                self._taken = 0
                self._changed.notify_all()

    def has_room(self, size: int) -> bool:
        """Return whether maps of so many bytes have room beside those that are on their way."""
        return not self._limit or self._bytes + size <= self._limit

    def wait_for_room(self, size: int, check_stop: Callable[[], None]) -> None:
        """Wait until maps of so many bytes have room, or no others are on their way.

        Args:
            size: Their bytes.
            check_stop: Called now and then; what it raises ends the wait.
        """
        while True:
            with self._changed:
                if self._changed.wait_for(
                    lambda: not self._bytes or self.has_room(size), CHECK_SECONDS
                ):
                    return
            check_stop()


def _map_bytes(event: Event) -> int:
    if not isinstance(event, MapsReady):
        return 0
    return sum(maps.nbytes for maps in event.maps.values())
