"""How similar the feature vectors at the positions of a layer are to a reference.

The reference itself has similarity 1, and a vector of zeros 0, by each measure. `angular` is that
of IFeaLiD (Stange et al. 2020, https://arxiv.org/abs/2004.03037): the values of a layer are scaled
to 0…1 by its one minimum and maximum, so that no angle is above 90°.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
MAX_PRODUCTS = 2
"""Inner products of the vectors of a layer that are kept at most, as a multiple of its values."""
CHUNK = 1 << 17
"""Values that are compared one by one at a time, so that they stay in the processor's cache."""


@dataclass(frozen=True, eq=False)
class FeatureVectors:
    """The feature vectors of layers of the same shape, ready to be compared.

    Attributes:
        values: (N, C, P) float32: of N layers, C channels, and P positions, row by row. Scaled to
            0…1 where they are `scaled`; NaN where a value is not finite.
        offsets: (N,) float32, what was taken off the values of each layer; 0 where none are scaled.
        factors: (N,) float32, what they were then multiplied by.
        known: Of how many layers, the first ones, `products` has been filled by `add_products`.
    """

    values: np.ndarray
    offsets: np.ndarray
    factors: np.ndarray
    known: int = field(default=0, init=False)

    @property
    def nbytes(self) -> int:
        """Bytes of the values and of all that has been found of them."""
        return sum(part.nbytes for part in vars(self).values() if isinstance(part, np.ndarray))

    @cached_property
    def products(self) -> np.ndarray:
        """(N, P, P) float32 inner products of each two vectors of a layer, of the `known` layers.

        Memory is taken as they are filled.
        """
        count, _, positions = self.values.shape
        return np.empty((count, positions, positions), np.float32)

    @cached_property
    def lengths(self) -> np.ndarray:
        """(N, P) float32 Euclidean length of each vector."""
        return np.sqrt(np.einsum("ncp,ncp->np", self.values, self.values))

    @cached_property
    def inverse_lengths(self) -> np.ndarray:
        """(N, P) float32, 1 by each length; 0 where that is 0."""
        with np.errstate(divide="ignore"):
            return np.where(self.lengths == 0, np.float32(0), 1 / self.lengths)

    @cached_property
    def sums(self) -> np.ndarray:
        """(N, P) float32, the sum of magnitudes of each vector."""
        return np.abs(self.values).sum(1)

    @cached_property
    def root_sums(self) -> np.ndarray:
        """(N, P) float32, the sum of the roots of magnitudes of each vector."""
        return np.sqrt(np.abs(self.values)).sum(1)

    def add_products(self, most: int | None = None) -> None:
        """Find the products of more layers, where they are not many more than the values.

        A comparison of vectors of these layers with each other then reads P numbers a layer, not
        C · P: worth it where there are several comparisons.

        Args:
            most: Of how many layers at most; None for all.
        """
        count, channels, positions = self.values.shape
        if positions > MAX_PRODUCTS * channels:
            return
        until = count if most is None else min(count, self.known + most)
        for layer in range(self.known, until):
            np.matmul(self.values[layer].T, self.values[layer], out=self.products[layer])
        object.__setattr__(self, "known", until)

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


def compare(vectors: FeatureVectors, references: np.ndarray, measure: Measure) -> np.ndarray:
    """Return how similar each position is to a reference from elsewhere.

    Args:
        vectors: Of layers of one shape, gathered for this measure.
        references: (N, C) float32, one for each layer.
        measure: What says how similar they are.

    Returns:
        (N, P) float32. 1 for the reference itself, 0 for a vector of zeros, NaN for one with a
        value that is not finite.
    """
    if measure == "manhattan":
        return _summed(vectors.values, references, vectors.sums, root=False)
    if measure == "fractional":
        return _summed(vectors.values, references, vectors.root_sums, root=True)
    products = np.asarray(np.matmul(references[:, None, :], vectors.values)[:, 0])
    own = np.sqrt(np.einsum("nc,nc->n", references, references))
    return _from_products(vectors, _References(products, own, references.__getitem__), measure)


def compare_positions(
    vectors: FeatureVectors, positions: Sequence[np.ndarray], measure: Measure
) -> np.ndarray:
    """Return how similar each position is to the mean of some positions of its layer.

    Of layers whose products are known, no other values are read.

    Args:
        vectors: See `compare`.
        positions: Of each layer the numbers of the positions that it is compared with.
        measure: See `compare`.
    """
    if measure in ("manhattan", "fractional"):
        return compare(vectors, vectors.references(positions), measure)
    known, count = vectors.known, len(positions)
    single = np.array([chosen[0] if len(chosen) == 1 else -1 for chosen in positions])
    products = np.empty((count, vectors.values.shape[2]), np.float32)
    own = np.empty(count, np.float32)
    if known:
        products[:known] = vectors.products[np.arange(known), single[:known]]
        own[:known] = vectors.lengths[np.arange(known), single[:known]]
        for layer in np.flatnonzero(single[:known] < 0).tolist():
            products[layer] = vectors.products[layer, positions[layer]].mean(0)
            own[layer] = np.sqrt(products[layer, positions[layer]].mean())
    if known < count:
        rest = FeatureVectors(vectors.values[known:], vectors.offsets, vectors.factors)
        references = rest.references(positions[known:])
        products[known:] = np.matmul(references[:, None, :], rest.values)[:, 0]
        own[known:] = np.sqrt(np.einsum("nc,nc->n", references, references))

    def reference(layer: int) -> np.ndarray:
        values: np.ndarray = vectors.values[layer][:, positions[layer]].mean(1)
        return values

    return _from_products(vectors, _References(products, own, reference, single), measure)


@dataclass(frozen=True, eq=False)
class _References:
    """What is compared with in each layer.

    Attributes:
        products: (N, P) float32 inner products of the vectors of each layer with its reference.
        lengths: (N,) float32 of the references.
        vector: Gives the (C,) reference of a layer, which is seldom needed.
        positions: (N,) the position that is the reference itself, −1 for none; None for nowhere.
    """

    products: np.ndarray
    lengths: np.ndarray
    vector: Callable[[int], np.ndarray]
    positions: np.ndarray | None = None

    def set_itself(self, array: np.ndarray, value: float) -> None:
        """Set what (N, P) values are at the reference itself, unless that is a zero vector."""
        if self.positions is not None:
            layers = np.flatnonzero((self.positions >= 0) & (self.lengths > 0))
            array[layers, self.positions[layers]] = value

    def vectors(self, layers: np.ndarray) -> np.ndarray:
        """Return the references (K, C) of layers (K,)."""
        each, places = np.unique(layers, return_inverse=True)
        return np.stack([self.vector(layer) for layer in each.tolist()])[places]


def _from_products(
    vectors: FeatureVectors, references: _References, measure: Measure
) -> np.ndarray:  # fmt: skip
    """(N, P) float32 similarities from inner products; those are written over."""
    found, own = references.products, references.lengths[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.where(own == 0, np.float32(0), 1 / own)
        if measure == "euclidean":
            return _euclidean(vectors, references)
        if measure == "dot":
            found *= inverse * inverse
            return found
        found *= vectors.inverse_lengths
        found *= inverse
        near = found > 1 - NEAR
        np.clip(found, -1, 1, out=found)
        if measure == "cosine":
            return found
        references.set_itself(near, False)
        np.arccos(found, out=found)
        found *= np.float32(-2 / np.pi)
        found += np.float32(1)
        _refine(found, near, vectors, references)
        references.set_itself(found, 1)
        return np.clip(found, 0, 1, out=found)


def _refine(
    found: np.ndarray, near: np.ndarray, vectors: FeatureVectors, references: _References
) -> None:
    """Find small angles again, from the chord between the unit vectors."""
    layers, chosen = np.nonzero(near)
    if not len(layers):
        return
    units = references.vectors(layers) / references.lengths[layers][:, None]
    chords = vectors.values[layers, :, chosen] * vectors.inverse_lengths[layers, chosen][:, None]
    chords -= units
    half = np.sqrt(np.einsum("kc,kc->k", chords, chords)) / 2
    found[layers, chosen] = 1 - np.arcsin(np.minimum(half, 1)) * np.float32(4 / np.pi)


def _euclidean(vectors: FeatureVectors, references: _References) -> np.ndarray:
    lengths, own = vectors.lengths, references.lengths[:, None]
    whole = lengths * lengths + own * own
    squares = whole - 2 * references.products
    near = squares < NEAR * whole
    references.set_itself(near, False)
    layers, chosen = np.nonzero(near)
    if len(layers):
        apart = vectors.values[layers, :, chosen] - references.vectors(layers)
        squares[layers, chosen] = np.einsum("kc,kc->k", apart, apart)
    found = 1 - np.sqrt(np.maximum(squares, 0)) / (lengths + own)
    references.set_itself(found, 1)
    return np.where((lengths == 0) | (own == 0), np.float32(0), found).astype(np.float32)


def _summed(values: np.ndarray, references: np.ndarray, sums: np.ndarray, root: bool) -> np.ndarray:
    """1 − the sum of differences as a part of both sums; of roots where that is asked."""
    found = np.zeros(sums.shape, np.float32)
    step = min(values.shape[1], max(1, CHUNK // max(values.shape[2], 1)))
    room, ones = np.empty((step, values.shape[2]), np.float32), np.ones(step, np.float32)
    for total, channels, reference in zip(found, values, references, strict=True):
        for start in range(0, len(channels), step):
            some = channels[start : start + step]
            apart = np.subtract(some, reference[start : start + step, None], out=room[: len(some)])
            np.abs(apart, out=apart)
            if root:
                np.sqrt(apart, out=apart)
            total += ones[: len(some)] @ apart
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
