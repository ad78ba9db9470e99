"""Instanced quads: one record per rectangle, one draw call per array of records."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import moderngl
import numpy as np

from vrnn.render.shaders import Shader, StereoMode

FRINGE_VERTICES = 10
"""Vertices of the strip around a rectangle, see shaders/lib/fringe.glsl."""


@dataclass(eq=False)
class _InstanceBatch:
    """Records on the GPU.

    Attributes:
        buffer: Holds them.
        vertex_arrays: How each stereo mode reads them.
        uploaded: The very array that lies in the buffer.
    """

    buffer: moderngl.Buffer
    vertex_arrays: dict[StereoMode, moderngl.VertexArray] = field(default_factory=dict)
    uploaded: np.ndarray | None = None

    def release(self) -> None:
        for vertex_array in self.vertex_arrays.values():
            vertex_array.release()
        self.buffer.release()


class InstanceRenderer:
    """Draws records of one dtype with one shader; each instance is a strip of vertices.

    The dtype's field names are the shader's attribute names; it may leave some out. Records never
    change once they are made, so the same array is uploaded only once.
    """

    def __init__(
        self, ctx: moderngl.Context, shader: Shader, dtype: np.dtype, vertices: int = 4
    ) -> None:
        self._ctx, self._shader, self._dtype, self._vertices = ctx, shader, dtype, vertices
        self._batches: dict[Hashable, _InstanceBatch] = {}

    def draw(
        self, records: np.ndarray, key: Hashable = None, mode: StereoMode = StereoMode.SINGLE
    ) -> None:
        """Draw all records by one call.

        Args:
            records: (N,) of the dtype.
            key: Names the buffer that these records go to; lists with keys of their own do not
                overwrite each other.
            mode: How the draw reaches both eyes.
        """
        if not len(records):
            return
        batch = self._batches.get(key)
        if batch is None or batch.buffer.size < records.nbytes:
            if batch is not None:
                batch.release()
            buffer = self._ctx.buffer(reserve=max(2 * records.nbytes, 4096), dynamic=True)
            batch = self._batches[key] = _InstanceBatch(buffer)
        if batch.uploaded is not records:
            batch.buffer.orphan()  # the last draw may still read it
            batch.buffer.write(np.ascontiguousarray(records).view(np.uint8))
            batch.uploaded = records
        vertex_array = batch.vertex_arrays.get(mode)
        if vertex_array is None:
            vertex_array = batch.vertex_arrays[mode] = self._vertex_array(batch.buffer, mode)
        instances = len(records) * mode.instances_per_record
        vertex_array.render(moderngl.TRIANGLE_STRIP, vertices=self._vertices, instances=instances)

    def _vertex_array(self, buffer: moderngl.Buffer, mode: StereoMode) -> moderngl.VertexArray:
        program = self._shader.program_for(mode)
        vertex_array = self._ctx.vertex_array(program, [])
        fields: Mapping[str, Any] = self._dtype.fields or {}
        for name, (kind, offset, *_) in fields.items():
            base, shape = kind.subdtype or (kind, (1,))
            member = program.get(name, None)
            if isinstance(member, moderngl.Attribute):
                vertex_array.bind(
                    member.location, base.kind, buffer, f"{shape[0]}{base.kind}", offset,
                    self._dtype.itemsize, mode.instances_per_record,
                )  # fmt: skip
        return vertex_array

    def release(self) -> None:
        """Release the buffers and the programs."""
        for batch in self._batches.values():
            batch.release()
        self._batches.clear()
        self._shader.release()


class QuadStrip:
    """Draws a single strip of vertices that needs no records."""

    def __init__(self, ctx: moderngl.Context, shader: Shader, vertices: int = 4) -> None:
        self._ctx, self._shader, self._vertices = ctx, shader, vertices
        self._vertex_arrays: dict[StereoMode, moderngl.VertexArray] = {}

    def draw(self, mode: StereoMode = StereoMode.SINGLE) -> None:
        """Draw it with the program's uniforms as they are."""
        if mode not in self._vertex_arrays:
            program = self._shader.program_for(mode)
            self._vertex_arrays[mode] = self._ctx.vertex_array(program, [])
        self._vertex_arrays[mode].render(
            moderngl.TRIANGLE_STRIP,
            vertices=self._vertices,
            instances=mode.instances_per_record,
        )

    def release(self) -> None:
        """Release the programs."""
        for vertex_array in self._vertex_arrays.values():
            vertex_array.release()
        self._vertex_arrays.clear()
        self._shader.release()
