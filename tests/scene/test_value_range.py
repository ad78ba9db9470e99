"""The range that colors span, beside NumPy on the values themselves."""

import numpy as np
import pytest

from tests.support.map_blocks import feature_maps
from vrnn.scene.value_range import layer_range, network_range
from vrnn.style.color_mapping import ColorMapping

MAPPINGS = [
    ColorMapping(normalize_by="network", symmetric=symmetric, clip_percentile=percentile)
    for symmetric in (True, False)
    for percentile in (100.0, 99.0, 90.0)
]


def random_layers(seed):
    rng = np.random.default_rng(seed)
    sign = (lambda x: x, np.abs, lambda x: -np.abs(x))[seed % 3]
    shapes = rng.integers(1, 9, (int(rng.integers(1, 7)), 3))
    return [
        sign(rng.normal(size=shape) * rng.uniform(0.1, 9)).astype(np.float32) for shape in shapes
    ]


@pytest.mark.parametrize("mapping", MAPPINGS, ids=str)
def test_three_quarters_of_the_layers_reach_the_full_color_at_most(mapping):
    for seed in range(12):
        layers = random_layers(seed)
        maps = [feature_maps(layer) for layer in layers]
        if mapping.clip_percentile < 100:
            ends = [
                np.abs(layer).max() * m.clip_fraction(mapping.clip_percentile)
                for layer, m in zip(layers, maps, strict=True)
            ]
        else:
            ends = [np.median(np.abs(layer).max((1, 2))) for layer in layers]
        end = np.quantile(ends, 0.75)
        low, high = min(map(np.min, layers)), max(map(np.max, layers))
        low, high = max(low, -end), min(high, end)
        if mapping.symmetric:
            low, high = -max(-low, high), max(-low, high)
        assert network_range(maps, mapping) == pytest.approx((low, high), rel=2e-3)


def test_where_most_layers_are_0_the_others_have_the_whole_range():
    zeros, one = np.zeros((2, 3, 3), np.float32), np.zeros((2, 3, 3), np.float32)
    one[0, 1, 1], one[1, 2, 2] = -3, 5
    maps = [feature_maps(layer) for layer in (zeros, zeros, zeros, zeros, one)]
    plain = ColorMapping(normalize_by="network", symmetric=False)
    assert network_range(maps, plain) == (-3, 5)
    assert network_range([], plain) == (0, 0)
    assert network_range(maps[:2], plain) == (0, 0)


def test_the_range_of_a_layer_is_that_of_its_values():
    values = np.array([[[-2.0, 1.0], [0.5, 6.0]]], np.float32)
    layer = feature_maps(values)
    assert layer_range(layer, ColorMapping(symmetric=False)) == (-2, 6)
    assert layer_range(layer, ColorMapping(symmetric=True)) == (-6, 6)
