"""A call that takes seconds and cannot be divided, beside which passes go on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from typing import TypeVar

T = TypeVar("T")

WAIT_SECONDS = 0.05
"""How long it is waited for the call at a time."""


def blocking_call(call: Callable[[], T]) -> Generator[None, None, T]:
    """Run a call in a thread of its own. Yields while it runs.

    A generator that is closed before leaves the call to itself: it ends, and its result is dropped.

    Args:
        call: What takes long.

    Returns:
        What the call returned.

    Raises:
        BaseException: What the call raised.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:  # raised again in the thread that waits
            errors.append(error)

    thread = threading.Thread(target=run, name="vrnn-embedding", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(WAIT_SECONDS)
        yield
    if errors:
        raise errors[0]
    return results[0]
