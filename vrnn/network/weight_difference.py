"""How far the weights of a layer are from those of the layer that matches it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BINS = 41
"""Of a histogram; an odd number, so that one is around zero."""


@dataclass(frozen=True, eq=False)
class WeightDifference:
    """The weights of two matched layers compared.

    Attributes:
        first: Node id in the first network.
        second: Node id in the second network.
        shapes: Of both weights, (C_out, C_in / groups, …).
        relative: |Δw| / |w| of the whole layer, Euclidean norms, w of the first; NaN where the
            weights cannot be compared.
        channels: (C_out,) float32, the same of the weights that make each channel; () where they
            cannot be compared.
        edges: (BINS + 1,) float64, the ends of the bins of Δw; () where they cannot be compared.
        counts: (BINS,) int64, how many weights changed by so much.
        reason: Why they cannot be compared; '' where they can.
    """

    first: int
    second: int
    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    relative: float
    channels: np.ndarray
    edges: np.ndarray
    counts: np.ndarray
    reason: str = ""


def compare_weights(
    first: int, one: np.ndarray | None, second: int, other: np.ndarray | None
) -> WeightDifference:
    """Compare the weights of two layers.

    Args:
        first: Node id in the first network.
        one: Its weights, (C_out, …) of a real type; None where no one sees them.
        second: Node id in the second network.
        other: Its weights.
    """
    shapes = tuple(() if w is None else tuple(w.shape) for w in (one, other))
    reason = ""
    if one is None or other is None:
        reason = "its weights cannot be read"
    elif one.shape != other.shape:
        sizes = " and ".join("×".join(map(str, w.shape)) for w in (one, other))
        reason = f"its weights have other shapes: {sizes}"
    elif not (np.isfinite(one).all() and np.isfinite(other).all()):
        reason = "its weights are NaN or infinite"
    if one is None or other is None or reason:
        none = np.zeros(0)
        return WeightDifference(
            first, second, (shapes[0], shapes[1]), float("nan"), none.astype(np.float32), none,
            none.astype(np.int64), reason,
        )  # fmt: skip
    before = one.reshape(len(one), -1).astype(np.float64)
    change = other.reshape(len(other), -1).astype(np.float64) - before
    edges = np.linspace(-1, 1, BINS + 1) * (float(np.abs(change).max(initial=0.0)) or 1.0)
    counts, _ = np.histogram(change, edges)
    return WeightDifference(
        first, second, (shapes[0], shapes[1]), float(relative_norm(change, before)),
        relative_norm(change, before, 1).astype(np.float32), edges, counts,
    )  # fmt: skip


def relative_norm(change: np.ndarray, before: np.ndarray, axis: int | None = None) -> np.ndarray:
    """Return |change| / |before|: 0 where nothing changed, infinite where nothing was before.

    Args:
        change: Any numbers.
        before: As many.
        axis: Along which norms are; None for all.
    """
    length = np.sqrt((change**2).sum(axis))
    size = np.sqrt((before**2).sum(axis))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(length == 0, 0.0, length / size)
