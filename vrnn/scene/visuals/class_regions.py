"""Where classes, numbers and boxes can be clicked, to see why the answer is so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from vrnn.network.predictions import ClassScores
from vrnn.scene.primitives import PickRegion
from vrnn.scene.visuals.output_bars import BarSize

BELOW, ABOVE = 0.05, 0.17
"""Meters that a class reaches below and above the base line of its name, in usual text."""
USUAL_TEXT = 0.14
"""Capital height of that, meters."""


def class_regions(
    scores: ClassScores, corner: tuple[float, float, float], size: BarSize, ranks: range
) -> tuple[PickRegion, ...]:
    """Return the regions of the best classes.

    Args:
        scores: Of all classes.
        corner: Lower left corner of the bars.
        size: Of the bars.
        ranks: Which classes, 0 for the best, as `score_bars` has them.
    """
    x, y, z = corner
    best = np.argsort(-scores.probabilities, kind="stable")[ranks.start : ranks.stop]
    above = ABOVE * size.text / USUAL_TEXT
    regions = []
    for rank, index in enumerate(best):
        base = y + (len(best) - 1 - rank) * size.pitch
        top = (x, base + above, z + 0.006)
        edges = (size.width, 0.0, 0.0), (0.0, -(BELOW + above), 0.0)
        regions.append(PickRegion("class", top, *edges, int(index)))
    return tuple(regions)


def regions_of_output(
    regions: Iterable[PickRegion], number: int, slot: int
) -> tuple[PickRegion, ...]:
    """Return the regions of what an output says, as those of one of several outputs.

    Args:
        regions: As of the first output of the first network.
        number: Which output, from 0.
        slot: The network.
    """
    if not number:
        return tuple(replace(region, slot=slot) for region in regions)
    return tuple(
        replace(region, kind="target", slot=slot, value=f"output {number}: {region.value}")
        for region in regions
        if not str(region.value).startswith("box")
    )


def number_regions(
    count: int, corner: tuple[float, float, float], size: BarSize
) -> tuple[PickRegion, ...]:
    """Return the regions of the bars of numbers, the first on top.

    Args:
        count: How many bars there are.
        corner: Lower left corner of the bars.
        size: Of the bars.
    """
    x, y, z = corner
    height = ABOVE * size.text / USUAL_TEXT + BELOW
    bottoms = [y + (count - 1 - row) * size.pitch - BELOW for row in range(count)]
    return tuple(
        target_region(str(row), (x, bottom, z), size.width, height)
        for row, bottom in enumerate(bottoms)
    )


def target_region(
    target: str, corner: tuple[float, float, float], width: float, height: float
) -> PickRegion:
    """Return where a target can be clicked.

    Args:
        target: As people write it, such as `box 1`.
        corner: Lower left corner of the text that tells it.
        width: Of the text, meters.
        height: Of the text, meters.
    """
    x, y, z = corner
    top = (x, y + height, z + 0.006)
    return PickRegion("target", top, (width, 0.0, 0.0), (0.0, -height, 0.0), target)
