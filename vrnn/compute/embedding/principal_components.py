"""Principal components (Pearson 1901; Hotelling 1933), by whichever product is the smaller."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

ROWS_A_STEP = 4096
"""Rows of a table that are worked on between two steps."""
MAX_EXACT = 2048
"""Columns or rows up to which components are exact; beyond, by subspace iteration (Halko,
Martinsson and Tropp 2011)."""
EXTRA_COLUMNS, POWER_STEPS = 10, 4
"""Columns beside those that are asked for, and products with the table, of subspace iteration."""


@dataclass(frozen=True, eq=False)
class PrincipalComponents:
    """The directions in which a table varies most.

    Attributes:
        mean: (C,) float32.
        components: (K, C) float32, orthonormal; zero beyond those that there are.
        variances: (K,) float64, along each.
    """

    mean: np.ndarray
    components: np.ndarray
    variances: np.ndarray

    def project(self, table: np.ndarray) -> np.ndarray:
        """Return coordinates along the components, (N, K) float32. table: (N, C) of any number."""
        found = np.empty((len(table), len(self.components)), np.float32)
        for start in range(0, len(table), ROWS_A_STEP):
            rows = table[start : start + ROWS_A_STEP].astype(np.float32) - self.mean
            found[start : start + ROWS_A_STEP] = rows @ self.components.T
        return found


def component_steps(
    table: np.ndarray, count: int
) -> Generator[None, None, PrincipalComponents]:  # fmt: skip
    """Find principal components. Yields between its steps.

    Args:
        table: (N, C), finite, N at least 1.
        count: How many components.

    Returns:
        The components, the most variance first. The largest loading of each is positive.
    """
    rows, columns = table.shape
    mean = np.zeros(columns)
    for start in range(0, rows, ROWS_A_STEP):
        mean += table[start : start + ROWS_A_STEP].sum(0, dtype=np.float64)
        yield
    mean /= rows
    if columns <= min(rows, MAX_EXACT):
        found = yield from _by_covariance(table, mean, count)
    elif rows <= MAX_EXACT:
        found = _by_products(table, mean, count)
    else:
        found = yield from _by_subspace(table, mean, count)
    components, variances = found
    flipped = components[np.arange(len(components)), np.abs(components).argmax(1)] < 0
    components[flipped] *= -1
    missing = count - len(components)
    return PrincipalComponents(
        mean.astype(np.float32),
        np.pad(components, ((0, missing), (0, 0))).astype(np.float32),
        np.pad(variances, (0, missing)),
    )


Found = tuple[np.ndarray, np.ndarray]
"""Components and variances."""


def _centered(table: np.ndarray, mean: np.ndarray) -> Generator[np.ndarray, None, None]:
    for start in range(0, len(table), ROWS_A_STEP):
        yield table[start : start + ROWS_A_STEP] - mean


def _by_covariance(
    table: np.ndarray, mean: np.ndarray, count: int
) -> Generator[None, None, Found]:  # fmt: skip
    covariance = np.zeros((len(mean), len(mean)))
    for rows in _centered(table, mean):
        covariance += rows.T @ rows
        yield
    values, vectors = np.linalg.eigh(covariance / len(table))
    return vectors.T[::-1][:count].copy(), np.maximum(values[::-1][:count], 0)


def _by_products(table: np.ndarray, mean: np.ndarray, count: int) -> Found:
    """By the products of the rows: the same directions, where there are fewer rows."""
    rows = table - mean
    values, vectors = np.linalg.eigh(rows @ rows.T)
    # What is centered has one direction fewer than it has rows.
    kept = values > values[-1] * 1e-12
    order = np.flatnonzero(kept)[::-1][:count]
    lengths = np.sqrt(values[order])
    components = (vectors[:, order] / np.maximum(lengths, 1e-300)).T @ rows
    return components, values[order] / len(table)


def _by_subspace(
    table: np.ndarray, mean: np.ndarray, count: int
) -> Generator[None, None, Found]:  # fmt: skip
    size = min(count + EXTRA_COLUMNS, *table.shape)
    basis = np.random.default_rng(0).normal(size=(len(mean), size))
    for _ in range(POWER_STEPS):
        basis, _ = np.linalg.qr(basis)
        product = np.zeros_like(basis)
        for rows in _centered(table, mean):
            product += rows.T @ (rows @ basis)
            yield
        basis = product
    basis, _ = np.linalg.qr(basis)
    inner = np.zeros((size, size))
    for rows in _centered(table, mean):
        along = rows @ basis
        inner += along.T @ along
        yield
    values, vectors = np.linalg.eigh(inner / len(table))
    return (basis @ vectors).T[::-1][:count].copy(), np.maximum(values[::-1][:count], 0)
