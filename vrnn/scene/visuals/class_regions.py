"""Where the bars of classes can be clicked, to see why the answer is that class."""

from __future__ import annotations

import numpy as np

from vrnn.network.predictions import ClassScores
from vrnn.scene.primitives import PickRegion
from vrnn.scene.visuals.output_bars import BarSize

BELOW, ABOVE = 0.05, 0.17
"""Meters that a class reaches below and above the base line of its name, in usual text."""
USUAL_TEXT = 0.14
"""Capital height of that, meters."""


def class_regions(
    scores: ClassScores, corner: tuple[float, float, float], size: BarSize, ranks: range,
    slot: int = 0,
) -> tuple[PickRegion, ...]:  # fmt: skip
    """Return the regions of the best classes.

    Args:
        scores: Of all classes.
        corner: Lower left corner of the bars.
        size: Of the bars.
        ranks: Which classes, 0 for the best, as `score_bars` has them.
        slot: The network.
    """
    x, y, z = corner
    best = np.argsort(-scores.probabilities, kind="stable")[ranks.start : ranks.stop]
    above = ABOVE * size.text / USUAL_TEXT
    regions = []
    for rank, index in enumerate(best):
        base = y + (len(best) - 1 - rank) * size.pitch
        top = (x, base + above, z + 0.006)
        edges = (size.width, 0.0, 0.0), (0.0, -(BELOW + above), 0.0)
        regions.append(PickRegion("class", top, *edges, int(index), slot))
    return tuple(regions)
