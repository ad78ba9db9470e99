"""Pictures of any size: drawn in tiles, smoothed, with or without a background."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from vrnn.render.render_target import RenderTarget
from vrnn.render.renderer import Renderer
from vrnn.render.uniforms import View
from vrnn.scene.primitives import DrawList
from vrnn.style.srgb import linear_to_srgb, srgb_to_linear

TILE_SIZE = 2048
SAMPLES = 8


def render_tiled(
    renderer: Renderer,
    view: View,
    drawing: DrawList,
    overlay: DrawList | None = None,
    tile_size: int = TILE_SIZE,
    front: DrawList | None = None,
) -> np.ndarray:
    """A picture of `view.size`, drawn in tiles of `side` pixels.

    Returns (H, W, 3) uint8 sRGB, or (H, W, 4) with straight alpha for a transparent view.
    """
    width, height = view.size
    result = np.empty((height, width, 4 if view.transparent else 3), np.uint8)
    for left, bottom, w, h in split_into_tiles(width, height, tile_size):
        part = replace(view, tile=(left, bottom, w, h))
        target = RenderTarget(renderer.ctx, (w, h), SAMPLES)
        try:
            renderer.draw(target, part, drawing, overlay, front)
            pixels = target.read_pixels()
        finally:
            target.release()
        rows = slice(height - bottom - h, height - bottom)
        result[rows, left : left + w] = (
            unpremultiply(pixels) if view.transparent else pixels[..., :3]
        )
    return result


def split_into_tiles(width: int, height: int, side: int) -> Iterator[tuple[int, int, int, int]]:
    """(left, bottom, width, height) of parts that make up the whole picture."""
    for bottom in range(0, height, side):
        for left in range(0, width, side):
            yield left, bottom, min(side, width - left), min(side, height - bottom)


def unpremultiply(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 4) uint8 with color divided by alpha: what PNG wants.

    pixels: color multiplied by alpha in linear light, then encoded as sRGB.
    """
    alpha = pixels[..., 3:].astype(np.float32) / 255
    result = pixels.copy()
    result[..., :3] = linear_to_srgb(srgb_to_linear(pixels[..., :3]) / np.maximum(alpha, 1 / 255))
    return result
