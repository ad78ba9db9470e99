"""Processes that a model's own code starts: none of them may become a second vrnn."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import Any
from unittest.mock import patch


def _compute_alone() -> None:
    """Let torch compute in one thread: a copy has none of the others, and would wait for them."""
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_compute_alone)


@contextmanager
def own_process() -> Iterator[None]:
    """Run a model's own code; where it forks, the copy ends here instead of being vrnn too.

    A script that forks at import has its child run on behind the import: with the same window,
    files and worker as its parent.
    """
    process = os.getpid()
    try:
        yield
    finally:
        if os.getpid() != process:
            os._exit(0)


@contextmanager
def no_spawned_processes() -> Iterator[None]:
    """Run a script's import; a process that would import the script again is not started.

    Python starts such a process for the methods `spawn` and `forkserver`. It would start others in
    its turn, without end; Python itself refuses that only in the script that it was started with.

    Raises:
        RuntimeError: In the script, where it starts one.
    """
    original = BaseProcess.start
    thread = threading.get_ident()

    def start(self: Any) -> None:
        method = getattr(self, "_start_method", None) or multiprocessing.get_start_method()
        if method != "fork" and threading.get_ident() == thread:
            raise RuntimeError(
                'it starts processes when it is imported; put that under if __name__ == "__main__":'
            )
        original(self)

    with patch.object(BaseProcess, "start", start):
        yield
