"""Explanations of one image side by side: their overlays, and what flipping pixels does to each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vrnn.explanations.results import FlippingCurves
from vrnn.scene.primitives import (
    ImageQuad,
    PickRegion,
    TextLabel,
    Visual,
    quad,
)
from vrnn.scene.visuals.polyline_quads import CURVE_WIDTH, polyline
from vrnn.style import font
from vrnn.style.text import elide, number_text
from vrnn.style.theme import ACCENT, CARD, RGBA, STRUCTURE, TEXT

SIDE, GAP = 1.9, 0.2
"""Longer side of an overlay, and what is free around it, meters."""
PLOT_HEIGHT = 0.8
"""Of the curves, meters."""
TITLE_HEIGHT, TEXT_HEIGHT = 0.13, 0.1
"""Capital heights, meters."""
LINE_PITCH = 1.9
"""From one line of text to the next, in capital heights."""
ROWS = 5
"""Lines of text below the curves."""
NEARER = 0.006
"""From one sheet to the one on it, meters."""
HEAD = 0.55
"""Height of the line with the target, meters."""
CURVE_COLORS: dict[str, RGBA] = {
    "deletion": (0.95, 0.28, 0.10, 1.0),
    "insertion": (0.10, 0.42, 0.95, 1.0),
    "random": (0.40, 0.42, 0.46, 1.0),
}
"""Linear."""
MAX_SHARP_HEIGHT = 48
"""Pixels: the pixels of a higher image are blended."""


@dataclass(frozen=True, eq=False)
class ShownMethod:
    """One explanation on the card.

    Attributes:
        title: Its method.
        pixels: (H, W, 3) uint8 sRGB, its overlay; None as long as there is none.
        curves: What flipping pixels does; None as long as it is not known.
        note: What is said in the place of what is missing.
    """

    title: str
    pixels: np.ndarray | None
    curves: FlippingCurves | None
    note: str = ""


def card_size(methods: Sequence[ShownMethod], image: tuple[int, int]) -> tuple[float, float]:
    """Return width and height of the card, meters.

    Args:
        methods: What is on it.
        image: Height and width of the image, pixels.
    """
    width, height = _image_size(image)
    column = max(width, SIDE)
    lines = ROWS * TEXT_HEIGHT * LINE_PITCH
    return len(methods) * (column + GAP) + GAP, HEAD + 0.1 + height + PLOT_HEIGHT + lines + 2 * GAP


def faithfulness_card(
    methods: Sequence[ShownMethod], image: tuple[int, int], title: str, close: Any,
    position: tuple[float, float, float],
) -> Visual:  # fmt: skip
    """Return the card.

    Args:
        methods: One or two explanations.
        image: Height and width of the image, pixels.
        title: What is explained.
        close: What a click on the close button does.
        position: Middle of the card's lower edge, meters.
    """
    width, height = card_size(methods, image)
    left, top, z = position[0] - width / 2, position[1] + height, position[2]
    parts = [_head(left, top, width, height, z, title, close)]
    column = max(_image_size(image)[0], SIDE)
    for i, method in enumerate(methods):
        corner = (left + GAP + i * (column + GAP), top - HEAD, z + NEARER)
        parts.append(_column(method, image, corner, column))
    return Visual(
        np.concatenate([part.quads for part in parts]),
        tuple(label for part in parts for label in part.labels),
        tuple(image_quad for part in parts for image_quad in part.image_quads),
        tuple(region for part in parts for region in part.pick_regions),
    )


def _image_size(image: tuple[int, int]) -> tuple[float, float]:
    rows, columns = image
    longest = max(rows, columns, 1)
    return SIDE * columns / longest, SIDE * rows / longest


def _head(
    left: float, top: float, width: float, height: float, z: float, title: str, close: Any
) -> Visual:
    button = "× close"
    right = left + width - GAP - font.text_width(button) * TEXT_HEIGHT
    line = top - 0.2
    text = elide(title, right - left - 2 * GAP, TEXT_HEIGHT)
    labels = (
        TextLabel(text, (left + GAP, line, z + NEARER), TEXT_HEIGHT, TEXT, fade=5.0),
        TextLabel(button, (right, line, z + NEARER), TEXT_HEIGHT, ACCENT, fade=5.0),
    )
    region = PickRegion(
        "button", (right - 0.1, top - 0.04, z), (left + width - right, 0, 0), (0, -0.28, 0), close
    )
    return Visual(quad(left, top, width, height, z, CARD), labels, (), (region,))


def _column(
    method: ShownMethod, image: tuple[int, int], corner: tuple[float, float, float], width: float
) -> Visual:
    """One explanation: its name, its overlay, its curves and areas."""
    x, y, z = corner
    line = TEXT_HEIGHT * LINE_PITCH
    name = elide(method.title, width, TITLE_HEIGHT)
    labels = [TextLabel(name, (x, y, z), TITLE_HEIGHT, ACCENT, fade=5.0)]
    y -= 0.1
    across, down = _image_size(image)
    image_quads = []
    if method.pixels is not None:
        smooth = method.pixels.shape[0] > MAX_SHARP_HEIGHT
        image_quads.append(
            ImageQuad((x, y, z), (across, 0, 0), (0, -down, 0), method.pixels, smooth)
        )
    y -= down + GAP
    plot, lowest, highest = _plot(method.curves, (x, y, z), width)
    y -= PLOT_HEIGHT
    curves = method.curves
    if curves is None:
        note = elide(method.note, width, TEXT_HEIGHT)
        labels.append(TextLabel(note, (x, y + PLOT_HEIGHT / 2, z), TEXT_HEIGHT, TEXT, fade=5.0))
        return Visual(plot, tuple(labels), tuple(image_quads))
    axis = (f"{number_text(lowest)} to {number_text(highest)}", f"{curves.baseline} for pixels")
    rows = [(elide(text, width, TEXT_HEIGHT), TEXT) for text in axis]
    rows += [
        (f"area of {name} = {number_text(area)}", CURVE_COLORS[name])
        for name, area in curves.areas().items()
    ]
    for i, (text, color) in enumerate(rows):
        origin = (x, y - (i + 1) * line, z)
        labels.append(TextLabel(text, origin, TEXT_HEIGHT, color, fade=5.0))
    return Visual(plot, tuple(labels), tuple(image_quads))


def _plot(
    curves: FlippingCurves | None, corner: tuple[float, float, float], width: float
) -> tuple[np.ndarray, float, float]:
    """The curves as `QUAD`s, and the ends of the upright axis."""
    x, top, z = corner
    ground = quad(x, top, width, PLOT_HEIGHT, z - NEARER / 2, (*STRUCTURE[:3], 0.16))
    if curves is None:
        return ground, 0.0, 0.0
    named = {
        "random": curves.random, "insertion": curves.insertion, "deletion": curves.deletion
    }  # fmt: skip
    values = np.concatenate(list(named.values()))
    lowest, highest = float(min(values.min(), 0.0)), float(values.max())
    scale = PLOT_HEIGHT / max(highest - lowest, 1e-12)
    quads = [ground]
    zero = top - PLOT_HEIGHT - lowest * scale
    line = CURVE_WIDTH / 2
    quads.append(quad(x, zero + line / 2, width, line, z - NEARER / 4, (*STRUCTURE[:3], 0.6)))
    for i, (name, curve) in enumerate(named.items()):
        points = np.zeros((len(curve), 3))
        points[:, 0] = x + np.asarray(curves.shares, np.float64) * width
        points[:, 1] = top - PLOT_HEIGHT + (np.asarray(curve, np.float64) - lowest) * scale
        points[:, 2] = z + 0.001 * i
        quads += polyline(points, CURVE_COLORS[name])
    return np.concatenate(quads), lowest, highest
