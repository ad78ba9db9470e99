"""Hierarchical clustering by mean linkage, in short steps.

SciPy's `linkage` holds the interpreter lock for all of it, 0.1 s of 2,048 points, which stops the
picture; here any other thread gets its turn in between, and it takes no longer.
"""

from __future__ import annotations

import numpy as np


def average_linkage(distances: np.ndarray) -> np.ndarray:
    """Join the two nearest clusters until one is left, by the chain of nearest neighbors.

    The distance of two clusters is the mean of those between their points (UPGMA; Müllner 2011,
    https://arxiv.org/abs/1109.2378).

    Args:
        distances: (N, N) symmetric, N at least 1; written over.

    Returns:
        (N − 1, 4) float64 as SciPy's `linkage` writes it: the two clusters that are joined, the
        smaller number first, their distance, and the number of points; N + i is what row i makes.
    """
    count = len(distances)
    np.fill_diagonal(distances, np.inf)
    sizes = np.ones(count)
    joined: list[tuple[int, int, float]] = []
    chain = [0]
    is_open = np.ones(count, bool)
    while len(joined) < count - 1:
        if not chain:
            chain.append(int(np.argmax(is_open)))
        last = chain[-1]
        row = distances[last]
        nearest = int(row.argmin())
        before = chain[-2] if len(chain) > 1 else -1
        if before < 0 or row[nearest] < row[before]:
            chain.append(nearest)
            continue
        del chain[-2:]
        joined.append((last, before, float(row[before])))
        weights = sizes[[last, before]] / (sizes[last] + sizes[before])
        merged = weights[0] * row + weights[1] * distances[before]
        merged[[last, before]] = np.inf
        distances[before] = distances[:, before] = merged
        distances[last] = distances[:, last] = np.inf
        sizes[before] += sizes[last]
        is_open[last] = False
    return _numbered(joined, count)


def leaf_order(merges: np.ndarray) -> np.ndarray:
    """Return the points of a tree from its first branch to its last.

    Args:
        merges: (N − 1, 4) see `average_linkage`.

    Returns:
        (N,) int64.
    """
    count = len(merges) + 1
    order, waiting = [], [2 * count - 2]
    while waiting:
        node = waiting.pop()
        if node < count:
            order.append(node)
        else:
            first, second = merges[node - count, :2].astype(int).tolist()
            waiting += [second, first]
    return np.array(order, np.int64)


def _numbered(joined: list[tuple[int, int, float]], count: int) -> np.ndarray:
    """The joins by distance, with the numbers of the clusters in place of a point of each."""
    joined.sort(key=lambda join: join[2])
    parent = list(range(2 * count - 1))
    points = [1] * (2 * count - 1)
    merges = np.zeros((count - 1, 4))
    for row, (a, b, distance) in enumerate(joined):
        first, second = sorted((_root(parent, a), _root(parent, b)))
        parent[first] = parent[second] = count + row
        points[count + row] = points[first] + points[second]
        merges[row] = first, second, distance, points[count + row]
    return merges


def _root(parent: list[int], node: int) -> int:
    top = node
    while parent[top] != top:
        top = parent[top]
    while parent[node] != top:
        parent[node], node = top, parent[node]
    return top
