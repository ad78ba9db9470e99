"""Placing of a process's threads on cores."""

from __future__ import annotations

import os
from pathlib import Path


def separate_main_thread() -> None:
    """Keep this thread on the first core and all others on the last, as far as there are two."""
    cores = sorted(os.sched_getaffinity(0))
    for thread in Path("/proc/self/task").iterdir():
        is_main = int(thread.name) == os.getpid()
        os.sched_setaffinity(int(thread.name), {cores[0] if is_main else cores[-1]})
