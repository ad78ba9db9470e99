"""Top activations: the images that excite a channel most, each with the region that did it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from vrnn.scene.primitives import ImageQuad, PickRegion, TextLabel, Visual, quad
from vrnn.style.theme import ACCENT, CARD, TEXT

SIDE, GAP = 0.5, 0.05
"""Meters: of an image, and from one to the next."""
COLUMNS = 5
"""Images in a row, at most."""
TITLE_HEIGHT, BUTTON_HEIGHT, CAPTION_HEIGHT = 0.1, 0.08, 0.055
"""Capital heights, meters."""
THUMBNAIL_PIXELS = 128
"""Side of an image, pixels."""
FRAME = (255, 150, 40)
"""Color of a region's frame, sRGB."""


def top_images_visual(
    images: Sequence[np.ndarray],
    captions: Sequence[str],
    commands: Sequence[Any],
    title: str,
    close: Any,
    position: tuple[float, float, float],
    scale: float = 1.0,
) -> Visual:
    """Return a card with the images.

    Args:
        images: (THUMBNAIL_PIXELS, THUMBNAIL_PIXELS, 3) uint8 sRGB each, the best first.
        captions: Text under each.
        commands: What a click on each does.
        title: Text above them.
        close: What a click on the close button does.
        position: Middle of the card's lower edge, meters.
        scale: How many times as large as usual it is.
    """
    x = y = z = 0.0
    columns = min(COLUMNS, max(1, len(images)))
    step_x, step_y = SIDE + GAP, SIDE + GAP + 0.1
    width, height = top_images_size(len(images))
    left, top = x - width / 2, y + height
    quads = [quad(left, top, width, height, z - 0.02, CARD)]
    labels = [TextLabel(title, (left + 0.1, top - 0.19, z), TITLE_HEIGHT, TEXT, fade=5.0)]
    right = left + width - 0.62
    origin = (right + 0.1, top - 0.19, z)
    labels.append(TextLabel("× close", origin, BUTTON_HEIGHT, ACCENT, fade=5.0))
    regions = [PickRegion("button", (right, top - 0.04, z), (0.6, 0, 0), (0, -0.2, 0), close)]
    image_quads = []
    for i, pixels in enumerate(images):
        row, column = divmod(i, columns)
        corner = (left + 0.1 + column * step_x, top - 0.3 - row * step_y, z)
        across, down = (SIDE, 0, 0), (0, -SIDE, 0)
        image_quads.append(ImageQuad(corner, across, down, pixels))
        below = (corner[0], corner[1] - SIDE - 0.085, z)
        labels.append(TextLabel(captions[i], below, CAPTION_HEIGHT, TEXT, fade=5.0))
        regions.append(PickRegion("thumbnail", corner, across, down, commands[i]))
    card = Visual(np.concatenate(quads), tuple(labels), tuple(image_quads), tuple(regions))
    return _placed(card, np.array(position), scale)


def _placed(card: Visual, at: np.ndarray, scale: float) -> Visual:
    """A card around 0 somewhere else, and enlarged. at: (3,) meters."""

    def point(origin: tuple[float, float, float]) -> tuple[float, float, float]:
        x, y, z = (at + np.array(origin) * scale).tolist()
        return x, y, z

    def long(way: tuple[float, float, float]) -> tuple[float, float, float]:
        return way[0] * scale, way[1] * scale, way[2] * scale

    quads = card.quads.copy()
    quads["origin"] = at + quads["origin"] * scale
    quads["right"] *= scale
    quads["down"] *= scale
    return Visual(
        quads,
        tuple(replace(o, origin=point(o.origin), height=o.height * scale) for o in card.labels),
        tuple(
            replace(o, origin=point(o.origin), right=long(o.right), down=long(o.down))
            for o in card.image_quads
        ),
        tuple(
            replace(o, origin=point(o.origin), right=long(o.right), down=long(o.down))
            for o in card.pick_regions
        ),
    )


def top_images_size(count: int) -> tuple[float, float]:
    """Return width and height, in meters, of the card with so many images."""
    columns = min(COLUMNS, max(1, count))
    rows = -(-count // columns) if count else 1
    return max(columns * (SIDE + GAP) + 0.15, 2.2), rows * (SIDE + GAP + 0.1) + 0.38


def draw_region(pixels: np.ndarray, box: tuple[int, int, int, int] | None) -> np.ndarray:
    """Return a copy of an image with a frame around a region.

    Args:
        pixels: (H, W, 3) uint8 sRGB.
        box: (top, left, bottom, right) in pixels, the last two exclusive; None for no frame.
    """
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
