"""Components of a layer's features and the colors they get, by numpy and torch on any device.

The same as native code: compute/native/portrait.c.
"""

from __future__ import annotations

from math import isfinite, sqrt

import numpy as np
import torch

FLAT = 1e-9
"""Part of the first component's variance below which another one is taken for nothing."""
FREE = 1e-3
"""Agreement with the target, beside the greatest of the three, below which it is none: a gray image
says nothing of two of three colors."""
OWN_COLORS = np.array([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 2.0, -1.0]])
OWN_COLORS /= np.linalg.norm(OWN_COLORS, axis=1, keepdims=True)
"""From white to black, red to blue, green to magenta, by how much of a layer they show."""


def component_basis(
    flat: torch.Tensor, picked: slice, step: int, start: np.ndarray | None,
    before: np.ndarray | None,
) -> np.ndarray:  # fmt: skip
    """(3, C) rows of length 1 near the first components; see `NativePortrait.scores`."""
    sample = flat[:, picked].contiguous() if picked.step > 1 else flat
    some = sample[::step]
    if start is not None:
        basis = product(start, some.T)
        # Squares of tiny or huge features are to stay in range.
        basis /= max(float(basis.max()), -float(basis.min()), 1e-30)
    else:
        assert before is not None
        basis = before[:, ::step]
    rows = product(_orthonormal(product(basis, some)), sample.T)
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    rows /= np.maximum(lengths, np.float32(1e-30))[:, None]
    return rows


def product(rows: np.ndarray, features: torch.Tensor) -> np.ndarray:
    """(3, M) float32 product of (3, N) rows and (N, M) features, made where these are."""
    found: np.ndarray = (torch.from_numpy(rows).to(features) @ features).cpu().numpy()
    return found


def agreeing(scores: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(3, P) whitened scores, turned to agree with a (3, P) target.

    Only the space that the first three components span matters: whatever basis it has, the
    whitened scores differ by a rotation, and that is chosen here.
    """
    variance = scores @ scores.T / scores.shape[1]
    agreement = (scores @ target.T).astype(np.float64)
    whiten = _whitening(variance)
    u, strengths, vt = np.linalg.svd(whiten @ agreement)
    if float(strengths[2]) <= FREE * float(strengths[0]):
        inverse, vectors = inverse_roots(variance)
        whiten = (vectors * inverse) @ vectors.T
        u, strengths, vt = np.linalg.svd(whiten @ agreement)
        free = strengths <= FREE * strengths[0]
        wanted = u[:, free].T @ _own_colors(vectors, vectors.T @ whiten @ scores) @ vt[free].T
        left, _, right = np.linalg.svd(wanted)
        u[:, free] = u[:, free] @ left
        vt[free] = right @ vt[free]
    turned: np.ndarray = ((u @ vt).T @ whiten).astype(np.float32) @ scores
    return turned


def _own_colors(vectors: np.ndarray, components: np.ndarray) -> np.ndarray:
    """(3, 3) the rotation to colors that a layer's own components have, where no target says any.

    The largest is brightness, the others are hues; the side with the few far positions is the
    bright one. So a gray image has the same portraits on every machine.

    Args:
        vectors: (3, 3) columns: the components in the basis of the scores, the largest last.
        components: (3, P) their values.
    """
    signs = np.where((components**3).sum(1) < 0, -1.0, 1.0)
    colors: np.ndarray = (vectors * signs)[:, ::-1] @ OWN_COLORS
    return colors


def _orthonormal(rows: np.ndarray) -> np.ndarray:
    """(3, K) orthonormal rows with mean 0 in the span of (3, K) rows, by their extent."""
    rows = rows - rows.sum(1, keepdims=True) / np.float32(rows.shape[1])
    product = rows @ rows.T
    if not isfinite(float(product.sum())):
        return rows
    orthonormal: np.ndarray = _whitening(product).astype(np.float32) @ rows
    return orthonormal


def _whitening(product: np.ndarray) -> np.ndarray:
    """(3, 3) W with W P Wᵀ = 1 where P, positive semidefinite, has some extent, and 0 else.

    By Cholesky: a row at a time, without those before it. For nine numbers Python is faster than a
    library that has to be called.
    """
    (a, _, _), (b, d, _), (c, e, f) = product.tolist()
    least = FLAT * max(a, d, f, 1e-300)
    first = 1.0 / sqrt(a) if a > least else 0.0
    b, c = b * first, c * first
    d -= b * b
    second = 1.0 / sqrt(d) if d > least else 0.0
    e = (e - c * b) * second
    f -= c * c + e * e
    third = 1.0 / sqrt(f) if f > least else 0.0
    below = -b * first * second
    last = -(c * first + e * below) * third
    return np.array([[first, 0.0, 0.0], [below, second, 0.0], [last, -e * second * third, third]])


def inverse_roots(product: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One by the square root of each eigenvalue of a (3, 3) matrix, and its eigenvectors."""
    values, vectors = np.linalg.eigh(product.astype(np.float64))
    extents = values.tolist()
    least = FLAT * max(extents[-1], 1e-300)
    return np.array([1.0 / sqrt(v) if v > least else 0.0 for v in extents]), vectors
