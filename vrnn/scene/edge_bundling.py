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

from vrnn.scene.edge_density import GridField, crowd_field, pull_field
from vrnn.scene.straight_edges import (
    StraightEdges,
    checked_edges,
    grouped_edges,
    straight_points,
)

GROUPED_BANDWIDTH, SCATTERED_BANDWIDTH = 0.028, 0.014
"""Bandwidth of the first round, as a part of the diagonal of all edges' bounds: where ends stand in
groups, and where they are everywhere, so that a wide one would see no strand among so many."""
GROUPED_SHARE, SCATTERED_SHARE = 0.25, 0.75
"""Shares of the bounds that ends fill, up to and from which on either of these is taken."""
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
MAX_BEND = 0.4
"""How far the middle of an edge that is alone moves at most, as a part of its length: a short one
that followed a bundle far away would be a needle, not a connection."""
FREE_CROWD = 20.0
"""Edges side by side up to which each counts as alone; among so many times more it bends so many
times as far."""
FAR_BANDWIDTHS = 4.0
"""First bandwidths that hardly an edge moves: what may move as far is not limited."""
MIN_GROUP = 3
"""Edges of a group, on average, from which on groups are moved in their place."""
DENSITY_STEP = 2
"""Of how many samples of an edge one counts in the density."""
CHUNK_POINTS = 1 << 16
"""Samples that are moved at once: what stays in the cache of a core."""
THREADS = 2
SMALLEST = float(np.finfo(np.float32).tiny)


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
    starts, ends, weights = checked_edges(starts, ends, weights, samples)
    along = np.ascontiguousarray((ends - starts).T)
    lengths = np.linalg.norm(along, axis=0)
    edges = StraightEdges(np.ascontiguousarray(starts.T), along, lengths)
    bounds = np.stack([np.minimum(starts, ends).min(0), np.maximum(starts, ends).max(0)])
    return _bundled(edges, weights, bounds, straight_points(starts, ends, samples), seed)


def _bundled(
    edges: StraightEdges, weights: np.ndarray, bounds: np.ndarray, points: np.ndarray, seed: int
) -> np.ndarray:
    """Bundle edges. points: (N, S, D) as they are, which is changed and returned."""
    ends = points[:, 0].copy(), points[:, -1].copy()
    if len(points) > 1 and weights.any() and (bounds[0] < bounds[1]).any():
        which, counts = _density_edges(weights, seed)
        rounds, curves = _bundled_sample(edges[which], counts, bounds, points.shape[1])
        if len(which) < len(points):
            _write_curves(edges, rounds, points)
        else:
            for axis, values in enumerate(curves):
                points[:, :, axis] = values
    points[:, 0], points[:, -1] = ends
    return points


def first_bandwidth(places: np.ndarray, bounds: np.ndarray) -> float:
    """Return the bandwidth that bundling begins with, in the unit of the places.

    Args:
        places: (2 N, D) where edges begin and end.
        bounds: (2, D) least and greatest coordinates of all edges, not all the same.
    """
    low, high = bounds
    size = float(np.linalg.norm(high - low))
    cell = GROUPED_BANDWIDTH * size
    counts = np.maximum(np.ceil((high - low) / cell), 1).astype(np.int64)
    numbers = np.minimum(((places - low) / cell).astype(np.int64), counts - 1)
    flat = np.ravel_multi_index(tuple(numbers.T), tuple(counts.tolist()))
    found = np.unique(flat, return_counts=True)[1].astype(np.float64)
    # How many cells the ends fill as if all had as many (the inverse of Simpson's index, 1949).
    pairs = float((found * (found - 1)).sum())
    filled = len(places) * (len(places) - 1) / pairs if pairs else float(counts.prod())
    share = filled / float(counts.prod())
    part = np.clip((share - GROUPED_SHARE) / (SCATTERED_SHARE - GROUPED_SHARE), 0, 1)
    return float(size * GROUPED_BANDWIDTH * (SCATTERED_BANDWIDTH / GROUPED_BANDWIDTH) ** part)


def default_samples(count: int) -> int:
    """Return how many points each of so many edges has where none are asked for."""
    return SAMPLES if count <= MAX_DENSITY_EDGES else FEW_SAMPLES


@dataclass(frozen=True, eq=False)
class _Rounds:
    """What moves edges: the pull of each round, and how many edges run where at first."""

    bandwidth: float
    crowd: GridField
    pulls: list[GridField]

    def reach(self, edges: StraightEdges, samples: int) -> np.ndarray:
        """(N,) how far the middle of each edge may move."""
        still = np.zeros((*edges.starts.shape, samples), np.float32)
        (crowd,) = self.crowd.at(edges.points(still, samples, samples // 3))
        reach: np.ndarray = edges.lengths * MAX_BEND * np.maximum(1, crowd.mean(1) / FREE_CROWD)
        return reach.astype(np.float32)


def _bundled_sample(
    edges: StraightEdges, counts: np.ndarray, bounds: np.ndarray, samples: int
) -> tuple[_Rounds, list[np.ndarray]]:
    """What moved edges by their own density, and where they are in the end."""
    smoothing = _smoothing_table(samples)
    amounts = (counts * edges.lengths)[:, None]  # the density is that of edges, not of samples
    offsets = np.zeros((len(edges.starts), edges.starts.shape[1], samples), np.float32)
    places = np.concatenate([edges.starts, edges.starts + edges.along], 1).T
    first = first_bandwidth(places, bounds)
    points = edges.points(offsets, samples, DENSITY_STEP)
    crowd = crowd_field(points, amounts / max(float(counts.mean()), SMALLEST), first, bounds)
    rounds = _Rounds(first, crowd, [])
    reach = rounds.reach(edges, samples)
    chunks = list(_chunks(edges.starts.shape[1], samples))

    def move(part: slice) -> None:
        _move(edges[part], offsets[:, part], rounds.pulls[-1], smoothing)
        _limit(edges[part], offsets[:, part], reach[part], first)

    with ThreadPoolExecutor(THREADS) as pool:
        for bandwidth in (first * SHRINK ** np.arange(ROUNDS)).tolist():
            points = edges.points(offsets, samples, DENSITY_STEP)
            rounds.pulls.append(pull_field(points, amounts, bandwidth, bounds))
            list(pool.map(move, chunks))
    return rounds, edges.points(offsets, samples)


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


def _smoothing_table(samples: int) -> np.ndarray:
    """(S, S) what smooths offsets along an edge."""
    inner = samples - 2
    second = 2 * np.eye(inner) - np.eye(inner, k=1) - np.eye(inner, k=-1)
    smoothing = np.zeros((samples, samples), np.float32)
    smoothing[1:-1, 1:-1] = np.linalg.inv(np.eye(inner) + (SMOOTHING**2 / 2) * second)
    return smoothing


def _move(
    edges: StraightEdges, offsets: np.ndarray, pull_at: GridField, smoothing: np.ndarray
) -> None:
    """Move samples up the density, across their edges, and smooth them; changes `offsets`."""
    points = edges.points(offsets, offsets.shape[2])
    pull = pull_at.at(points)
    inner = [part[:, 1:-1] for part in pull]
    along = [values[:, 2:] - values[:, :-2] for values in points]
    share = _dot(inner, along) / np.maximum(_dot(along, along), SMALLEST)
    for offset, part, moved, way in zip(offsets, pull, inner, along, strict=True):
        moved -= share * way
        offset[:] = (offset + part) @ smoothing


def _limit(edges: StraightEdges, offsets: np.ndarray, reach: np.ndarray, bandwidth: float) -> None:
    """Let edges that must not move far be arcs across their chords, the shorter the flatter."""
    part = reach / np.float32(FAR_BANDWIDTHS * bandwidth)
    near = np.flatnonzero(part < 1)
    if not len(near):
        return
    some, along = offsets[:, near], edges.along[:, near]
    parts = np.linspace(0, 1, offsets.shape[2], dtype=np.float32)
    arc = 4 * parts * (1 - parts)
    middle = some @ (arc / np.float32(arc @ arc))  # of the arc nearest to where they are
    middle -= along * (_dot(middle, along) / np.maximum(_dot(along, along), SMALLEST))
    far = np.sqrt(_dot(middle, middle))
    middle *= np.minimum(1, reach[near] / np.maximum(far, SMALLEST))
    arcs = middle[..., None] * arc
    freedom = np.clip(2 * part[near, None] - 1, 0, 1)
    offsets[:, near] = arcs + (some - arcs) * freedom


def _dot(
    first: Sequence[np.ndarray] | np.ndarray, second: Sequence[np.ndarray] | np.ndarray
) -> np.ndarray:
    total = first[0] * second[0]
    for one, other in zip(first[1:], second[1:], strict=True):
        total += one * other
    return total


def _write_curves(edges: StraightEdges, rounds: _Rounds, points: np.ndarray) -> None:
    """Move all edges through the pull of some rounds, and write their points (N, S, D).

    Where many begin and end within a bandwidth of each other, the middle one of each such group is
    moved, and the others run into it.
    """
    means, group = grouped_edges(edges, rounds.bandwidth)
    if len(means.lengths) * MIN_GROUP > len(points):
        _write_moved(edges, rounds, points)
        return
    samples = points.shape[1]
    straight = straight_points(means.starts.T, (means.starts + means.along).T, samples)
    curves = straight.copy()
    _write_moved(means, rounds, curves)
    t = np.linspace(0, 1, samples, dtype=np.float32)
    apart = (np.square(1 - 4 * t * (1 - t)))[:, None]
    curves -= straight * apart

    def write(part: slice) -> None:
        points[part] *= apart
        points[part] += curves[group[part]]

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(write, _chunks(len(points), samples)))


def _write_moved(edges: StraightEdges, rounds: _Rounds, points: np.ndarray) -> None:
    """Move each edge by itself."""
    count, samples, dimensions = points.shape
    smoothing = _smoothing_table(samples)

    def write(part: slice) -> None:
        some = edges[part]
        reach = rounds.reach(some, samples)
        offsets = np.zeros((dimensions, part.stop - part.start, samples), np.float32)
        for pull in rounds.pulls[::ROUND_STEP]:
            _move(some, offsets, pull, smoothing)
            _limit(some, offsets, reach, rounds.bandwidth)
        for axis, values in enumerate(some.points(offsets, samples)):
            points[part, :, axis] = values

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(write, _chunks(count, samples)))
