"""Errors: one kind is shown to a person as a sentence instead of a traceback."""

from __future__ import annotations


class VrnnError(Exception):
    """Bad input or a missing part of the machine.

    The message is one clear sentence: what was wrong, where, and what to do. The command line
    prints it and exits with code 2; the window shows it and goes on.
    """


class FatalError(VrnnError):
    """The program cannot go on, and ends with this sentence."""


class Fault(VrnnError):
    """A fault of vrnn itself that stands in the log already, as a sentence for the user."""


class WorkerError(Exception):
    """The worker's own traceback, as text: the cause that `--debug` shows."""
