"""Ctrl-C for processes that tests start."""

import signal
from collections.abc import Callable
from typing import Any


def restore_interrupt(handler: Callable[..., Any] | int = signal.SIG_DFL) -> None:
    """Restore Ctrl-C in a new process, before its program runs.

    A shell without job control starts background processes with Ctrl-C ignored.

    Args:
        handler: Python's own in a fork, where the interpreter runs already.
    """
    signal.signal(signal.SIGINT, handler)
