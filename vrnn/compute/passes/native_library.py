"""The library of the code in native/, where it could be compiled."""

from __future__ import annotations

import ctypes
from functools import cache
from importlib.util import find_spec

import torch

LIBRARY = "vrnn.compute.passes._native"
"""Lies beside this file as an extension module would, and is loaded as a plain library."""
VERSION = 7
"""Of the library's functions, as it tells itself."""
WIDE_CPUS = ("AVX2", "AVX512")
"""What torch calls processors that have AVX2, FMA and F16C."""


@cache
def load_native_library() -> ctypes.CDLL | None:
    """Load the library; None where it was not compiled, or from another version of its source."""
    spec = find_spec(LIBRARY)
    if spec is None or spec.origin is None:
        return None
    try:
        library = ctypes.CDLL(spec.origin)
        version = library.vrnn_native_version()
    except (OSError, AttributeError):
        return None
    return library if version == VERSION else None


def is_wide_cpu() -> bool:
    """Whether the processor has AVX2, FMA and F16C."""
    return torch.backends.cpu.get_cpu_capability() in WIDE_CPUS
