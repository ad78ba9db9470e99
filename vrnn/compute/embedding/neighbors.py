"""The images of a data set that are nearest to one, by features or by pixels."""

from __future__ import annotations

import numpy as np

from vrnn.compute.embedding.placing import as_features

ROWS_A_TIME = 16384


def nearest_rows(
    table: np.ndarray, vector: np.ndarray, count: int, without: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Find the rows of a table that are nearest to a vector, the nearest first.

    Args:
        table: (N, C) features, or pixels as bytes; rows that are not finite are left out.
        vector: (C,) of the same kind.
        count: How many are wanted.
        without: A row that is left out.

    Returns:
        (K,) int64 rows and (K,) float32 Euclidean distances.
    """
    one = as_features(vector).astype(np.float64)
    squares = np.empty(len(table))
    for start in range(0, len(table), ROWS_A_TIME):
        rows = as_features(table[start : start + ROWS_A_TIME])
        squares[start : start + ROWS_A_TIME] = ((rows - one) ** 2).sum(1)
    squares[~np.isfinite(squares)] = np.inf
    if without is not None:
        squares[without] = np.inf
    count = min(count, int(np.isfinite(squares).sum()))
    best = np.argsort(squares, kind="stable")[:count]
    return best.astype(np.int64), np.sqrt(squares[best]).astype(np.float32)
