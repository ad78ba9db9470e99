"""Predictions of a network: class scores, a segmentation, or boxes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ClassScores:
    """The scores of a classifier.

    Attributes:
        node: Id of the output.
        logits: (K,) float32.
        probabilities: (K,) float32, with sum 1.
    """

    node: int
    logits: np.ndarray
    probabilities: np.ndarray


@dataclass(frozen=True)
class Segmentation:
    """The class of each position.

    Attributes:
        node: Id of the output.
        classes: (H, W) int32.
        count: Number of classes.
    """

    node: int
    classes: np.ndarray
    count: int


@dataclass(frozen=True)
class Detections:
    """The boxes of a detector.

    Attributes:
        node: Id of the output.
        boxes: (K, 4) float32, left, top, right, bottom as fractions 0…1 of the input image.
        labels: (K,) int32 classes.
        scores: (K,) float32, the best first.
    """

    node: int
    boxes: np.ndarray
    labels: np.ndarray
    scores: np.ndarray


Output = ClassScores | Segmentation | Detections
