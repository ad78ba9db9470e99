"""An sRGB color buffer of our own to draw into, multisampled, then copied to a window or read.

Shading and blending happen in linear light; the buffer holds sRGB, so the bytes that come out are
what a display or a PNG wants.
"""

from __future__ import annotations

import moderngl
import numpy as np

from vrnn.render.gl_raw import FRAMEBUFFER_SRGB, SRGB8_ALPHA8


class RenderTarget:
    """A picture of a fixed size that is drawn into.

    Attributes:
        size: Width and height in pixels.
    """

    def __init__(self, ctx: moderngl.Context, size: tuple[int, int], samples: int = 0) -> None:
        """Allocate the buffers.

        Args:
            ctx: The context to allocate in.
            size: Width and height in pixels.
            samples: Of multisampling (2, 4, 8), or 0 for none; no more than the driver has.
        """
        self._ctx = ctx
        self.size = size
        samples = min(samples, ctx.max_samples)
        self._color = ctx.texture(size, 4, internal_format=SRGB8_ALPHA8)
        self._resolved = ctx.framebuffer([self._color])
        self._multisampled: moderngl.Texture | None = None
        if samples:
            self._multisampled = ctx.texture(size, 4, samples=samples, internal_format=SRGB8_ALPHA8)
            self._depth = ctx.depth_renderbuffer(size, samples=samples)
        else:
            self._depth = ctx.depth_renderbuffer(size)
        color = self._color if self._multisampled is None else self._multisampled
        self._framebuffer = ctx.framebuffer([color], self._depth)

    def begin(self, background: tuple[float, float, float, float]) -> None:
        """Bind the target for drawing, and clear it.

        Args:
            background: Linear color and alpha, 0…1.
        """
        self._ctx.enable_direct(FRAMEBUFFER_SRGB)
        self._framebuffer.use()
        self._framebuffer.viewport = (0, 0, *self.size)
        self._framebuffer.depth_mask = True
        self._framebuffer.clear(*background, depth=1.0)

    def resume(self) -> None:
        """Bind the target for drawing over what it holds."""
        self._ctx.enable_direct(FRAMEBUFFER_SRGB)
        self._framebuffer.use()
        self._framebuffer.viewport = (0, 0, *self.size)

    @property
    def framebuffer_id(self) -> int:
        """OpenGL's id of the framebuffer that holds the picture: to copy another one into it."""
        return self._resolved.glo

    def set_depth_write(self, on: bool) -> None:
        """Choose whether what is drawn from now on hides what is drawn behind it later."""
        self._framebuffer.depth_mask = on

    def end(self) -> None:
        """Complete the picture, which resolves its samples."""
        if self._multisampled is not None:
            self._ctx.copy_framebuffer(self._resolved, self._framebuffer)
        self._ctx.disable_direct(FRAMEBUFFER_SRGB)

    def copy_to_window(self, screen: moderngl.Framebuffer) -> None:
        """Copy the bytes as they are into the window's framebuffer."""
        self._ctx.copy_framebuffer(screen, self._resolved)

    @property
    def texture(self) -> moderngl.Texture:
        """The picture, once it is complete."""
        return self._color

    def read_pixels(self) -> np.ndarray:
        """Read the complete picture back.

        Returns:
            (H, W, 4) uint8 sRGB, row 0 on top; color is multiplied by alpha in linear light.
        """
        width, height = self.size
        data = np.frombuffer(self._resolved.read(components=4), np.uint8)
        return data.reshape(height, width, 4)[::-1]

    def release(self) -> None:
        """Release the buffers."""
        bind_default(self._ctx)
        self._resolved.release()
        self._color.release()
        self._framebuffer.release()
        if self._multisampled is not None:
            self._multisampled.release()
        self._depth.release()


def fitting_size(ctx: moderngl.Context, size: tuple[int, int]) -> tuple[int, int]:
    """Return the size of the largest picture of these proportions that the driver can draw.

    Args:
        ctx: The context.
        size: The wanted width and height in pixels.

    Returns:
        Width and height in pixels, both at least 1; the size itself where it is possible.
    """
    limits = ("GL_MAX_TEXTURE_SIZE", "GL_MAX_RENDERBUFFER_SIZE")
    side = min(int(ctx.info[name]) for name in limits)
    high, wide = ctx.info["GL_MAX_VIEWPORT_DIMS"][::-1]
    scale = min(1.0, min(side, wide) / max(size[0], 1), min(side, high) / max(size[1], 1))
    return max(1, int(size[0] * scale)), max(1, int(size[1] * scale))


def bind_default(ctx: moderngl.Context) -> None:
    """Bind a framebuffer that stays.

    ModernGL binds the last used one again by its id, also after that one is gone
    (GL_INVALID_OPERATION).
    """
    if ctx.extra is None:
        ctx.extra = ctx.screen or ctx.simple_framebuffer((1, 1))
    ctx.extra.use()
