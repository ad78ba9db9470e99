"""Fills a layer's block by compute/native/fill_block.c, where it could be compiled."""

from __future__ import annotations

import ctypes
from functools import cache

import torch

from vrnn.compute.passes.memory_order import is_side_by_side
from vrnn.compute.passes.native_library import (
    find_run_threads,
    is_wide_cpu,
    load_native_library,
    thread_count,
)
from vrnn.network.layer_maps import sample_step


class NativeFiller:
    """Fills blocks that lie in the processor's memory, see `torch_filler.fill_block`."""

    def __init__(self, library: ctypes.CDLL, is_wide: bool) -> None:
        """Prepare a library.

        Args:
            library: Compiled from compute/native/.
            is_wide: Whether to use AVX2 and F16C, which the processor must have.
        """
        self.is_wide = is_wide
        self._fill = library.vrnn_fill_block
        self._fill.argtypes = [
            *[ctypes.c_void_p] * 4, ctypes.c_int64, ctypes.c_void_p, *[ctypes.c_int64] * 4,
            ctypes.c_int, ctypes.c_float, *[ctypes.c_int] * 2, ctypes.c_uint, ctypes.c_void_p,
        ]  # fmt: skip
        self._fill.restype = ctypes.c_float
        self._scratch_size = library.vrnn_fill_block_scratch
        self._scratch_size.argtypes = [*[ctypes.c_int64] * 2, ctypes.c_int]
        self._scratch_size.restype = ctypes.c_int64
        self._run_threads = find_run_threads()

    def fill_block(
        self,
        block: torch.Tensor,
        flat: torch.Tensor,
        size: tuple[int, int],
        factor: float,
        left_out: int = 0,
        sample: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, float]:
        """Fill a block; arguments and results are those of `torch_filler.fill_block`.

        Maps may also be in the other order that `memory_order` knows.
        """
        channels = len(flat)
        step = sample_step(flat.numel())
        threads = thread_count(flat.numel())
        side_by_side = is_side_by_side(flat)
        scratch_size: int = self._scratch_size(*size, side_by_side)
        scratch, stats = flat.new_empty(threads * scratch_size), flat.new_empty(3, channels)
        # ctypes lets the interpreter go on meanwhile.
        peak: float = self._fill(
            flat.data_ptr(), block.data_ptr(), stats.data_ptr(),
            None if sample is None else sample.data_ptr(), step, scratch.data_ptr(), scratch_size,
            channels, *size, side_by_side, factor, left_out, self.is_wide, threads,
            self._run_threads,
        )  # fmt: skip
        return stats, peak


@cache
def load_native_filler() -> NativeFiller | None:
    """Load the native code; None where it was not compiled."""
    library = load_native_library()
    return None if library is None else NativeFiller(library, is_wide_cpu())
