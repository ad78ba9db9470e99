"""Ctrl-C for processes that tests start."""

import signal


def as_in_a_terminal() -> None:
    """Run in a new process before its program: what is started in the background by a shell without
    job control is started with Ctrl-C switched off."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
