"""How gammas are trained."""

from __future__ import annotations

from dataclasses import dataclass


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
