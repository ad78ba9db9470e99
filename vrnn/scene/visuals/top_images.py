"""The images that excite a channel most, over its layer, each with the region that did it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vrnn.scene.primitives import ImageQuad, PickRegion, TextLabel, Visual, quad

SIDE, GAP = 0.5, 0.05
"""Meters: of an image, and from one to the next."""
COLUMNS = 5
THUMBNAIL_PIXELS = 128
FRAME = (255, 150, 40)
CARD = (0.0065, 0.008, 0.0115, 1.0)
INK = (0.75, 0.78, 0.84, 1.0)
ACCENT = (1.0, 0.52, 0.10, 1.0)


def top_images_visual(
    images: Sequence[np.ndarray], texts: Sequence[str], actions: Sequence[Any], title: str,
    close: Any, x: float, y: float, z: float,
) -> Visual:  # fmt: skip
    """A card whose lower edge is at y, its middle at x. images: (PIXELS, PIXELS, 3) uint8, the best
    first; actions: what touching each does; close: what takes the card away."""
    columns = min(COLUMNS, max(1, len(images)))
    rows = -(-len(images) // columns) if images else 1
    step_x, step_y = SIDE + GAP, SIDE + GAP + 0.1
    width, height = max(columns * step_x + 0.15, 2.2), rows * step_y + 0.38
    left, top = x - width / 2, y + height
    quads = [quad(left, top, width, height, z - 0.02, CARD)]
    labels = [TextLabel(title, (left + 0.1, top - 0.19, z), 0.1, INK, fade=5.0)]
    right = left + width - 0.62
    labels.append(TextLabel("× close", (right + 0.1, top - 0.19, z), 0.08, ACCENT, fade=5.0))
    spots = [PickRegion("button", (right, top - 0.04, z), (0.6, 0, 0), (0, -0.2, 0), close)]
    pictures = []
    for i, pixels in enumerate(images):
        at_x, at_y = left + 0.1 + i % columns * step_x, top - 0.3 - i // columns * step_y
        corner = (at_x, at_y, z)
        pictures.append(ImageQuad(corner, (SIDE, 0, 0), (0, -SIDE, 0), pixels))
        labels.append(TextLabel(texts[i], (at_x, at_y - SIDE - 0.085, z), 0.055, INK, fade=5.0))
        spots.append(PickRegion("thumbnail", corner, (SIDE, 0, 0), (0, -SIDE, 0), actions[i]))
    return Visual(np.concatenate(quads), tuple(labels), tuple(pictures), tuple(spots))


def draw_region(pixels: np.ndarray, box: tuple[int, int, int, int] | None) -> np.ndarray:
    """The same with a frame. box: (top, left, bottom, right) in pixels, the last two exclusive."""
    result = pixels.copy()
    if box is None:
        return result
    top, left, bottom, right = box
    bottom, right = max(bottom, top + 2), max(right, left + 2)
    line = max(1, pixels.shape[0] // 64)
    for rows, columns in (
        (slice(top, top + line), slice(left, right)),
        (slice(bottom - line, bottom), slice(left, right)),
        (slice(top, bottom), slice(left, left + line)),
        (slice(top, bottom), slice(right - line, right)),
    ):
        result[rows, columns] = FRAME
    return result
