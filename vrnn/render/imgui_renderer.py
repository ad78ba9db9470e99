"""Draws Dear ImGui's panels, and the world's picture into the part of a window that they leave.

ImGui makes triangles and says which part of which texture each batch reads; it also asks for its
own textures (letters) to be made and changed, as of 1.92.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import moderngl
import numpy as np
from imgui_bundle import imgui

from vrnn.render.shaders import compile_program

WindowArea = tuple[int, int, int, int]
"""Left, top, width and height in pixels, from the upper left corner."""
INDEX_DTYPE = {2: np.uint16, 4: np.uint32}[imgui.INDEX_SIZE]


@dataclass(frozen=True)
class _DrawBatch:
    """Triangles that read one texture. clip: left, top, right, bottom; first, count: indices."""

    texture: int
    clip: tuple[int, int, int, int]
    first: int
    count: int


class ImGuiRenderer:
    """The panels' triangles and textures on the GPU."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._program = compile_program(ctx, "gui")
        self._program["source"] = 0
        self._vertices = ctx.buffer(reserve=1 << 16, dynamic=True)
        self._indices = ctx.buffer(reserve=1 << 16, dynamic=True)
        self._array = ctx.vertex_array(
            self._program,
            [(self._vertices, "2f 2f 4f1", "place", "texel", "ink")],
            self._indices,
            index_element_size=4,
        )
        self._part_program = compile_program(ctx, "part")
        self._part_program["source"] = 0
        self._part = ctx.vertex_array(self._part_program, [])
        self._textures: dict[int, moderngl.Texture] = {}
        self._pictures: dict[int, tuple[np.ndarray, moderngl.Texture]] = {}
        self._used: set[int] = set()
        self._batches: list[_DrawBatch] = []

    def image_ref(self, pixels: np.ndarray) -> Any:
        """An image for `imgui.image`. pixels: (H, W, 3) uint8 sRGB, never changed afterwards.

        Kept while it is asked for at each `take`.
        """
        key = id(pixels)
        if key not in self._pictures:
            height, width = pixels.shape[:2]
            opaque = np.full((height, width, 4), 255, np.uint8)
            opaque[..., :3] = pixels
            texture = self._texture((width, height), opaque.tobytes())
            # The pixels are kept with it, so that their id stays theirs.
            self._pictures[key] = (pixels, texture)
        self._used.add(key)
        return imgui.ImTextureRef(self._pictures[key][1].glo)

    def _texture(self, size: tuple[int, int], data: bytes) -> moderngl.Texture:
        texture = self._ctx.texture(size, 4, data)
        texture.repeat_x = texture.repeat_y = False
        self._textures[texture.glo] = texture
        return texture

    def upload_draw_data(self, data: Any) -> None:
        """Keep what ImGui wants drawn (`imgui.get_draw_data()` after `imgui.render()`)."""
        for texture in data.textures:
            self._update_imgui_texture(texture)
        for key in self._pictures.keys() - self._used:
            self._release_texture(self._pictures.pop(key)[1])
        self._used.clear()
        vertices, indices = [], []
        self._batches = []
        before = first = 0
        for part in data.cmd_lists:
            count = part.vtx_buffer.size()
            if not count:
                continue
            vertices.append(_bytes(part.vtx_buffer, count * imgui.VERTEX_SIZE))
            own = np.frombuffer(
                _bytes(part.idx_buffer, part.idx_buffer.size() * imgui.INDEX_SIZE), INDEX_DTYPE
            ).astype(np.uint32)
            for command in part.cmd_buffer:
                start, size = command.idx_offset, command.elem_count
                own[start : start + size] += before + command.vtx_offset
                clip = command.clip_rect
                box = (int(clip.x), int(clip.y), int(clip.z), int(clip.w))
                self._append_batch(_DrawBatch(command.get_tex_id(), box, first + start, size))
            indices.append(own.tobytes())
            before += count
            first += len(own)
        _fill(self._vertices, b"".join(vertices))
        _fill(self._indices, b"".join(indices))

    def _append_batch(self, batch: _DrawBatch) -> None:
        last = self._batches[-1] if self._batches else None
        if (
            last is not None
            and (last.texture, last.clip) == (batch.texture, batch.clip)
            and last.first + last.count == batch.first
        ):
            self._batches[-1] = _DrawBatch(
                last.texture, last.clip, last.first, last.count + batch.count
            )
        elif batch.count:
            self._batches.append(batch)

    def _update_imgui_texture(self, asked: Any) -> None:
        """Make, change or give back one of ImGui's own textures, as it asks for."""
        status = imgui.ImTextureStatus
        if asked.status == status.want_create:
            texture = self._texture((asked.width, asked.height), asked.get_pixels_array().tobytes())
            asked.set_tex_id(texture.glo)
            asked.set_status(status.ok)
        elif asked.status == status.want_updates:
            box = asked.update_rect
            pixels = np.asarray(asked.get_pixels_array(), np.uint8)
            pixels = pixels.reshape(asked.height, asked.width, 4)
            part = pixels[box.y : box.y + box.h, box.x : box.x + box.w]
            texture = self._textures[asked.get_tex_id()]
            texture.write(part.tobytes(), viewport=(box.x, box.y, box.w, box.h))
            asked.set_status(status.ok)
        elif asked.status == status.want_destroy and asked.unused_frames > 0:
            self._release_texture(self._textures[asked.get_tex_id()])
            asked.set_tex_id(0)
            asked.set_status(status.destroyed)

    def draw(self, screen: moderngl.Framebuffer, size: tuple[int, int]) -> None:
        """Draw what was taken last over what the window shows. size: of the window, pixels."""
        if not self._batches:
            return
        ctx = self._ctx
        screen.use()
        screen.viewport = (0, 0, *size)
        ctx.disable(moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        ctx.enable(moderngl.BLEND)
        ctx.blend_func = (moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA)
        self._program["picture"] = size
        bound = -1
        for batch in self._batches:
            left, top, right, bottom = batch.clip
            left, top = max(left, 0), max(top, 0)
            right, bottom = min(right, size[0]), min(bottom, size[1])
            if right <= left or bottom <= top or batch.texture not in self._textures:
                continue
            if batch.texture != bound:
                self._textures[batch.texture].use(0)
                bound = batch.texture
            screen.scissor = (left, size[1] - bottom, right - left, bottom - top)
            self._array.render(moderngl.TRIANGLES, vertices=batch.count, first=batch.first)
        screen.scissor = None  # type: ignore[assignment]

    def copy_to_window(
        self,
        screen: moderngl.Framebuffer,
        picture: moderngl.Texture,
        area: WindowArea,
        size: tuple[int, int],
    ) -> None:
        """Put an sRGB picture into a part of the window, its bytes as they are.

        area: as large as the picture; size: of the window, pixels.
        """
        left, top, width, height = area
        below = size[1] - top - height
        screen.use()
        screen.viewport = (left, below, width, height)
        self._ctx.disable(moderngl.DEPTH_TEST | moderngl.CULL_FACE | moderngl.BLEND)
        picture.use(0)
        self._part_program["corner"] = (left, below)
        self._part.render(moderngl.TRIANGLE_STRIP, vertices=4)

    def _release_texture(self, texture: moderngl.Texture) -> None:
        del self._textures[texture.glo]
        texture.release()

    def release(self) -> None:
        """Give everything on the GPU back."""
        for texture in self._textures.values():
            texture.release()
        self._textures.clear()
        self._pictures.clear()
        for part in (
            self._array,
            self._vertices,
            self._indices,
            self._program,
            self._part,
            self._part_program,
        ):
            part.release()


def _bytes(vector: Any, size: int) -> bytes:
    return ctypes.string_at(vector.data_address(), size)


def _fill(buffer: moderngl.Buffer, data: bytes) -> None:
    if len(data) > buffer.size:
        buffer.orphan(2 * len(data))
    if data:
        buffer.write(data)
