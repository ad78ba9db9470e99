"""What stands around a cloud of images: its title, its legend, and the neighbors of the input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vrnn.scene.image_cloud import CloudPlace
from vrnn.scene.primitives import QUAD, ImageQuad, PickRegion, TextLabel, Visual, floor_quad, quad
from vrnn.style import font
from vrnn.style.text import elide
from vrnn.style.theme import CARD, RGBA, STRUCTURE, TEXT, with_alpha

TITLE, LINE = 0.032, 0.02
"""Capital heights of the title and of other lines, as parts of the cloud's size."""
PITCH = 1.9
"""From one line to the next, in capital heights."""
LEGEND_WIDTH = 0.36
"""Of the legend, as a part of the cloud's size."""
MARGIN = 0.03
"""Between parts, as a part of the cloud's size."""
SIDE = 0.085
"""Of a neighbor's thumbnail, as a part of the cloud's size."""
SEAM = 4
"""Pixels between two neighbors."""


@dataclass(frozen=True)
class LegendEntry:
    """A line of the legend.

    Attributes:
        color: Of the images that it is about; None for text alone.
        text: What they are.
        action: What a click on it does; None for nothing.
        is_dim: Whether these images are filtered out.
    """

    color: RGBA | None
    text: str
    action: Any = None
    is_dim: bool = False


@dataclass(frozen=True, eq=False)
class NeighborRow:
    """The images that are most like the input, by one measure.

    Attributes:
        title: By which.
        pixels: (N, N, 3) uint8 of each, the nearest first.
        texts: What is said below each.
        values: How far each is, below that.
        actions: What a click on each does.
    """

    title: str
    pixels: Sequence[np.ndarray]
    texts: Sequence[str]
    values: Sequence[str]
    actions: Sequence[Any]


def cloud_frame(
    place: CloudPlace, title: str, subtitle: str, legend: Sequence[LegendEntry],
    rows: Sequence[NeighborRow] = (), is_flat: bool = True,
) -> Visual:  # fmt: skip
    """Return what stands around a cloud.

    Args:
        place: Where the cloud is.
        title: What it is of.
        subtitle: How images are placed, and how many.
        legend: What colors mean.
        rows: The neighbors of the input.
        is_flat: Whether the cloud has two dimensions, and a surface behind it.
    """
    size = place.size
    x, y, z = place.center
    left, right, top = x - size / 2, x + size / 2, y + size / 2
    line, big = LINE * size, TITLE * size
    surface = with_alpha(CARD, 0.55)
    if is_flat:
        quads = [quad(left, top, size, size, z - 0.1, surface)]
    else:
        quads = [floor_quad(left, z - size / 2, size, size, y - size / 2, surface, surface)]
    base = top + MARGIN * size * 2
    labels = [
        TextLabel(title, (left, base + line * PITCH, z), big, TEXT, fade=5.0),
        TextLabel(subtitle, (left, base, z), line, STRUCTURE, fade=5.0),
    ]
    parts = [_legend(legend, left - (LEGEND_WIDTH + MARGIN) * size, top, z, size)]
    under = top
    for row in rows:
        part, under = _neighbors(row, right + MARGIN * size, under, z, size)
        parts.append(part)
    visual = Visual(np.concatenate(quads), tuple(labels))
    for part in parts:
        visual = replace(
            visual,
            quads=np.concatenate([visual.quads, part.quads]),
            labels=(*visual.labels, *part.labels),
            image_quads=(*visual.image_quads, *part.image_quads),
            pick_regions=(*visual.pick_regions, *part.pick_regions),
        )
    return visual


def _legend(
    entries: Sequence[LegendEntry], left: float, top: float, z: float, size: float
) -> Visual:
    height, width = LINE * size, LEGEND_WIDTH * size
    pitch, patch = height * PITCH, height * 0.9
    quads, labels, regions = [np.zeros(0, QUAD)], [], []
    for number, entry in enumerate(entries):
        base = top - height - number * pitch
        start = left + (0 if entry.color is None else patch * 2)
        if entry.color is not None:
            color = with_alpha(entry.color, 0.25) if entry.is_dim else entry.color
            quads.append(quad(left, base + patch, patch * 1.4, patch, z, color))
        text = elide(entry.text, width - (start - left), height)
        color = with_alpha(TEXT, 0.35) if entry.is_dim else TEXT
        labels.append(TextLabel(text, (start, base, z), height, color, fade=5.0))
        if entry.action is not None:
            corner = (left - patch / 2, base + patch * 1.4, z)
            regions.append(
                PickRegion("button", corner, (width, 0, 0), (0, -pitch, 0), entry.action)
            )
    return Visual(np.concatenate(quads), tuple(labels), (), tuple(regions))


def _neighbors(
    row: NeighborRow, left: float, top: float, z: float, size: float
) -> tuple[Visual, float]:
    """A row of neighbors, and where the next one begins below it."""
    height, side = LINE * size * 0.85, SIDE * size
    pixels = max((len(picture) for picture in row.pixels), default=1)
    step = side * (pixels + SEAM) / pixels
    base = top - height
    labels = [TextLabel(row.title, (left, base, z), height, TEXT, fade=5.0)]
    upper = base - height * 0.9
    regions = []
    sheet = np.full((pixels, max(len(row.pixels), 1) * (pixels + SEAM), 3), 20, np.uint8)
    small = height * 0.62
    for number, picture in enumerate(row.pixels):
        begin = number * (pixels + SEAM)
        sheet[:, begin : begin + pixels] = picture
        x = left + number * step
        regions.append(
            PickRegion("thumbnail", (x, upper, z), (side, 0, 0), (0, -side, 0), row.actions[number])
        )
        text = elide(row.texts[number], step * 0.95, small)
        place = (x, upper - side - small * 1.7, z)
        labels.append(TextLabel(text, place, small, with_alpha(TEXT, 0.8), fade=4.0))
        under = (x, place[1] - small * PITCH, z)
        labels.append(TextLabel(row.values[number], under, small, with_alpha(TEXT, 0.5), fade=4.0))
    width = len(row.pixels) * step
    images = (ImageQuad((left, upper, z), (width, 0, 0), (0, -side, 0), sheet),)
    lower = upper - side - small * (3.6 + PITCH)
    room = max(width, font.text_width(row.title) * height)
    behind = quad(
        left - MARGIN * size / 2, top + height, room + MARGIN * size, top + height - lower,
        z - 0.02, with_alpha(CARD, 0.8),
    )  # fmt: skip
    visual = Visual(behind, tuple(labels), images if row.pixels else (), tuple(regions))
    return visual, lower - MARGIN * size
