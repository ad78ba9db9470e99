"""How similar the feature vectors at the positions of a layer are to a reference.

The reference itself has similarity 1, and a vector of zeros 0, by each measure. `angular` is that
of IFeaLiD (Stange et al. 2020, https://arxiv.org/abs/2004.03037): the values of a layer are scaled
to 0…1 by its one minimum and maximum, so that no angle is above 90°.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from vrnn.network.feature_maps import FeatureMaps

Measure = Literal["angular", "cosine", "euclidean", "manhattan", "dot", "fractional"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
"""What says how similar two vectors a and b (the reference) are.

    angular     1 − ∠(a, b) / 90°, of the values scaled to 0…1
    cosine      ⟨a, b⟩ / (|a| |b|), −1…1
    dot         ⟨a, b⟩ / |b|²
    euclidean   1 − |a − b|₂ / (|a|₂ + |b|₂)
    manhattan   1 − |a − b|₁ / (|a|₁ + |b|₁)
    fractional  the same with Σ √|x| in place of |x|₁ (Aggarwal et al. 2001)
"""
NEAR = 1e-3
"""Of 1 − cosine, and of a squared distance beside the squared lengths: nearer vectors are compared
by their difference, as products of single precision leave an angle of 0.05° uncertain."""
CHUNK = 1 << 16
"""Values that are compared one by one at a time, so that they stay in the processor's cache."""


@dataclass(frozen=True, eq=False)
class FeatureVectors:
    """The feature vectors of layers of the same shape, ready to be compared.

    Attributes:
        values: (N, C, P) float32: of N layers, C channels, and P positions, row by row. Scaled to
            0…1 where they are `scaled`; NaN where a value is not finite.
        offsets: (N,) float32, what was taken off the values of each layer; 0 where none are scaled.
        factors: (N,) float32, what they were then multiplied by.
        products: Of the first layers (P, P) float32 inner products of each two of their vectors, as
            far as `add_products` has found them.
    """

    values: np.ndarray
    offsets: np.ndarray
    factors: np.ndarray
    products: list[np.ndarray] = field(default_factory=list)

    @cached_property
    def lengths(self) -> np.ndarray:
        """(N, P) float32 Euclidean length of each vector."""
        return np.sqrt(np.einsum("ncp,ncp->np", self.values, self.values))

    @cached_property
    def sums(self) -> np.ndarray:
        """(N, P) float32, the sum of magnitudes of each vector."""
        return np.abs(self.values).sum(1)

    @cached_property
    def root_sums(self) -> np.ndarray:
        """(N, P) float32, the sum of the roots of magnitudes of each vector."""
        return np.sqrt(np.abs(self.values)).sum(1)

    def add_products(self, most: int | None = None) -> None:
        """Find the products of more layers, where they are fewer than the values.

        A comparison of vectors of these layers with each other then reads P numbers a layer, not
        C · P: worth it where there are several comparisons.

        Args:
            most: Of how many layers at most; None for all.
        """
        if self.values.shape[2] <= self.values.shape[1]:
            known = len(self.products)
            for values in self.values[known : None if most is None else known + most]:
                self.products.append(values.T @ values)

    def references(self, positions: Sequence[np.ndarray]) -> np.ndarray:
        """Return the mean vector of some positions of each layer.

        Args:
            positions: Of each layer the numbers of its positions, int.

        Returns:
            (N, C) float32.
        """
        if all(len(chosen) == 1 for chosen in positions):
            return self.values[np.arange(len(positions)), :, np.concatenate(positions)]
        pairs = zip(self.values, positions, strict=True)
        return np.stack([values[:, chosen].mean(1) for values, chosen in pairs])

    def scaled(self, raw: np.ndarray) -> np.ndarray:
        """Return vectors of activations (N, C) as `values` has those of its layers."""
        return np.asarray((raw - self.offsets[:, None]) * self.factors[:, None], np.float32)


def gather_vectors(layers: Sequence[FeatureMaps], measure: Measure) -> FeatureVectors:
    """Return the feature vectors of layers, all of the same shape.

    Args:
        layers: Their maps.
        measure: What they will be compared by.
    """
    first = layers[0]
    shape = (len(layers), first.channels, first.height * first.width)
    values = np.empty(shape, np.float32)
    offsets, factors = np.zeros(len(layers), np.float32), np.ones(len(layers), np.float32)
    for i, (row, maps) in enumerate(zip(values, layers, strict=True)):
        row[:] = maps.values.reshape(shape[1:])
        if measure != "angular":
            if maps.scale != 1.0:
                row *= np.float32(maps.scale)
            continue
        low, high = float(maps.channel_stats[0].min()), float(maps.channel_stats[1].max())
        low, high = float(np.float16(low)), float(np.float16(high))  # as the values are stored
        if low:
            row -= np.float32(low)
        if high > low:
            row *= np.float32(1.0 / (high - low))
            factors[i] = 1.0 / (high - low) / maps.scale
        offsets[i] = low * maps.scale
        np.clip(row, 0.0, 1.0, out=row)
    return FeatureVectors(values, offsets, factors)


def compare(
    vectors: FeatureVectors,
    references: np.ndarray,
    measure: Measure,
    positions: Sequence[np.ndarray] | None = None,
) -> np.ndarray:
    """Return how similar each position is to a reference.

    Args:
        vectors: Of layers of one shape, gathered for this measure.
        references: (N, C) float32, one for each layer.
        measure: What says how similar they are.
        positions: Of each layer the numbers of the positions that `references` is the mean of;
            None for vectors from elsewhere.

    Returns:
        (N, P) float32. 1 for the reference itself, 0 for a vector of zeros, NaN for one with a
        value that is not finite.
    """
    if measure == "manhattan":
        return _summed(vectors.values, references, vectors.sums, root=False)
    if measure == "fractional":
        return _summed(vectors.values, references, vectors.root_sums, root=True)
    products = _products(vectors, references, positions)
    own = np.sqrt(np.einsum("nc,nc->n", references, references))[:, None]
    lengths = vectors.lengths
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "euclidean":
            found = _euclidean(vectors.values, references, products, lengths, own)
        elif measure == "dot":
            found = products / (own * own)
        else:
            found = products / (lengths * own)
            near = found > 1 - NEAR
            np.clip(found, -1, 1, out=found)
            if measure == "angular":
                found = 1 - np.arccos(found) * np.float32(2 / np.pi)
                _refine(found, near, vectors.values, references, lengths, own)
                np.clip(found, 0, 1, out=found)
    is_zero = (lengths == 0) | (own == 0)
    if is_zero.any():
        found = np.where(is_zero, np.float32(0), found)
    return np.asarray(found, np.float32)


def _products(
    vectors: FeatureVectors, references: np.ndarray, positions: Sequence[np.ndarray] | None
) -> np.ndarray:
    """(N, P) inner products of the vectors of each layer with its reference."""
    known = 0 if positions is None else len(vectors.products)
    rest = np.asarray(np.matmul(references[known:, None, :], vectors.values[known:])[:, 0])
    if positions is None or not known:
        return rest
    pairs = zip(vectors.products, positions[:known], strict=True)
    rows = [one[chosen[0]] if len(chosen) == 1 else one[chosen].mean(0) for one, chosen in pairs]
    return np.concatenate([np.stack(rows), rest])


def _refine(
    found: np.ndarray, near: np.ndarray, values: np.ndarray, references: np.ndarray,
    lengths: np.ndarray, own: np.ndarray,
) -> None:  # fmt: skip
    """Find small angles again, from the chord between the unit vectors."""
    layers, chosen = np.nonzero(near)
    if not len(layers):
        return
    units = references / own
    chords = values[layers, :, chosen] / lengths[layers, chosen][:, None] - units[layers]
    half = np.sqrt(np.einsum("kc,kc->k", chords, chords)) / 2
    found[layers, chosen] = 1 - np.arcsin(np.minimum(half, 1)) * np.float32(4 / np.pi)


def _euclidean(
    values: np.ndarray, references: np.ndarray, products: np.ndarray, lengths: np.ndarray,
    own: np.ndarray,
) -> np.ndarray:  # fmt: skip
    whole = lengths * lengths + own * own
    squares = whole - 2 * products
    near = squares < NEAR * whole
    layers, chosen = np.nonzero(near)
    apart = values[layers, :, chosen] - references[layers]
    squares[layers, chosen] = np.einsum("kc,kc->k", apart, apart)
    return np.asarray(1 - np.sqrt(np.maximum(squares, 0)) / (lengths + own), np.float32)


def _summed(values: np.ndarray, references: np.ndarray, sums: np.ndarray, root: bool) -> np.ndarray:
    """1 − the sum of differences as a part of both sums; of roots where that is asked."""
    found = np.empty(sums.shape, np.float32)
    step = max(1, CHUNK // max(values.shape[1], 1))
    for layer, (rows, reference) in enumerate(zip(values, references, strict=True)):
        for start in range(0, rows.shape[1], step):
            apart = np.abs(rows[:, start : start + step] - reference[:, None])
            if root:
                np.sqrt(apart, out=apart)
            found[layer, start : start + step] = apart.sum(0)
    magnitudes = np.abs(references)
    own = (np.sqrt(magnitudes) if root else magnitudes).sum(1)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = 1 - found / (sums + own)
    return np.where((sums == 0) | (own == 0), np.float32(0), found)


def stretch_range(values: np.ndarray, measure: Measure, adaptive: bool) -> tuple[float, float]:
    """Return which similarities have the first and the last color.

    Args:
        values: (P,) similarities of a layer.
        measure: How they were found.
        adaptive: Whether the colors span the similarities that there are; else all that the
            measure can give: 0…1, of `cosine` −1…1.

    Returns:
        The lower never above the higher; both the same where all similarities are.
    """
    if adaptive:
        low, high = float(values.min()), float(values.max())
        if low <= high:
            return low, high
        finite = values[np.isfinite(values)]
        return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    return (-1.0, 1.0) if measure == "cosine" else (0.0, 1.0)


def stretch(values: np.ndarray, span: tuple[float, float]) -> np.ndarray:
    """Return similarities as parts of a span, 0…1, NaN kept; all 1 where the span is a point.

    Args:
        values: Similarities of any shape, float32.
        span: See `stretch_range`.
    """
    low, high = span
    if high <= low:
        return np.where(np.isfinite(values), np.float32(1), values)
    return np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
