"""Fills a layer's block by the kernel in native/fill_block.c, where it could be compiled."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

LIBRARY = "vrnn.compute.passes._fill_block"
"""Lies beside this file as an extension module would, and is loaded as a plain library."""
VERSION = 2
"""Of the library's functions, as it tells itself."""
WIDE_CPUS = ("AVX2", "AVX512")
"""What torch calls processors that have AVX2 and F16C."""
MIN_THREAD_VALUES = 1 << 16
"""With fewer values for each, threads cost more than they save."""

_SIGNATURE: tuple[Any, ...] = (
    *[ctypes.c_void_p] * 4, *[ctypes.c_int64] * 4, ctypes.c_float, *[ctypes.c_int] * 2,
    ctypes.c_uint, ctypes.c_void_p,
)  # fmt: skip


class NativeFiller:
    """Fills blocks that lie in the processor's memory, see `torch_filler.fill_block`."""

    def __init__(self, library: ctypes.CDLL, is_wide: bool) -> None:
        """Prepare a library.

        Args:
            library: Compiled from native/fill_block.c.
            is_wide: Whether to use AVX2 and F16C, which the processor must have.
        """
        self.is_wide = is_wide
        self._fill = library.vrnn_fill_block
        self._fill.argtypes, self._fill.restype = _SIGNATURE, None
        self._scratch_size = library.vrnn_fill_block_scratch
        self._scratch_size.argtypes = [ctypes.c_int64] * 2
        self._scratch_size.restype = ctypes.c_int64
        self._run_threads = _find_run_threads()

    def fill_block(
        self,
        block: torch.Tensor,
        flat: torch.Tensor,
        size: tuple[int, int],
        factor: float,
        left_out: int = 0,
    ) -> tuple[torch.Tensor, float]:
        """Fill a block; arguments and results are those of `torch_filler.fill_block`."""
        channels = len(flat)
        threads = 1
        if self._run_threads is not None:
            threads = max(1, min(torch.get_num_threads(), flat.numel() // MIN_THREAD_VALUES))
        scratch_size = self._scratch_size(*size)
        scratch = np.empty(threads * scratch_size, np.float32)
        stats = np.empty((3, channels), np.float32)
        # ctypes lets the interpreter go on meanwhile.
        self._fill(
            flat.data_ptr(), block.data_ptr(), stats.ctypes.data, scratch.ctypes.data, scratch_size,
            channels, *size, factor, left_out, self.is_wide, threads, self._run_threads,
        )  # fmt: skip
        return torch.from_numpy(stats), float(max(-stats[0].min(), stats[1].max()))


@cache
def load_native_filler() -> NativeFiller | None:
    """Load the kernel; None where it was not compiled, or from another version of its source."""
    spec = find_spec(LIBRARY)
    if spec is None or spec.origin is None:
        return None
    try:
        library = ctypes.CDLL(spec.origin)
        version = library.vrnn_fill_block_version()
    except (OSError, AttributeError):
        return None
    if version != VERSION:
        return None
    return NativeFiller(library, torch.backends.cpu.get_cpu_capability() in WIDE_CPUS)


def _find_run_threads() -> ctypes.c_void_p | None:
    """Find how the threads that torch runs the model with are given work; None if they cannot be.

    Threads of their own would get in the way of these, which stay awake between two calls of torch.
    """
    if (
        sys.platform == "win32"
        or "parallel backend: OpenMP" not in torch.__config__.parallel_info()
    ):
        return None
    try:
        return ctypes.cast(ctypes.CDLL(None).GOMP_parallel, ctypes.c_void_p)
    except AttributeError:
        return None
