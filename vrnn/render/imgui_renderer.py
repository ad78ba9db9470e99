"""Draws Dear ImGui's panels, and copies the world's picture into the area that they leave free.

ImGui makes triangles and names the texture that each batch reads; as of 1.92 it also asks for its
own textures (glyphs) to be created and updated.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import moderngl
import numpy as np
from imgui_bundle import imgui

from vrnn.render.image_quads import rgba_bytes
from vrnn.render.shaders import compile_program

WindowArea = tuple[int, int, int, int]
"""Left, top, width and height in pixels, from the upper left corner."""
INDEX_DTYPE = {2: np.uint16, 4: np.uint32}[imgui.INDEX_SIZE]
"""Of the indices in ImGui's own buffers."""


@dataclass(frozen=True)
class _DrawBatch:
    """Triangles that read one texture.

    Attributes:
        texture: OpenGL's id.
        clip: Left, top, right and bottom in pixels, from the upper left corner.
        first: The first index.
        count: How many indices.
    """

    texture: int
    clip: tuple[int, int, int, int]
    first: int
    count: int


class ImGuiTextures:
    """The textures that panels read: ImGui's own, and images that are shown in a panel."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._textures: dict[int, moderngl.Texture] = {}
        self._images: dict[int, tuple[np.ndarray, moderngl.Texture]] = {}
        self._used_images: set[int] = set()

    def image_ref(self, pixels: np.ndarray) -> Any:
        """Return an image for `imgui.image`, uploaded when it is asked for the first time.

        Its texture is kept as long as it is asked for before each `update`.

        Args:
            pixels: (H, W, 3) uint8 sRGB, never changed afterwards.
        """
        key = id(pixels)
        if key not in self._images:
            height, width = pixels.shape[:2]
            texture = self._create((width, height), rgba_bytes(pixels))
            # The pixels are kept too, so that no other array gets their id.
            self._images[key] = (pixels, texture)
        self._used_images.add(key)
        return imgui.ImTextureRef(self._images[key][1].glo)

    def get(self, texture_id: int) -> moderngl.Texture | None:
        """Return the texture with one of OpenGL's ids, None if it has been released."""
        return self._textures.get(texture_id)

    def update(self, requests: Any) -> None:
        """Do what ImGui asks for its own textures, and release images that are no longer shown.

        Args:
            requests: `imgui.get_draw_data().textures`.
        """
        for request in requests:
            self._fulfill(request)
        for key in self._images.keys() - self._used_images:
            self._release(self._images.pop(key)[1])
        self._used_images.clear()

    def _fulfill(self, request: Any) -> None:
        """Create, update or release one of ImGui's own textures, as it asks for."""
        status = imgui.ImTextureStatus
        if request.status == status.want_create:
            texture = self._create(
                (request.width, request.height), request.get_pixels_array().tobytes()
            )
            request.set_tex_id(texture.glo)
            request.set_status(status.ok)
        elif request.status == status.want_updates:
            box = request.update_rect
            pixels = np.asarray(request.get_pixels_array(), np.uint8)
            pixels = pixels.reshape(request.height, request.width, 4)
            changed = pixels[box.y : box.y + box.h, box.x : box.x + box.w]
            texture = self._textures[request.get_tex_id()]
            texture.write(changed.tobytes(), viewport=(box.x, box.y, box.w, box.h))
            request.set_status(status.ok)
        elif request.status == status.want_destroy and request.unused_frames > 0:
            self._release(self._textures[request.get_tex_id()])
            request.set_tex_id(0)
            request.set_status(status.destroyed)

    def _create(self, size: tuple[int, int], data: bytes) -> moderngl.Texture:
        texture = self._ctx.texture(size, 4, data)
        texture.repeat_x = texture.repeat_y = False
        self._textures[texture.glo] = texture
        return texture

    def _release(self, texture: moderngl.Texture) -> None:
        del self._textures[texture.glo]
        texture.release()

    def release(self) -> None:
        """Release all textures."""
        for texture in self._textures.values():
            texture.release()
        self._textures.clear()
        self._images.clear()


class ImGuiRenderer:
    """The panels' triangles on the GPU, and what draws them.

    Attributes:
        textures: What the triangles read.
    """

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self.textures = ImGuiTextures(ctx)
        self._program = compile_program(ctx, "gui")
        self._program["source"] = 0
        self._vertices = ctx.buffer(reserve=1 << 16, dynamic=True)
        self._indices = ctx.buffer(reserve=1 << 16, dynamic=True)
        self._vertex_array = ctx.vertex_array(
            self._program,
            [(self._vertices, "2f 2f 4f1", "position", "uv", "tint")],
            self._indices,
            index_element_size=4,
        )
        self._copy_program = compile_program(ctx, "window_copy")
        self._copy_program["source"] = 0
        self._copy_vertex_array = ctx.vertex_array(self._copy_program, [])
        self._batches: list[_DrawBatch] = []

    def upload_draw_data(self, data: Any) -> None:
        """Upload what ImGui wants drawn, and keep it for `draw`.

        Args:
            data: `imgui.get_draw_data()` after `imgui.render()`.
        """
        self.textures.update(data.textures)
        vertices, indices = [], []
        self._batches = []
        vertex_offset = index_offset = 0
        for commands in data.cmd_lists:
            count = commands.vtx_buffer.size()
            if not count:
                continue
            vertices.append(_bytes(commands.vtx_buffer, count * imgui.VERTEX_SIZE))
            list_indices = np.frombuffer(
                _bytes(commands.idx_buffer, commands.idx_buffer.size() * imgui.INDEX_SIZE),
                INDEX_DTYPE,
            ).astype(np.uint32)
            for command in commands.cmd_buffer:
                start, size = command.idx_offset, command.elem_count
                list_indices[start : start + size] += vertex_offset + command.vtx_offset
                clip = command.clip_rect
                box = (int(clip.x), int(clip.y), int(clip.z), int(clip.w))
                self._append_batch(
                    _DrawBatch(command.get_tex_id(), box, index_offset + start, size)
                )
            indices.append(list_indices.tobytes())
            vertex_offset += count
            index_offset += len(list_indices)
        _fill(self._vertices, b"".join(vertices))
        _fill(self._indices, b"".join(indices))

    def _append_batch(self, batch: _DrawBatch) -> None:
        """Add a batch, joined with the last one where both can be drawn by one call."""
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

    def draw(self, screen: moderngl.Framebuffer, size: tuple[int, int]) -> None:
        """Draw what was uploaded last over what the window shows.

        Args:
            screen: The window's framebuffer.
            size: Width and height of the window in pixels.
        """
        if not self._batches:
            return
        ctx = self._ctx
        screen.use()
        screen.viewport = (0, 0, *size)
        ctx.disable(moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        ctx.enable(moderngl.BLEND)
        ctx.blend_func = (moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA)
        self._program["window_size"] = size
        bound = -1
        for batch in self._batches:
            left, top, right, bottom = batch.clip
            left, top = max(left, 0), max(top, 0)
            right, bottom = min(right, size[0]), min(bottom, size[1])
            texture = self.textures.get(batch.texture)
            if right <= left or bottom <= top or texture is None:
                continue
            if batch.texture != bound:
                texture.use(0)
                bound = batch.texture
            screen.scissor = (left, size[1] - bottom, right - left, bottom - top)
            self._vertex_array.render(moderngl.TRIANGLES, vertices=batch.count, first=batch.first)
        screen.scissor = None  # type: ignore[assignment]

    def copy_to_window(
        self,
        screen: moderngl.Framebuffer,
        picture: moderngl.Texture,
        area: WindowArea,
        size: tuple[int, int],
    ) -> None:
        """Copy an sRGB picture into an area of the window, its bytes as they are.

        Args:
            screen: The window's framebuffer.
            picture: What to copy.
            area: Where to, as large as the picture.
            size: Width and height of the window in pixels.
        """
        left, top, width, height = area
        bottom = size[1] - top - height
        screen.use()
        screen.viewport = (left, bottom, width, height)
        self._ctx.disable(moderngl.DEPTH_TEST | moderngl.CULL_FACE | moderngl.BLEND)
        picture.use(0)
        self._copy_program["corner"] = (left, bottom)
        self._copy_vertex_array.render(moderngl.TRIANGLE_STRIP, vertices=4)

    def release(self) -> None:
        """Release everything on the GPU."""
        for resource in (
            self.textures,
            self._vertex_array,
            self._vertices,
            self._indices,
            self._program,
            self._copy_vertex_array,
            self._copy_program,
        ):
            resource.release()


def _bytes(vector: Any, size: int) -> bytes:
    return ctypes.string_at(vector.data_address(), size)


def _fill(buffer: moderngl.Buffer, data: bytes) -> None:
    if len(data) > buffer.size:
        buffer.orphan(2 * len(data))
    if data:
        buffer.write(data)
