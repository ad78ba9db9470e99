"""Images made by feature visualization, and the size in which they are displayed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass(frozen=True, eq=False)
class FeatureImage:
    """The feature visualization of one channel.

    Attributes:
        node: Id of the layer's node in the network.
        channel: Index of the channel; 0 where the objective is of the whole layer.
        sample: Index among the channel's samples (`samples_per_channel`).
        pixels: (H, W, 3) uint8, scaled to the range of all but the outermost values.
        image: (H, W, 3) uint8, as an image that can be fed to the network.
        activation: The objective on the untransformed image.
        curve: (steps,) float32, the objective at each step.
        dead: Whether no step changed the image, so that it says nothing about the channel.
        diverged: Whether values became infinite or NaN; the image is the last good one.
        snapshots: (K, h, w, 3) uint8, small images of the optimization from its start to its end.
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
"""Bytes of GPU memory that the images of a layer may take; if there are more, they are displayed
smaller."""


@dataclass(frozen=True, eq=False)
class FeatureTile:
    """A feature image prepared for display.

    Attributes:
        feature: The image.
        block: The image as float16 for the GPU, laid out as in `FeatureMaps` with three maps:
            linear red, green and blue.
        path: The file it is stored in; None while it is not stored.
    """

    feature: FeatureImage
    block: np.ndarray
    path: Path | None


def display_size(count: int, height: int, width: int) -> tuple[int, int]:
    """Choose the size in which a layer's images fit into `MAX_DISPLAY_BYTES`.

    Args:
        count: Number of images.
        height: Height of an image in pixels.
        width: Width of an image in pixels.

    Returns:
        The (height, width) in pixels in which each is displayed: the full size divided by a power
        of two.
    """
    factor = 1
    while min(height, width) // factor > 16 and (
        count * 3 * (height // factor) * (width // factor) * 2 > MAX_DISPLAY_BYTES
    ):
        factor *= 2
    return height // factor, width // factor


def describe(layer: str, feature: FeatureImage) -> str:
    """Describe a feature image in one line.

    Args:
        layer: The layer's name.
        feature: The image.
    """
    if feature.dead:
        return f"{layer} · channel {feature.channel} is dead: nothing changes it"
    stopped = " (stopped: values were no longer finite)" if feature.diverged else ""
    return f"{layer} · channel {feature.channel} at {feature.activation:.3g}{stopped}"
