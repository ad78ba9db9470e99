"""Pictures for two eyes: two layers of a texture array, drawn in one pass where the driver can."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from math import cos, sin, tan

import moderngl
import numpy as np

from vrnn.errors import VrnnError
from vrnn.render import gl_raw
from vrnn.render.gl_raw import RawGL
from vrnn.render.render_target import FRAMEBUFFER_SRGB, bind_default
from vrnn.render.shaders import StereoMode, compile_program
from vrnn.render.uniforms import FovTangents, RenderColors, StereoView
from vrnn.scene.camera import FAR
from vrnn.scene.headset.tracking import Eye, Rig
from vrnn.scene.linalg import quaternion_axes

LAYER_EXTENSIONS = ("GL_ARB_shader_viewport_layer_array", "GL_AMD_vertex_shader_layer")
MULTIVIEW_EXTENSION = "GL_OVR_multiview2"
Viewport = tuple[int, int, int, int]
DEFAULT_COLORS = RenderColors()
NEAR = 0.05
"""Meters of the stage within which nothing is drawn."""


def stereo_modes(extensions: Sequence[str] | set[str]) -> tuple[str, ...]:
    """Of STEREO, what a driver with these extensions can do, the best first."""
    found = []
    if MULTIVIEW_EXTENSION in extensions:
        found.append("multiview")
    if any(name in extensions for name in LAYER_EXTENSIONS):
        found.append("layer")
    return (*found, "two")


def choose_stereo_mode(ctx: moderngl.Context, wanted: str = "auto") -> str:
    """`multiview`, `layer` or `two`. Raises VrnnError for one that the driver cannot do."""
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
    """Where both eyes' pictures go: layer 0 the left one's, layer 1 the right one's.

    The layers are its own, or those of a texture array that is given for each frame.
    """

    def __init__(
        self, ctx: moderngl.Context, size: tuple[int, int], samples: int = 0, mode: str = "auto",
        depth_format: int = gl_raw.DEPTH_COMPONENT32F, own: bool = True,
    ) -> None:  # fmt: skip
        """size: of one eye's picture; samples: 0, or of each pixel's edge smoothing (2, 4, 8);
        own: make a texture array to draw into."""
        self.ctx, self.size, self.mode_name = ctx, size, choose_stereo_mode(ctx, wanted=mode)
        self._raw = RawGL()
        self.samples = min(samples, ctx.max_samples) if samples > 1 else 0
        if self.mode_name == "multiview" and self.samples and not _smooths_views(self._raw):
            if mode == "auto":
                self.mode_name = stereo_modes(ctx.extensions)[1]
            else:
                self.samples = 0
        self.mode = {"multiview": StereoMode.MULTIVIEW, "layer": StereoMode.LAYERS}.get(
            self.mode_name, StereoMode.SINGLE
        )
        self._framebuffers: dict[tuple[int, int, int], int] = {}
        self._made: list[int] = []
        self._own = self._texture(gl_raw.SRGB8_ALPHA8) if own else 0
        self._own_depth = self._texture(depth_format)
        self._smooth = self._smooth_depth = 0
        if self.samples:
            self._smooth = self._texture(gl_raw.SRGB8_ALPHA8, self.samples)
            self._smooth_depth = self._texture(depth_format, self.samples)
        self._color, self._depth = self._own, self._own_depth
        self._hidden = VisibilityMask(ctx)

    def set_output(self, color: int, depth: int = 0) -> None:
        """Draw into these texture arrays from now on; 0: into its own."""
        self._color, self._depth = color or self._own, depth or self._own_depth

    def set_visibility_masks(self, masks: Sequence[np.ndarray]) -> None:
        """Draw nothing where an eye's lens hides it. masks: (N, 3, 2) triangles of each eye, by
        tangents right and up; none: everything is seen."""
        self._hidden.set_triangles(masks)

    def begin(self, background: tuple[float, float, float, float]) -> None:
        """Both eyes see this linear color, and nothing else so far."""
        raw = self._raw
        self.ctx.enable_direct(FRAMEBUFFER_SRGB)
        raw.Viewport(0, 0, *self.size)
        raw.DepthMask(1)
        raw.ClearColor(*background)
        for layer in (-1,) if self.mode is not StereoMode.SINGLE else (0, 1):
            self._bind(layer)
            raw.Clear(gl_raw.COLOR_BUFFER_BIT | gl_raw.DEPTH_BUFFER_BIT)

    def passes(self, view: StereoView) -> Iterator[StereoView]:
        """What to draw, one after the other: both eyes at once, or each."""
        for number in (0, 1):
            if self._hidden.hides_anything(number):
                self._bind(number)
                self._hidden.draw(number, view.fov_tangents[number])
        if self.mode is not StereoMode.SINGLE:
            self._bind(-1)
            yield view
            return
        for number in (0, 1):
            self._bind(number)
            yield view.single_eye(number)

    def set_depth_write(self, on: bool) -> None:
        """Whether what is drawn hides what is drawn behind it later."""
        self._raw.DepthMask(int(on))

    def end(self) -> None:
        """The pictures are complete."""
        raw = self._raw
        raw.DepthMask(1)
        if self.samples:
            width, height = self.size
            box = (0, 0, width, height)
            for layer in (0, 1):
                source = self._framebuffer(self._smooth, self._smooth_depth, layer)
                out = self._framebuffer(self._color, self._depth, layer)
                raw.BindFramebuffer(gl_raw.READ_FRAMEBUFFER, source)
                raw.BindFramebuffer(gl_raw.DRAW_FRAMEBUFFER, out)
                what = gl_raw.COLOR_BUFFER_BIT
                raw.BlitFramebuffer(*box, *box, what, gl_raw.NEAREST)
                if self._depth != self._own_depth:
                    raw.BlitFramebuffer(*box, *box, gl_raw.DEPTH_BUFFER_BIT, gl_raw.NEAREST)
        self.ctx.disable_direct(FRAMEBUFFER_SRGB)
        # ModernGL has to know that another framebuffer is bound now than it thinks.
        bind_default(self.ctx)

    def copy_to(self, framebuffer: int, area: Viewport, layer: int) -> None:
        """Copy the middle of an eye's picture into a part of a framebuffer, its bytes as they are.

        area: left, bottom, width, height in pixels, which it fills.
        """
        raw = self._raw
        left, bottom, width, height = area
        wide, high = self.size
        scale = min(wide / width, high / height)
        part = round(width * scale), round(height * scale)
        x, y = (wide - part[0]) // 2, (high - part[1]) // 2
        source = self._framebuffer(self._color, self._depth, layer)
        raw.BindFramebuffer(gl_raw.READ_FRAMEBUFFER, source)
        raw.BindFramebuffer(gl_raw.DRAW_FRAMEBUFFER, framebuffer)
        raw.BlitFramebuffer(
            x, y, x + part[0], y + part[1], left, bottom, left + width, bottom + height,
            gl_raw.COLOR_BUFFER_BIT, gl_raw.LINEAR,
        )  # fmt: skip
        bind_default(self.ctx)

    def read_pixels(self, layer: int) -> np.ndarray:
        """(H, W, 4) uint8 sRGB of one eye, row 0 on top."""
        width, height = self.size
        data = np.empty((height, width, 4), np.uint8)
        framebuffer = self._framebuffer(self._color, self._depth, layer)
        self._raw.BindFramebuffer(gl_raw.READ_FRAMEBUFFER, framebuffer)
        kind = (gl_raw.RGBA, gl_raw.UNSIGNED_BYTE)
        self._raw.ReadPixels(0, 0, width, height, *kind, data.ctypes.data_as(ctypes.c_void_p))
        return data[::-1]

    def read_depths(self, layer: int) -> np.ndarray:
        """(H, W) float32 of one eye, 0 near … 1 far, row 0 on top."""
        width, height = self.size
        data = np.empty((height, width), np.float32)
        framebuffer = self._framebuffer(self._color, self._depth, layer)
        self._raw.BindFramebuffer(gl_raw.READ_FRAMEBUFFER, framebuffer)
        kind = (gl_raw.DEPTH_COMPONENT, gl_raw.FLOAT)
        self._raw.ReadPixels(0, 0, width, height, *kind, data.ctypes.data_as(ctypes.c_void_p))
        return data[::-1]

    def _bind(self, layer: int) -> None:
        """Draw into a layer, -1: into both."""
        if self.samples:
            number = self._framebuffer(self._smooth, self._smooth_depth, layer)
        else:
            number = self._framebuffer(self._color, self._depth, layer)
        self._raw.BindFramebuffer(gl_raw.FRAMEBUFFER, number)

    def _framebuffer(self, color: int, depth: int, layer: int) -> int:
        """Of a layer of these arrays, -1: of both; kept."""
        key = (color, depth, layer)
        if key not in self._framebuffers:
            raw = self._raw
            number = raw.create("Framebuffers")
            raw.BindFramebuffer(gl_raw.FRAMEBUFFER, number)
            for place, texture in (
                (gl_raw.COLOR_ATTACHMENT0, color), (gl_raw.DEPTH_ATTACHMENT, depth),
            ):  # fmt: skip
                self._attach(place, texture, layer)
            state = raw.CheckFramebufferStatus(gl_raw.FRAMEBUFFER)
            if state != gl_raw.FRAMEBUFFER_COMPLETE:
                raise VrnnError(
                    f"the graphics driver draws into no texture array of {self.size[0]}×"
                    f"{self.size[1]} pixels (state {state:#x}); choose a smaller resolution scale "
                    "in [headset]"
                )
            self._framebuffers[key] = number
        return self._framebuffers[key]

    def _attach(self, place: int, texture: int, layer: int) -> None:
        raw, kind = self._raw, gl_raw.FRAMEBUFFER
        if layer >= 0:
            raw.FramebufferTextureLayer(kind, place, texture, 0, layer)
        elif self.mode is StereoMode.MULTIVIEW:
            raw.FramebufferTextureMultiviewOVR(kind, place, texture, 0, 0, 2)
        else:
            raw.FramebufferTexture(kind, place, texture, 0)

    def _texture(self, kind: int, samples: int = 0) -> int:
        raw = self._raw
        number = raw.create("Textures")
        self._made.append(number)
        if samples:
            target = gl_raw.TEXTURE_2D_MULTISAMPLE_ARRAY
            raw.BindTexture(target, number)
            raw.TexImage3DMultisample(target, samples, kind, *self.size, 2, 1)
        else:
            target = gl_raw.TEXTURE_2D_ARRAY
            raw.BindTexture(target, number)
            color = kind in (gl_raw.SRGB8_ALPHA8, gl_raw.RGBA8)
            data = (
                (gl_raw.RGBA, gl_raw.UNSIGNED_BYTE)
                if color
                else (gl_raw.DEPTH_COMPONENT, gl_raw.FLOAT)
            )
            raw.TexImage3D(target, 0, kind, *self.size, 2, 0, *data, None)
            for parameter in (gl_raw.TEXTURE_MIN_FILTER, gl_raw.TEXTURE_MAG_FILTER):
                raw.TexParameteri(target, parameter, gl_raw.LINEAR if color else gl_raw.NEAREST)
        raw.BindTexture(target, 0)
        return number

    def release(self) -> None:
        """Give its own textures and all framebuffers back."""
        for number in self._framebuffers.values():
            self._raw.delete("Framebuffers", number)
        self._framebuffers.clear()
        for number in self._made:
            self._raw.delete("Textures", number)
        self._made.clear()
        self._hidden.release()


class VisibilityMask:
    """The parts of both pictures that no eye gets to see: their depth is made the nearest."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._program: moderngl.Program | None = None
        self._meshes: list[tuple[moderngl.Buffer, moderngl.VertexArray] | None] = [None, None]

    def set_triangles(self, masks: Sequence[np.ndarray]) -> None:
        """See `StereoTarget.hide`."""
        self._drop()
        for number, triangles in enumerate(masks):
            if not len(triangles):
                continue
            if self._program is None:
                self._program = compile_program(self._ctx, "hidden")
            buffer = self._ctx.buffer(np.ascontiguousarray(triangles, np.float32).tobytes())
            array = self._ctx.vertex_array(self._program, [(buffer, "2f", "place")])
            self._meshes[number] = (buffer, array)

    def hides_anything(self, number: int) -> bool:
        """Whether anything of an eye's picture is hidden."""
        return self._meshes[number] is not None

    def draw(self, number: int, edges: Sequence[float]) -> None:
        """Into the layer that is bound. edges: tangents to left, right, up and down."""
        mesh = self._meshes[number]
        if mesh is None or self._program is None:
            return
        self._ctx.enable(moderngl.DEPTH_TEST)
        self._ctx.disable(moderngl.BLEND | moderngl.CULL_FACE)
        self._program["edges"] = tuple(float(edge) for edge in edges)
        mesh[1].render(moderngl.TRIANGLES)

    def _drop(self) -> None:
        for mesh in self._meshes:
            if mesh is not None:
                mesh[1].release()
                mesh[0].release()
        self._meshes = [None, None]

    def release(self) -> None:
        """Give everything back."""
        self._drop()
        if self._program is not None:
            self._program.release()
            self._program = None


def _smooths_views(raw: RawGL) -> bool:
    """Whether the driver draws several views into a multisampled array: few do."""
    target, texture = gl_raw.TEXTURE_2D_MULTISAMPLE_ARRAY, raw.create("Textures")
    framebuffer = raw.create("Framebuffers")
    raw.BindTexture(target, texture)
    raw.TexImage3DMultisample(target, 2, gl_raw.SRGB8_ALPHA8, 8, 8, 2, 1)
    raw.BindTexture(target, 0)
    raw.BindFramebuffer(gl_raw.FRAMEBUFFER, framebuffer)
    place = gl_raw.COLOR_ATTACHMENT0
    raw.FramebufferTextureMultiviewOVR(gl_raw.FRAMEBUFFER, place, texture, 0, 0, 2)
    state = raw.CheckFramebufferStatus(gl_raw.FRAMEBUFFER)
    raw.BindFramebuffer(gl_raw.FRAMEBUFFER, 0)
    raw.delete("Framebuffers", framebuffer)
    raw.delete("Textures", texture)
    refused = raw.GetError() != gl_raw.NO_ERROR
    return bool(state == gl_raw.FRAMEBUFFER_COMPLETE) and not refused


def stereo_view(
    eyes: tuple[Eye, Eye],
    rig: Rig,
    size: tuple[int, int],
    fog: float,
    colors: RenderColors | None = None,
) -> StereoView:
    """What two eyes on a stage see of the world. size: of one eye's picture; fog: meters."""
    left, right = fov_tangents(eyes[0]), fov_tangents(eyes[1])
    near, far = near_and_far(rig)
    one, (x, y, z) = _clip_rows(eyes[0], rig, left, near, far)
    other, (u, v, w) = _clip_rows(eyes[1], rig, right, near, far)
    middle = np.array(((x + u) / 2, (y + v) / 2, (z + w) / 2))
    tall = (left[2] - left[3] + right[2] - right[3]) / 2
    return StereoView(
        np.array((one, other), np.float32), middle, size, size[1] / tall, fog, colors or DEFAULT_COLORS,
        max_move=0.5 * max(1.0, rig.scale), fov_tangents=(left, right),
    )  # fmt: skip


def fov_tangents(eye: Eye) -> FovTangents:
    """Tangents to the left, right, upper and lower edge of what an eye sees."""
    left, right, up, down = eye.fov
    return tan(left), tan(right), tan(up), tan(down)


def near_and_far(rig: Rig) -> tuple[float, float]:
    """Meters of the world between which things are drawn."""
    return NEAR * rig.scale, max(FAR, 100 * rig.scale)


Row = tuple[float, float, float, float]


def _clip_rows(
    eye: Eye, rig: Rig, seen: FovTangents, near: float, far: float
) -> tuple[tuple[Row, Row, Row, Row], tuple[float, float, float]]:
    """World to clip coordinates, and where the eye is in the world. Depth is in meters of the
    world, however large the stage stands in it.

    Written out in numbers: this is done for each frame when nothing else is left to do, and arrays
    of so few cost ten times as much.
    """
    px, py, pz = eye.pose.position.tolist()
    ox, oy, oz = rig.position.tolist()
    c, s, k = cos(rig.yaw), sin(rig.yaw), rig.scale
    place = (ox + k * (c * px + s * pz), oy + k * py, oz + k * (c * pz - s * px))
    axes = []
    for ax, ay, az in quaternion_axes(eye.pose.orientation):  # right, up, back
        ax, az = c * ax + s * az, c * az - s * ax
        axes.append((ax, ay, az, -(ax * place[0] + ay * place[1] + az * place[2])))
    right, up, back = axes
    low, high, top, bottom = seen
    a, b = 2 / (high - low), (high + low) / (high - low)
    d, e = 2 / (top - bottom), (top + bottom) / (top - bottom)
    f, g = -(far + near) / (far - near), -2 * far * near / (far - near)
    bx, by, bz, bw = back
    rows = (
        (
            a * right[0] + b * bx,
            a * right[1] + b * by,
            a * right[2] + b * bz,
            a * right[3] + b * bw,
        ),
        (d * up[0] + e * bx, d * up[1] + e * by, d * up[2] + e * bz, d * up[3] + e * bw),
        (f * bx, f * by, f * bz, f * bw + g),
        (-bx, -by, -bz, -bw),
    )
    return rows, place


def clip_from_world(eye: Eye, rig: Rig) -> np.ndarray:
    """(4, 4) float64."""
    return np.array(_clip_rows(eye, rig, fov_tangents(eye), *near_and_far(rig))[0])
