"""Edges before they are bundled: checked, sampled, and in groups of those that run side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrnn.errors import VrnnError


@dataclass(frozen=True, eq=False)
class StraightEdges:
    """Edges as they are before they are bundled.

    Attributes:
        starts: (D, N) float32.
        along: (D, N) float32 from start to end.
        lengths: (N,) float32.
    """

    starts: np.ndarray
    along: np.ndarray
    lengths: np.ndarray

    def __getitem__(self, which: slice | np.ndarray) -> StraightEdges:
        return StraightEdges(self.starts[:, which], self.along[:, which], self.lengths[which])

    def points(self, offsets: np.ndarray, samples: int, step: int = 1) -> list[np.ndarray]:
        """Return points along the edges, moved by offsets: D arrays (N, S / step) of coordinates.

        Args:
            offsets: (D, N, S).
            samples: S, points of each edge.
            step: Of how many one is returned.
        """
        parts = np.linspace(0, 1, samples, dtype=np.float32)[::step]
        return [
            first[:, None] + way[:, None] * parts + offset[:, ::step]
            for first, way, offset in zip(self.starts, self.along, offsets, strict=True)
        ]


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


def checked_edges(
    starts: np.ndarray, ends: np.ndarray, weights: np.ndarray | None, samples: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return starts, ends and weights as float32, the weights 1 at most.

    Args:
        starts: See `bundle`.
        ends: See `bundle`.
        weights: See `bundle`.
        samples: See `bundle`.

    Raises:
        VrnnError: There are no edges, or something of them is no finite number.
    """
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


def grouped_edges(edges: StraightEdges, side: float) -> tuple[StraightEdges, np.ndarray]:
    """Return the mean of all edges from one cell to another, and (N,) int: the group of each edge.

    Args:
        edges: The edges.
        side: Of a cell.
    """
    keys = np.zeros(len(edges.lengths), np.int64)
    for ends in (edges.starts, edges.starts + edges.along):
        for values in ends:
            places = ((values - values.min()) * np.float32(1 / side)).astype(np.int64)
            keys = keys * (int(places.max()) + 1) + places
    _, group, counts = np.unique(keys, return_inverse=True, return_counts=True)
    starts, along = (
        np.stack([np.bincount(group, axis, len(counts)) / counts for axis in part])
        for part in (edges.starts, edges.along)
    )
    return StraightEdges(
        starts.astype(np.float32), along.astype(np.float32),
        np.linalg.norm(along, axis=0).astype(np.float32),
    ), group  # fmt: skip
