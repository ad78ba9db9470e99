"""Linear CKA: how alike two layers tell images apart, whatever their channels.

Kornblith et al. 2019 (https://arxiv.org/abs/1905.00414) compare the Gram matrices of two layers by
the Hilbert-Schmidt independence criterion. Its unbiased estimator (Song et al. 2012) is summed over
batches, as Nguyen et al. 2020 do (https://arxiv.org/abs/2010.15327): whatever the size of a batch,
each has the same expectation, so that no more than a batch of features is ever in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MIN_IMAGES = 4
"""Of a batch: with fewer the unbiased estimator is not defined."""
MAX_NOTES = 3
"""Layers of each network of which a note is made."""


@dataclass(frozen=True, eq=False)
class CkaMatrix:
    """How alike the layers of two networks are.

    Attributes:
        rows: Names of layers of the first network, in run order.
        columns: Names of layers of the second network.
        values: (R, C) float64, 1 for layers that are alike but for a rotation and a factor, about 0
            for those that have nothing in common, a little below for some; NaN where a layer is not
            finite, or the same for all images.
        images: How many images it is of.
        skipped: Number of each image that is left out, and why.
        not_finite: Names of layers with values that are NaN or infinite, of either network.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: np.ndarray
    images: int
    skipped: tuple[tuple[int, str], ...] = ()
    not_finite: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    def notes(self, titles: tuple[str, str]) -> list[str]:
        """Return sentences about what is missing, and why.

        Args:
            titles: Names of both networks.
        """
        found = [
            f"{name} of {title} has values that are NaN or infinite, so nothing is compared with it"
            for title, names in zip(titles, self.not_finite, strict=True)
            for name in names[:MAX_NOTES]
        ]
        if self.skipped:
            number, reason = self.skipped[0]
            count = len(self.skipped)
            what = f"{count} images are" if count > 1 else "1 image is"
            found.append(f"{what} left out, such as image {number}: {reason}")
        return found


def gram_matrix(features: np.ndarray) -> np.ndarray:
    """Return the products of the features of each two images, (N, N) float64.

    Features are taken from their mean, which the estimator does not see, so that what is common to
    all images takes no digits. Its scale is that of the features; a layer with values that are not
    finite has NaN.

    Args:
        features: (N, F) of any real type.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        centered = features.astype(np.float32)
        centered -= centered.mean(0, keepdims=True)
        largest = np.abs(centered).max(initial=0.0)
        if not np.isfinite(largest):
            return np.full((len(features), len(features)), np.nan)
        if largest:
            centered /= largest  # squares of large values would not be finite
        found: np.ndarray = (centered @ centered.T).astype(np.float64) * float(largest) ** 2
    return found


def unbiased_part(gram: np.ndarray) -> np.ndarray:
    """Return a Gram matrix so centered that products of two are unbiased estimates.

    The sum of the products of the entries of two such matrices, divided by n (n − 3), is HSIC₁ of
    Song et al. 2012, equation 5, in the form of Székely and Rizzo 2014.

    Args:
        gram: (N, N) float64, N ≥ 4.

    Returns:
        (N, N) float64 with rows that sum to zero and a diagonal of zeros.
    """
    count = len(gram)
    hollow = gram - np.diag(np.diag(gram))
    means = hollow.sum(1) / (count - 2)
    centered = hollow - means[:, None] - means[None] + means.sum() / (count - 1)
    np.fill_diagonal(centered, 0.0)
    return centered


class CkaSums:
    """HSIC of each layer of one network with each of another, summed over batches."""

    def __init__(self, rows: int, columns: int) -> None:
        """Begin with none.

        Args:
            rows: Layers of the first network.
            columns: Layers of the second network.
        """
        self._both = np.zeros((rows, columns))
        self._own = np.zeros(rows), np.zeros(columns)
        self._batches = 0

    def add(self, first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> None:
        """Add a batch of images.

        Args:
            first: (N, N) Gram matrix of each layer of the first network, N ≥ 4.
            second: Of each layer of the second network.
        """
        count = len(first[0])
        factor = 1 / (count * (count - 3))
        one, other = (
            np.stack([unbiased_part(gram).ravel() for gram in grams]) for grams in (first, second)
        )
        with np.errstate(invalid="ignore"):
            self._both += one @ other.T * factor
            for sums, parts in zip(self._own, (one, other), strict=True):
                sums += (parts**2).sum(1) * factor
        self._batches += 1

    def values(self) -> np.ndarray:
        """Return CKA, (rows, columns) float64; NaN where a layer does not vary."""
        with np.errstate(invalid="ignore", divide="ignore"):
            scale = np.sqrt(self._own[0])[:, None] * np.sqrt(self._own[1])[None]
            found: np.ndarray = self._both / np.where(scale > 0, scale, np.nan)
        return found
