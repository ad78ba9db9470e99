"""Texture arrays of two layers, one for each eye, and the framebuffers that draw into them."""

from __future__ import annotations

from vrnn.errors import VrnnError
from vrnn.render import gl_raw
from vrnn.render.gl_raw import RawGL

BOTH_LAYERS = -1
"""The layer of a framebuffer that draws into both layers at once."""


class LayeredFramebuffers:
    """Creates texture arrays of two layers, and keeps a framebuffer for each use of them."""

    def __init__(self, gl: RawGL, size: tuple[int, int], multiview: bool) -> None:
        """Remember what to create textures and framebuffers with.

        Args:
            gl: Of the current context.
            size: Width and height of one layer in pixels.
            multiview: Whether the driver chooses the layer where both are drawn at once, rather
                than the vertex shader.
        """
        self._gl, self._size, self._multiview = gl, size, multiview
        self._framebuffers: dict[tuple[int, int, int], int] = {}
        self._textures: list[int] = []

    def create_texture(self, kind: int, samples: int = 0) -> int:
        """Create a texture array of two layers and return its id.

        Args:
            kind: OpenGL's internal format, of color or of depth.
            samples: Of multisampling, 0 for none.
        """
        gl = self._gl
        texture = gl.create("Textures")
        self._textures.append(texture)
        if samples:
            target = gl_raw.TEXTURE_2D_MULTISAMPLE_ARRAY
            gl.BindTexture(target, texture)
            gl.TexImage3DMultisample(target, samples, kind, *self._size, 2, 1)
        else:
            target = gl_raw.TEXTURE_2D_ARRAY
            gl.BindTexture(target, texture)
            is_color = kind in (gl_raw.SRGB8_ALPHA8, gl_raw.RGBA8)
            data_format = (
                (gl_raw.RGBA, gl_raw.UNSIGNED_BYTE)
                if is_color
                else (gl_raw.DEPTH_COMPONENT, gl_raw.FLOAT)
            )
            gl.TexImage3D(target, 0, kind, *self._size, 2, 0, *data_format, None)
            texture_filter = gl_raw.LINEAR if is_color else gl_raw.NEAREST
            for parameter in (gl_raw.TEXTURE_MIN_FILTER, gl_raw.TEXTURE_MAG_FILTER):
                gl.TexParameteri(target, parameter, texture_filter)
        gl.BindTexture(target, 0)
        return texture

    def framebuffer(self, color: int, depth: int, layer: int) -> int:
        """Return the id of a framebuffer, created when it is first asked for.

        Args:
            color: The texture array to draw color into.
            depth: The texture array to draw depth into.
            layer: 0 left, 1 right, or `BOTH_LAYERS`.

        Raises:
            VrnnError: The driver draws into no texture array of this size.
        """
        key = (color, depth, layer)
        if key not in self._framebuffers:
            gl = self._gl
            framebuffer = gl.create("Framebuffers")
            gl.BindFramebuffer(gl_raw.FRAMEBUFFER, framebuffer)
            self._attach(gl_raw.COLOR_ATTACHMENT0, color, layer)
            self._attach(gl_raw.DEPTH_ATTACHMENT, depth, layer)
            status = gl.CheckFramebufferStatus(gl_raw.FRAMEBUFFER)
            if status != gl_raw.FRAMEBUFFER_COMPLETE:
                raise VrnnError(
                    f"the graphics driver cannot draw into a texture array of {self._size[0]}×"
                    f"{self._size[1]} pixels (state {status:#x}); choose a smaller resolution "
                    "scale in [headset]"
                )
            self._framebuffers[key] = framebuffer
        return self._framebuffers[key]

    def _attach(self, attachment: int, texture: int, layer: int) -> None:
        gl, target = self._gl, gl_raw.FRAMEBUFFER
        if layer != BOTH_LAYERS:
            gl.FramebufferTextureLayer(target, attachment, texture, 0, layer)
        elif self._multiview:
            gl.FramebufferTextureMultiviewOVR(target, attachment, texture, 0, 0, 2)
        else:
            gl.FramebufferTexture(target, attachment, texture, 0)

    def release(self) -> None:
        """Delete the framebuffers and the textures that were created here."""
        for framebuffer in self._framebuffers.values():
            self._gl.delete("Framebuffers", framebuffer)
        self._framebuffers.clear()
        for texture in self._textures:
            self._gl.delete("Textures", texture)
        self._textures.clear()


def supports_multisampled_multiview(gl: RawGL) -> bool:
    """Tell whether the driver draws several views into a multisampled array: few do."""
    target, texture = gl_raw.TEXTURE_2D_MULTISAMPLE_ARRAY, gl.create("Textures")
    framebuffer = gl.create("Framebuffers")
    gl.BindTexture(target, texture)
    gl.TexImage3DMultisample(target, 2, gl_raw.SRGB8_ALPHA8, 8, 8, 2, 1)
    gl.BindTexture(target, 0)
    gl.BindFramebuffer(gl_raw.FRAMEBUFFER, framebuffer)
    attachment = gl_raw.COLOR_ATTACHMENT0
    gl.FramebufferTextureMultiviewOVR(gl_raw.FRAMEBUFFER, attachment, texture, 0, 0, 2)
    status = gl.CheckFramebufferStatus(gl_raw.FRAMEBUFFER)
    gl.BindFramebuffer(gl_raw.FRAMEBUFFER, 0)
    gl.delete("Framebuffers", framebuffer)
    gl.delete("Textures", texture)
    refused = gl.GetError() != gl_raw.NO_ERROR
    return bool(status == gl_raw.FRAMEBUFFER_COMPLETE) and not refused
