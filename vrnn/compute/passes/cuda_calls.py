"""What passes ask of CUDA: streams, events and graphs, in one place that a test can replace."""

from __future__ import annotations

import gc
from contextlib import AbstractContextManager
from functools import cache

import torch


class CudaCalls:
    """Streams, events and graphs of CUDA."""

    def holds(self, tensor: torch.Tensor) -> bool:
        """Return whether a tensor is on such a device."""
        return tensor.is_cuda

    def pass_stream(self, device: torch.device) -> torch.cuda.Stream:
        """Create a stream for passes, of the lowest priority."""
        least, _ = _priorities(device)
        return torch.cuda.Stream(device, priority=least)

    def frame_stream(self, device: torch.device) -> torch.cuda.Stream:
        """Return the stream for what a frame waits for, of the highest priority."""
        return _frame_stream(device)

    def current_stream(self, device: torch.device) -> torch.cuda.Stream:
        """Return the stream that calls of this thread go to."""
        return torch.cuda.current_stream(device)

    def on(self, stream: torch.cuda.Stream) -> AbstractContextManager[object]:
        """Let calls of this thread go to a stream."""
        return torch.cuda.stream(stream)

    def event(self, timed: bool = False) -> torch.cuda.Event:
        """Create an event."""
        return torch.cuda.Event(enable_timing=timed)

    def graph(self) -> torch.cuda.CUDAGraph:
        """Create an empty graph."""
        return torch.cuda.CUDAGraph()

    def prepare_capture(self) -> None:
        """Do what is to be done before a capture, as `torch.cuda.graph` does."""
        torch.cuda.synchronize()
        gc.collect()
        torch.cuda.empty_cache()

    def is_capturing(self) -> bool:
        """Return whether calls of this thread go into a graph."""
        return torch.cuda.is_current_stream_capturing()

    def free_bytes(self, device: torch.device) -> int:
        """Return what is free of a device's memory."""
        return torch.cuda.mem_get_info(device)[0]

    def pinned(self, count: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        """Create (N,) values of any content where a device writes into the host by itself.

        Raises:
            RuntimeError: There is no more such memory.
        """
        return torch.empty(count, dtype=dtype, pin_memory=True)


@cache
def _frame_stream(device: torch.device) -> torch.cuda.Stream:
    _, greatest = _priorities(device)
    return torch.cuda.Stream(device, priority=greatest)


def _priorities(device: torch.device) -> tuple[int, int]:
    """The lowest and the highest priority of streams; the usual stream has the lowest, 0."""
    return torch.cuda.default_stream(device).priority_range()
