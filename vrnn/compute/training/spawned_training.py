"""Processes that a script starts with `torch.multiprocessing`: the first one is watched."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from vrnn.storage.log import log_to_stderr

Watch = Callable[[], AbstractContextManager[object]]
"""Watches what is trained meanwhile; it is pickled."""


class WatchedFunction:
    """What the started processes run: the script's own function, in the first one watched."""

    def __init__(self, function: Callable[..., object], watch: Watch) -> None:
        """Keep what the process needs; it is pickled with its function, as torch does with that.

        Args:
            function: Of the script.
            watch: Watches it.
        """
        self._function, self._watch = function, watch

    def __call__(self, index: int, *arguments: object) -> object:
        """Run it.

        Args:
            index: Of the process, from 0.
            *arguments: The function's own.
        """
        if index:
            return self._function(index, *arguments)
        log_to_stderr()  # as the process that has started this one
        with self._watch():
            return self._function(index, *arguments)


@contextmanager
def watched_processes(watch: Watch) -> Iterator[list[object]]:
    """Let processes that `torch.multiprocessing.spawn` and `start_processes` start be watched.

    Args:
        watch: Watches the first process.

    Yields:
        Grows by what was started.
    """
    import torch.multiprocessing

    module = sys.modules["torch.multiprocessing.spawn"]
    original: Callable[..., object] = vars(module)["start_processes"]
    started: list[object] = []

    def start(fn: Callable[..., object], *arguments: object, **named: object) -> object:
        function = WatchedFunction(fn, watch)
        started.append(function)
        return original(function, *arguments, **named)

    places = module, torch.multiprocessing
    for place in places:
        place.start_processes = start  # type: ignore[attr-defined,assignment]
    try:
        yield started
    finally:
        for place in places:
            place.start_processes = original  # type: ignore[attr-defined,assignment]
