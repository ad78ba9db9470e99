"""The C library's allocator: what passes have freed goes back to the system while the worker rests.

glibc keeps an arena of memory for each thread. Of all but the first it never gives back what lies
at the end, tens of megabytes of freed activations.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache

_M_ARENA_MAX = -8


def share_one_arena() -> None:
    """Let threads that start from now on share one arena; for a process that is vrnn's own.

    Does nothing where the C library is not glibc.
    """
    library = _glibc()
    if library is not None:
        library.mallopt(_M_ARENA_MAX, 1)


def release_free_memory() -> None:
    """Give freed memory back to the system, as far as glibc is what holds it."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "malloc_trim") and hasattr(library, "mallopt") else None
