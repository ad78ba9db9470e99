"""Rectangles by the thousand: one record an instance, one draw call a list."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import moderngl
import numpy as np

from vrnn.render.shaders import Shader, StereoMode


@dataclass(eq=False)
class _InstanceBatch:
    """Records on the GPU. arrays: how each way of drawing reads them; sent: the very array that
    lies there."""

    buffer: moderngl.Buffer
    arrays: dict[StereoMode, moderngl.VertexArray] = field(default_factory=dict)
    sent: np.ndarray | None = None

    def release(self) -> None:
        for array in self.arrays.values():
            array.release()
        self.buffer.release()


class InstanceRenderer:
    """Draws records of one dtype with one shader; each instance is a strip of four vertices.

    Records are never changed once they are made, so the same array is sent to the GPU only once.
    """

    def __init__(self, ctx: moderngl.Context, shader: Shader, dtype: np.dtype) -> None:
        self._ctx, self._shader, self._dtype = ctx, shader, dtype
        self._batches: dict[Hashable, _InstanceBatch] = {}

    def draw(
        self, records: np.ndarray, key: Hashable = None, way: StereoMode = StereoMode.SINGLE
    ) -> None:
        """records: (N,) of the dtype; key: each list with its own keeps its place on the GPU."""
        if not len(records):
            return
        batch = self._batches.get(key)
        if batch is None or batch.buffer.size < records.nbytes:
            if batch is not None:
                batch.release()
            buffer = self._ctx.buffer(reserve=max(2 * records.nbytes, 4096), dynamic=True)
            batch = self._batches[key] = _InstanceBatch(buffer)
        if batch.sent is not records:
            batch.buffer.orphan()  # the last draw may still read it
            batch.buffer.write(np.ascontiguousarray(records).view(np.uint8))
            batch.sent = records
        array = batch.arrays.get(way)
        if array is None:
            array = batch.arrays[way] = self._array(batch.buffer, way)
        array.render(
            moderngl.TRIANGLE_STRIP, vertices=4, instances=len(records) * way.instances_per_record
        )

    def _array(self, buffer: moderngl.Buffer, way: StereoMode) -> moderngl.VertexArray:
        made = self._shader.program_for(way)
        array = self._ctx.vertex_array(made, [])
        fields: Mapping[str, Any] = self._dtype.fields or {}
        for name, (kind, offset, *_) in fields.items():
            base, shape = kind.subdtype or (kind, (1,))
            member = made.get(name, None)
            if isinstance(member, moderngl.Attribute):
                array.bind(
                    member.location, base.kind, buffer, f"{shape[0]}{base.kind}", offset,
                    self._dtype.itemsize, way.instances_per_record,
                )  # fmt: skip
        return array

    def release(self) -> None:
        """Give the buffers and the programs back."""
        for batch in self._batches.values():
            batch.release()
        self._batches.clear()
        self._shader.release()


class QuadStrip:
    """Draws a single strip of four vertices that needs no records."""

    def __init__(self, ctx: moderngl.Context, shader: Shader) -> None:
        self._ctx, self._shader = ctx, shader
        self._arrays: dict[StereoMode, moderngl.VertexArray] = {}

    def draw(self, way: StereoMode = StereoMode.SINGLE) -> None:
        """Draw it with the uniforms as they are."""
        if way not in self._arrays:
            self._arrays[way] = self._ctx.vertex_array(self._shader.program_for(way), [])
        self._arrays[way].render(
            moderngl.TRIANGLE_STRIP, vertices=4, instances=way.instances_per_record
        )

    def release(self) -> None:
        """Give the programs back."""
        for array in self._arrays.values():
            array.release()
        self._arrays.clear()
        self._shader.release()
