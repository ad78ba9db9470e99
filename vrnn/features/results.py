"""Results."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass(frozen=True, eq=False)
class FeatureImage:
    """What one channel of a layer looks for.

    pixels: (H, W, 3) uint8, by the range of all but the picture's outermost values; image:
    (H, W, 3) uint8, as an image that can be put into the network; activation: of the objective on
    the untransformed picture; dead: no step changed it, so the picture says nothing; stopped:
    values were no longer finite, the picture is the last good one; film: (K, h, w, 3) uint8
    pictures of the way, small, from the start to the end.
    """

    node: int
    channel: int
    sample: int
    pixels: np.ndarray
    image: np.ndarray
    activation: float
    curve: np.ndarray
    dead: bool = False
    diverged: bool = False
    snapshots: np.ndarray = field(default_factory=lambda: np.zeros((0, 1, 1, 3), np.uint8))


MAX_DISPLAY_BYTES = 96 << 20
"""GPU memory that a layer's pictures may take; more of them are shown smaller."""


@dataclass(frozen=True, eq=False)
class FeatureTile:
    """A picture and how it is shown. block: as in `FeatureMaps`, of three maps: linear red, green
    and blue; file: where it is kept, None: nowhere (yet)."""

    feature: FeatureImage
    block: np.ndarray
    path: Path | None


def display_size(count: int, height: int, width: int) -> tuple[int, int]:
    """Height and width in which each of so many pictures is shown."""
    factor = 1
    while min(height, width) // factor > 16 and (
        count * 3 * (height // factor) * (width // factor) * 2 > MAX_DISPLAY_BYTES
    ):
        factor *= 2
    return height // factor, width // factor


def describe(layer: str, feature: FeatureImage) -> str:
    """A line about a picture."""
    if feature.dead:
        return f"{layer} · channel {feature.channel} is dead: nothing changes it"
    stopped = " (stopped: values were no longer finite)" if feature.diverged else ""
    return f"{layer} · channel {feature.channel} at {feature.activation:.3g}{stopped}"
