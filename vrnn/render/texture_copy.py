"""Copies a texture into one that another made, such as the runtime of a headset."""

from __future__ import annotations

import moderngl

from vrnn.render import gl_raw
from vrnn.render.gl_raw import RawGL
from vrnn.render.render_target import bind_default


class TextureCopy:
    """Copies textures; keeps a framebuffer to read from and one to draw into."""

    def __init__(self, ctx: moderngl.Context) -> None:
        """Create both.

        Args:
            ctx: Current on this thread.
        """
        self._ctx, self._gl = ctx, RawGL()
        self._source = self._gl.create("Framebuffers")
        self._target = self._gl.create("Framebuffers")

    def copy(self, source: int, target: int, size: tuple[int, int]) -> None:
        """Copy the bytes of a texture.

        Args:
            source: OpenGL's number of the texture.
            target: That of the texture to copy into, of the same size.
            size: Width and height, pixels.
        """
        gl, (width, height) = self._gl, size
        for place, framebuffer, texture in (
            (gl_raw.READ_FRAMEBUFFER, self._source, source),
            (gl_raw.DRAW_FRAMEBUFFER, self._target, target),
        ):
            gl.BindFramebuffer(place, framebuffer)
            gl.FramebufferTexture(place, gl_raw.COLOR_ATTACHMENT0, texture, 0)
        box = (0, 0, width, height)
        gl.BlitFramebuffer(*box, *box, gl_raw.COLOR_BUFFER_BIT, gl_raw.NEAREST)
        bind_default(self._ctx)

    def release(self) -> None:
        """Delete the framebuffers."""
        self._gl.delete("Framebuffers", self._source)
        self._gl.delete("Framebuffers", self._target)
