"""The weights of all matched layers of two models compared."""

from __future__ import annotations

from vrnn.compute.comparison.layer_weights import layer_weights
from vrnn.compute.loaded_model import LoadedModel
from vrnn.network.layer_matching import LayerMatching
from vrnn.network.weight_difference import WeightDifference, compare_weights


def weight_differences(
    first: LoadedModel, second: LoadedModel, matching: LayerMatching
) -> tuple[WeightDifference, ...]:
    """Compare the weights of each pair of layers of which one has weights, in run order.

    Args:
        first: A model.
        second: Another, or the same.
        matching: Which of their layers are the same.
    """
    ones, others = layer_weights(first), layer_weights(second)
    return tuple(
        compare_weights(pair.first, ones.get(pair.first), pair.second, others.get(pair.second))
        for pair in matching.pairs
        if pair.first in ones or pair.second in others
    )
