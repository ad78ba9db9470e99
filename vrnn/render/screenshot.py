"""Screenshots of any size: drawn in tiles, multisampled, with or without a background."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from vrnn.render.render_target import RenderTarget
from vrnn.render.renderer import Renderer
from vrnn.render.uniforms import View
from vrnn.scene.primitives import DrawList
from vrnn.style.srgb import linear_to_srgb, srgb_to_linear

TILE_SIZE = 2048
"""Largest width and height of a tile, pixels."""
DrawTile = Callable[[View], DrawList]
"""Takes the view of a tile, and returns what is to be drawn in it."""
SAMPLES = 8
"""Samples of each pixel; fewer where the driver has no more."""


def render_tiled(
    renderer: Renderer,
    view: View,
    draw_list: DrawList | DrawTile,
    overlay: DrawList | None = None,
    tile_size: int = TILE_SIZE,
    front: DrawList | None = None,
) -> np.ndarray:
    """Draw a picture of `view.size`, tile by tile.

    Args:
        renderer: What draws.
        view: The whole picture; its own tile is ignored.
        draw_list: The world; or what returns it for each tile, once it is there.
        overlay: What lies over the picture, in pixels.
        tile_size: Largest width and height of a tile, pixels.
        front: What floats before the eye, over everything in the world.

    Returns:
        (H, W, 3) uint8 sRGB, or (H, W, 4) with straight alpha for a transparent view.
    """
    width, height = view.size
    result = np.empty((height, width, 4 if view.transparent else 3), np.uint8)
    for left, bottom, w, h in split_into_tiles(width, height, tile_size):
        tile_view = replace(view, tile=(left, bottom, w, h))
        world = draw_list(tile_view) if callable(draw_list) else draw_list
        target = RenderTarget(renderer.ctx, (w, h), SAMPLES)
        try:
            renderer.draw(target, tile_view, world, overlay, front)
            pixels = target.read_pixels()
        finally:
            target.release()
        rows = slice(height - bottom - h, height - bottom)
        result[rows, left : left + w] = (
            unpremultiply(pixels) if view.transparent else pixels[..., :3]
        )
    return result


def split_into_tiles(
    width: int, height: int, tile_size: int
) -> Iterator[tuple[int, int, int, int]]:
    """Yield the left, bottom, width and height of the tiles that make up a picture, in pixels."""
    for bottom in range(0, height, tile_size):
        for left in range(0, width, tile_size):
            yield left, bottom, min(tile_size, width - left), min(tile_size, height - bottom)


def unpremultiply(pixels: np.ndarray) -> np.ndarray:
    """Divide the color by alpha: what PNG wants.

    Args:
        pixels: (H, W, 4) uint8, the color multiplied by alpha in linear light, then encoded as
            sRGB.

    Returns:
        (H, W, 4) uint8 sRGB with straight alpha.
    """
    alpha = pixels[..., 3:].astype(np.float32) / 255
    linear = srgb_to_linear(pixels[..., :3]) / np.maximum(alpha, 1 / 255)
    result = pixels.copy()
    result[..., :3] = linear_to_srgb(linear)
    return result
