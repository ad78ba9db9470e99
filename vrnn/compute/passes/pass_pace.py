"""How a pass on a CUDA device leaves room for the frames of a headset.

A priority only says what begins first of what waits; nothing that has begun makes way. A frame that
comes behind a whole pass comes late. So a pass asks for little at a time, and for nothing while a
frame is made.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import torch

from vrnn.compute.passes.cuda_calls import CudaCalls
from vrnn.compute.passes.frame_gate import FrameGate

MAX_QUEUED = 2
"""Layers, or pieces of a captured pass, that a device has been asked for and has not done: one that
it does, and one that it goes on with."""


class PassPace:
    """Lets passes wait between layers, and between pieces, while a headset shows frames."""

    def __init__(self, gate: FrameGate, cuda: CudaCalls | None = None) -> None:
        """Begin with nothing asked for.

        Args:
            gate: Says when a frame is made.
            cuda: Makes events.
        """
        self._gate, self._cuda = gate, cuda or CudaCalls()
        self._asked: deque[torch.cuda.Event] = deque()

    @property
    def is_cut(self) -> bool:
        """Whether passes are to be cut into pieces now."""
        return self._gate.is_active

    def after_each(
        self, on_output: Callable[[int, torch.Tensor], None]
    ) -> Callable[[int, torch.Tensor], None]:
        """Return a function that takes the output of each layer, and waits behind it.

        Args:
            on_output: Takes it; what it raises ends the pass.
        """

        def take(node: int, tensor: torch.Tensor) -> None:
            on_output(node, tensor)
            if self._gate.is_active and self._cuda.holds(tensor) and not self._cuda.is_capturing():
                self.wait()

        return take

    def wait(self) -> None:
        """Wait until the device has room for more work, and no frame is made.

        Called where the work that was asked for last has its stream as the current one.
        """
        if not self._gate.is_active:
            self._asked.clear()
            return
        event = self._cuda.event()
        event.record()
        self._asked.append(event)
        while len(self._asked) >= MAX_QUEUED:
            self._asked.popleft().synchronize()
        self._gate.wait()
