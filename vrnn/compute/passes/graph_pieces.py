"""Work on a CUDA device as one graph, or cut into several that are run one after the other.

A graph runs to its end once it was asked for. Cut into pieces, the work lets others come between.
All pieces share one pool of memory, so they give the same and take no more (PyTorch, "CUDA Graphs",
"Sharing memory across captures": graphs of a pool are to be replayed in the order of capture).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar

import torch

from vrnn.compute.passes.cuda_calls import CudaCalls
from vrnn.compute.passes.pass_pace import PassPace

T = TypeVar("T")
BURST_SECONDS = 0.001
"""Of the device, for which pieces are asked for together; a piece that takes longer stays alone.
With what is asked for ahead (`pass_pace.MAX_QUEUED`) a frame waits for a fifth of 90 Hz at most."""


class GraphPieces:
    """Captures work, cut where the work says so, and runs it again."""

    def __init__(self, cuda: CudaCalls, stream: torch.cuda.Stream) -> None:
        """Begin without work.

        Args:
            cuda: Makes graphs.
            stream: What the work is captured and run in.
        """
        self._cuda, self._stream = cuda, stream
        self._graphs: list[torch.cuda.CUDAGraph] = []
        self._bursts: list[range] = []
        self._is_capturing = False

    def __len__(self) -> int:
        return len(self._graphs)

    def capture(self, work: Callable[[], T]) -> T:
        """Capture work, and return what it returns.

        Args:
            work: Asks the device for it, and may call `cut` in between.

        Raises:
            RuntimeError: A graph cannot hold it, or it cannot be cut there.
        """
        self._cuda.prepare_capture()
        with self._cuda.on(self._stream):
            self._begin()
            try:
                result = work()
            except BaseException:
                if self._is_capturing:
                    with contextlib.suppress(RuntimeError):  # what went wrong is told already
                        self._end()
                raise
            self._end()
        self._bursts = [range(len(self._graphs))]
        return result

    def cut(self) -> None:
        """End a piece and begin another, between two layers of the work; else do nothing."""
        if self._is_capturing:
            self._end()
            self._begin()

    def _begin(self) -> None:
        graph = self._cuda.graph()
        pool = self._graphs[0].pool() if self._graphs else None
        # Other threads go on with the device meanwhile, as the one that draws.
        graph.capture_begin(pool=pool, capture_error_mode="thread_local")
        self._graphs.append(graph)
        self._is_capturing = True

    def _end(self) -> None:
        self._is_capturing = False
        self._graphs[-1].capture_end()

    def measure(self) -> None:
        """Time each piece, and put those together that are short. The stream has no other work."""
        if len(self._graphs) == 1:
            return
        with self._cuda.on(self._stream):
            events = [self._cuda.event(timed=True) for _ in range(len(self._graphs) + 1)]
            for _ in range(2):  # the first time a graph is sent to the device
                events[0].record()
                for graph, event in zip(self._graphs, events[1:], strict=True):
                    graph.replay()
                    event.record()
                events[-1].synchronize()
        seconds = [a.elapsed_time(b) / 1000.0 for a, b in pairwise(events)]
        self._bursts = bursts(seconds, BURST_SECONDS)

    def run(self, pace: PassPace) -> None:
        """Run the work in its stream, which is the current one; nothing waits for its end.

        Args:
            pace: Lets it wait between pieces.
        """
        for burst in self._bursts:
            if len(self._bursts) > 1:
                pace.wait()
            for index in burst:
                self._graphs[index].replay()


def bursts(seconds: Sequence[float], most: float) -> list[range]:
    """Put pieces together that follow one another.

    Args:
        seconds: What each piece takes.
        most: What those together may take; one that takes longer stays alone.

    Returns:
        Indices of the pieces of each burst, in their order.
    """
    made: list[range] = []
    first, total = 0, 0.0
    for index, taken in enumerate(seconds):
        if index > first and total + taken > most:
            made.append(range(first, index))
            first, total = index, 0.0
        total += taken
    return [*made, range(first, len(seconds))]


def even_cuts(work: Sequence[float], pieces: int) -> frozenset[int]:
    """Choose where to cut into pieces of about equal work.

    Args:
        work: Of each layer, any unit.
        pieces: How many there are to be at most.

    Returns:
        The numbers of layers behind which to cut: 1 for behind the first.
    """
    total, done, cuts = sum(work), 0.0, set[int]()
    for number, one in enumerate(work[:-1], 1):
        before, done = done, done + one
        # A boundary between two pieces lies in this layer: it is cut behind it.
        if int(done * pieces / total) > int(before * pieces / total):
            cuts.add(number)
    return frozenset(cuts)
