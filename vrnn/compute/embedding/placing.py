"""Images placed by their features: principal components at once, then by a neighbor method."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from vrnn.compute.embedding.alignment import Similarity, align, unit_size
from vrnn.compute.embedding.neighbor_methods import (
    FittedMethod,
    check_method,
    tsne_steps,
    umap_steps,
)
from vrnn.compute.embedding.principal_components import PrincipalComponents, component_steps
from vrnn.errors import VrnnError
from vrnn.network.embedding_methods import METHOD_TEXT, EmbeddingMethod

REDUCED = 50
"""Principal components that t-SNE and UMAP take in place of wider features."""
BEFORE = "layer before"
"""In place of a method, for positions of the layer before, from which images are placed."""
PIXEL_SCALE = np.float32(1 / 255)


@dataclass(frozen=True, eq=False)
class PlacedPoints:
    """Where images are, and what says where another one lands.

    Attributes:
        positions: (N, D) float32 as they are seen: of unit size, turned to what came before.
        components: Principal components of the features.
        fitted: The neighbor method; None for principal components.
        seen: Turns coordinates of the method to those that are seen.
    """

    positions: np.ndarray
    components: PrincipalComponents
    fitted: FittedMethod | None
    seen: Similarity

    def land(self, features: np.ndarray) -> np.ndarray:
        """Return where feature vectors land.

        Args:
            features: (M, C), of the same layer.

        Returns:
            (M, D) float32.
        """
        table = self.components.project(as_features(features))
        if self.fitted is None:
            return self.seen.apply(table[:, : self.positions.shape[1]])
        return self.seen.apply(self.fitted.land(table[:, :REDUCED].astype(np.float64)))


@dataclass(frozen=True, eq=False)
class PlacingStep:
    """How far the placing of images is.

    Attributes:
        text: What is done.
        part: The part of it that is done, 0…1.
        positions: (N, D) as they are seen; None for nothing yet.
        stands_in: How else they were placed, as long as the method has none; '' for by the method.
    """

    text: str
    part: float = 0.0
    positions: np.ndarray | None = None
    stands_in: str = ""


PlacingSteps = Generator[PlacingStep, None, PlacedPoints]


def as_features(table: np.ndarray) -> np.ndarray:
    """Return features as float32: pixels, which are kept as bytes, from 0 to 1."""
    if table.dtype == np.uint8:
        return table * PIXEL_SCALE
    return table.astype(np.float32, copy=False)


def finite_rows(table: np.ndarray, layer: str) -> np.ndarray:
    """Return which rows of a table can be placed, (N,) bool.

    Raises:
        VrnnError: None can.
    """
    if table.dtype == np.uint8:
        return np.ones(len(table), bool)
    finite: np.ndarray = np.isfinite(table).all(1)
    if not finite.any():
        raise VrnnError(
            f"the features of '{layer}' are NaN or infinite for every image; choose another layer"
        )
    return finite


def check_count(count: int, method: EmbeddingMethod) -> None:
    """Check that so many images can be placed.

    Raises:
        VrnnError: There are too few, or the method's library is not installed.
    """
    if count < 2:
        raise VrnnError(
            "a cloud needs at least 2 images that can be run, and there is 1; choose a larger data "
            "set with --data"
        )
    if method != "pca":
        check_method(method, count)


def placing_steps(
    table: np.ndarray, layer: str, method: EmbeddingMethod, dimensions: int,
    target: np.ndarray | None = None,
) -> PlacingSteps:  # fmt: skip
    """Place images by their features.

    Args:
        table: (N, C) finite features, or pixels as bytes.
        layer: Name of the layer, for messages.
        method: How.
        dimensions: 2 or 3.
        target: (N, D) positions of the same images in the cloud before, of unit size, to begin with
            and to be turned to; None for none.

    Raises:
        VrnnError: There are too few images, they are all alike, or a library is not installed.
    """
    check_count(len(table), method)
    name = METHOD_TEXT[method]
    features = as_features(table)
    count = dimensions if method == "pca" else max(min(REDUCED, features.shape[1]), dimensions)
    finding = component_steps(features, count)
    components: PrincipalComponents | None = None
    while components is None:
        try:
            next(finding)
        except StopIteration as end:
            components = end.value
        else:
            yield PlacingStep(METHOD_TEXT["pca"], 0.0, target, "" if target is None else BEFORE)
    if components.variances[0] <= 1e-12 * max(float(np.square(components.mean).sum()), 1e-30):
        raise VrnnError(
            f"the features of '{layer}' are the same for all {len(table)} images; choose another "
            "layer"
        )
    projected = components.project(features)
    flat = projected[:, :dimensions]
    seen = unit_size(flat) if target is None else align(flat, target)
    positions = seen.apply(flat)
    if method == "pca":
        return PlacedPoints(positions, components, None, seen)
    start = positions if target is None else target
    reduced = projected[:, :REDUCED].astype(np.float64)
    stands_in = METHOD_TEXT["pca"] if target is None else BEFORE
    steps = (tsne_steps if method == "tsne" else umap_steps)(reduced, start.astype(np.float64))
    before: np.ndarray | None = None
    while True:
        try:
            part, found = next(steps)
        except StopIteration as end:
            fitted: FittedMethod = end.value
            break
        if found is None:
            text = name if part else f"neighbors for {name}"
            yield PlacingStep(text, part, start, stands_in)
            continue
        if found is not before:
            before, positions = found, align(found, start).apply(found)
        yield PlacingStep(name, part, positions)
    seen = align(fitted.positions, start)
    return PlacedPoints(seen.apply(fitted.positions), components, fitted, seen)
