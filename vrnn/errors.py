"""Errors: one kind is shown to a person as a sentence instead of a traceback."""

from __future__ import annotations

import threading


class VrnnError(Exception):
    """Bad input or a missing part of the machine.

    The message is one clear sentence: what was wrong, where, and what to do. The command line
    prints it and exits with code 2; the window shows it and goes on.
    """


class FatalError(VrnnError):
    """The program cannot go on, and ends with this sentence."""


class Fault(VrnnError):
    """A fault of vrnn itself that stands in the log already, as a sentence for the user."""


def is_ctrl_c(error: BaseException) -> bool:
    """Whether an error is the user's Ctrl-C, which Python raises in the main thread alone.

    Anything else that a model's script, a transform or a data set raises is an error of theirs,
    also `SystemExit`, `KeyboardInterrupt` in another thread, and what is no `Exception`.
    """
    in_main = threading.current_thread() is threading.main_thread()
    return isinstance(error, KeyboardInterrupt) and in_main


class WorkerError(Exception):
    """The worker's own traceback, as text: the cause that `--debug` shows."""
