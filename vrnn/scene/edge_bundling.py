"""Bundling of edges by their density: those that run near each other come together.

Kernel-density edge bundling (Hurter, Ersoy and Telea 2012, Graph Bundling by Kernel Density
Estimation) on plain arrays, in two or three dimensions. Each edge is sampled, the density of all
samples is estimated, samples move up its gradient, are smoothed along the edge, and the bandwidth
shrinks. Samples move only across their own edge (Ozertem and Erdogmus 2011, Locally Defined
Principal Curves), so that they do not gather where edges cross; ends stay where they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from vrnn.errors import VrnnError
from vrnn.scene.edge_density import PullField, pull_field

FIRST_BANDWIDTH = 0.028
"""Bandwidth of the first round, as a part of the diagonal of all edges' bounds."""
SHRINK = 0.97
"""Factor of the bandwidth from round to round."""
ROUNDS = 50
SMOOTHING = 0.7
"""How far smoothing reaches along an edge, in steps between samples."""
SAMPLES, FEW_SAMPLES = 96, 16
"""Points of a curve; of each where edges are very many."""
MAX_DENSITY_EDGES = 25_000
"""Edges of which the density is estimated; more are drawn by the density of so many."""
ROUND_STEP = 2
"""Of how many rounds one moves the rest of very many edges."""
FREE_BANDWIDTHS = 2.0
"""Length of an edge, in bandwidths, from which on it is moved wholly; a shorter one has no shape
that a density of this bandwidth shows."""
DENSITY_STEP = 2
"""Of how many samples of an edge one counts in the density."""
CHUNK_POINTS = 1 << 16
"""Samples that are moved at once: what stays in the cache of a core."""
THREADS = 2
SMALLEST = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, eq=False)
class _Edges:
    """Some edges: where they start and how far they go, both (D, N) float32."""

    starts: np.ndarray
    along: np.ndarray

    def __getitem__(self, which: slice | np.ndarray) -> _Edges:
        return _Edges(self.starts[:, which], self.along[:, which])


def bundle(
    starts: np.ndarray, ends: np.ndarray, weights: np.ndarray | None = None, *, seed: int = 0,
    samples: int | None = None,
) -> np.ndarray:  # fmt: skip
    """Return edges as curves that run together where edges are near each other.

    The same arguments give the same curves. The first and last point of each are its ends.

    Args:
        starts: (N, D) where each begins; D is 2 or 3.
        ends: (N, D) where each ends.
        weights: (N,) how strongly each draws others, 0 or more; None for all alike.
        seed: Of the choice of edges whose density is estimated, where there are very many.
        samples: S, points of each curve, at least 3; None for as many as `default_samples` says.

    Returns:
        (N, S, D) float32. `straight_points` gives the same samples of straight edges.

    Raises:
        VrnnError: There are no edges, or something of them is no finite number.
    """
    samples = default_samples(len(starts)) if samples is None else samples
    starts, ends, weights = _checked(starts, ends, weights, samples)
    bounds = np.stack([np.minimum(starts, ends).min(0), np.maximum(starts, ends).max(0)])
    edges = _Edges(np.ascontiguousarray(starts.T), np.ascontiguousarray((ends - starts).T))
    points = straight_points(starts, ends, samples)
    if len(starts) > 1 and weights.any() and (bounds[0] < bounds[1]).any():
        which, counts = _density_edges(weights, seed)
        fields, curves = _bundled_sample(edges[which], counts, bounds, samples)
        if len(which) < len(starts):
            _write_curves(edges, fields[::ROUND_STEP], points)
        else:
            for axis, values in enumerate(curves):
                points[:, :, axis] = values
    points[:, 0], points[:, -1] = starts, ends
    return points


def default_samples(count: int) -> int:
    """Return how many points each of so many edges has where none are asked for."""
    return SAMPLES if count <= MAX_DENSITY_EDGES else FEW_SAMPLES


def straight_points(starts: np.ndarray, ends: np.ndarray, samples: int) -> np.ndarray:
    """Return points on straight edges that belong to those of `bundle`, (N, S, D) float32.

    What lies between them and the bundled ones is an edge that is bundled in part.

    Args:
        starts: (N, D) where each begins.
        ends: (N, D) where each ends.
        samples: S, points of each.
    """
    parts = np.linspace(0, 1, samples, dtype=np.float32)[:, None]
    first = np.asarray(starts, np.float32)[:, None]
    last = np.asarray(ends, np.float32)[:, None]
    points = first + (last - first) * parts
    points[:, -1] = last[:, 0]
    return points


def _checked(
    starts: np.ndarray, ends: np.ndarray, weights: np.ndarray | None, samples: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    first, last = np.asarray(starts), np.asarray(ends)
    if first.ndim != 2 or first.shape != last.shape or first.shape[1] not in (2, 3):
        raise VrnnError(
            f"edges to bundle have ends of shapes {first.shape} and {last.shape}; give both as "
            "(edges, 2) or (edges, 3)"
        )
    if not len(first):
        raise VrnnError("there are no edges to bundle; give at least one")
    if samples < 3:
        raise VrnnError(f"a bundled edge of {samples} points cannot bend; give at least 3")
    with np.errstate(over="ignore"):
        first, last = first.astype(np.float32), last.astype(np.float32)
    bad = ~(np.isfinite(first) & np.isfinite(last)).all(1)
    if bad.any():
        raise VrnnError(
            f"{bad.sum()} of {len(bad)} edges to bundle end at no finite place, the first is edge "
            f"{int(bad.argmax())}; leave them out"
        )
    if weights is None:
        return first, last, np.ones(len(first), np.float32)
    weights = np.asarray(weights)
    if weights.shape != (len(first),):
        raise VrnnError(
            f"weights of edges to bundle have the shape {weights.shape}; give one for each of the "
            f"{len(first)} edges"
        )
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        number = int(wrong.argmax())
        raise VrnnError(
            f"edge {number} to bundle has the weight {weights[number]}; give finite weights of 0 "
            "or more"
        )
    greatest = float(weights.max())
    return first, last, (weights / (greatest or 1.0)).astype(np.float32)


def _bundled_sample(
    edges: _Edges, counts: np.ndarray, bounds: np.ndarray, samples: int
) -> tuple[list[PullField], list[np.ndarray]]:
    """The pull in each round by the density of edges, and where they are in the end."""
    parts, smoothing = _curve_tables(samples)
    lengths = np.linalg.norm(edges.along, axis=0)
    amounts = (counts * lengths)[:, None]  # the density is that of edges, not of samples
    offsets = np.zeros((len(edges.starts), edges.starts.shape[1], samples), np.float32)
    size = float(np.linalg.norm(bounds[1] - bounds[0]))
    fields: list[PullField] = []
    chunks = list(_chunks(edges.starts.shape[1], samples))

    def move(part: slice) -> None:
        _move(edges[part], offsets[:, part], fields[-1], parts, smoothing)

    with ThreadPoolExecutor(THREADS) as pool:
        for bandwidth in (FIRST_BANDWIDTH * size * SHRINK ** np.arange(ROUNDS)).tolist():
            points = _points(edges, offsets[..., ::DENSITY_STEP], parts[::DENSITY_STEP])
            fields.append(pull_field(points, amounts, bandwidth, bounds))
            list(pool.map(move, chunks))
    return fields, _points(edges, offsets, parts)


def _density_edges(weights: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The edges whose density is estimated, and what each counts there.

    Of too many, a systematic sample in random order, in which each is as often as it weighs.
    """
    if len(weights) <= MAX_DENSITY_EDGES:
        return np.arange(len(weights)), weights
    random = np.random.default_rng(seed)
    order = random.permutation(len(weights))
    sums = np.cumsum(weights[order], dtype=np.float64)
    steps = (np.arange(MAX_DENSITY_EDGES) + random.random()) * (sums[-1] / MAX_DENSITY_EDGES)
    found = np.minimum(np.searchsorted(sums, steps, side="right"), len(order) - 1)
    which, counts = np.unique(order[found], return_counts=True)
    return which, counts.astype(np.float32)


def _chunks(count: int, samples: int) -> Iterator[slice]:
    step = max(1, CHUNK_POINTS // samples)
    for first in range(0, count, step):
        yield slice(first, min(first + step, count))


def _curve_tables(samples: int) -> tuple[np.ndarray, np.ndarray]:
    """(S,) where samples are, 0…1, and (S, S) what smooths offsets along an edge."""
    inner = samples - 2
    second = 2 * np.eye(inner) - np.eye(inner, k=1) - np.eye(inner, k=-1)
    smoothing = np.zeros((samples, samples), np.float32)
    smoothing[1:-1, 1:-1] = np.linalg.inv(np.eye(inner) + (SMOOTHING**2 / 2) * second)
    return np.linspace(0, 1, samples, dtype=np.float32), smoothing


def _points(edges: _Edges, offsets: np.ndarray, parts: np.ndarray) -> list[np.ndarray]:
    """D arrays (N, S) of coordinates."""
    return [
        first[:, None] + way[:, None] * parts + offset
        for first, way, offset in zip(edges.starts, edges.along, offsets, strict=True)
    ]


def _move(
    edges: _Edges, offsets: np.ndarray, field: PullField, parts: np.ndarray, smoothing: np.ndarray
) -> None:
    """Move samples up the density, across their edges, and smooth them; changes `offsets`."""
    points = _points(edges, offsets, parts)
    pull = field.at(points)
    inner = [part[:, 1:-1] for part in pull]
    along = [values[:, 2:] - values[:, :-2] for values in points]
    share = _dot(inner, along) / np.maximum(_dot(along, along), SMALLEST)
    length = np.sqrt(_dot(edges.along, edges.along))[:, None]
    free = np.minimum(1, length / np.float32(FREE_BANDWIDTHS * field.bandwidth))
    for offset, part, moved, way in zip(offsets, pull, inner, along, strict=True):
        moved -= share * way
        part *= free
        offset[:] = (offset + part) @ smoothing


def _dot(
    first: Sequence[np.ndarray] | np.ndarray, second: Sequence[np.ndarray] | np.ndarray
) -> np.ndarray:
    total = first[0] * second[0]
    for one, other in zip(first[1:], second[1:], strict=True):
        total += one * other
    return total


def _write_curves(edges: _Edges, fields: Sequence[PullField], points: np.ndarray) -> None:
    """Move all edges through the pull of each round, and write their points (N, S, D)."""
    count, samples, dimensions = points.shape
    parts, smoothing = _curve_tables(samples)

    def write(part: slice) -> None:
        some = edges[part]
        offsets = np.zeros((dimensions, part.stop - part.start, samples), np.float32)
        for field in fields:
            _move(some, offsets, field, parts, smoothing)
        for axis, values in enumerate(_points(some, offsets, parts)):
            points[part, :, axis] = values

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(write, _chunks(count, samples)))
