"""What a network answers to each of the images that it was watched with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class ExampleScores:
    """The answer to one image.

    Attributes:
        image: (H, W, 3) uint8, what goes in, small.
        classes: (K,) the classes with the highest scores, the highest first; empty for what is no
            classifier.
        probabilities: (K,) float32, theirs.
    """

    image: np.ndarray
    classes: np.ndarray
    probabilities: np.ndarray
