"""Ctrl-C that waits while C code calls back into Python and does not expect it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _Held:
    """How many calls hold Ctrl-C back, and whether it came meanwhile."""

    depth = 0
    waiting = False


def raise_interrupt(*arguments: Any) -> None:
    """Handle SIGINT: raise KeyboardInterrupt, at once or when `hold_interrupt` ends."""
    if _Held.depth:
        _Held.waiting = True
        return
    raise KeyboardInterrupt


@contextmanager
def hold_interrupt() -> Iterator[None]:
    """Let Ctrl-C wait until the end of the `with`, where `raise_interrupt` handles it.

    moderngl makes the parts of a shader program by calling Python from C, and ends the process with
    a segmentation fault where that call raises. Does nothing outside of the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _Held.depth += 1
    try:
        yield
    finally:
        _Held.depth -= 1
        if _Held.waiting and not _Held.depth:
            _Held.waiting = False
            raise KeyboardInterrupt
