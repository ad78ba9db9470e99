"""By how much the weights of a layer have changed between two steps of a training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MAX_CELLS = 48
"""Rows and columns of the picture of a weight; of larger ones each cell is the largest change."""


@dataclass(frozen=True, eq=False)
class WeightChange:
    """The change of a layer's weights.

    Attributes:
        since: The earlier step.
        relative: Length of the change by the length of the weights before; NaN where that is 0 or
            something is not finite.
        cells: (rows, columns) float32, a row for some filters, a column for some of their weights;
            0 by 0 where the layer has no weights.
    """

    since: int
    relative: float
    cells: np.ndarray


def weight_change(since: int, before: np.ndarray, after: np.ndarray) -> WeightChange:
    """Compare weights.

    Args:
        since: The earlier step.
        before: (filters, …) float32, as they were then.
        after: The same, as they are.
    """
    if before.shape != after.shape or not before.size:
        return WeightChange(since, float("nan"), np.zeros((0, 0), np.float32))
    change = (after.astype(np.float64) - before).reshape(len(before), -1)
    length = float(np.linalg.norm(before.astype(np.float64)))
    relative = float(np.linalg.norm(change)) / length if length else float("nan")
    return WeightChange(since, relative, _strongest(_strongest(change, 0), 1).astype(np.float32))


def _strongest(values: np.ndarray, axis: int) -> np.ndarray:
    """Keep of neighbors along an axis the one that changed most, until there are MAX_CELLS."""
    count = values.shape[axis]
    if count <= MAX_CELLS:
        return values
    parts = np.array_split(values, MAX_CELLS, axis)
    chosen = [
        np.take_along_axis(
            part, np.abs(np.nan_to_num(part, nan=np.inf)).argmax(axis, keepdims=True), axis
        )
        for part in parts
    ]
    return np.concatenate(chosen, axis)
