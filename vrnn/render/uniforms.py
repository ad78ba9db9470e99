"""Views, and the uniform block that hands them to every shader (shaders/lib/views.glsl)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import tan

import moderngl
import numpy as np

from vrnn.render.culling import MAX_MOVE, MAX_TURN, CullKey
from vrnn.render.frustum import Frustum
from vrnn.render.shaders import VIEWS_BINDING
from vrnn.scene.camera import Camera
from vrnn.style.colormap import Color
from vrnn.style.theme import themed_color
from vrnn.style.theme_names import Theme

VIEWS = np.dtype(
    [
        ("clip_from_world", "(2, 16)f4"),
        ("eye", "4f4"),
        ("background", "4f4"),
        ("positive", "4f4"),
        ("negative", "4f4"),
        ("not_finite", "4f4"),
        ("color_range", "4f4"),
        ("viewport", "4f4"),
    ]
)
"""Layout of the uniform block, std140; its fields are explained in shaders/lib/views.glsl."""

FovTangents = tuple[float, float, float, float]
"""Tangents of the angles to the left, right, upper and lower edge of what an eye sees."""
NO_FOG = 1e9
"""Meters at which fog would have taken most of the light, where there is none."""


@dataclass(frozen=True)
class RenderColors:
    """The colors of the world: linear RGB, 0…1.

    Attributes:
        background: Of empty space and of full fog.
        positive: Of the largest activation.
        negative: Of the most negative activation.
        not_finite: Of NaN and infinity.
        theme: Whose colors they are.
    """

    background: Color = (0.0105, 0.0130, 0.0185)
    positive: Color = (1.0, 0.93, 0.82)
    negative: Color = (0.16, 0.42, 1.0)
    not_finite: Color = (1.0, 0.05, 0.45)
    theme: Theme = "dark"

    def in_theme(self, theme: Theme) -> RenderColors:
        """Return the colors of the dark theme as another one has them."""
        if theme == self.theme:
            return self
        colors = (self.background, self.positive, self.negative, self.not_finite)
        background, positive, negative, not_finite = (themed_color(c, theme) for c in colors)
        return RenderColors(background, positive, negative, not_finite, theme)


@dataclass(frozen=True)
class View:
    """What a flat picture shows: from where, how large, in which colors.

    Attributes:
        camera: Where the eye is, and where it looks.
        size: Width and height of the whole picture in pixels.
        fog: Meters at which fog has taken most of the light.
        near: Meters within which nothing is drawn.
        tile: Left, bottom, width and height in pixels of the part to draw; None for all.
        transparent: Draw nothing behind things, and no floor.
        colors: Of the world.
        seconds: Time, of what runs along edges.
    """

    camera: Camera
    size: tuple[int, int]
    fog: float = 100.0
    near: float = 0.05
    tile: tuple[int, int, int, int] | None = None
    transparent: bool = False
    colors: RenderColors = RenderColors()
    seconds: float = 0.0

    @property
    def clip_from_world(self) -> np.ndarray:
        """(4, 4) float32 of the part that is drawn."""
        width, height = self.size
        whole = self.camera.clip_from_world(width / height, self.near)
        return tile_from_clip(self.size, self.tile) @ whole if self.tile else whole

    @property
    def pixels_per_unit(self) -> float:
        """Pixels on screen of a meter at a depth of one meter."""
        return self.size[1] / (2 * tan(self.camera.fov / 2))

    @property
    def clip_matrices(self) -> np.ndarray:
        """(1, 4, 4) float32, of the only eye."""
        return self.clip_from_world[None]

    @property
    def eye(self) -> np.ndarray:
        """(3,) meters in the world."""
        return self.camera.position

    @property
    def cull_key(self) -> CullKey:
        """The viewpoint that culling depends on."""
        projection = (self.size, self.tile, self.camera.fov)
        right, _, forward = self.camera.axes()
        return CullKey(self.eye, forward, self.pixels_per_unit, projection, right=right)

    @property
    def frustum(self) -> Frustum:
        """What may be seen as long as `cull_key` is valid."""
        # Both axes may have turned so far, each in its way.
        return Frustum.of(self.clip_from_world, self.eye, MAX_MOVE, 2 * MAX_TURN)


@dataclass(frozen=True, eq=False)
class StereoView:
    """What two eyes see: from where, how large, in which colors.

    Attributes:
        clip_matrices: (2, 4, 4) float32, clip from world, of the left and the right eye.
        eye: (3,) meters, the midpoint between the eyes.
        size: Width and height of each eye's picture in pixels.
        pixels_per_unit: Pixels on screen of a meter at a depth of one meter.
        fog: Meters at which fog has taken most of the light.
        colors: Of the world.
        max_move: Meters that the head may move before everything is culled again.
        transparent: Draw nothing behind things, and no floor.
        fov_tangents: To the edges of each eye's picture.
        seconds: Time, of what runs along edges.
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
    seconds: float = 0.0

    @property
    def cull_key(self) -> CullKey:
        """The viewpoint that culling depends on; one for both eyes."""
        projection = (self.size, self.max_move)
        return CullKey(self.eye, None, self.pixels_per_unit, projection, self.max_move)

    @property
    def frustum(self) -> None:
        """None: a head turns too often."""
        return None

    def single_eye(self, index: int) -> StereoView:
        """Return a view with one of the two eyes, 0 left and 1 right, as its first."""
        return replace(self, clip_matrices=self.clip_matrices[index : index + 1])


AnyView = View | StereoView


def tile_from_clip(size: tuple[int, int], tile: tuple[int, int, int, int]) -> np.ndarray:
    """Return the matrix that spreads one tile of a picture over the whole clip space.

    Args:
        size: Width and height of the picture in pixels.
        tile: Left, bottom, width and height in pixels.

    Returns:
        (4, 4) float32.
    """
    left, bottom, width, height = tile
    matrix = np.eye(4, dtype=np.float32)
    matrix[0, 0] = size[0] / width
    matrix[1, 1] = size[1] / height
    matrix[0, 3] = (size[0] - 2 * left - width) / width
    matrix[1, 3] = (size[1] - 2 * bottom - height) / height
    return matrix


def clip_from_pixels(width: int, height: int) -> np.ndarray:
    """Return the matrix of an overlay: x to the right and y down in pixels, from the top left.

    Returns:
        (4, 4) float32.
    """
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
        self._clip_matrices = self._record["clip_from_world"].reshape(2, 4, 4)
        self._eye = self._record["eye"][0]
        self._settings: tuple[object, ...] | None = None

    def write(self, view: AnyView, symmetric: bool) -> None:
        """Set the uniforms for a picture of the world.

        Args:
            view: What the picture shows.
            symmetric: Whether zero is in the middle of the range of colors.
        """
        eye = (*view.eye, view.fog)
        self._write(view.clip_matrices, eye, view, view.pixels_per_unit, symmetric)

    def write_overlay(self, view: View) -> None:
        """Set the uniforms for an overlay in pixels: no fog, a unit is a pixel."""
        width, height = view.size
        matrix = clip_from_pixels(width, height)
        if view.tile is not None:
            matrix = tile_from_clip(view.size, view.tile) @ matrix
        self._write(matrix[None], (0.0, 0.0, 0.0, NO_FOG), view, 1.0)

    def _write(
        self, clip_matrices: np.ndarray, eye: tuple[float, ...], view: AnyView,
        pixels_per_unit: float, symmetric: bool = True,
    ) -> None:  # fmt: skip
        record = self._record
        size = view.tile[2:] if isinstance(view, View) and view.tile else view.size
        settings = (
            view.colors, view.transparent, view.size, size, pixels_per_unit, symmetric,
            view.seconds,
        )  # fmt: skip
        if settings != self._settings:
            self._settings = settings
            record["background"] = (*view.colors.background, 0.0 if view.transparent else 1.0)
            record["positive"] = (*view.colors.positive, view.seconds)
            record["negative"] = (*view.colors.negative, 1.0)
            record["not_finite"] = (*view.colors.not_finite, 1.0)
            record["color_range"] = (float(symmetric), *size, float(view.colors.theme == "light"))
            record["viewport"] = (*view.size, pixels_per_unit, 0.0 if view.transparent else 1.0)
        self._clip_matrices[: len(clip_matrices)] = clip_matrices.transpose(0, 2, 1)
        self._eye[:] = eye
        self._buffer.orphan()  # the last picture may still read it
        self._buffer.write(record.view(np.uint8))
        self._buffer.bind_to_uniform_block(VIEWS_BINDING)

    def release(self) -> None:
        """Release the buffer."""
        self._buffer.release()
