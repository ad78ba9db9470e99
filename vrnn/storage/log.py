"""Notes to the person at the terminal: what is logged as `vrnn` goes to stderr."""

from __future__ import annotations

import logging
import sys
import sysconfig
import warnings
from pathlib import Path
from typing import Any, TextIO

from vrnn.storage.terminal import one_line

logger = logging.getLogger("vrnn")


class _LineFormatter(logging.Formatter):
    """Writes a note as `vrnn: message`, on one line."""

    def format(self, record: logging.LogRecord) -> str:
        return one_line(f"vrnn: {record.getMessage()}")


class _StderrHandler(logging.StreamHandler[TextIO]):
    """Writes to what stderr is at the time."""

    def emit(self, record: logging.LogRecord) -> None:
        if sys.stderr is not None and not sys.stderr.closed:
            self.stream = sys.stderr
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Lose what cannot be written: there is nowhere else to say so."""


def log_to_stderr() -> None:
    """Print notes as `vrnn: message`."""
    if not any(isinstance(handler, _StderrHandler) for handler in logger.handlers):
        handler = _StderrHandler()
        handler.setFormatter(_LineFormatter())
        logger.addHandler(handler)


def hide_library_warnings() -> None:
    """Show no warnings of vrnn's own code and of installed packages; those of a script stay.

    They would stand beside the sentence that says what is wrong, and mean nothing to a user.
    """
    package = str(Path(__file__).resolve().parents[1])
    installed = [sysconfig.get_paths()[key] for key in ("stdlib", "purelib", "platlib")]
    hidden = (package, *installed)
    show = warnings.showwarning

    def show_those_of_scripts(
        message: Warning | str, category: type[Warning], filename: str, *where: Any, **more: Any
    ) -> None:
        is_library = filename.startswith((*hidden, "<frozen")) or "site-packages" in filename
        if not is_library:
            show(message, category, filename, *where, **more)

    warnings.showwarning = show_those_of_scripts
