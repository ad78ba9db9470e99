"""The library of the code in compute/native/, where it could be compiled."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from pathlib import Path

LIBRARY = Path(__file__).with_name("native.bin")
"""A shared library under a name that is the same on every system."""
VERSION = 14
"""Of the library's functions, as it tells itself."""
MIN_THREAD_VALUES = 1 << 16
"""Values of a layer for each thread that fills its block, at least."""
WIDE_CPUS = ("AVX2", "AVX512")
"""What torch calls processors that have AVX2, FMA and F16C."""


@cache
def load_native_library() -> ctypes.CDLL | None:
    """Load the library; None where it was not compiled, or from another version of its source."""
    try:
        library = ctypes.CDLL(str(LIBRARY))
        version = library.vrnn_native_version()
    except (OSError, AttributeError):
        return None
    return library if version == VERSION else None


def is_wide_cpu() -> bool:
    """Whether the processor has AVX2, FMA and F16C."""
    import torch  # not before the worker does: a window is shown first

    return torch.backends.cpu.get_cpu_capability() in WIDE_CPUS


def thread_count(values: int, least: int = MIN_THREAD_VALUES) -> int:
    """Return how many of the threads that the model runs with work on so many values of it.

    Args:
        values: Their number.
        least: With fewer for each, threads cost more than they save.
    """
    import torch

    if find_run_threads() is None:
        return 1
    return max(1, min(torch.get_num_threads(), values // least))


@cache
def find_run_threads() -> ctypes.c_void_p | None:
    """Find how the threads that torch runs the model with are given work; None if they cannot be.

    Threads of their own would get in the way of these, which stay awake between two calls of torch.
    """
    import torch

    if (
        sys.platform == "win32"
        or "parallel backend: OpenMP" not in torch.__config__.parallel_info()
    ):
        return None
    try:
        return ctypes.cast(ctypes.CDLL(None).GOMP_parallel, ctypes.c_void_p)
    except AttributeError:
        return None
