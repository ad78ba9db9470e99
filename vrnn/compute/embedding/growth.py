"""A cloud that grows while the images of a data set are run."""

from __future__ import annotations

import time

import numpy as np

from vrnn.compute.embedding.alignment import Similarity, align, unit_size
from vrnn.compute.embedding.image_features import FeatureCollector
from vrnn.compute.embedding.placing import as_features, finite_rows
from vrnn.compute.embedding.principal_components import component_steps
from vrnn.errors import VrnnError
from vrnn.network.embedding_methods import METHOD_TEXT
from vrnn.network.image_cloud import ImageCloud

FIRST_GROWTH, GROWTH = 8, 1.6
"""Images after which a growing cloud is seen first, and how many times as many the next time."""
GROWTH_SECONDS = 1.0
"""Seconds after which a growing cloud is seen again at the latest."""


class Growth:
    """A cloud by principal components of the images that have been run so far."""

    def __init__(self, layer: str, dimensions: int) -> None:
        """Begin with none.

        Args:
            layer: Name of the layer whose features place them, or `PIXELS`.
            dimensions: 2 or 3.
        """
        self._layer, self._dimensions = layer, dimensions
        self._next, self._seen_at = FIRST_GROWTH, time.perf_counter()
        self._seen: ImageCloud | None = None

    def cloud(self, collector: FeatureCollector, done: int, total: int) -> ImageCloud | None:
        """Return the cloud so far; None unless it has grown enough to be seen again.

        Args:
            collector: Runs the images.
            done: How many it has run.
            total: How many there are.
        """
        now = time.perf_counter()
        is_late = now - self._seen_at > GROWTH_SECONDS and done >= FIRST_GROWTH
        if done == total or not (done >= self._next or is_late):
            return None
        try:
            features = collector.collected()
            table = features.table(self._layer)
            finite = finite_rows(table, self._layer)
        except VrnnError:  # nothing could be run yet
            return None
        images, table = features.images.take(finite), as_features(table[finite])
        if len(table) < 2:
            return None
        steps = component_steps(table, self._dimensions)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                flat = end.value.project(table)
                break
        seen = unit_size(flat) if self._seen is None else self._turn(flat, images.numbers)
        text = f"{METHOD_TEXT['pca']} of {len(table):,} of {total:,} images"
        positions = seen.apply(flat)
        self._seen = ImageCloud(images, self._layer, "pca", positions, text)
        self._next = int(done * GROWTH) + 1
        # What takes long to place is placed less often.
        self._seen_at = 2 * time.perf_counter() - now
        return self._seen

    def _turn(self, flat: np.ndarray, numbers: np.ndarray) -> Similarity:
        """Turned to the cloud that was seen last, of unit size by all images."""
        assert self._seen is not None
        before = self._seen
        _, here, there = np.intersect1d(numbers, before.images.numbers, return_indices=True)
        turn = align(flat[here], before.positions[there])
        unit = unit_size(flat)
        return Similarity(unit.mean, unit.scale, turn.rotation)
