"""Rectangles by the thousand: one record an instance, one draw call a list."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import moderngl
import numpy as np


@dataclass(eq=False)
class _Batch:
    """Records on the GPU. sent: the very array that lies there."""

    buffer: moderngl.Buffer
    array: moderngl.VertexArray
    sent: np.ndarray | None = None

    def release(self) -> None:
        self.array.release()
        self.buffer.release()


class Instances:
    """Draws records of one dtype with one program; each instance is a strip of four vertices.

    Records are never changed once they are made, so the same array is sent to the GPU only once.
    """

    def __init__(self, ctx: moderngl.Context, program: moderngl.Program, dtype: np.dtype) -> None:
        self._ctx, self._program, self._dtype = ctx, program, dtype
        self._batches: dict[Hashable, _Batch] = {}

    def draw(self, records: np.ndarray, key: Hashable = None) -> None:
        """records: (N,) of the dtype; key: each list with its own keeps its place on the GPU."""
        if not len(records):
            return
        batch = self._batches.get(key)
        if batch is None or batch.buffer.size < records.nbytes:
            if batch is not None:
                batch.release()
            batch = self._batches[key] = self._batch(records.nbytes)
        if batch.sent is not records:
            batch.buffer.orphan()  # the last draw may still read it
            batch.buffer.write(np.ascontiguousarray(records).view(np.uint8))
            batch.sent = records
        batch.array.render(moderngl.TRIANGLE_STRIP, vertices=4, instances=len(records))

    def _batch(self, size: int) -> _Batch:
        buffer = self._ctx.buffer(reserve=max(2 * size, 4096), dynamic=True)
        names = self._dtype.names or ()
        layout = " ".join(_format(self._dtype[name]) for name in names)
        array = self._ctx.vertex_array(self._program, [(buffer, f"{layout}/i", *names)])
        return _Batch(buffer, array)

    def release(self) -> None:
        """Give the buffers and the program back."""
        for batch in self._batches.values():
            batch.release()
        self._batches.clear()
        self._program.release()


def _format(field: np.dtype) -> str:
    base, shape = field.subdtype or (field, (1,))
    return f"{shape[0]}{base.kind}"
