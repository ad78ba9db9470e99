"""Draws strips of faint lines, see `vrnn.render.line_strips`."""

from __future__ import annotations

from dataclasses import dataclass

import moderngl

from vrnn.render.instances import InstanceRenderer
from vrnn.render.line_strips import STRIP, STRIP_TEXELS, LineStrips
from vrnn.render.shaders import Shader, StereoMode

SPARE_ROWS = 16
"""The texture grows by so many rows at once."""


@dataclass(eq=False)
class _StripTexels:
    """Texels on the GPU.

    Attributes:
        texture: Holds them.
        uploaded: The very strips whose texels lie in it.
    """

    texture: moderngl.Texture
    uploaded: LineStrips | None = None


class StripRenderer:
    """Draws strips by one call for each kind of view."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        shader = Shader(ctx, "strip", {"STRIP_TEXELS": STRIP_TEXELS}, {"strip_texels": 0})
        self._instances = InstanceRenderer(ctx, shader, STRIP)
        self._texels: dict[str, _StripTexels] = {}

    def draw(self, strips: LineStrips, key: str, mode: StereoMode = StereoMode.SINGLE) -> None:
        """Draw strips.

        Args:
            strips: They never change once they are made, so that they are uploaded only once.
            key: Names the buffer and the texture that they go to.
            mode: How the draw reaches both eyes.
        """
        if not len(strips.records):
            return
        rows = len(strips.texels)
        texels = self._texels.get(key)
        if texels is None or texels.texture.height < rows:
            if texels is not None:
                texels.texture.release()
            height = -(-rows // SPARE_ROWS) * SPARE_ROWS
            texture = self._ctx.texture((STRIP_TEXELS, height), 4)
            texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
            texels = self._texels[key] = _StripTexels(texture)
        if texels.uploaded is not strips:
            texels.texture.write(strips.texels, viewport=(0, 0, STRIP_TEXELS, rows))
            texels.uploaded = strips
        texels.texture.use(0)
        self._instances.draw(strips.records, key, mode)

    def release(self) -> None:
        """Release the textures, the buffers and the program."""
        for texels in self._texels.values():
            texels.texture.release()
        self._texels.clear()
        self._instances.release()
