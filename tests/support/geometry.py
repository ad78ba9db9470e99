"""Where everything stands, as text: a line for each record with its position, size and color.

Unlike a golden picture it needs no OpenGL, and shows a change of a centimeter or of a shade.
"""

from __future__ import annotations

import numpy as np

from tests.support.golden_text import numbers
from vrnn.scene.primitives import DrawList, ImageQuad, PickRegion, TextLabel, Visual

RARE_FIELDS = ("ground", "flow", "fixed_colors")
"""Fields that are told only where they say something."""
GRID = 4
"""An image is told by the mean colors of so many rows and columns."""


def draw_list_lines(draw_list: DrawList) -> list[str]:
    """Return a line for each record of a draw list."""
    lines = [f"colors {draw_list.color_mapping}"]
    for (store, array), records in draw_list.panels.items():
        lines += [f"panel {store}.{array} {line}" for line in record_lines(records)]
    lines += [f"quad {line}" for line in record_lines(draw_list.quads)]
    lines += [f"stroke {line}" for line in record_lines(draw_list.strokes)]
    lines += [label_line(label) for label in draw_list.labels]
    return lines + [image_line(image) for image in draw_list.image_quads]


def visual_lines(visual: Visual) -> list[str]:
    """Return a line for each record of a visual."""
    return [
        *(f"quad {line}" for line in record_lines(visual.quads)),
        *map(label_line, visual.labels),
        *map(image_line, visual.image_quads),
        *map(region_line, visual.pick_regions),
    ]


def record_lines(records: np.ndarray) -> list[str]:
    """Return a line for each record of an array with named fields."""
    names = records.dtype.names or ()
    return [
        " ".join(
            f"{name} {numbers(record[name])}"
            for name in names
            if name not in RARE_FIELDS or np.any(record[name])
        )
        for record in records
    ]


def label_line(label: TextLabel) -> str:
    """Return what a label says and where."""
    values = (label.origin, label.height, label.color, label.right, label.up, label.fade)
    names = ("at", "height", "color", "right", "up", "fade")
    told = " ".join(f"{name} {numbers(value)}" for name, value in zip(names, values, strict=True))
    until = f" until {numbers(label.until)}" if label.until < 1e8 else ""
    return f"label {label.text!r} {told}{until}"


def image_line(image: ImageQuad) -> str:
    """Return where an image is, and the colors of its parts."""
    edges = " ".join(numbers(v) for v in (image.origin, image.right, image.down))
    shown = image.pixels if isinstance(image.pixels, str) else pixels_text(image.pixels)
    return f"image {edges} smooth {image.smooth} {shown}"


def pixels_text(pixels: np.ndarray) -> str:
    """Return the size of an image and the mean colors of its parts."""
    means = [
        part.mean((0, 1))
        for rows in np.array_split(pixels, min(GRID, pixels.shape[0]), 0)
        for part in np.array_split(rows, min(GRID, pixels.shape[1]), 1)
    ]
    return f"{pixels.shape} {numbers(np.array(means).round(1))}"


def region_line(region: PickRegion) -> str:
    """Return what can be clicked and where."""
    edges = " ".join(numbers(v) for v in (region.origin, region.right, region.down))
    return f"region {region.kind} {edges} {region.value} of {region.slot} {region.node}"
