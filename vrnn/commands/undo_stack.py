"""What was done to the world, step by step, so that it can be undone."""

from __future__ import annotations

from vrnn.scene.state import State

STEPS = 1000
"""More are forgotten, the oldest first. A step is a few hundred bytes."""

Bookmark = tuple[tuple[tuple[str, State], ...], int]
"""All steps of an undo stack, and which of them is the present one."""


class UndoStack:
    """States in the order in which they were, and where among them the world is now."""

    def __init__(self, state: State) -> None:
        self._steps: list[tuple[str, State]] = [("", state)]
        self._now = 0

    @property
    def state(self) -> State:
        """As the world is now."""
        return self._steps[self._now][1]

    @property
    def undo_label(self) -> str:
        """What `undo` would take back; '' for nothing."""
        return self._steps[self._now][0]

    @property
    def redo_label(self) -> str:
        """What `redo` would make again; '' for nothing."""
        return self._steps[self._now + 1][0] if self._now + 1 < len(self._steps) else ""

    def push(self, said: str, state: State) -> None:
        """A change was made. What had been undone cannot be made again any more."""
        del self._steps[self._now + 1 :]
        self._steps.append((said, state))
        del self._steps[: max(0, len(self._steps) - STEPS - 1)]
        self._now = len(self._steps) - 1

    def bookmark(self) -> Bookmark:
        """Everything that is known now, for `restore`."""
        return tuple(self._steps), self._now

    def restore(self, bookmark: Bookmark) -> None:
        """Make everything as it was at a bookmark."""
        self._steps, self._now = list(bookmark[0]), bookmark[1]

    @property
    def changes(self) -> int:
        """How many changes lie between the first known state and the present one."""
        return self._now

    def undo(self, times: int = 1) -> State:
        """The state that many changes ago, or the first that is known."""
        self._now = max(0, self._now - times)
        return self.state

    def redo(self, times: int = 1) -> State:
        """The other way."""
        self._now = min(len(self._steps) - 1, self._now + times)
        return self.state


def state_of(bookmark: Bookmark) -> State:
    """Return the state at a bookmark."""
    steps, now = bookmark
    return steps[now][1]
