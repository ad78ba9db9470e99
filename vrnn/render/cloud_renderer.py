"""Draws a cloud of images: dots by one call, thumbnails by another."""

from __future__ import annotations

import moderngl
import numpy as np

from vrnn.render.culling import MANY_DOTS, nearest_dots
from vrnn.render.instances import InstanceRenderer
from vrnn.render.picture_store import PICTURE_LEVELS, PICTURE_SIDE, PictureStores
from vrnn.render.shaders import Shader, StereoMode
from vrnn.render.uniforms import AnyView, View
from vrnn.scene.primitives import CLOUD_STORE, DOT, THUMBNAIL

DEFINES = {"PICTURE_SIDE": PICTURE_SIDE, "PICTURE_LEVELS": PICTURE_LEVELS}


class DotRenderer:
    """Draws records of `DOT`, a vertex each: a hundred thousand instances would take too long."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._shader = Shader(ctx, "dot")
        self._buffer: moderngl.Buffer | None = None
        self._numbers: moderngl.Buffer | None = None
        self._arrays: dict[StereoMode, moderngl.VertexArray] = {}
        self._uploaded: np.ndarray | None = None
        self._all: np.ndarray = np.zeros(0, np.uint32)
        self._chosen: np.ndarray | None = None

    def draw(
        self, records: np.ndarray, mode: StereoMode = StereoMode.SINGLE,
        chosen: np.ndarray | None = None,
    ) -> None:  # fmt: skip
        """Draw records by one call; the same arrays are uploaded only once.

        Args:
            records: (N,) `DOT`.
            mode: How the draw reaches both eyes.
            chosen: (M,) uint32, which of them; None for all.
        """
        if self._buffer is None or self._numbers is None or self._buffer.size < records.nbytes:
            self._release_buffer()
            size = max(2 * records.nbytes, 4096)
            self._buffer = self._ctx.buffer(reserve=size, dynamic=True)
            self._numbers = self._ctx.buffer(reserve=4 * size // DOT.itemsize, dynamic=True)
        if self._uploaded is not records:
            self._buffer.orphan()  # the last draw may still read it
            self._buffer.write(np.ascontiguousarray(records).view(np.uint8))
            self._uploaded = records
            self._all = np.arange(len(records), dtype=np.uint32)
        if mode not in self._arrays:
            content = (self._buffer, "3f 1f 4f", *(DOT.names or ()))
            program = self._shader.program_for(mode)
            self._arrays[mode] = self._ctx.vertex_array(program, [content], self._numbers)
        chosen = chosen if chosen is not None else self._all
        if self._chosen is not chosen:
            self._numbers.orphan()
            self._numbers.write(chosen)
            self._chosen = chosen
        self._ctx.enable(moderngl.PROGRAM_POINT_SIZE)
        self._arrays[mode].render(
            moderngl.POINTS, vertices=len(chosen), instances=mode.instances_per_record
        )

    def _release_buffer(self) -> None:
        for array in self._arrays.values():
            array.release()
        self._arrays.clear()
        for buffer in (self._buffer, self._numbers):
            if buffer is not None:
                buffer.release()
        self._buffer = self._numbers = self._uploaded = self._chosen = None

    def release(self) -> None:
        """Release buffer and programs."""
        self._release_buffer()
        self._shader.release()


class CloudRenderer:
    """Draws dots and thumbnails, compiled when there is a cloud for the first time."""

    def __init__(self, ctx: moderngl.Context, pictures: PictureStores) -> None:
        self._ctx, self._pictures = ctx, pictures
        self._dots: DotRenderer | None = None
        self._thumbnails: InstanceRenderer | None = None
        self._culled: tuple[np.ndarray, bytes, tuple[int, ...]] | None = None
        self._chosen: np.ndarray | None = None

    def _seen(self, dots: np.ndarray, view: AnyView) -> np.ndarray | None:
        """(M,) uint32, the dots of a flat picture, kept while the eye stays; None for all."""
        if len(dots) < MANY_DOTS or not isinstance(view, View):
            return None
        clip = view.clip_from_world
        size = view.size if view.tile is None else view.tile[2:]
        before, culled = self._culled, (dots, clip.tobytes(), size)
        if before is None or before[0] is not dots or before[1:] != culled[1:]:
            self._chosen = nearest_dots(dots, clip, size, view.pixels_per_unit)
            self._culled = culled
        return self._chosen

    def draw(
        self, view: AnyView, dots: np.ndarray, thumbnails: np.ndarray,
        mode: StereoMode = StereoMode.SINGLE,
    ) -> int:  # fmt: skip
        """Draw a cloud.

        Args:
            view: Where from.
            dots: (N,) `DOT`.
            thumbnails: (M,) `THUMBNAIL`.
            mode: How the draw reaches both eyes.

        Returns:
            The number of draw calls.
        """
        calls = 0
        if len(thumbnails):
            if self._thumbnails is None:
                shader = Shader(self._ctx, "thumbnail", DEFINES, {"pictures": 2})
                self._thumbnails = InstanceRenderer(self._ctx, shader, THUMBNAIL)
            self._pictures.texture(CLOUD_STORE).use(2)
            self._thumbnails.draw(thumbnails, "cloud", mode)
            calls += 1
        if len(dots):
            if self._dots is None:
                self._dots = DotRenderer(self._ctx)
            self._dots.draw(dots, mode, self._seen(dots, view))
            calls += 1
        return calls

    def release(self) -> None:
        """Release buffers and programs."""
        if self._thumbnails is not None:
            self._thumbnails.release()
        if self._dots is not None:
            self._dots.release()
