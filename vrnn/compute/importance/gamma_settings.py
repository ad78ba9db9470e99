"""How gammas are trained."""

from __future__ import annotations

from dataclasses import dataclass

MIN_STEPS, MIN_BATCH = 200, 16
"""Steps of a training, at least; of few images batches are smaller for that, down to MIN_BATCH."""


@dataclass(frozen=True)
class GammaSettings:
    """How gammas are trained.

    Attributes:
        epochs: Times that all images are run.
        batch: Images of one step, at most.
        l1: Weight of the sum of |gamma|.
        seed: Of the order of the images.
    """

    epochs: int = 20
    batch: int = 128
    l1: float = 0.01
    seed: int = 0

    def batch_size(self, count: int) -> int:
        """Return how many images one step takes, of so many."""
        return min(max(self.epochs * count // MIN_STEPS, MIN_BATCH), self.batch)
