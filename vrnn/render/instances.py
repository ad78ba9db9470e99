"""Rectangles by the thousand: one record an instance, one draw call a list."""

from __future__ import annotations

import moderngl
import numpy as np


class Instances:
    """Draws records of one dtype with one program; each instance is a strip of four vertices."""

    def __init__(self, ctx: moderngl.Context, program: moderngl.Program, dtype: np.dtype) -> None:
        self._ctx, self._program, self._dtype = ctx, program, dtype
        self._buffer: moderngl.Buffer | None = None
        self._array: moderngl.VertexArray | None = None

    def draw(self, records: np.ndarray) -> None:
        """records: (N,) of the dtype."""
        if not len(records):
            return
        if self._buffer is None or self._buffer.size < records.nbytes:
            self._grow(records.nbytes)
        assert self._buffer is not None
        assert self._array is not None
        self._buffer.orphan()  # the last draw may still read it
        self._buffer.write(np.ascontiguousarray(records).tobytes())
        self._array.render(moderngl.TRIANGLE_STRIP, vertices=4, instances=len(records))

    def _grow(self, size: int) -> None:
        self._release_buffer()
        self._buffer = self._ctx.buffer(reserve=max(2 * size, 4096), dynamic=True)
        layout = " ".join(_format(self._dtype[name]) for name in self._dtype.names or ())
        self._array = self._ctx.vertex_array(
            self._program, [(self._buffer, f"{layout}/i", *(self._dtype.names or ()))]
        )

    def _release_buffer(self) -> None:
        if self._array is not None:
            self._array.release()
        if self._buffer is not None:
            self._buffer.release()

    def release(self) -> None:
        """Give the buffer and the program back."""
        self._release_buffer()
        self._program.release()


def _format(field: np.dtype) -> str:
    base, shape = field.subdtype or (field, (1,))
    return f"{shape[0]}{base.kind}"
