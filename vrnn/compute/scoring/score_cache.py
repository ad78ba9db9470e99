"""Scores of data sets found before, in the user's cache folder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from vrnn.compute.importance.labeled_images import LabeledImages
from vrnn.errors import VrnnError
from vrnn.network.dataset_score import DatasetScore
from vrnn.network.results import Ablation
from vrnn.storage.array_cache import ArrayCache
from vrnn.storage.paths import cache_dir

MAX_BYTES = 1 << 27
"""Bytes of all files that are kept; the oldest are deleted."""


class ScoreCache:
    """What is known of one data set and one model with some weights."""

    def __init__(self, key: str, ablations: Sequence[Ablation]) -> None:
        """Look under a name.

        Args:
            key: What tells weights, graph and images from others.
            ablations: What is ablated.
        """
        told = hashlib.blake2b(repr(tuple(ablations)).encode(), digest_size=8).hexdigest()
        self._name = f"{key}-{told}"
        self._arrays = ArrayCache(cache_dir() / "scores", MAX_BYTES)

    def load(self, images: LabeledImages) -> DatasetScore | None:
        """Read the answers to some images; None where they are not known, or damaged."""
        arrays = self._arrays.load(self._name)
        if not arrays:
            return None
        try:
            numbers, answers = arrays["numbers"], arrays["answers"]
            confidences = arrays["confidences"]
        except KeyError:
            return None
        fits = (
            np.array_equal(numbers, images.numbers)
            and answers.shape == confidences.shape == numbers.shape
            and answers.dtype == np.int64
            and confidences.dtype == np.float32
            and bool(((answers >= -1) & (answers < images.classes)).all())
        )
        if not fits:
            return None
        return DatasetScore(images.classes, numbers, images.labels, answers, confidences)

    def save(self, score: DatasetScore) -> None:
        """Write answers; where that is not possible they are found again the next time."""
        with suppress(VrnnError):
            self._arrays.save(
                self._name,
                {
                    "numbers": score.numbers, "answers": score.answers,
                    "confidences": score.confidences,
                },
            )  # fmt: skip
