"""Histograms that stand at the left of each layer: what its maps hold, and its weights."""

from __future__ import annotations

import numpy as np

from vrnn.network.results import Histogram
from vrnn.scene.primitives import QUAD, TextLabel, Visual

WIDTH, HEIGHT = 0.4, 0.5
"""Meters of a card with one histogram."""
GAP = 0.06
NUM_BINS = 32
CARD = (0.0065, 0.008, 0.0115, 1.0)
NEGATIVE, POSITIVE = (0.10, 0.26, 0.62, 1.0), (0.52, 0.49, 0.43, 1.0)
WEIGHTS = (0.10, 0.36, 0.27, 1.0)
ZERO = (1.0, 0.52, 0.10, 1.0)
INK = (0.42, 0.47, 0.57, 1.0)


def histogram_visual(place: np.ndarray, values: Histogram, weights: Histogram | None) -> Visual:
    """Cards at the left of a panel. place: (5,) x center, y bottom, z, width, height."""
    x, y, z, width, _ = place.tolist()
    left = x - width / 2 - WIDTH - GAP
    quads, labels = [], []
    shown = [("activations", values, None)] + ([("weights", weights, WEIGHTS)] if weights else [])
    for i, (title, histogram, color) in enumerate(shown):
        assert histogram is not None
        bottom = y + i * (HEIGHT + 0.16)
        quads.append(_bars(histogram, left, bottom, z, color))
        said = f"{histogram.mean:.3g} ± {histogram.std:.3g}"
        labels.append(TextLabel(title, (left, bottom + HEIGHT + 0.03, z), 0.045, INK, fade=5.5))
        size = 0.038
        labels.append(TextLabel(said, (left + 0.01, bottom - 0.055, z), size, INK, fade=5.5))
    return Visual(np.concatenate(quads), tuple(labels))


def _bars(
    histogram: Histogram, left: float, bottom: float, z: float,
    color: tuple[float, ...] | None,
) -> np.ndarray:  # fmt: skip
    """Heights are of the logarithm: rare large values show beside many small ones."""
    counts = histogram.counts.astype(np.float64)
    heights = np.log1p(counts) / max(np.log1p(counts.max(initial=0)), 1e-9) * (HEIGHT - 0.04)
    records = np.zeros(len(counts) + 2, QUAD)
    step = (WIDTH - 0.02) / len(counts)
    records["origin"][0] = (left, bottom + HEIGHT, z - 0.006)
    records["right"][0, 0], records["down"][0, 1] = WIDTH, -HEIGHT
    records["top"][0] = records["bottom"][0] = CARD
    bars = records[1:-1]
    bars["origin"][:, 0] = left + 0.01 + step * np.arange(len(counts))
    bars["origin"][:, 1] = bottom + 0.01 + heights
    bars["origin"][:, 2] = z
    bars["right"][:, 0], bars["down"][:, 1] = step * 0.86, -np.maximum(heights, 1e-4)
    edges = np.linspace(histogram.low, histogram.high, len(counts) + 1)
    middle = (edges[1:] + edges[:-1]) / 2
    ink = np.where(middle[:, None] < 0, np.array(NEGATIVE), np.array(POSITIVE))
    bars["top"] = bars["bottom"] = ink if color is None else np.array(color)
    span = histogram.high - histogram.low
    if histogram.low < 0 < histogram.high and span > 0:  # where zero is
        at = left + 0.01 - histogram.low / span * (WIDTH - 0.02)
        records["origin"][-1] = (at - 0.002, bottom + HEIGHT - 0.01, z + 0.002)
        records["right"][-1, 0], records["down"][-1, 1] = 0.004, -(HEIGHT - 0.02)
        records["top"][-1] = records["bottom"][-1] = (*ZERO[:3], 0.7)
    return records
