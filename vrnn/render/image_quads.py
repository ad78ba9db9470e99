"""Color images in the world: the input, a segmentation, thumbnails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import moderngl
import numpy as np

from vrnn.render.gl_raw import SRGB8_ALPHA8
from vrnn.render.instances import FRINGE_VERTICES, QuadStrip
from vrnn.render.shaders import Shader, StereoMode
from vrnn.scene.primitives import ImageQuad

BLEND: Any = (
    moderngl.SRC_ALPHA,
    moderngl.ONE_MINUS_SRC_ALPHA,
    moderngl.ONE,
    moderngl.ONE_MINUS_SRC_ALPHA,
)
"""By alpha; the last two keep a transparent picture's own alpha right."""
HOLE: Any = (moderngl.ONE, moderngl.ZERO, moderngl.ZERO, moderngl.ZERO)
"""The color as it is, and no alpha."""


class ImageRenderer:
    """Draws image quads, and keeps the texture of each until it is no longer drawn.

    Attributes:
        named_textures: Textures of others that an `ImageQuad` may name; whoever registers one
            releases it.
        see_through: Names of textures that get an alpha of 0, so that what another shows behind the
            picture is seen in their place; their color is drawn for whoever ignores that.
    """

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._shader = Shader(ctx, "image")
        self._strip = QuadStrip(ctx, self._shader)
        self._fringe_shader = Shader(ctx, "image", {"FRINGE": 1})
        self._fringe_strip = QuadStrip(ctx, self._fringe_shader, FRINGE_VERTICES)
        self._textures: dict[int, tuple[np.ndarray, moderngl.Texture]] = {}
        self.named_textures: dict[str, moderngl.Texture] = {}
        self.see_through: frozenset[str] = frozenset()
        self._prepared: Sequence[ImageQuad] | None = None

    def prepare(self, images: Sequence[ImageQuad]) -> None:
        """Upload new images, and release the textures of those that are no longer drawn.

        To be called before anything is drawn that an upload would have to wait for.

        Args:
            images: All that will be drawn until the next call; the same sequence is skipped.
        """
        if images is self._prepared:
            return
        self._prepared = images
        drawn = {id(image.pixels) for image in images}
        for key in self._textures.keys() - drawn:
            self._textures.pop(key)[1].release()
        for image in images:
            self._texture(image)

    def draw(self, images: Sequence[ImageQuad], mode: StereoMode = StereoMode.SINGLE) -> None:
        """Draw images, one draw call each, in their order."""
        self._draw(images, self._shader, self._strip, mode)

    def draw_fringes(
        self, images: Sequence[ImageQuad], mode: StereoMode = StereoMode.SINGLE
    ) -> None:
        """Draw the smooth edges of images that are drawn, over all that lies behind them."""
        self._draw(images, self._fringe_shader, self._fringe_strip, mode)

    def _draw(
        self, images: Sequence[ImageQuad], shader: Shader, strip: QuadStrip, mode: StereoMode
    ) -> None:
        program = shader.program_for(mode)
        for image in images:
            texture = self._texture(image)
            # The same pixels may be drawn sharp now and blended before, or in two places.
            magnify = moderngl.LINEAR if image.smooth else moderngl.NEAREST
            if not isinstance(image.pixels, str):
                texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, magnify)
            texture.use(0)
            program["origin"] = image.origin
            program["right"] = image.right
            program["down"] = image.down
            program["part"] = image.part
            is_hole = (
                strip is self._strip
                and isinstance(image.pixels, str)
                and image.pixels in self.see_through
            )
            if is_hole:
                self._ctx.blend_func = HOLE
            strip.draw(mode)
            if is_hole:
                self._ctx.blend_func = BLEND

    def _texture(self, image: ImageQuad) -> moderngl.Texture:
        pixels = image.pixels
        if isinstance(pixels, str):
            return self.named_textures[pixels]
        key = id(pixels)
        if key not in self._textures:
            height, width = pixels.shape[:2]
            texture = self._ctx.texture(
                (width, height), 4, rgba_bytes(pixels), internal_format=SRGB8_ALPHA8
            )
            texture.build_mipmaps()
            texture.repeat_x = texture.repeat_y = False
            # The pixels are kept too, so that no other array gets their id.
            self._textures[key] = (pixels, texture)
        return self._textures[key][1]

    def release(self) -> None:
        """Release all textures and the program."""
        for _, texture in self._textures.values():
            texture.release()
        self._textures.clear()
        self._prepared = None
        self._strip.release()
        self._fringe_strip.release()


def rgba_bytes(pixels: np.ndarray) -> bytes:
    """Return an opaque image's bytes with an alpha of 255.

    Args:
        pixels: (H, W, 3) uint8.
    """
    opaque = np.full((*pixels.shape[:2], 4), 255, np.uint8)
    opaque[..., :3] = pixels
    return opaque.tobytes()
