"""Frames of a headset come before the passes of models on the same GPU.

From when a frame is begun until the GPU has drawn it, passes wait (`FrameGate`); they have the time
in which the headset's runtime is waited for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vrnn.compute.passes.frame_gate import FrameGate
from vrnn.render.gpu_fence import GpuFence

MAX_FENCE_SECONDS = 0.004
"""How long the GPU is waited for before the next frame is: less than what is left of 90 Hz once
a frame and what comes after it are done."""


class FramePriority:
    """Closes the gate while a frame is made; in the thread of the context that draws."""

    def __init__(self, gate: FrameGate) -> None:
        """Begin a session.

        Args:
            gate: Passes wait at it.
        """
        self._gate = gate
        self._fence = GpuFence()
        self._has_begun = False
        gate.begin_session()

    @contextmanager
    def frame(self) -> Iterator[None]:
        """Surround waiting for a frame, drawing it, and submitting it."""
        self._look(MAX_FENCE_SECONDS)
        self._has_begun = False
        try:
            yield
        except BaseException:
            self._fence.release()
            self._gate.open()
            raise
        if self._has_begun and self._gate.is_awaited:
            self._fence.set()
        if not self._fence.is_set:
            self._gate.open()

    def begin(self) -> None:
        """Be told that the runtime has begun a frame, and it is drawn: passes wait from now on."""
        self._has_begun = True
        self._gate.close()

    def look(self) -> None:
        """Let passes go on if the GPU has drawn the last frame."""
        self._look(0.0)

    def _look(self, seconds: float) -> None:
        if self._fence.is_set and (not self._gate.is_awaited or self._fence.wait(seconds)):
            self._fence.release()
            self._gate.open()

    def close(self) -> None:
        """End the session: nothing waits any more."""
        self._gate.end_session()
        self._fence.release()
