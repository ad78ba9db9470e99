"""What is known of two networks that are compared: plain data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrnn.network.cka import CkaMatrix
from vrnn.network.graph import Network
from vrnn.network.layer_matching import LayerMatching
from vrnn.network.weight_difference import WeightDifference


@dataclass(frozen=True, eq=False)
class ComparedAnswers:
    """What two networks answer to the images of a data set that both know the class of.

    Attributes:
        numbers: (N,) int64, in the data set.
        labels: (N,) int64, the right class by its number in the first network.
        answers: (2, N) int64, the class that each answers, by its number in that network.
        scores: (2, N) float32, the score of that class as each gives it.
        correct: (2, N) bool.
        names: Names of the classes of each network; () for none.
    """

    numbers: np.ndarray
    labels: np.ndarray
    answers: np.ndarray
    scores: np.ndarray
    correct: np.ndarray
    names: tuple[tuple[str, ...], tuple[str, ...]]

    def name(self, network: int, number: int) -> str:
        """Return the name of a class of a network, or its number in words."""
        names = self.names[network]
        return names[number] if 0 <= number < len(names) else f"class {number}"

    @property
    def accuracy(self) -> tuple[float, float]:
        """Part of the images that each network answers right."""
        first, second = self.correct.mean(1).tolist()
        return first, second

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """How many both answer right, the first alone, the second alone, and neither."""
        one, other = self.correct
        parts = (one & other, one & ~other, ~one & other, ~one & ~other)
        both, first, second, neither = (int(part.sum()) for part in parts)
        return both, first, second, neither


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two networks compared.

    Attributes:
        networks: Both graphs.
        matching: Which layers are the same.
        weights: The difference of the weights of matched layers, in run order.
        cka: How alike all layers are; None where that was not asked for or cannot be found.
        answers: What both answer; None where that cannot be found.
        notes: Sentences about what was left out, and why.
    """

    networks: tuple[Network, Network]
    matching: LayerMatching
    weights: tuple[WeightDifference, ...]
    cka: CkaMatrix | None = None
    answers: ComparedAnswers | None = None
    notes: tuple[str, ...] = ()

    @property
    def most_changed(self) -> tuple[WeightDifference, ...]:
        """The layers whose weights can be compared, those that changed most first."""
        known = [one for one in self.weights if not one.reason]
        return tuple(sorted(known, key=lambda one: -one.relative))


def distinct_titles(first: str, second: str) -> tuple[str, str]:
    """Return the names of two networks so that they can be told apart."""
    return (first, second) if first != second else (f"{first} (first)", f"{second} (second)")
