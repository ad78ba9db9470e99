"""Where a picture goes: an sRGB color buffer of our own, smoothed, then to a window or to memory.

Shading and blending happen in linear light; the buffer holds sRGB, so the bytes that come out are
what a display or a PNG wants.
"""

from __future__ import annotations

import moderngl
import numpy as np

SRGB8_ALPHA8 = 0x8C43
FRAMEBUFFER_SRGB = 0x8DB9


class RenderTarget:
    """A picture of fixed size. samples: 0, or of each pixel's edge smoothing (2, 4, 8)."""

    def __init__(self, ctx: moderngl.Context, size: tuple[int, int], samples: int = 0) -> None:
        self._ctx = ctx
        self.size = size
        samples = min(samples, ctx.max_samples)
        self._color = ctx.texture(size, 4, internal_format=SRGB8_ALPHA8)
        self._out = ctx.framebuffer([self._color])
        self._smooth: moderngl.Texture | None = None
        if samples:
            self._smooth = ctx.texture(size, 4, samples=samples, internal_format=SRGB8_ALPHA8)
            self._depth = ctx.depth_renderbuffer(size, samples=samples)
            self._draw = ctx.framebuffer([self._smooth], self._depth)
        else:
            self._depth = ctx.depth_renderbuffer(size)
            self._draw = ctx.framebuffer([self._color], self._depth)

    def begin(self, background: tuple[float, float, float, float]) -> None:
        """Draw here from now on, over this linear color."""
        self._ctx.enable_direct(FRAMEBUFFER_SRGB)
        self._draw.use()
        self._draw.viewport = (0, 0, *self.size)
        self._draw.depth_mask = True
        self._draw.clear(*background, depth=1.0)

    def resume(self) -> None:
        """Draw over what is there."""
        self._ctx.enable_direct(FRAMEBUFFER_SRGB)
        self._draw.use()
        self._draw.viewport = (0, 0, *self.size)

    @property
    def framebuffer_id(self) -> int:
        """OpenGL's, of the framebuffer that holds the picture: to copy another one into it."""
        return self._out.glo

    def set_depth_write(self, on: bool) -> None:
        """Whether what is drawn hides what is drawn behind it later."""
        self._draw.depth_mask = on

    def end(self) -> None:
        """The picture is complete."""
        if self._smooth is not None:
            self._ctx.copy_framebuffer(self._out, self._draw)
        self._ctx.disable_direct(FRAMEBUFFER_SRGB)

    def copy_to_window(self, screen: moderngl.Framebuffer) -> None:
        """Copy the bytes as they are into the window."""
        self._ctx.copy_framebuffer(screen, self._out)

    @property
    def texture(self) -> moderngl.Texture:
        """What was drawn, once it is complete."""
        return self._color

    def read_pixels(self) -> np.ndarray:
        """(H, W, 4) uint8 sRGB, row 0 on top; color is multiplied by alpha in linear light."""
        width, height = self.size
        data = np.frombuffer(self._out.read(components=4), np.uint8)
        return data.reshape(height, width, 4)[::-1]

    def release(self) -> None:
        """Give the buffers back."""
        bind_default(self._ctx)
        self._out.release()
        self._color.release()
        if self._smooth is not None:
            self._draw.release()
            self._smooth.release()
        elif self._draw is not self._out:
            self._draw.release()
        self._depth.release()


def bind_default(ctx: moderngl.Context) -> None:
    """Bind a framebuffer that stays, as ModernGL binds the last used one again by its number, also
    after that one is gone (GL_INVALID_OPERATION)."""
    if ctx.extra is None:
        ctx.extra = ctx.screen or ctx.simple_framebuffer((1, 1))
    ctx.extra.use()
