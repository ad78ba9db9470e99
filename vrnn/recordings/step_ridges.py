"""Histograms of a layer's weights and activations over the steps of a training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class StepRidges:
    """One histogram for each of some steps, all over the same range.

    Attributes:
        steps: The N steps, rising.
        weights: (N, bins) shares; None where the layer has no weights of its own.
        weight_range: Between which values.
        activations: (N, bins) shares; None where they could not be found.
        activation_range: Between which values.
    """

    steps: tuple[int, ...]
    weights: np.ndarray | None
    weight_range: tuple[float, float]
    activations: np.ndarray | None
    activation_range: tuple[float, float]


def ridges_of(values: list[np.ndarray], bins: int) -> tuple[np.ndarray | None, tuple[float, float]]:
    """Make histograms over one range.

    Args:
        values: Those of each step, of any shape; what is not finite is left out.
        bins: How many.

    Returns:
        (N, bins) shares of the values of a step, None where there are no values; and the range.
    """
    finite = [found[np.isfinite(found)] for found in values]
    some = [found for found in finite if found.size]
    if not some:
        return None, (0.0, 0.0)
    low = min(float(found.min()) for found in some)
    high = max(float(found.max()) for found in some)
    if low == high:
        low, high = low - 0.5, high + 0.5
    rows = [np.histogram(found, bins, (low, high))[0] / max(found.size, 1) for found in finite]
    return np.array(rows), (low, high)
