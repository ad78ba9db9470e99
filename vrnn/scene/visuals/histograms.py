"""Histograms at the left of a layer: of the values in its maps, and of its weights."""

from __future__ import annotations

import numpy as np

from vrnn.network.results import Histogram
from vrnn.scene.primitives import QUAD, TextLabel, Visual
from vrnn.style import font
from vrnn.style.text import elide
from vrnn.style.theme import ACCENT, CARD, with_alpha

WIDTH, HEIGHT = 0.4, 0.5
"""Meters of a card with one histogram."""
GAP = 0.06
"""Meters from a card to the panel."""
PITCH = HEIGHT + 0.16
"""Meters from one card up to the next."""
TITLE_HEIGHT, TEXT_HEIGHT = 0.045, 0.038
"""Capital heights above and under a card at most, meters."""
MIN_WIDTH = 0.16
"""Meters of a card below which none is drawn: the next panel is too near."""
CLEAR = 0.05
"""Meters from a card to the next panel at least."""
NUM_BINS = 32
NEGATIVE, POSITIVE = (0.10, 0.26, 0.62, 1.0), (0.52, 0.49, 0.43, 1.0)
"""Bars of values of each sign."""
WEIGHTS = (0.10, 0.36, 0.27, 1.0)
"""Bars of weights."""
ZERO = with_alpha(ACCENT, 0.7)
"""Line at zero."""
TEXT_COLOR = (0.42, 0.47, 0.57, 1.0)
NAME_COLOR = (0.70, 0.74, 0.82, 1.0)
NAME_ABOVE = 0.08
"""Meters from the base line of the topmost title to that of the layer's name."""
DEPTH_BESIDE = 0.4
"""Meters in front of a panel or behind it that another one is beside it."""


def room_beside(rect: np.ndarray, others: np.ndarray, height: float = 2 * PITCH) -> float:
    """Return how wide cards at the left of a panel may be.

    Args:
        rect: (5,) of the panel, see `PlacementFrame.panel_rects`.
        others: (N, 5) of the panels that may be near, itself among them.
        height: Of the cards, meters.

    Returns:
        Meters, `WIDTH` at most; 0 or less where another panel is too near.
    """
    left = rect[0] - rect[3] / 2
    right_ends = others[:, 0] + others[:, 3] / 2
    is_beside = np.abs(others[:, 2] - rect[2]) < DEPTH_BESIDE
    is_beside &= (others[:, 1] < rect[1] + height) & (others[:, 1] + others[:, 4] > rect[1])
    is_beside &= (right_ends <= left) & (right_ends > left - WIDTH - GAP - CLEAR)
    nearest = float(right_ends[is_beside].max(initial=-np.inf))
    return min(WIDTH, float(left) - GAP - CLEAR - nearest)


def histogram_visual(
    rect: np.ndarray, values: Histogram, weights: Histogram | None, name: str = "",
    room: float = WIDTH,
) -> Visual:  # fmt: skip
    """Return cards at the left of a panel.

    Args:
        rect: (5,) of the panel, see `PlacementFrame.panel_rects`.
        values: Of its maps.
        weights: Of its weights; None for a layer without any.
        name: Of the layer, over the cards.
        room: Width of the cards, see `room_beside`; nothing is drawn in less than `MIN_WIDTH`.
    """
    if room < MIN_WIDTH:
        return Visual(np.zeros(0, QUAD))
    x, y, z, width, _ = rect.tolist()
    left = x - width / 2 - room - GAP
    quads, labels = [], []
    shown = [("activations", values, None)] + ([("weights", weights, WEIGHTS)] if weights else [])
    for i, (title, histogram, color) in enumerate(shown):
        assert histogram is not None
        bottom = y + i * PITCH
        quads.append(_card(histogram, (left, bottom, z), room, color))
        text = f"{histogram.mean:.3g} ± {histogram.std:.3g}"
        above, below = (left, bottom + HEIGHT + 0.03, z), (left + 0.01, bottom - 0.055, z)
        for line, origin, height in ((title, above, TITLE_HEIGHT), (text, below, TEXT_HEIGHT)):
            fitting = min(height, (room - 0.01) / max(font.text_width(line), 1e-6))
            labels.append(TextLabel(line, origin, fitting, TEXT_COLOR, fade=5.5))
    if name:
        origin = (left, y + len(shown) * PITCH + 0.03 - (PITCH - HEIGHT) + NAME_ABOVE, z)
        labels.append(TextLabel(shortened(name, room), origin, TITLE_HEIGHT, NAME_COLOR, fade=5.5))
    return Visual(np.concatenate(quads), tuple(labels))


def shortened(name: str, room: float) -> str:
    """Return the end of a layer's name that fits, whole parts of it if possible."""
    parts = name.split(".")
    for i in range(len(parts)):
        text = ("…" if i else "") + ".".join(parts[i:])
        if font.text_width(text) * TITLE_HEIGHT <= room:
            return text
    return elide(parts[-1], room, TITLE_HEIGHT)


def _card(
    histogram: Histogram, corner: tuple[float, float, float], width: float,
    color: tuple[float, ...] | None,
) -> np.ndarray:  # fmt: skip
    """A card with bars, (N,) `QUAD`. color: of the bars; None for NEGATIVE and POSITIVE.

    corner: its lower left one.
    Heights are of the logarithm: rare large values are visible beside many small ones.
    """
    left, bottom, z = corner
    counts = histogram.counts.astype(np.float64)
    heights = np.log1p(counts) / max(np.log1p(counts.max(initial=0)), 1e-9) * (HEIGHT - 0.04)
    records = np.zeros(len(counts) + 2, QUAD)
    step = (width - 0.02) / len(counts)
    records["origin"][0] = (left, bottom + HEIGHT, z - 0.006)
    records["right"][0, 0], records["down"][0, 1] = width, -HEIGHT
    records["top"][0] = records["bottom"][0] = CARD
    bars = records[1:-1]
    bars["origin"][:, 0] = left + 0.01 + step * np.arange(len(counts))
    bars["origin"][:, 1] = bottom + 0.01 + heights
    bars["origin"][:, 2] = z
    bars["right"][:, 0], bars["down"][:, 1] = step * 0.86, -np.maximum(heights, 1e-4)
    edges = np.linspace(histogram.low, histogram.high, len(counts) + 1)
    centers = (edges[1:] + edges[:-1]) / 2
    by_sign = np.where(centers[:, None] < 0, np.array(NEGATIVE), np.array(POSITIVE))
    bars["top"] = bars["bottom"] = by_sign if color is None else np.array(color)
    span = histogram.high - histogram.low
    if histogram.low < 0 < histogram.high and span > 0:
        zero = left + 0.01 - histogram.low / span * (width - 0.02)
        records["origin"][-1] = (zero - 0.002, bottom + HEIGHT - 0.01, z + 0.002)
        records["right"][-1, 0], records["down"][-1, 1] = 0.004, -(HEIGHT - 0.02)
        records["top"][-1] = records["bottom"][-1] = ZERO
    return records
