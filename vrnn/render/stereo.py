"""Pictures for two eyes: two layers of a texture array, drawn in one pass where the driver can."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from typing import Any

import moderngl
import numpy as np

from vrnn.errors import VrnnError
from vrnn.render import gl_raw
from vrnn.render.gl_raw import RawGL
from vrnn.render.layered_framebuffers import (
    BOTH_LAYERS,
    LayeredFramebuffers,
    supports_multisampled_multiview,
)
from vrnn.render.render_target import bind_default
from vrnn.render.shaders import StereoMode
from vrnn.render.uniforms import StereoView
from vrnn.render.visibility_mask import VisibilityMask

LAYER_EXTENSIONS = ("GL_ARB_shader_viewport_layer_array", "GL_AMD_vertex_shader_layer")
"""Either lets the vertex shader choose the layer."""
MULTIVIEW_EXTENSION = "GL_OVR_multiview2"
Viewport = tuple[int, int, int, int]
"""Left, bottom, width and height in pixels."""


def stereo_modes(extensions: Sequence[str] | set[str]) -> tuple[str, ...]:
    """Return the names of the stereo modes that a driver can draw by, the best first.

    Args:
        extensions: Of the driver.

    Returns:
        Some of `multiview` and `layer`, one pass by either extension, and `two`: two passes.
    """
    modes = []
    if MULTIVIEW_EXTENSION in extensions:
        modes.append("multiview")
    if any(name in extensions for name in LAYER_EXTENSIONS):
        modes.append("layer")
    return (*modes, "two")


def choose_stereo_mode(ctx: moderngl.Context, wanted: str = "auto") -> str:
    """Return the name of the stereo mode to draw by.

    Args:
        ctx: Whose driver draws.
        wanted: `multiview`, `layer` or `two`, or `auto` for the best.

    Raises:
        VrnnError: The driver cannot draw by the wanted one.
    """
    possible = stereo_modes(ctx.extensions)
    if wanted == "auto":
        return possible[0]
    if wanted not in possible:
        raise VrnnError(
            f"this graphics driver cannot draw both eyes by '{wanted}'; it can by "
            f"{' or '.join(possible)}"
        )
    return wanted


class StereoTarget:
    """What both eyes' pictures are drawn into: layer 0 is the left eye's, layer 1 the right's.

    The layers are its own, or those of a texture array that is given for each frame.

    Attributes:
        ctx: The context that draws.
        size: Width and height of one eye's picture in pixels.
        samples: Of multisampling, 0 for none.
        mode: How one draw call reaches both eyes; `SINGLE` where they are drawn in two passes.
        mode_name: The same as one of `stereo_modes`.
    """

    def __init__(
        self, ctx: moderngl.Context, size: tuple[int, int], samples: int = 0, mode: str = "auto",
        depth_format: int = gl_raw.DEPTH_COMPONENT32F, own_color: bool = True,
    ) -> None:  # fmt: skip
        """Allocate the textures.

        Args:
            ctx: The context to draw with.
            size: Width and height of one eye's picture in pixels.
            samples: Of multisampling (2, 4, 8), or 0 for none; no more than the driver has.
            mode: One of `stereo_modes`, or `auto` for the best one. Where the driver cannot
                multisample in `multiview`, `auto` takes the next mode, and `multiview` asked for by
                name has no samples.
            depth_format: OpenGL's internal format.
            own_color: Allocate a texture array to draw into; otherwise `set_output` gives one.

        Raises:
            VrnnError: The driver cannot draw by this mode.
        """
        self.ctx, self.size, self.mode_name = ctx, size, choose_stereo_mode(ctx, wanted=mode)
        self._gl = RawGL()
        self.samples = min(samples, ctx.max_samples) if samples > 1 else 0
        if self.mode_name == "multiview" and self.samples:
            self._avoid_multisampled_multiview(by_name=mode != "auto")
        self.mode = {"multiview": StereoMode.MULTIVIEW, "layer": StereoMode.LAYERS}.get(
            self.mode_name, StereoMode.SINGLE
        )
        self._framebuffers = LayeredFramebuffers(
            self._gl, size, multiview=self.mode is StereoMode.MULTIVIEW
        )
        create = self._framebuffers.create_texture
        self._own_color = create(gl_raw.SRGB8_ALPHA8) if own_color else 0
        self._own_depth = create(depth_format)
        self._multisampled = self._multisampled_depth = 0
        if self.samples:
            self._multisampled = create(gl_raw.SRGB8_ALPHA8, self.samples)
            self._multisampled_depth = create(depth_format, self.samples)
        self._color, self._depth = self._own_color, self._own_depth
        self._mask = VisibilityMask(ctx)

    def _avoid_multisampled_multiview(self, by_name: bool) -> None:
        if supports_multisampled_multiview(self._gl):
            return
        if by_name:
            self.samples = 0
        else:
            self.mode_name = stereo_modes(self.ctx.extensions)[1]

    def set_output(self, color: int, depth: int = 0) -> None:
        """Choose the texture arrays to draw into from now on; 0 for the target's own."""
        self._color, self._depth = color or self._own_color, depth or self._own_depth

    def set_visibility_masks(self, masks: Sequence[np.ndarray]) -> None:
        """Choose where nothing is drawn, as an eye's lens hides it.

        Args:
            masks: Of each eye (N, 3, 2) triangles, as tangents to the right and up; an empty
                sequence hides nothing.
        """
        self._mask.set_triangles(masks)

    def begin(self, background: tuple[float, float, float, float]) -> None:
        """Clear both pictures.

        Args:
            background: Linear color and alpha, 0…1.
        """
        gl = self._gl
        self.ctx.enable_direct(gl_raw.FRAMEBUFFER_SRGB)
        gl.Viewport(0, 0, *self.size)
        gl.DepthMask(1)
        gl.ClearColor(*background)
        for layer in (BOTH_LAYERS,) if self.mode is not StereoMode.SINGLE else (0, 1):
            self._bind(layer)
            gl.Clear(gl_raw.COLOR_BUFFER_BIT | gl_raw.DEPTH_BUFFER_BIT)

    def passes(self, view: StereoView) -> Iterator[StereoView]:
        """Bind what to draw into, and yield what to draw there: both eyes at once, or each."""
        for eye in (0, 1):
            if self._mask.hides_anything(eye):
                self._bind(eye)
                self._mask.draw(eye, view.fov_tangents[eye])
        if self.mode is not StereoMode.SINGLE:
            self._bind(BOTH_LAYERS)
            yield view
            return
        for eye in (0, 1):
            self._bind(eye)
            yield view.single_eye(eye)

    def set_depth_write(self, on: bool) -> None:
        """Choose whether what is drawn from now on hides what is drawn behind it later."""
        self._gl.DepthMask(int(on))

    def end(self) -> None:
        """Complete the pictures, which resolves their samples."""
        gl = self._gl
        gl.DepthMask(1)
        if self.samples:
            width, height = self.size
            box = (0, 0, width, height)
            for layer in (0, 1):
                source = self._framebuffers.framebuffer(
                    self._multisampled, self._multisampled_depth, layer
                )
                output = self._output(layer)
                gl.BindFramebuffer(gl_raw.READ_FRAMEBUFFER, source)
                gl.BindFramebuffer(gl_raw.DRAW_FRAMEBUFFER, output)
                gl.BlitFramebuffer(*box, *box, gl_raw.COLOR_BUFFER_BIT, gl_raw.NEAREST)
                if self._depth != self._own_depth:
                    gl.BlitFramebuffer(*box, *box, gl_raw.DEPTH_BUFFER_BIT, gl_raw.NEAREST)
        self.ctx.disable_direct(gl_raw.FRAMEBUFFER_SRGB)
        # ModernGL has to know that another framebuffer is bound now than it thinks.
        bind_default(self.ctx)

    def copy_to(self, framebuffer: int, viewport: Viewport, layer: int) -> None:
        """Copy the middle of an eye's picture into a part of a framebuffer, its bytes as they are.

        Args:
            framebuffer: OpenGL's id.
            viewport: The part, which the copy fills.
            layer: 0 left, 1 right.
        """
        gl = self._gl
        left, bottom, width, height = viewport
        full_width, full_height = self.size
        scale = min(full_width / width, full_height / height)
        crop_width, crop_height = round(width * scale), round(height * scale)
        x, y = (full_width - crop_width) // 2, (full_height - crop_height) // 2
        gl.BindFramebuffer(gl_raw.READ_FRAMEBUFFER, self._output(layer))
        gl.BindFramebuffer(gl_raw.DRAW_FRAMEBUFFER, framebuffer)
        gl.BlitFramebuffer(
            x, y, x + crop_width, y + crop_height, left, bottom, left + width, bottom + height,
            gl_raw.COLOR_BUFFER_BIT, gl_raw.LINEAR,
        )  # fmt: skip
        bind_default(self.ctx)

    def read_pixels(self, layer: int) -> np.ndarray:
        """Read one eye's picture back.

        Returns:
            (H, W, 4) uint8 sRGB, row 0 on top.
        """
        width, height = self.size
        pixels = np.empty((height, width, 4), np.uint8)
        return self._read(layer, pixels, gl_raw.RGBA, gl_raw.UNSIGNED_BYTE)

    def read_depths(self, layer: int) -> np.ndarray:
        """Read one eye's depths back.

        Returns:
            (H, W) float32, 0 near … 1 far, row 0 on top.
        """
        width, height = self.size
        depths = np.empty((height, width), np.float32)
        return self._read(layer, depths, gl_raw.DEPTH_COMPONENT, gl_raw.FLOAT)

    def _read(self, layer: int, data: np.ndarray, *data_format: int) -> np.ndarray:
        pointer: Any = data.ctypes.data_as(ctypes.c_void_p)
        self._gl.BindFramebuffer(gl_raw.READ_FRAMEBUFFER, self._output(layer))
        self._gl.ReadPixels(0, 0, *self.size, *data_format, pointer)
        return data[::-1]

    def _bind(self, layer: int) -> None:
        """Draw into a layer, or into `BOTH_LAYERS`, from now on."""
        if self.samples:
            framebuffer = self._framebuffers.framebuffer(
                self._multisampled, self._multisampled_depth, layer
            )
        else:
            framebuffer = self._output(layer)
        self._gl.BindFramebuffer(gl_raw.FRAMEBUFFER, framebuffer)

    def _output(self, layer: int) -> int:
        return self._framebuffers.framebuffer(self._color, self._depth, layer)

    def release(self) -> None:
        """Delete the target's own textures and all framebuffers."""
        self._framebuffers.release()
        self._mask.release()
