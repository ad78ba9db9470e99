"""The images of a data set as points: what is known of each, and where it is in a cloud.

Near each other are images that a layer's features, or the pixels, say are alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrnn.network.embedding_methods import EmbeddingMethod

PIXELS = "pixels"
"""In place of a layer: the pixels of the images, unless a layer has that name."""
UNKNOWN = -1
"""Label or answer of an image that has none."""


@dataclass(frozen=True, eq=False)
class CloudImages:
    """The images of a data set that were run through a model.

    Attributes:
        numbers: (N,) int64, their numbers in the data set, ascending.
        labels: (N,) int32 classes of the data set, `UNKNOWN` where it has none.
        answers: (N,) int32 classes that the model answers, `UNKNOWN` where it has none.
        total: How many images the data set has.
        skipped: Number of each image that could not be run, and why.
    """

    numbers: np.ndarray
    labels: np.ndarray
    answers: np.ndarray
    total: int
    skipped: tuple[tuple[int, str], ...] = ()

    def take(self, rows: np.ndarray) -> CloudImages:
        """Return some of the images. rows: (M,) their places, or (N,) which of them."""
        return CloudImages(
            self.numbers[rows], self.labels[rows], self.answers[rows], self.total, self.skipped
        )


@dataclass(frozen=True, eq=False)
class ImageCloud:
    """Where images are, by the features of one layer.

    Attributes:
        images: What is known of the images.
        layer: Name of the layer, or `PIXELS`.
        method: How they were placed.
        positions: (N, D) float32, D 2 or 3; mean 0, and mean of squared distances to it 1.
        text: How far the placing has come; '' when it is complete.
    """

    images: CloudImages
    layer: str
    method: EmbeddingMethod
    positions: np.ndarray
    text: str = ""

    @property
    def dimensions(self) -> int:
        """Number of coordinates of a position."""
        return int(self.positions.shape[1])


@dataclass(frozen=True, eq=False)
class Landing:
    """Where an image lands in a cloud, and which images of the data set are most like it.

    Attributes:
        number: Its number in the data set; `UNKNOWN` for an image of another origin.
        position: (D,) float32, in the coordinates of the cloud.
        feature_neighbors: (K,) int64 numbers of the images with the nearest features.
        feature_distances: (K,) float32, Euclidean.
        pixel_neighbors: (K,) int64 numbers of the images with the nearest pixels.
        pixel_distances: (K,) float32: root of the mean square difference, of values 0…1.
    """

    number: int
    position: np.ndarray
    feature_neighbors: np.ndarray
    feature_distances: np.ndarray
    pixel_neighbors: np.ndarray
    pixel_distances: np.ndarray
