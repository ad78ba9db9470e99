"""Density of edges on a grid, and where it draws what is near it: the mean shift of bundling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil

import numpy as np

CELLS_PER_BANDWIDTH = 2.0
"""Cells of the grid in one bandwidth; fewer would show the grid in the curves."""
MAX_CELLS = {2: 1 << 18, 3: 1 << 18}
"""Cells of a grid at most, by the number of dimensions."""
MARGIN = 2.5
"""Bandwidths of empty room around all edges, so that nothing is drawn across the border."""
TINY = 1e-6
"""Part of the greatest density below which there is nothing that draws."""
PRIMES = (2, 3, 5)


@dataclass(frozen=True, eq=False)
class GridField:
    """Numbers at any place, on a grid of square cells.

    Attributes:
        origin: (D,) float32: the middle of the first cell.
        cell: Side of a cell.
        shape: Cells along each axis.
        values: Arrays of `shape`, flat, float32: one for each number.
    """

    origin: np.ndarray
    cell: float
    shape: tuple[int, ...]
    values: Sequence[np.ndarray]

    def at(self, points: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the numbers at points, interpolated linearly between cells.

        Args:
            points: D arrays of coordinates, all of one shape, float32.

        Returns:
            An array of that shape for each number, float32.
        """
        corner, parts = cell_parts(points, self.origin, self.cell, self.shape)
        found = [np.zeros(corner.shape, np.float32) for _ in self.values]
        for offset, share in corner_shares(parts, self.shape):
            where = corner + offset
            for total, values in zip(found, self.values, strict=True):
                total += share * values.take(where, mode="clip")
        return found


def cell_parts(
    points: Sequence[np.ndarray], origin: np.ndarray, cell: float, shape: tuple[int, ...]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the flat number of the cell before each point, int32, and how far it is past it, 0…1.

    Args:
        points: D arrays of coordinates, all of one shape.
        origin: (D,) the middle of the first cell.
        cell: Side of a cell.
        shape: Cells along each axis.
    """
    flat = np.zeros(points[0].shape, np.int32)
    parts = []
    for values, first, count in zip(points, origin.tolist(), shape, strict=True):
        place = (values - np.float32(first)) * np.float32(1 / cell)
        np.clip(place, 0, count - 1.001, out=place)
        whole = place.astype(np.int32)
        flat *= np.int32(count)
        flat += whole
        place -= whole
        parts.append(place)
    return flat, parts


def corner_shares(
    parts: Sequence[np.ndarray], shape: tuple[int, ...]
) -> list[tuple[np.int32, np.ndarray]]:
    """Return the corners of a cell: the step to each in a flat grid, and each point's share of it.

    Args:
        parts: D arrays: how far each point is past the cell's first corner, 0…1.
        shape: Cells along each axis.
    """
    strides = [int(np.prod(shape[axis + 1 :])) for axis in range(len(shape))]
    both = [(1 - part, part) for part in parts]
    found = []
    for corner in product((0, 1), repeat=len(shape)):
        share = both[0][corner[0]]
        for axis in range(1, len(shape)):
            share = share * both[axis][corner[axis]]
        step = sum(c * stride for c, stride in zip(corner, strides, strict=True))
        found.append((np.int32(step), share))
    return found


@dataclass(frozen=True, eq=False)
class _Density:
    """A density on a grid, blurred by a Gaussian: in space, and its spectrum."""

    origin: np.ndarray
    cell: float
    smooth: np.ndarray
    spectrum: np.ndarray
    waves: Sequence[np.ndarray]


def pull_field(
    points: Sequence[np.ndarray], weights: np.ndarray, bandwidth: float, bounds: np.ndarray
) -> GridField:
    """Return the pull of a density of points: h² ∇ρ/ρ, the mean shift of a Gaussian.

    Args:
        points: D arrays of coordinates, all of one shape, float32.
        weights: What each counts, of a shape that is broadcast to theirs.
        bandwidth: h, the standard deviation of the Gaussian.
        bounds: (2, D) the least and greatest coordinate that points can have.

    Returns:
        D numbers: from each place to the mean of what is around it, weighted by the Gaussian; no
        pull is longer than the bandwidth (Comaniciu and Meer 2002, Mean shift).
    """
    density = _density(points, weights, bandwidth, bounds)
    smooth = density.smooth
    axes = tuple(range(smooth.ndim))
    least: float = max(float(smooth.max()) * TINY, float(np.finfo(np.float32).tiny))
    factor = bandwidth**2 / np.maximum(smooth, least)
    pulls = [
        np.fft.irfftn(density.spectrum * (1j * wave), smooth.shape, axes) * factor
        for wave in density.waves
    ]
    length = np.sqrt(np.square(np.stack(pulls)).sum(0))
    limit = np.minimum(1, bandwidth / np.maximum(length, np.finfo(np.float32).tiny))
    limit[smooth <= least] = 0
    values = [(pull * limit).astype(np.float32).ravel() for pull in pulls]
    return GridField(density.origin, density.cell, smooth.shape, values)


def crowd_field(
    points: Sequence[np.ndarray], weights: np.ndarray, bandwidth: float, bounds: np.ndarray
) -> GridField:
    """Return how many long edges side by side would be as dense.

    Args:
        points: D arrays (N, S) of coordinates, float32.
        weights: (N, 1) the length of each edge, times what it counts.
        bandwidth: Standard deviation of the Gaussian.
        bounds: (2, D) the least and greatest coordinate that points can have.
    """
    density = _density(points, weights, bandwidth, bounds)
    dimensions = density.smooth.ndim
    across = (2 * np.pi) ** 0.5 * bandwidth
    alone = points[0].shape[1] * density.cell**dimensions / across ** (dimensions - 1)
    values = [(density.smooth / alone).astype(np.float32).ravel()]
    return GridField(density.origin, density.cell, density.smooth.shape, values)


def _density(
    points: Sequence[np.ndarray], weights: np.ndarray, bandwidth: float, bounds: np.ndarray
) -> _Density:
    cell, shape, origin = _grid(bandwidth, bounds)
    flat, parts = cell_parts(points, origin, cell, shape)
    size = int(np.prod(shape))
    density = np.zeros(size)
    for offset, share in corner_shares(parts, shape):
        amount = (share * weights).ravel()
        density += np.bincount((flat + offset).ravel(), amount, size)
    spectrum = np.fft.rfftn(density.reshape(shape).astype(np.float32))
    frequencies = [np.fft.fftfreq(n, cell) for n in shape[:-1]] + [np.fft.rfftfreq(shape[-1], cell)]
    waves = np.meshgrid(*(2 * np.pi * f for f in frequencies), indexing="ij", sparse=True)
    for wave in waves:
        spectrum *= np.exp(-0.5 * (bandwidth * wave) ** 2)
    smooth = np.fft.irfftn(spectrum, shape, tuple(range(len(shape))))
    return _Density(origin, cell, smooth, spectrum, waves)


def _grid(bandwidth: float, bounds: np.ndarray) -> tuple[float, tuple[int, ...], np.ndarray]:
    """The side of a cell, the cells along each axis, and the middle of the first."""
    low, high = bounds[0] - MARGIN * bandwidth, bounds[1] + MARGIN * bandwidth
    extent = (high - low).astype(float)
    cell = bandwidth / CELLS_PER_BANDWIDTH
    cell = max(cell, float((np.prod(extent) / MAX_CELLS[len(extent)]) ** (1 / len(extent))))
    shape = tuple(_fast_length(ceil(side / cell) + 1) for side in extent.tolist())
    return cell, shape, low.astype(np.float32)


def _fast_length(least: int) -> int:
    """The first number from this one on that has no prime factor above 5."""
    while True:
        rest = least
        for prime in PRIMES:
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return least
        least += 1
