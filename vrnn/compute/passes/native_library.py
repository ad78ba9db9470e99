"""The library of the code in compute/native/, where it could be compiled."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path

LIBRARY = Path(__file__).with_name("native.bin")
"""A shared library under a name that is the same on every system."""
VERSION = 8
"""Of the library's functions, as it tells itself."""
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
