"""The feature vector of an image at a layer: means of its maps, or their values at a position."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from vrnn.compute.operators.tensor_layout import MapLayout, to_maps

Position = tuple[float, float]
"""Where in a map, as parts of its width and height from the upper left corner, 0…1."""
PIXEL_SIDE = 32
"""Height and width of an image whose pixels are compared."""


def pooled_features(
    tensor: torch.Tensor, layout: MapLayout, position: Position | None = None
) -> np.ndarray:
    """Return the feature vectors of all samples of a node's tensor, (N, C) float32.

    Class and register tokens do not count, unless there is nothing else. Of complex values the
    magnitude counts.

    Args:
        tensor: The node's tensor.
        layout: How to read it.
        position: Where in the maps; None for the mean of all positions.
    """
    maps = to_maps(tensor.detach(), layout)
    maps = maps.abs() if maps.is_complex() else maps
    if layout.positions:
        maps = maps[..., maps.shape[-1] - layout.positions :]
    maps = maps.float()
    _, height, width = layout.shape
    if position is not None and height * width > 1 and layout.positions:
        across, down = position
        row, column = min(int(down * height), height - 1), min(int(across * width), width - 1)
        maps = maps[..., row * width + column :: height * width]
    pooled: np.ndarray = maps.mean(-1).cpu().numpy()
    return pooled


def pixel_features(seen: np.ndarray) -> np.ndarray:
    """Return the pixels of an image as a vector, (PIXEL_SIDE² · 3,) uint8.

    Args:
        seen: (H, W, 3) uint8, as the model sees it; a larger or smaller one is resized.
    """
    if seen.shape[:2] != (PIXEL_SIDE, PIXEL_SIDE):
        filter_ = Image.Resampling.BOX if min(seen.shape[:2]) > PIXEL_SIDE else (
            Image.Resampling.BILINEAR
        )  # fmt: skip
        seen = np.asarray(Image.fromarray(seen).resize((PIXEL_SIDE, PIXEL_SIDE), filter_))
    return np.ascontiguousarray(seen).reshape(-1)
