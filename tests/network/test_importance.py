"""Importance as plain data: in what order channels go, areas, and what two classes share."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vrnn.network.importance import (
    ChannelImportance,
    PruningCurve,
    WeightImportance,
    normalized,
    overlap,
    pruned_count,
    pruning_ablations,
)
from vrnn.network.results import Ablation


def importance(**layers):
    channels = {int(k[1:]): np.array(v, np.float32) for k, v in layers.items()}
    return ChannelImportance("gradient", 0, channels)


def curve(order, shares=(0, 0.5, 1), accuracy=(1, 0.5, 0)):
    by_class = np.stack([np.array(accuracy), np.full(len(accuracy), np.nan)], 1)
    return PruningCurve(
        "gradient", 0, order, np.array(shares, np.float32), np.array(accuracy, np.float32),
        by_class.astype(np.float32),
    )  # fmt: skip


def test_channels_go_by_their_share_of_their_layer():
    one = importance(n3=[1, 0.5, 0.1], n7=[1, 1])
    assert one.order().tolist() == [[3, 2], [3, 1], [7, 0], [7, 1], [3, 0]]
    assert one.order().dtype == np.int32
    assert one.count == 5
    assert importance().order().shape == (0, 2)
    dead = importance(n3=[0, 0], n7=[1, 0.5])
    assert dead.order().tolist()[:2] == [[3, 0], [3, 1]]


@given(arrays.arrays(np.float64, 5, elements=st.floats(-1e6, 1e6, allow_subnormal=False)))
def test_values_are_parts_of_the_largest(values):
    scaled = normalized(values)
    assert scaled.dtype == np.float32
    assert scaled.min() >= 0
    assert scaled.max() == (1 if np.abs(values).max() > 0 else 0)


def test_areas_and_what_is_pruned():
    found = curve(importance(n3=[1, 0.5, 0.1], n7=[1, 1]).order())
    assert found.area() == pytest.approx(0.5)
    assert found.area(0) == pytest.approx(0.5)
    assert np.isnan(found.area(1))
    assert found.pruned(0).shape == (0, 2)
    assert found.pruned(0.4).tolist() == [[3, 2], [3, 1]]
    assert found.pruned(1).shape == (5, 2)
    assert [pruned_count(5, share) for share in (-1, 0.1, 0.5, 2)] == [0, 0, 2, 5]
    assert pruning_ablations(found.pruned(0.6)) == (Ablation(3, (1, 2)), Ablation(7, (0,)))


def test_what_two_classes_share():
    first, second = importance(n3=[1, 0.5, 0]), importance(n3=[0.5, 1, 0], n7=[1, 1])
    found = overlap(first, second)
    assert (found.first, found.second, found.both) == (0.5, 0.5, 1.0)
    assert found.share == 0.5
    assert overlap(first, first).share == 1
    assert overlap(first, second, (7,)).share == 0


def test_weights_times_the_importance_of_their_sources():
    weights = WeightImportance(1, 0, np.ones((4, 2), np.float32), 2)
    scaled = weights.weighted(np.array([0, 0.25, 0.5, 1], np.float32))
    assert scaled.tolist() == [[0, 0.25], [0, 0.25], [0.5, 1], [0.5, 1]]
    with pytest.raises(ValueError, match="reshape"):
        weights.weighted(np.ones(3, np.float32))
