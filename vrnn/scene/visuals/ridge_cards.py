"""Ridge plots beside a layer: histograms of its values over the steps of a training."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from vrnn.recordings.step_ridges import StepRidges
from vrnn.scene.primitives import QUAD, ImageQuad, TextLabel, Visual, quad
from vrnn.scene.visuals.histograms import (
    GAP,
    MIN_WIDTH,
    NAME_ABOVE,
    NAME_COLOR,
    TEXT_COLOR,
    TEXT_HEIGHT,
    TITLE_HEIGHT,
    shortened,
)
from vrnn.style import font
from vrnn.style.srgb import linear_to_srgb
from vrnn.style.text import elide
from vrnn.style.theme import ACCENT, CARD, themed
from vrnn.style.theme_names import Theme

HEIGHT = 0.9
"""Meters of a plot."""
PITCH = HEIGHT + 0.16
"""Meters from one plot up to the next."""
PIXELS = (192, 432)
"""Width and height of a plot."""
MAX_DRAWN = 14
"""Ridges of a plot, evenly spaced among those that were found."""
SMOOTH = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
"""By which neighboring bins are mixed: few values make no ragged ridge."""
FINER = 3
"""It is drawn so many times as large, then made smaller: edges are smooth."""
TALL = 0.3
"""Height of the highest ridge, as a part of the plot's."""
MARGIN = 0.02
"""Around the ridges, as a part of the plot's height."""
LINES = {"activations": (0.42, 0.40, 0.36), "weights": (0.14, 0.46, 0.35)}
"""Linear colors of the newest ridge; older ones are darker."""
OLDEST = 0.5
"""Part of that color that the oldest has."""
BELOW = 0.16
"""Part of the color of a ridge that the area below it has."""
ZERO = (0.16, 0.09, 0.03)
"""Line at zero."""
STEP_HEIGHT = 0.028
"""Capital height of the first and the last step, meters."""
STEP_ROOM = 0.06
"""Meters between the base lines of two ridges whose steps are told, at least."""
LEAST_TEXT = 0.6
"""Part of its height down to which text is made smaller where there is little room; what would be
smaller is left out."""
MARK_WIDTH = 0.006
"""Of the ridge of the present step, meters."""


def ridge_heights(rows: np.ndarray) -> np.ndarray:
    """Return heights 0…1 of shares (N, bins), by one measure for all steps.

    They are of the square root, so that rare values are visible beside many small ones.
    """
    smooth = np.stack([np.convolve(row, SMOOTH, "same") for row in rows])
    heights = np.sqrt(smooth)
    return heights / max(float(heights.max(initial=0.0)), 1e-9)


def baselines(count: int) -> np.ndarray:
    """Return (count,) how far down the base line of each ridge is, as parts of the plot's height.

    The first step is at the back, on top.
    """
    first, last = MARGIN + TALL, 1 - MARGIN
    return np.array([last]) if count == 1 else np.linspace(first, last, count)


def ridge_pixels(
    rows: np.ndarray, ends: tuple[float, float], kind: str, theme: Theme
) -> np.ndarray:
    """Draw a plot, (H, W, 3) uint8 sRGB.

    Args:
        rows: (N, bins) shares, the first step first.
        ends: The values at the left and the right end.
        kind: A key of `LINES`.
        theme: Of all colors.
    """
    width, height = (FINER * side for side in PIXELS)
    ground, zero = _srgb(CARD[:3], theme), _srgb(ZERO, theme)
    picture = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(picture)
    across = np.linspace(MARGIN * width, (1 - MARGIN) * width, rows.shape[1])
    heights = ridge_heights(rows) * TALL * height
    bases = baselines(len(rows)) * height
    for number in np.unique(np.linspace(0, len(rows) - 1, MAX_DRAWN).round().astype(int)):
        base = float(bases[number])
        part = OLDEST + (1 - OLDEST) * number / max(len(rows) - 1, 1)
        color = _srgb(tuple(part * one for one in LINES[kind]), theme)
        line = list(zip(across.tolist(), (base - heights[number]).tolist(), strict=True))
        below = _srgb(tuple(BELOW * part * one for one in LINES[kind]), theme)
        draw.polygon([*line, (across[-1], base), (across[0], base)], fill=below)
        draw.line(line, fill=color, width=FINER, joint="curve")
    low, high = ends
    if low < 0 < high:
        x = across[0] - low / (high - low) * (across[-1] - across[0])
        for top in range(0, height, 8 * FINER):  # dashed: ridges are seen through it
            draw.line([(x, top), (x, top + 3 * FINER)], fill=zero, width=FINER)
    return np.asarray(picture.resize(PIXELS, Image.Resampling.BOX))


def _srgb(color: tuple[float, ...], theme: Theme) -> tuple[int, int, int]:
    red, green, blue = linear_to_srgb(themed(np.array(color[:3]), theme)).tolist()
    return red, green, blue


def shown_ridge(steps: tuple[int, ...], shown: int | None) -> int:
    """Return which of some steps is the present one, or the last before; -1 for none."""
    return -1 if shown is None else bisect_right(steps, shown) - 1


@dataclass(frozen=True, eq=False)
class RidgePlot:
    """A layer's histograms over the steps, drawn.

    Attributes:
        ridges: What is plotted.
        pictures: (H, W, 3) uint8 sRGB of its activations and of its weights, those there are.
    """

    ridges: StepRidges
    pictures: Mapping[str, np.ndarray]


def ridge_plot(ridges: StepRidges, theme: Theme) -> RidgePlot:
    """Draw the activations and weights of a layer."""
    parts = (
        ("activations", ridges.activations, ridges.activation_range),
        ("weights", ridges.weights, ridges.weight_range),
    )
    return RidgePlot(
        ridges,
        {
            kind: ridge_pixels(rows, ends, kind, theme)
            for kind, rows, ends in parts
            if rows is not None
        },
    )


def ridge_visual(
    rect: np.ndarray, plot: RidgePlot, shown: int | None, name: str, room: float
) -> Visual:
    """Return plots at the left of a panel, in place of its histograms.

    Args:
        rect: (5,) of the panel, see `PlacementFrame.panel_rects`.
        plot: The plots.
        shown: The step that is shown; None for the model's own weights.
        name: Of the layer, over the plots.
        room: Their width, see `room_beside`; nothing is drawn in less than `MIN_WIDTH`.
    """
    ridges, pictures = plot.ridges, plot.pictures
    if room < MIN_WIDTH or not pictures:
        return Visual(np.zeros(0, QUAD))
    x, y, z, width, _ = rect.tolist()
    left = x - width / 2 - room - GAP
    quads, labels, images = [], [], []
    present = shown_ridge(ridges.steps, shown)
    for i, (kind, pixels) in enumerate(pictures.items()):
        rows = ridges.weights if kind == "weights" else ridges.activations
        ends = ridges.weight_range if kind == "weights" else ridges.activation_range
        assert rows is not None
        bottom = y + i * PITCH
        quads.append(quad(left, bottom + HEIGHT, room, HEIGHT, z - 0.006, CARD))
        images.append(ImageQuad((left, bottom + HEIGHT, z), (room, 0, 0), (0, -HEIGHT, 0), pixels))
        if present >= 0:
            quads.append(_mark(rows, present, (left, bottom, z + 0.003), room))
        labels += _texts(kind, ends, ridges.steps, present, (left, bottom, z), room)
    top = y + len(pictures) * PITCH + 0.03 - (PITCH - HEIGHT) + NAME_ABOVE
    told = shortened(name, room)
    labels.append(TextLabel(told, (left, top, z), TITLE_HEIGHT, NAME_COLOR, fade=5.5))
    return Visual(np.concatenate(quads), tuple(labels), tuple(images))


def _mark(
    rows: np.ndarray, number: int, corner: tuple[float, float, float], width: float
) -> np.ndarray:
    """The ridge of the present step, over all others: (bins - 1,) `QUAD`, one for each piece."""
    left, bottom, z = corner
    count = rows.shape[1]
    x = left + np.linspace(MARGIN, 1 - MARGIN, count) * width
    base = 1 - baselines(len(rows))[number]
    y = bottom + (base + ridge_heights(rows)[number] * TALL) * HEIGHT
    records = np.zeros(count - 1, QUAD)
    records["origin"][:, 0], records["origin"][:, 1] = x[:-1], y[:-1] + MARK_WIDTH / 2
    records["origin"][:, 2] = z
    records["right"][:, 0], records["right"][:, 1] = np.diff(x), np.diff(y)
    records["down"][:, 1] = -MARK_WIDTH
    records["top"] = records["bottom"] = ACCENT
    return records


def _texts(
    kind: str, ends: tuple[float, float], steps: tuple[int, ...], present: int,
    corner: tuple[float, float, float], room: float,
) -> list[TextLabel]:  # fmt: skip
    """Its name, the present step, the values at both ends, and the first and the last step."""
    left, bottom, z = corner
    title, step = TITLE_HEIGHT, f"step {steps[present]:,}"
    told_kind = elide(kind, room - 0.01, LEAST_TEXT * title)
    labels = _fitted(told_kind, (left, bottom + HEIGHT + 0.03, z), title, room, TEXT_COLOR)
    if present >= 0 and font.text_width(f"{kind}  {step}") * title <= room:
        start = left + room - font.text_width(step) * title
        origin = (start, bottom + HEIGHT + 0.03, z)
        labels += _fitted(step, origin, title, room, ACCENT)
    for text, is_right in ((f"{ends[0]:.3g}", False), (f"{ends[1]:.3g}", True)):
        at = (left + room if is_right else left, bottom - 0.055, z)
        labels += _fitted(text, at, TEXT_HEIGHT, 0.46 * room, TEXT_COLOR, is_right)
    bases = bottom + (1 - baselines(len(steps))) * HEIGHT
    told = {0: TEXT_COLOR, len(steps) - 1: TEXT_COLOR}
    if present >= 0 and min(abs(bases[number] - bases[present]) for number in told) > STEP_ROOM:
        told[present] = ACCENT
    for number, color in told.items():
        text = f"step {steps[number]:,}" if number == 0 else f"{steps[number]:,}"
        at = (left + (1 - MARGIN) * room, float(bases[number]) + 0.01, z + 0.004)
        labels += _fitted(text, at, STEP_HEIGHT, 0.5 * room, color, True)
    return labels


def _fitted(
    text: str, at: tuple[float, float, float], height: float, room: float,
    color: tuple[float, float, float, float], ends_there: bool = False,
) -> list[TextLabel]:  # fmt: skip
    """A text in some room, that begins or ends at a point; none where it would be too small."""
    width = max(font.text_width(text), 1e-6)
    fitted = min(height, (room - 0.01) / width)
    if fitted < LEAST_TEXT * height - 1e-9:
        return []
    x, y, z = at
    origin = (x - width * fitted if ends_there else x, y, z)
    return [TextLabel(text, origin, fitted, color, fade=5.5)]
