"""The uniform block that every shader reads (shaders/lib/views.glsl)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import tan

import moderngl
import numpy as np

from vrnn.render.culling import MAX_MOVE, CullKey
from vrnn.render.shaders import VIEWS_BINDING
from vrnn.scene.camera import Camera

VIEWS = np.dtype(
    [
        ("clip_from_world", "(2, 16)f4"),
        ("eye", "4f4"),
        ("background", "4f4"),
        ("positive", "4f4"),
        ("negative", "4f4"),
        ("not_finite", "4f4"),
        ("display", "4f4"),
        ("viewport", "4f4"),
    ]
)

Color = tuple[float, float, float]
FovTangents = tuple[float, float, float, float]


@dataclass(frozen=True)
class RenderColors:
    """The colors of the place, linear."""

    background: Color = (0.0105, 0.0130, 0.0185)
    positive: Color = (1.0, 0.93, 0.82)
    negative: Color = (0.16, 0.42, 1.0)
    not_finite: Color = (1.0, 0.05, 0.45)


@dataclass(frozen=True)
class View:
    """Where to look from and what mood to draw in.

    size: (width, height) pixels of the whole picture; fog: meters at which it has taken most of
    the light; near: meters within which nothing is drawn; tile: (left, bottom, width, height)
    pixels of the part to draw, None for all; transparent: nothing behind things, and no floor.
    """

    camera: Camera
    size: tuple[int, int]
    fog: float = 100.0
    near: float = 0.05
    tile: tuple[int, int, int, int] | None = None
    transparent: bool = False
    colors: RenderColors = RenderColors()

    @property
    def clip_from_world(self) -> np.ndarray:
        """(4, 4) float32 for the part that is drawn."""
        width, height = self.size
        whole = self.camera.clip_from_world(width / height, self.near)
        return tile_from_clip(self.size, self.tile) @ whole if self.tile else whole

    @property
    def pixels_per_unit(self) -> float:
        """Pixels on screen of a meter at a meter's depth."""
        return self.size[1] / (2 * tan(self.camera.fov / 2))

    @property
    def clip_matrices(self) -> np.ndarray:
        """(1, 4, 4) float32: of the only eye."""
        return self.clip_from_world[None]

    @property
    def eye(self) -> np.ndarray:
        """(3,) meters."""
        return self.camera.position

    @property
    def cull_key(self) -> CullKey:
        """What has to stay for the same things to be worth drawing."""
        picture = (self.size, self.tile, self.camera.fov)
        forward = self.camera.axes()[2]
        return CullKey(self.eye, forward, self.pixels_per_unit, picture)


@dataclass(frozen=True, eq=False)
class StereoView:
    """Where two eyes look from, and in what mood.

    clips: (2, 4, 4) float32, of the left and the right eye; eye: (3,) meters, the middle between
    them; size: (width, height) pixels of each eye's picture; pixels_a_unit, fog, look: as in a
    `View`; step: meters that the head may move before what is worth drawing is found anew; edges:
    tangents to the left, right, upper and lower edge of each picture.
    """

    clip_matrices: np.ndarray
    eye: np.ndarray
    size: tuple[int, int]
    pixels_per_unit: float
    fog: float = 100.0
    colors: RenderColors = RenderColors()
    max_move: float = MAX_MOVE
    transparent: bool = False
    fov_tangents: tuple[FovTangents, FovTangents] = ((-1.0, 1.0, 1.0, -1.0), (-1.0, 1.0, 1.0, -1.0))

    @property
    def cull_key(self) -> CullKey:
        """What has to stay for the same things to be worth drawing."""
        return CullKey(
            self.eye, None, self.pixels_per_unit, (self.size, self.max_move), self.max_move
        )

    def single_eye(self, number: int) -> StereoView:
        """One of the two eyes, as the first."""
        return replace(self, clip_matrices=self.clip_matrices[number : number + 1])


AnyView = View | StereoView


def tile_from_clip(size: tuple[int, int], tile: tuple[int, int, int, int]) -> np.ndarray:
    """(4, 4) that spreads one tile of the picture over the whole clip space."""
    left, bottom, width, height = tile
    matrix = np.eye(4, dtype=np.float32)
    matrix[0, 0] = size[0] / width
    matrix[1, 1] = size[1] / height
    matrix[0, 3] = (size[0] - 2 * left - width) / width
    matrix[1, 3] = (size[1] - 2 * bottom - height) / height
    return matrix


def clip_from_pixels(width: int, height: int) -> np.ndarray:
    """(4, 4) for an overlay: x to the right and y down in pixels, from the top left corner."""
    matrix = np.eye(4, dtype=np.float32)
    matrix[0, 0], matrix[0, 3] = 2 / width, -1
    matrix[1, 1], matrix[1, 3] = -2 / height, 1
    matrix[2, 2] = 0
    return matrix


class ViewUniforms:
    """The uniform buffer. Matrices are transposed here, once, into OpenGL's column-major order."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._buffer = ctx.buffer(reserve=VIEWS.itemsize)
        self._record = np.zeros(1, VIEWS)
        self._clips = self._record["clip_from_world"].reshape(2, 4, 4)
        self._eye = self._record["eye"][0]
        self._mood: tuple[object, ...] | None = None

    def write(self, view: AnyView, symmetric: bool) -> None:
        """For a picture of the world. symmetric: zero is in the middle of the range of colors."""
        eye = (*view.eye, view.fog)
        self._write(view.clip_matrices, eye, view, view.pixels_per_unit, symmetric)

    def write_overlay(self, view: View) -> None:
        """For an overlay in pixels: no fog, a unit is a pixel."""
        width, height = view.size
        matrix = clip_from_pixels(width, height)
        if view.tile is not None:
            matrix = tile_from_clip(view.size, view.tile) @ matrix
        self._write(matrix[None], (0.0, 0.0, 0.0, 1e9), view, 1.0)

    def _write(
        self, clips: np.ndarray, eye: tuple[float, ...], view: AnyView, pixels_a_unit: float,
        symmetric: bool = True,
    ) -> None:  # fmt: skip
        record = self._record
        mood = (view.colors, view.transparent, view.size, pixels_a_unit, symmetric)
        if mood != self._mood:
            self._mood = mood
            record["background"] = (*view.colors.background, 0.0 if view.transparent else 1.0)
            record["positive"] = (*view.colors.positive, 1.0)
            record["negative"] = (*view.colors.negative, 1.0)
            record["not_finite"] = (*view.colors.not_finite, 1.0)
            record["display"] = (float(symmetric), 0.0, 0.0, 0.0)
            record["viewport"] = (*view.size, pixels_a_unit, 0.0 if view.transparent else 1.0)
        self._clips[: len(clips)] = clips.transpose(0, 2, 1)
        self._eye[:] = eye
        self._buffer.orphan()  # the last picture may still read it
        self._buffer.write(record.view(np.uint8))
        self._buffer.bind_to_uniform_block(VIEWS_BINDING)

    def release(self) -> None:
        """Give the buffer back."""
        self._buffer.release()
