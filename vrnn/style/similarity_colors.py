"""The colors of similarity, and similarity over the input's image."""

from __future__ import annotations

from functools import cache
from typing import Literal, get_args

import numpy as np

from vrnn.style.srgb import srgb_to_linear

SimilarityColormap = Literal["fire", "viridis", "magma", "cividis", "gray"]
SIMILARITY_COLORMAPS: tuple[SimilarityColormap, ...] = get_args(SimilarityColormap)
"""`fire` is ImageJ's, as IFeaLiD has it."""
ENTRIES = 256
NOT_FINITE = (120, 20, 90)
"""sRGB of a position whose vector has a value that is not finite."""
PIN_COLORS = (
    (86, 180, 233), (230, 159, 0), (0, 158, 115), (204, 121, 167), (240, 228, 66), (213, 94, 0),
)  # fmt: skip
"""sRGB of pinned positions, which all can tell apart (Okabe and Ito 2008); then from the start."""
POINTER_COLOR = (255, 255, 255)
"""sRGB of the reference beside pinned positions."""


@cache
def similarity_table(colormap: SimilarityColormap) -> np.ndarray:
    """Return the colors from the least to the most similar, and last that of no number.

    Returns:
        (ENTRIES + 1, 3) uint8 sRGB.
    """
    from cmap import Colormap  # 20 ms, and only similarity needs it here

    name = "imagej:fire" if colormap == "fire" else colormap
    colors = Colormap(name)(np.linspace(0, 1, ENTRIES))[:, :3]
    return np.concatenate([np.rint(colors * 255), [NOT_FINITE]]).astype(np.uint8)


@cache
def linear_similarity_table(colormap: SimilarityColormap) -> np.ndarray:
    """Return the same as (ENTRIES + 1, 3) float16 linear red, green and blue, 0…1."""
    return srgb_to_linear(similarity_table(colormap)).astype(np.float16)


def color_numbers(parts: np.ndarray) -> np.ndarray:
    """Return which color of a table each similarity has.

    Args:
        parts: Stretched similarities 0…1, NaN where there is none.
    """
    rounded = parts * np.float32(ENTRIES - 1) + np.float32(0.5)
    return np.nan_to_num(rounded, copy=False, nan=ENTRIES).astype(np.int16)


def color_similarity(parts: np.ndarray, colormap: SimilarityColormap) -> np.ndarray:
    """Return stretched similarities (H, W) as (H, W, 3) uint8 sRGB."""
    return similarity_table(colormap)[color_numbers(parts)]


def overlay_similarity(
    image: np.ndarray, parts: np.ndarray, colormap: SimilarityColormap, added: float, gray: bool
) -> np.ndarray:
    """Return similarity over an image: as opaque as positions are similar, and `added` to that.

    Args:
        image: (H, W, 3) uint8 sRGB.
        parts: (H, W) stretched similarities s, 0…1; NaN is drawn in a color of its own.
        colormap: Of similarity.
        added: To the opacity, which is min(1, s + added), 0…1.
        gray: Whether the image is gray under it.

    Returns:
        (H, W, 3) uint8 sRGB.
    """
    ground = image.astype(np.float32)
    if gray:
        light = ground @ np.array([0.299, 0.587, 0.114], np.float32)
        ground = np.repeat(light[..., None], 3, -1)
    alpha = np.minimum(np.where(np.isfinite(parts), parts, 1) + np.float32(added), 1)[..., None]
    colors = color_similarity(parts, colormap)
    return np.rint(ground * (1 - alpha) + colors * alpha).astype(np.uint8)
