"""Results that the state asks for: found by jobs, kept, and given up when nothing shows them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from typing import Generic, TypeVar, cast

from vrnn.commands.undo_stack import Bookmark
from vrnn.compute.jobs import Job
from vrnn.scene.state import State
from vrnn.workspace.manager_parts import ManagerParts

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


class AskedResults(Generic[Key, Result]):
    """Results by key. When one cannot be found, the change that asked for it is undone.

    Attributes:
        found: What jobs have found.
    """

    def __init__(self, parts: ManagerParts) -> None:
        """Begin with nothing found.

        Args:
            parts: What it works with.
        """
        self._world, self._jobs = parts.world, parts.jobs
        self._notify, self._roll_back = parts.notify, parts.roll_back
        self.found: dict[Key, Result] = {}
        self._running: dict[Key, int] = {}
        self._failed: set[Key] = set()
        self._asked: tuple[Bookmark, State] | None = None

    @property
    def pending(self) -> bool:
        """Whether something is still to be found."""
        return bool(self._running)

    def remember(self, before: Bookmark, state: State) -> None:
        """Remember what was before a change, to go back to it when nothing can be found.

        Args:
            before: The history before it.
            state: The state that it gave.
        """
        self._asked = (before, state)

    def keep_change(self) -> None:
        """Forget what was before the change: what it asked for is found."""
        self._asked = None

    def forget(self) -> None:
        """Forget everything: it may belong to another network."""
        self.found.clear()
        self._failed.clear()
        self._running.clear()

    def follow(
        self, wanted: Collection[Key], job: Callable[[Key], Job],
        on_found: Callable[[Key, Result], None],
    ) -> None:  # fmt: skip
        """Find what is wanted, and end the jobs of what is not.

        What could not be found is tried again only after nothing was wanted.

        Args:
            wanted: The keys of what the state shows.
            job: Makes the job that finds a result.
            on_found: Called with a result when it is in `found`.
        """
        for key in self._running.keys() - set(wanted):
            self._jobs.cancel(self._running.pop(key))
        if not wanted:
            self._failed.clear()
        for key in wanted:
            if not {key} & (self.found.keys() | self._running.keys() | self._failed):
                self._start(key, job(key), on_found)

    def _start(self, key: Key, job: Job, on_found: Callable[[Key, Result], None]) -> None:
        number = 0

        def take(result: object) -> None:
            self.found[key] = cast(Result, result)
            on_found(key, self.found[key])

        def end() -> None:
            if self._running.get(key) == number:  # else the same was asked for again meanwhile
                del self._running[key]

        def fail(reason: str) -> None:
            self._failed.add(key)
            self._notify(reason)
            asked, self._asked = self._asked, None
            if asked is not None and asked[1] is self._world.state:
                self._roll_back(asked[0])

        number = self._running[key] = self._jobs.start(job, take, on_end=end, on_failed=fail)
