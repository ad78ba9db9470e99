"""Errors: one kind is shown to a person as a sentence instead of a traceback."""

from __future__ import annotations

import threading
from pathlib import Path


class VrnnError(Exception):
    """Bad input or a missing part of the machine.

    The message is one clear sentence: what was wrong, where, and what to do. The command line
    prints it and exits with code 2; the window shows it and goes on.
    """


class FatalError(VrnnError):
    """The program cannot go on, and ends with this sentence."""


class Fault(VrnnError):
    """A fault of vrnn itself that stands in the log already, as a sentence for the user."""


class UntrustedCodeError(VrnnError):
    """A file names code that the user has not run before, so nobody has agreed to run it.

    Attributes:
        file: The file that names it.
        names: The scripts and factories.
        digests: Of each, SHA-256 as `vrnn.storage.trusted_code` keeps it.
    """

    def __init__(self, file: Path, names: tuple[str, ...], digests: tuple[str, ...]) -> None:
        """Make the sentence.

        Args:
            file: The file that names the code.
            names: The scripts and factories.
            digests: Of each.
        """
        self.file, self.names, self.digests = file, names, digests
        what = " and ".join(f"'{name}'" for name in names)
        super().__init__(
            f"'{file}' would run the code of {what}, which you have not opened before as it is "
            "now; read it, then allow it with --trust"
        )


def error_text(error: BaseException) -> str:
    """Return the text of an error in one line; '' where a script's own error fails to make one."""
    if isinstance(error, OSError) and error.strerror:  # without the number
        return error.strerror + (f": '{error.filename}'" if error.filename is not None else "")
    try:
        return " ".join(str(error).split())
    except BaseException as failure:
        if is_ctrl_c(failure):
            raise
        return ""


def is_ctrl_c(error: BaseException) -> bool:
    """Whether an error is the user's Ctrl-C, which Python raises in the main thread alone.

    Anything else that a model's script, a transform or a data set raises is an error of theirs,
    also `SystemExit`, `KeyboardInterrupt` in another thread, and what is no `Exception`.
    """
    in_main = threading.current_thread() is threading.main_thread()
    return isinstance(error, KeyboardInterrupt) and in_main


class WorkerError(Exception):
    """The worker's own traceback, as text: the cause that `--debug` shows."""
