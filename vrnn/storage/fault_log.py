"""The log of faults: what went wrong in vrnn itself, with all that helps to find out why.

A fault in a command, a panel or a frame does not end the program. The user reads one sentence; the
traceback, the state and the last commands are written to a file.
"""

from __future__ import annotations

import sys
import traceback
from collections import deque
from datetime import datetime
from pathlib import Path

from vrnn.storage.paths import state_dir
from vrnn.version import __version__

RECENT_COMMANDS = 20
"""Commands that are remembered for the log."""
MAX_LOG_BYTES = 4 << 20
"""A longer log is moved aside before it grows further."""
MAX_COMMAND_LENGTH = 2000
"""Letters of one command in the log."""


class FaultLog:
    """Writes faults to a file, each kind once.

    Attributes:
        raises: Whether faults are raised instead: `--debug` ends with the traceback.
        commands: The last commands.
    """

    def __init__(self) -> None:
        """Start without faults; the file is written with the first one."""
        self.raises = False
        self.commands: deque[str] = deque(maxlen=RECENT_COMMANDS)
        self._told: dict[tuple[object, ...], str] = {}

    @property
    def faults(self) -> tuple[str, ...]:
        """The sentences of all faults of this process."""
        return tuple(self._told.values())

    @property
    def file(self) -> Path:
        """The log."""
        return state_dir() / "faults.log"

    def add_command(self, command: object) -> None:
        """Remember a command that is about to be done."""
        self.commands.append(repr(command)[:MAX_COMMAND_LENGTH])

    def record(
        self, action: str, error: Exception, state: object = None, each_action: bool = True
    ) -> str:
        """Write a fault to the log, unless the same one stands there already.

        Args:
            action: What failed, at the beginning of a sentence.
            error: The exception, just caught.
            state: What the user has made of the world; None where that is unknown.
            each_action: Whether the same error in another action is another fault.

        Returns:
            A sentence for the user.

        Raises:
            Exception: The error itself, if faults are to be raised.
        """
        if self.raises:
            raise error
        frames = traceback.extract_tb(error.__traceback__)
        where = (frames[-1].filename, frames[-1].lineno) if frames else ()
        key = (action if each_action else "", type(error), where)
        if key not in self._told:
            place = self._write(self._entry(action, error, state))
            self._told[key] = f"{action} failed: {type(error).__name__}; details in {place}"
        return self._told[key]

    def _entry(self, action: str, error: Exception, state: object) -> str:
        commands = "\n".join(f"  {command}" for command in self.commands) or "  none"
        return (
            f"{datetime.now():%Y-%m-%d %H:%M:%S} vrnn {__version__}: {action} failed\n"
            f"{''.join(traceback.format_exception(error))}"
            f"state: {state!r}\nlast commands, the latest last:\n{commands}\n\n"
        )

    def _write(self, entry: str) -> str:
        """Append to the file; returns where the entry stands."""
        file = self.file
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            if file.exists() and file.stat().st_size > MAX_LOG_BYTES:
                file.replace(file.with_suffix(".old.log"))
            with file.open("a", encoding="utf-8", errors="replace") as log:
                log.write(entry)
        except OSError:
            if sys.stderr is not None:
                print(entry, file=sys.stderr)
            return "the terminal"
        return str(file)


fault_log = FaultLog()
"""The log of this process."""
