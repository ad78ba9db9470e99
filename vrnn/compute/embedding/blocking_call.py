"""A call that takes long and is not written in steps, beside which passes go on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

WAIT_SECONDS = 0.05
"""How long it is waited for the call at a time."""


class _Abandoned(Exception):
    """Nobody waits for the call any more."""


class _HandOver(Generic[T]):
    """Hands values from the thread of the call to the generator, and waits until it goes on."""

    def __init__(self) -> None:
        self.values: queue.SimpleQueue[T] = queue.SimpleQueue()
        self.resume = threading.Semaphore(0)
        self.is_abandoned = False

    def __call__(self, value: T) -> None:
        if self.is_abandoned:
            raise _Abandoned
        self.values.put(value)
        self.resume.acquire()
        if self.is_abandoned:
            raise _Abandoned


def blocking_call(call: Callable[[Callable[[T], None]], R]) -> Generator[T | None, None, R]:
    """Run a call in a thread of its own.

    A generator that is closed before leaves the call to itself: it ends when it next hands
    something over, or by itself, and its result is dropped.

    Args:
        call: What takes long. It gets a function that hands a value over, and returns when the
            generator is asked for the next one: so the call rests as long as the generator does.

    Yields:
        What the call hands over, and None every now and then while it runs.

    Returns:
        What the call returned.

    Raises:
        BaseException: What the call raised.
    """
    hand_over: _HandOver[T] = _HandOver()
    results: list[R] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call(hand_over))
        except _Abandoned:
            return
        except BaseException as error:  # raised again in the thread that waits
            errors.append(error)

    thread = threading.Thread(target=run, name="vrnn-embedding", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            try:
                value = hand_over.values.get(timeout=WAIT_SECONDS)
            except queue.Empty:
                yield None
            else:
                yield value
                hand_over.resume.release()
    finally:
        hand_over.is_abandoned = True
        hand_over.resume.release()
    if errors:
        raise errors[0]
    return results[0]
