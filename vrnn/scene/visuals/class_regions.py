"""Where the bars of classes can be clicked, to see why the answer is that class."""

from __future__ import annotations

import numpy as np

from vrnn.network.predictions import ClassScores
from vrnn.scene.primitives import PickRegion

BELOW, ABOVE = 0.05, 0.17
"""Meters that a class reaches below and above the base line of its name."""


def class_regions(
    scores: ClassScores, corner: tuple[float, float, float], width: float, pitch: float, count: int,
    slot: int = 0,
) -> tuple[PickRegion, ...]:  # fmt: skip
    """Return the regions of the best classes.

    Args:
        scores: Of all classes.
        corner: Lower left corner of the bars.
        width: Of a bar, meters.
        pitch: From bar to bar, meters.
        count: How many bars there are at most, the best on top.
        slot: The network.
    """
    x, y, z = corner
    best = np.argsort(-scores.probabilities, kind="stable")[:count]
    regions = []
    for rank, index in enumerate(best):
        base = y + (len(best) - 1 - rank) * pitch
        top = (x, base + ABOVE, z + 0.006)
        size = (width, 0.0, 0.0), (0.0, -(BELOW + ABOVE), 0.0)
        regions.append(PickRegion("class", top, *size, int(index), slot))
    return tuple(regions)
