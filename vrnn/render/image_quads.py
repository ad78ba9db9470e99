"""Color images in the world: the input, a segmentation, thumbnails."""

from __future__ import annotations

from collections.abc import Sequence

import moderngl
import numpy as np

from vrnn.render.instances import QuadStrip
from vrnn.render.shaders import Shader, StereoMode
from vrnn.scene.primitives import ImageQuad

SRGB8_ALPHA8 = 0x8C43


class ImageRenderer:
    """Draws pictures, and keeps the texture of each until it is no longer drawn."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._shader = Shader(ctx, "picture")
        self._strip = QuadStrip(ctx, self._shader)
        self._textures: dict[int, tuple[np.ndarray, moderngl.Texture]] = {}
        self.named_textures: dict[str, moderngl.Texture] = {}
        self._prepared: Sequence[ImageQuad] | None = None

    def prepare(self, pictures: Sequence[ImageQuad]) -> None:
        """Send new ones to the GPU, before anything is drawn that this would have to wait for, and
        forget textures of others."""
        if pictures is self._prepared:
            return
        self._prepared = pictures
        seen = {id(picture.pixels) for picture in pictures}
        for key in self._textures.keys() - seen:
            self._textures.pop(key)[1].release()
        for picture in pictures:
            self._texture(picture)

    def draw(self, pictures: Sequence[ImageQuad], way: StereoMode = StereoMode.SINGLE) -> None:
        """Draw them."""
        program = self._shader.program_for(way)
        for picture in pictures:
            self._texture(picture).use(0)
            for name in ("origin", "right", "down"):
                program[name] = getattr(picture, name)
            self._strip.draw(way)

    def _texture(self, picture: ImageQuad) -> moderngl.Texture:
        pixels = picture.pixels
        if isinstance(pixels, str):
            return self.named_textures[pixels]
        key = id(pixels)
        if key not in self._textures:
            height, width = pixels.shape[:2]
            opaque = np.full((height, width, 4), 255, np.uint8)
            opaque[..., :3] = pixels
            texture = self._ctx.texture(
                (width, height), 4, opaque.tobytes(), internal_format=SRGB8_ALPHA8
            )
            texture.build_mipmaps()
            near = moderngl.LINEAR if picture.smooth else moderngl.NEAREST
            texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, near)
            texture.anisotropy = 8.0
            texture.repeat_x = texture.repeat_y = False
            # The pixels are kept with it, so that their id stays theirs.
            self._textures[key] = (pixels, texture)
        return self._textures[key][1]

    def release(self) -> None:
        """Give all textures back."""
        for _, texture in self._textures.values():
            texture.release()
        self._textures.clear()
        self._prepared = None
        self._strip.release()
