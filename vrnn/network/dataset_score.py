"""How well a network answers a data set, as plain data: before a change, and after it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np

Side = Literal["before", "now"]
"""Of a comparison: with nothing edited or ablated, or as it is now."""
ImageGroup = Literal["cell", "became wrong", "became right"]
"""Images that belong together: those of a cell of the confusion matrix, or those that changed."""
IMAGE_GROUPS: tuple[ImageGroup, ...] = get_args(ImageGroup)


@dataclass(frozen=True, eq=False)
class DatasetScore:
    """The answers of a network to the images of a data set.

    Attributes:
        classes: Number of classes, K.
        numbers: (N,) int64 numbers of the images in the data set.
        labels: (N,) int64 numbers of the classes that are right.
        answers: (N,) int64 classes that are answered; −1 where no score is finite.
        confidences: (N,) float32 probability of the answer.
    """

    classes: int
    numbers: np.ndarray
    labels: np.ndarray
    answers: np.ndarray
    confidences: np.ndarray

    @property
    def is_right(self) -> np.ndarray:
        """(N,) bool whether each answer is right."""
        right: np.ndarray = self.answers == self.labels
        return right

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return float(self.is_right.mean())

    @property
    def confidence(self) -> float:
        """Mean probability of the answers."""
        return float(self.confidences.mean())

    @cached_property
    def counts(self) -> np.ndarray:
        """(K,) int64 how many images each class has."""
        return np.bincount(self.labels, minlength=self.classes)

    @cached_property
    def class_accuracy(self) -> np.ndarray:
        """(K,) float64 share of right answers for the images of each class; NaN without images."""
        right = np.bincount(self.labels[self.is_right], minlength=self.classes)
        return right / np.where(self.counts, self.counts, np.nan)

    @cached_property
    def class_confidence(self) -> np.ndarray:
        """(K,) float64 mean probability of the answers to the images of each class."""
        sums = np.bincount(self.labels, self.confidences, minlength=self.classes)
        return sums / np.where(self.counts, self.counts, np.nan)

    @cached_property
    def confusion(self) -> np.ndarray:
        """(K, K) int64 images by their class (row) and by what is answered (column)."""
        known = self.answers >= 0
        pairs = self.labels[known] * self.classes + self.answers[known]
        return np.bincount(pairs, minlength=self.classes**2).reshape(self.classes, self.classes)

    def cell(self, label: int, answer: int) -> np.ndarray:
        """Return the numbers of the images of one class that are answered by another."""
        chosen: np.ndarray = self.numbers[(self.labels == label) & (self.answers == answer)]
        return chosen


@dataclass(frozen=True, eq=False)
class ScoreComparison:
    """A data set scored before a change and after it.

    Attributes:
        before: With nothing edited or ablated.
        now: As it is now; the same object where nothing is.
        image_count: Images in the data set, of which those scored may be a part.
        skipped: Number of each image that was left out, and why.
    """

    before: DatasetScore
    now: DatasetScore
    image_count: int
    skipped: tuple[tuple[int, str], ...] = ()

    @property
    def has_change(self) -> bool:
        """Whether something is edited or ablated."""
        return self.now is not self.before

    def side(self, side: Side) -> DatasetScore:
        """Return one of both."""
        return self.before if side == "before" else self.now

    @property
    def became_wrong(self) -> np.ndarray:
        """Numbers of the images whose answers were right before."""
        chosen: np.ndarray = self.now.numbers[self.before.is_right & ~self.now.is_right]
        return chosen

    @property
    def became_right(self) -> np.ndarray:
        """Numbers of the images whose answers were wrong before."""
        chosen: np.ndarray = self.now.numbers[~self.before.is_right & self.now.is_right]
        return chosen

    def images(self, group: ImageGroup, side: Side, label: int, answer: int) -> np.ndarray:
        """Return the numbers of the images that belong together."""
        if group == "became wrong":
            return self.became_wrong
        if group == "became right":
            return self.became_right
        return self.side(side).cell(label, answer)

    @property
    def missing_classes(self) -> tuple[int, ...]:
        """Classes of which there is no image."""
        return tuple(np.flatnonzero(self.now.counts == 0).tolist())

    def shown_classes(self, most: int) -> np.ndarray:
        """Return the classes that a matrix of so many rows shows, in their order.

        All that have images or are answered if there are no more; else those of the pairs that are
        confused most often, before or now.
        """
        counts = np.maximum(self.before.confusion, self.now.confusion)
        used = np.flatnonzero(counts.sum(0) + counts.sum(1) > 0)
        if len(used) <= most:
            return used
        wrong = counts.copy()
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong, axis=None, kind="stable")
        chosen: dict[int, None] = {}
        for pair in order.tolist():
            both = divmod(pair, counts.shape[1])
            new = [c for c in both if c not in chosen]
            if wrong[both] == 0 or len(chosen) + len(new) > most:
                break
            chosen.update(dict.fromkeys(new))
        # Where too few are confused, those with the most images stand beside them.
        for c in np.argsort(-counts.sum(1), kind="stable").tolist():
            if len(chosen) >= most:
                break
            chosen.setdefault(c)
        return np.array(sorted(chosen), np.int64)
