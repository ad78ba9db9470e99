"""Ribbons as a net of pieces: those that run at one place are one piece, as wide as all together.

A net has two shapes, all through one center and opened, and every shape in between. Of few ribbons
each is drawn by itself; of many, those that bundling has brought to one place become one, so that a
million costs what some thousands do. A piece is at the mean of all that it stands for in either
shape, so that it moves as they would.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrnn.scene.edge_bundling import (
    FEW_SAMPLES,
    MAX_DENSITY_EDGES,
    bundle,
)
from vrnn.scene.straight_edges import straight_points

PIECES = 20
"""Pieces of a ribbon that is drawn by itself."""
MAX_SEPARATE = 600
"""Ribbons that are each drawn by itself; of more, those at one place are joined."""
MAX_PIECES = 5000
"""Pieces of a net of joined ribbons at most: what software GL draws beside a frame."""
BOW = 0.16
"""How far ribbons stand before the straight line, as a part of its length."""
CENTER_BOW = 0.22
"""How far before the middle of all the center stands, as a part of their mean length."""
FIRST_CELL = 1 / 400
"""Side of the cells in which ribbons are joined, as a part of the diagonal of all; at first."""
CELL_GROWTH = 1.35
"""Factor of the side as long as there are too many pieces."""
CHUNK = 50_000
"""Ribbons that are joined at once."""
CELL_BITS = 10
"""Bits of the number of a cell along one axis: there are at most 1 / FIRST_CELL of them."""


@dataclass(frozen=True, eq=False)
class Ribbons:
    """Connections from place to place.

    Attributes:
        starts: (N, 3) float32 meters.
        ends: (N, 3) float32 meters.
        values: (N,) float32 with sign.
        sizes: (N,) float32, 0 or more.
    """

    starts: np.ndarray
    ends: np.ndarray
    values: np.ndarray
    sizes: np.ndarray

    def __len__(self) -> int:
        return len(self.starts)


@dataclass(frozen=True, eq=False)
class RibbonNet:
    """Pieces of ribbons.

    Attributes:
        centered: (M, 3) float32 places of the ends of pieces where all run through one center.
        opened: (M, 3) float32 the same where each runs by its own way.
        first: (K,) int place at which each piece begins.
        second: (K,) int place at which it ends.
        values: (K,) float32 with sign: the sum of the ribbons that a piece stands for.
        sizes: (K,) float32: the sum of their sizes.
        counts: (K,) int: how many they are.
        strongest: (K,) int: number of the ribbon that is the first of them.
        is_separate: Whether each ribbon has pieces of its own, PIECES one behind the other.
    """

    centered: np.ndarray
    opened: np.ndarray
    first: np.ndarray
    second: np.ndarray
    values: np.ndarray
    sizes: np.ndarray
    counts: np.ndarray
    strongest: np.ndarray
    is_separate: bool

    def places(self, opened: float) -> np.ndarray:
        """Return (M, 3) places. opened: 0 for through one center, 1 for opened."""
        return self.centered + (self.opened - self.centered) * np.float32(opened)


def ribbon_net(
    ribbons: Ribbons, bundling: float, seed: int = 0, max_pieces: int = MAX_PIECES,
    max_separate: int = MAX_SEPARATE,
) -> RibbonNet:  # fmt: skip
    """Make a net of ribbons; the same arguments make the same.

    Args:
        ribbons: At least one.
        bundling: How closely they run together, 0…1.
        seed: See `bundle`.
        max_pieces: How many pieces it has at most where ribbons are joined.
        max_separate: Up to how many ribbons none are.
    """
    if len(ribbons) <= max_separate:
        return _separate_net(ribbons, bundling, seed)
    return _joined_net(ribbons, bundling, seed, max_pieces)


def opened_points(ribbons: Ribbons, bundling: float, seed: int, samples: int) -> np.ndarray:
    """Return (N, S, 3) points of ribbons that each run by their own way, bowed to the viewer."""
    points = straight_points(ribbons.starts, ribbons.ends, samples)
    if bundling > 0 and len(ribbons) > 1:
        # Panels face the viewer: what runs together as he sees it is one, however far behind.
        starts, ends = ribbons.starts[:, :2], ribbons.ends[:, :2]
        bundled = bundle(starts, ends, _weights(ribbons.sizes), seed=seed, samples=samples)
        bundled *= np.float32(bundling)
        points[:, :, :2] *= np.float32(1 - bundling)
        points[:, :, :2] += bundled
    bow = np.sin(np.linspace(0, np.pi, samples, dtype=np.float32))
    points[:, :, 2] += _lengths(ribbons)[:, None] * np.float32(BOW) * bow
    return points


def centered_points(ribbons: Ribbons, samples: int, center: np.ndarray) -> np.ndarray:
    """Return (N, S, 3) points of ribbons that all run through one center.

    Args:
        ribbons: The ribbons.
        samples: S, odd: the middle one is the center.
        center: (3,) meters.
    """
    s = np.linspace(0, 1, samples, dtype=np.float32)[:, None]
    first, last = ribbons.starts[:, None], ribbons.ends[:, None]
    middle = 2 * center.astype(np.float32) - (first + last) / 2
    return (1 - s) ** 2 * first + 2 * s * (1 - s) * middle + s**2 * last


def ribbon_center(ribbons: Ribbons) -> np.ndarray:
    """Return (3,) the center that all run through, before the middle of all."""
    middle = (ribbons.starts.mean(0) + ribbons.ends.mean(0)) / 2
    return middle + np.array([0, 0, CENTER_BOW * float(_lengths(ribbons).mean())], np.float32)


def _lengths(ribbons: Ribbons) -> np.ndarray:
    return np.linalg.norm(ribbons.ends - ribbons.starts, axis=1).astype(np.float32)


def _weights(sizes: np.ndarray) -> np.ndarray | None:
    return sizes if sizes.any() else None


def _separate_net(ribbons: Ribbons, bundling: float, seed: int) -> RibbonNet:
    samples = PIECES + 1
    opened = opened_points(ribbons, bundling, seed, samples)
    centered = centered_points(ribbons, samples, ribbon_center(ribbons))
    numbers = np.arange(len(ribbons) * samples).reshape(len(ribbons), samples)
    order = np.argsort(ribbons.sizes, kind="stable")  # the strongest are drawn over the others
    first, second = numbers[order, :-1].reshape(-1), numbers[order, 1:].reshape(-1)
    return RibbonNet(
        centered.reshape(-1, 3), opened.reshape(-1, 3), first, second,
        np.repeat(ribbons.values[order], PIECES), np.repeat(ribbons.sizes[order], PIECES),
        np.ones(len(first), int), np.repeat(order, PIECES), True,
    )  # fmt: skip


def _joined_net(ribbons: Ribbons, bundling: float, seed: int, max_pieces: int) -> RibbonNet:
    samples = PIECES + 1 if len(ribbons) <= MAX_DENSITY_EDGES else FEW_SAMPLES
    opened = opened_points(ribbons, bundling, seed, samples)
    low, high = opened.min((0, 1)), opened.max((0, 1))
    size = float(np.linalg.norm(high - low)) or 1.0
    side = size * FIRST_CELL
    some = slice(None, None, max(1, len(ribbons) // CHUNK))  # these tell about how large cells are
    while True:
        part = Ribbons(*(one[some] for one in vars(ribbons).values()))
        cells = _cell_numbers(opened[some], low, side)
        pieces = _joined_pieces(cells, part)
        if len(pieces.keys) <= max_pieces or side > size:
            if len(part) == len(ribbons):
                break
            some = slice(None)
        else:
            side *= max(CELL_GROWTH, (len(pieces.keys) / max_pieces) ** 0.5)
    return _net_of_pieces(ribbons, opened, cells, pieces, ribbon_center(ribbons))


def _cell_numbers(points: np.ndarray, low: np.ndarray, side: float) -> np.ndarray:
    """(N, S) int64: one number for each cell."""
    numbers = np.zeros(points.shape[:2], np.int64)
    for first in range(0, len(points), CHUNK):
        some = slice(first, first + CHUNK)
        cells = ((points[some] - low) * np.float32(1 / side)).astype(np.int32)
        numbers[some] = cells[..., 0]
        for axis in (1, 2):
            numbers[some] <<= CELL_BITS
            numbers[some] += cells[..., axis]
    return numbers


@dataclass(frozen=True, eq=False)
class _Pieces:
    """keys: (K,) int64 of both cells, the smaller one in the upper half; and the sums of each.

    strongest: (K,) int, the first ribbon of each.
    """

    keys: np.ndarray
    strongest: np.ndarray
    values: np.ndarray
    sizes: np.ndarray
    counts: np.ndarray

    @property
    def ends(self) -> np.ndarray:
        """(K, 2) int64 numbers of cells."""
        bits = 3 * CELL_BITS
        return np.stack([self.keys >> bits, self.keys & ((1 << bits) - 1)], 1)


def _joined_pieces(cells: np.ndarray, ribbons: Ribbons) -> _Pieces:
    """Sum what runs from one cell to another, some ribbons at a time."""
    found: list[_Pieces] = []
    for first in range(0, len(cells), CHUNK):
        some = slice(first, first + CHUNK)
        a, b = cells[some, :-1], cells[some, 1:]
        moves = a != b
        keys = (np.minimum(a, b)[moves] << (3 * CELL_BITS)) + np.maximum(a, b)[moves]
        values = np.broadcast_to(ribbons.values[some, None], a.shape)[moves]
        sizes = np.broadcast_to(ribbons.sizes[some, None], a.shape)[moves]
        numbers = first + np.broadcast_to(np.arange(len(a))[:, None], a.shape)[moves]
        found.append(_summed(keys, numbers, values, sizes, np.ones(len(keys), int)))
    if len(found) == 1:
        return found[0]
    parts = [np.concatenate([getattr(p, n) for p in found]) for n in vars(found[0])]
    return _summed(*parts)


def _summed(
    keys: np.ndarray, numbers: np.ndarray, values: np.ndarray, sizes: np.ndarray, counts: np.ndarray
) -> _Pieces:
    unique, first, which = np.unique(keys, return_index=True, return_inverse=True)
    count = len(unique)
    return _Pieces(
        unique, numbers[first], np.bincount(which, values, count), np.bincount(which, sizes, count),
        np.rint(np.bincount(which, counts, count)).astype(int),
    )  # fmt: skip


def _net_of_pieces(
    ribbons: Ribbons, opened: np.ndarray, cells: np.ndarray, pieces: _Pieces, center: np.ndarray
) -> RibbonNet:
    """Place each cell at the mean of the points in it, in either shape."""
    used, ends = np.unique(pieces.ends, return_inverse=True)
    ends = ends.reshape(-1, 2)
    sums = np.zeros((2, len(used), 3))
    counts = np.zeros(len(used))
    samples = opened.shape[1]
    for first in range(0, len(cells), CHUNK):
        some = slice(first, first + CHUNK)
        part = Ribbons(*(one[some] for one in vars(ribbons).values()))
        centered = centered_points(part, samples, center)
        own = cells[some].reshape(-1)
        place = np.minimum(np.searchsorted(used, own), len(used) - 1)
        is_used = used[place] == own
        place = place[is_used]
        counts += np.bincount(place, minlength=len(used))
        for shape, points in enumerate((centered, opened[some])):
            flat = points.reshape(-1, 3)[is_used]
            for axis in range(3):
                sums[shape, :, axis] += np.bincount(place, flat[:, axis], len(used))
    means = (sums / np.maximum(counts, 1)[:, None]).astype(np.float32)
    order = np.argsort(pieces.sizes, kind="stable")
    return RibbonNet(
        means[0], means[1], ends[order, 0], ends[order, 1],
        pieces.values[order].astype(np.float32), pieces.sizes[order].astype(np.float32),
        pieces.counts[order], pieces.strongest[order], False,
    )  # fmt: skip
