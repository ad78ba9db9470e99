"""The strongest connections: all of them named, and what is left out told."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vrnn.network.connection_sums import pair_values
from vrnn.network.connections import ConnectionPart, LayerConnections, LayerStep, SlidingWindow
from vrnn.network.strongest_pairs import strongest_pairs


def make_layer(outputs, fan_in, groups, seed, parts=1):
    random = np.random.default_rng(seed)
    found, first = [], 0
    for _ in range(parts):
        maps = random.normal(size=(fan_in * groups, 4, 4)).astype(np.float32)
        kernels = random.normal(size=(outputs * groups, fan_in, 3, 3)).astype(np.float32)
        window = SlidingWindow((3, 3), (1, 1), (1, 1), (1, 1))
        found.append(ConnectionPart(7, maps, kernels, window, groups, first))
        first += outputs * groups
    steps = (LayerStep("conv2d", np.zeros((first, 4, 4), np.float32)),)
    return LayerConnections(9, "layer", "convolution", tuple(found), None, steps)


sizes = st.integers(1, 5)


@settings(max_examples=40, deadline=None)
@given(sizes, sizes, st.integers(1, 3), st.integers(0, 99), st.integers(1, 60), st.integers(1, 2))
def test_the_strongest_pairs_are_those_of_largest_kernels(
    outputs, fan_in, groups, seed, count, parts
):
    layer = make_layer(outputs, fan_in, groups, seed, parts)
    pairs = strongest_pairs(layer, pair_values(layer, "weight"), count)
    assert len(pairs) == min(count, layer.pair_count)
    every = []
    for number, part in enumerate(layer.parts):
        for o in range(part.outputs):
            for j in range(fan_in):
                size = float(np.abs(part.kernels[o, j]).sum())
                every.append((size, number, o + part.first_output, o // outputs * fan_in + j))
    every.sort(reverse=True)
    named = list(zip(pairs.parts, pairs.outputs, pairs.inputs, strict=True))
    assert [(n, o, i) for _, n, o, i in every[: len(pairs)]] == [tuple(map(int, n)) for n in named]
    whole = sum(one[0] for one in every)
    assert np.isclose(pairs.share, sum(one[0] for one in every[: len(pairs)]) / whole)


def test_pairs_of_one_map_and_of_the_first_maps_are_counted_by_themselves():
    layer = make_layer(4, 3, 2, 0)
    values = pair_values(layer, "weight")
    one = strongest_pairs(layer, values, 99, channel=5)
    assert one.total == 3
    assert set(one.outputs) == {5}
    assert sorted(one.inputs) == [3, 4, 5]
    few = strongest_pairs(layer, values, 99, max_maps=3)
    assert few.total == 9
    assert set(few.outputs) == {0, 1, 2}
