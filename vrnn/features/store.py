"""Files of single feature images: compressed numpy arrays, never pickles."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np

from vrnn.features.results import FeatureImage
from vrnn.storage.atomic import write_atomically


def save(path: Path, feature: FeatureImage) -> None:
    """Write a feature image to a file.

    Raises:
        VrnnError: The folder is not writable.
    """

    def write(file: BinaryIO) -> None:
        np.savez_compressed(
            file,
            pixels=feature.pixels,
            image=feature.image,
            film=feature.snapshots,
            curve=feature.curve,
            activation=np.float64(feature.activation),
            marks=np.array([feature.dead, feature.diverged]),
        )

    write_atomically(path, write)


def load(path: Path, node: int, channel: int, sample: int) -> FeatureImage | None:
    """Read a feature image from a file.

    Args:
        path: The file.
        node: Id of its node, which the file does not hold.
        channel: Index of its channel.
        sample: Index among the channel's samples.

    Returns:
        The image; None if the file is missing or damaged.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
            dead, diverged = (bool(mark) for mark in data["marks"])
            feature = FeatureImage(
                node, channel, sample, data["pixels"], data["image"], float(data["activation"]),
                data["curve"], dead, diverged, data["film"],
            )  # fmt: skip
    except Exception:  # a damaged file fails in as many ways as there are bytes in it
        return None
    return feature if _is_valid(feature) else None


def _is_valid(feature: FeatureImage) -> bool:
    """Check shapes and dtypes."""
    images = (feature.pixels, feature.image, feature.snapshots)
    return (
        all(a.dtype == np.uint8 and a.shape[-1:] == (3,) for a in images)
        and feature.pixels.ndim == feature.image.ndim == 3
        and feature.pixels.shape == feature.image.shape
        and feature.snapshots.ndim == 4
        and feature.pixels.size > 0
        and feature.curve.dtype == np.float32
        and feature.curve.ndim == 1
    )
