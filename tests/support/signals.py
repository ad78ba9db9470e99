"""Ctrl-C for processes that tests start."""

import signal


def restore_interrupt() -> None:
    """Restore Ctrl-C in a new process, before its program runs.

    A shell without job control starts background processes with Ctrl-C ignored.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
