"""How important channels and weights are for a class, and what pruning by it costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vrnn.network.importance_measures import PruningRanking
from vrnn.network.results import Ablation


@dataclass(frozen=True, eq=False)
class ChannelImportance:
    """How important each channel is.

    Attributes:
        ranking: By what.
        class_index: For which class; None where it is the same for all.
        channels: (C,) float32 by id of the node, 0…1, divided by the maximum of the layer; all 0
            where nothing in a layer matters.
    """

    ranking: PruningRanking
    class_index: int | None
    channels: Mapping[int, np.ndarray]

    @cached_property
    def count(self) -> int:
        """Number of channels."""
        return sum(len(values) for values in self.channels.values())

    def order(self) -> np.ndarray:
        """Return (N, 2) int32, node and channel, the least important first, in a stable order.

        A channel goes by its share of its layer: by the maximum of each layer, one channel that
        stands out would let all others of its layer go first, and with them the layer.
        """
        if not self.channels:
            return np.zeros((0, 2), np.int32)
        pairs, shares = [], []
        for node, values in self.channels.items():
            places = np.arange(len(values), dtype=np.int32)
            pairs.append(np.stack([np.full_like(places, node), places], 1))
            shares.append(values / max(float(values.sum(dtype=np.float64)), 1e-30))
        return np.concatenate(pairs)[np.argsort(np.concatenate(shares), kind="stable")]


def normalized(values: np.ndarray) -> np.ndarray:
    """Return magnitudes divided by their maximum, float32; 0 where all are 0.

    Args:
        values: Any shape, finite.
    """
    magnitudes = np.abs(values).astype(np.float64)
    peak = float(magnitudes.max(initial=0.0))
    scaled: np.ndarray = (magnitudes / peak if peak > 0 else magnitudes).astype(np.float32)
    return scaled


@dataclass(frozen=True)
class ClassOverlap:
    """What two classes share of a layer, as sums of importance over its channels.

    Attributes:
        first: What matters to the first class alone.
        second: What matters to the second class alone.
        both: What matters to both.
    """

    first: float
    second: float
    both: float

    @property
    def share(self) -> float:
        """What both share, as a part of all, 0…1 (the Jaccard index of weights, Ruzicka's)."""
        whole = self.first + self.second + self.both
        return self.both / whole if whole else 0.0


def overlap(
    first: ChannelImportance, second: ChannelImportance, nodes: Iterable[int] | None = None
) -> ClassOverlap:
    """Compare what matters to two classes.

    Args:
        first: The importance for one class.
        second: That for another, of the same network.
        nodes: Ids of the nodes that count; None for all that both have.
    """
    shared = first.channels.keys() & second.channels.keys()
    chosen = shared if nodes is None else shared & set(nodes)
    totals = np.zeros(3)
    for node in chosen:
        one, other = first.channels[node], second.channels[node]
        both = np.minimum(one, other).sum(dtype=np.float64)
        totals += one.sum(dtype=np.float64) - both, other.sum(dtype=np.float64) - both, both
    return ClassOverlap(*totals.tolist())


@dataclass(frozen=True, eq=False)
class WeightImportance:
    """How large the weights of a layer are, by pairs of channels: |W| / maximum of the layer.

    Attributes:
        node: Id of the layer's node.
        source: Id of the node whose channels it takes; None where several meet.
        pairs: (C_out, C_in / groups) float32, 0…1: the sum of |W| over the kernel.
        groups: Of a grouped convolution; 1 for others.
    """

    node: int
    source: int | None
    pairs: np.ndarray
    groups: int = 1

    def weighted(self, importance: np.ndarray) -> np.ndarray:
        """Return the weights times the importance of the channels they come from.

        Args:
            importance: (C_in,) of the source's channels, 0…1.

        Returns:
            (C_out, C_in / groups) float32.

        Raises:
            ValueError: It has another number of channels.
        """
        rows, inner = self.pairs.shape
        by_group = importance.reshape(self.groups, inner)
        each = np.repeat(by_group, rows // self.groups, 0)
        product: np.ndarray = (self.pairs * each).astype(np.float32)
        return product


@dataclass(frozen=True, eq=False)
class PruningCurve:
    """What a network still knows when its least important channels are set to zero.

    Attributes:
        ranking: By what channels were ordered.
        class_index: For which class; None where the order is the same for all.
        order: (N, 2) int32, node and channel in the order in which they are pruned.
        shares: (P,) float32 of the channels that are pruned, 0…1, growing.
        accuracy: (P,) float32: share of all images whose class is answered.
        class_accuracy: (P, K) float32: for each class the mean of the share of its images that are
            answered so and the share of others that are not. 0.5 is what guessing gives; NaN where
            the data set has no image of the class.
    """

    ranking: PruningRanking
    class_index: int | None
    order: np.ndarray
    shares: np.ndarray
    accuracy: np.ndarray
    class_accuracy: np.ndarray

    def area(self, class_index: int | None = None) -> float:
        """Return the area below the curve, 0…1.

        Args:
            class_index: Of the accuracy for this class; None for that of all.
        """
        values = self.accuracy if class_index is None else self.class_accuracy[:, class_index]
        return float(np.trapezoid(values.astype(np.float64), self.shares.astype(np.float64)))

    def pruned(self, share: float) -> np.ndarray:
        """Return (M, 2) int32: node and channel of what is pruned at a share of 0…1."""
        return self.order[: pruned_count(len(self.order), share)]


def pruned_count(total: int, share: float) -> int:
    """Return how many of so many channels are pruned at a share of 0…1."""
    return round(min(max(share, 0.0), 1.0) * total)


def pruning_ablations(pruned: np.ndarray) -> tuple[Ablation, ...]:
    """Return the ablations that set channels to zero, one for each node.

    Args:
        pruned: (M, 2) int32, node and channel.
    """
    by_node: dict[int, list[int]] = {}
    for node, channel in pruned.tolist():
        by_node.setdefault(node, []).append(channel)
    return tuple(Ablation(node, tuple(sorted(channels))) for node, channels in by_node.items())


@dataclass(frozen=True, eq=False)
class LayerImportance:
    """What was found of a network, by the names of its layers.

    Attributes:
        layers: (C,) float32 importance of the channels of each layer, 0…1, see
            `ChannelImportance`.
        result: The same by node ids, with the pruning curve.
    """

    layers: Mapping[str, np.ndarray]
    result: ImportanceResult


@dataclass(frozen=True, eq=False)
class ImportanceResult:
    """What was found by one measure for one class.

    Attributes:
        importance: Of the channels.
        curve: What pruning by it costs; None where that was not asked for.
        image_count: Images that were run.
        class_count: How many of these are of the class.
        skipped: Number of each image that could not be run, and why.
    """

    importance: ChannelImportance
    curve: PruningCurve | None
    image_count: int
    class_count: int
    skipped: tuple[tuple[int, str], ...] = ()
