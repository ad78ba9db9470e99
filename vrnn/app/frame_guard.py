"""Keeps the program running when a part of a frame fails."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from vrnn.errors import FatalError, VrnnError
from vrnn.storage.fault_log import fault_log
from vrnn.workspace.workspace import Workspace
from vrnn.xr.runtime import HeadsetError

P = ParamSpec("P")
R = TypeVar("R")
MIN_REST, MAX_REST = 0.05, 1.0
"""Seconds for which a part that has failed is left out; twice as long after each further time."""


class FrameGuard:
    """Runs the parts of a frame: one that fails is told once, and left out for a moment.

    Each part is guarded for itself, so that one can still undo when nothing can be drawn.
    """

    def __init__(self, workspace: Workspace) -> None:
        """Create a guard.

        Args:
            workspace: Shows the faults.
        """
        self._workspace = workspace
        self._rests: dict[str, tuple[float, float]] = {}

    def run(
        self, part: str, default: R, function: Callable[P, R],
        *arguments: P.args, **named: P.kwargs,
    ) -> R:  # fmt: skip
        """Run a part of a frame.

        Args:
            part: What it does, as the beginning of a sentence.
            default: Returned when the part fails or is left out.
            function: Does it.
            arguments: Of the function.
            named: Of the function.

        Returns:
            What the function returns, or the default.

        Raises:
            HeadsetError: The headset is gone.
            FatalError: The program cannot go on.
        """
        if time.perf_counter() < self._rests.get(part, (0.0, 0.0))[1]:
            return default
        try:
            result = function(*arguments, **named)
        except (HeadsetError, FatalError):
            raise
        except Exception as error:
            self._tell(part, error)
            rest = min(max(2 * self._rests.get(part, (0.0, 0.0))[0], MIN_REST), MAX_REST)
            self._rests[part] = (rest, time.perf_counter() + rest)
            return default
        self._rests.pop(part, None)
        return result

    def _tell(self, part: str, error: Exception) -> None:
        """Tell the user of an error: a fault stands in the log, and is shown until dismissed."""
        if isinstance(error, VrnnError):
            sentence, tell = str(error), self._workspace.messages.append
        else:
            # Parts of a frame need each other: what fails in one of them fails in the next too.
            state = self._workspace.history.state
            sentence = fault_log.record(part, error, state, each_action=False)
            tell = self._workspace.show_fault
        if part not in self._rests:  # else it would come back as soon as it is dismissed
            tell(sentence)
