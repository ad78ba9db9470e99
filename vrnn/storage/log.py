"""Notes to the person at the terminal: what is logged as `vrnn` goes to stderr."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

logger = logging.getLogger("vrnn")


class _StderrHandler(logging.StreamHandler[TextIO]):
    """Writes to what stderr is at the time."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def log_to_stderr() -> None:
    """Print notes as `vrnn: message`."""
    if not any(isinstance(handler, _StderrHandler) for handler in logger.handlers):
        handler = _StderrHandler()
        handler.setFormatter(logging.Formatter("vrnn: %(message)s"))
        logger.addHandler(handler)
