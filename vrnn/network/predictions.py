"""Predictions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ClassScores:
    """What a classifier said. logits: (K,) float32; probabilities: (K,) float32, sum 1."""

    node: int
    logits: np.ndarray
    probabilities: np.ndarray


@dataclass(frozen=True)
class Segmentation:
    """The class of each position. classes: (H, W) int32; count: number of classes."""

    node: int
    classes: np.ndarray
    count: int


@dataclass(frozen=True)
class Detections:
    """Boxes that a detector found.

    boxes: (K, 4) float32, left, top, right, bottom in fractions 0…1 of the input image;
    labels: (K,) int32; scores: (K,) float32, best first.
    """

    node: int
    boxes: np.ndarray
    labels: np.ndarray
    scores: np.ndarray


Output = ClassScores | Segmentation | Detections
