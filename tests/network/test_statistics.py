import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.map_blocks import feature_maps
from vrnn.errors import VrnnError
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.statistics import (
    array_histogram,
    channel_order,
    dead_channels,
    entropy,
    layer_histogram,
    sparsity,
)


def maps_of(*shape, seed=0):
    return feature_maps(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def with_nan(maps, channel):
    block = maps.block.copy()
    made = FeatureMaps(
        maps.channels, maps.height, maps.width, block, maps.scale, maps.channel_stats, 1
    )  # fmt: skip
    made.values[channel].flat[0] = np.nan
    return made


@given(st.integers(1, 5), st.integers(1, 20), st.integers(1, 20), st.integers(1, 80))
def test_a_histogram_counts_as_numpy_does(channels, height, width, bins):
    maps = maps_of(channels, height, width, seed=height)
    values = maps.values.astype(np.float64)
    got = layer_histogram(maps, bins)
    if values.min() < values.max():
        expected, edges = np.histogram(values, bins)
        assert np.array_equal(got.counts, expected)
        assert (got.low, got.high) == (edges[0], edges[-1])
    assert got.total == values.size
    assert got.mean == pytest.approx(values.mean(), abs=1e-9)
    assert got.std == pytest.approx(values.std(), abs=1e-9)


def test_an_axis_of_ones_own_counts_what_lies_outside():
    maps = maps_of(3, 8, 8)
    values = maps.values.astype(np.float64)
    got = layer_histogram(maps, 10, -1.0, 0.5)
    assert np.array_equal(got.counts, np.histogram(values, 10, (-1, 0.5))[0])
    assert got.below == (values < -1).sum()
    assert got.above == (values > 0.5).sum()
    assert got.total == values.size


def test_one_channel_and_a_scale():
    values = np.random.default_rng(1).normal(size=(4, 6, 6)).astype(np.float32)
    plain = feature_maps(values)
    scaled = FeatureMaps(4, 6, 6, plain.block, 1024.0, plain.channel_stats)
    got = layer_histogram(scaled, 16, channel=2)
    expected = np.histogram(plain.values[2].astype(np.float64) * 1024, 16)
    assert np.array_equal(got.counts, expected[0])
    assert got.high == expected[1][-1]


def test_what_is_not_finite_is_left_out_and_constants_have_an_axis():
    maps = with_nan(maps_of(2, 3, 3), 1)
    assert layer_histogram(maps).total == 17
    constant = layer_histogram(feature_maps(np.full((1, 2, 2), 3.0, np.float32)))
    assert constant.low < 3 < constant.high
    assert constant.total == constant.counts.sum() == 4
    nothing = array_histogram(np.array([np.nan, np.inf]))
    assert (nothing.low, nothing.high, nothing.total) == (0, 1, 0)


def test_any_numbers_and_more_than_one_chunk():
    values = np.random.default_rng(2).normal(size=(700, 1000)).astype(np.float32)
    got = array_histogram(values, 64)
    flat = values.astype(np.float64)
    assert np.array_equal(got.counts, np.histogram(flat, 64)[0])
    assert got.std == pytest.approx(flat.std(), rel=1e-9)


@pytest.mark.parametrize("wrong", [(0, None, None), (8, 1.0, -1.0)])
def test_an_axis_that_cannot_be_is_told(wrong):
    with pytest.raises(VrnnError, match="histogram"):
        layer_histogram(maps_of(1, 2, 2), *wrong)


def test_sparsity_is_the_share_of_zeros():
    values = np.zeros((2, 2, 4), np.float32)
    values[0, 0] = (1000, 1e-4, -0.0, 5)
    zero, near = sparsity(feature_maps(values))
    assert zero == 13 / 16
    assert near == 14 / 16
    assert sparsity(feature_maps(np.zeros((1, 1, 1), np.float32))) == (1, 1)


def test_dead_channels():
    values = np.random.default_rng(0).normal(size=(5, 3, 3)).astype(np.float32)
    values[1], values[3] = 0, 2.5
    zero, constant = dead_channels(feature_maps(values))
    assert zero.tolist() == [1]
    assert constant.tolist() == [3]
    zero, constant = dead_channels(with_nan(feature_maps(values), 1))
    assert zero.tolist() == []
    single = feature_maps(np.array([0, 4], np.float32).reshape(2, 1, 1))
    assert [found.tolist() for found in dead_channels(single)] == [[0], []]


def test_entropy_is_that_of_the_channels_own_bins():
    values = np.zeros((4, 8, 16), np.float32)
    values[1] = np.arange(128).reshape(8, 16)  # four in each of 32 bins
    values[2, :4] = 1  # half and half
    values[3] = np.random.default_rng(0).normal(size=(8, 16))
    got = entropy(feature_maps(values))
    counts = np.histogram(values[3].astype(np.float16).astype(np.float64), 32)[0] / 128
    last = -(counts[counts > 0] * np.log2(counts[counts > 0])).sum()
    assert got == pytest.approx([0, 5, 1, last], abs=0.05)
    assert got[:3] == pytest.approx([0, 5, 1], abs=1e-12)
    assert entropy(with_nan(feature_maps(values), 2))[2] == pytest.approx(1, abs=0.01)


def test_orders_of_channels():
    values = np.zeros((3, 2, 4), np.float32)
    values[0] = 1
    values[1, 0, 0] = 4
    values[2] = np.arange(8).reshape(2, 4) / 10
    maps = feature_maps(values)
    assert channel_order(maps, "index").tolist() == [0, 1, 2]
    assert channel_order(maps, "mean").tolist() == [0, 1, 2]
    assert channel_order(maps, "maximum").tolist() == [1, 0, 2]
    assert channel_order(maps, "entropy").tolist() == [2, 1, 0]
    with pytest.raises(VrnnError, match="index, mean, maximum, entropy"):
        channel_order(maps, "color")


@given(
    st.floats(-1e30, 1e30), st.floats(1e-30, 1e30), st.integers(1, 80), st.integers(0, 2**32 - 1)
)
def test_values_on_and_beside_the_edges_of_bins_are_counted_as_a_search_does(
    low, width, bins, seed
):
    high = low + width
    if not low < high:
        return
    edges = np.linspace(low, high, bins + 1)
    inside = np.random.default_rng(seed).uniform(low, high, 300)
    beside = np.nextafter(edges, np.inf), np.nextafter(edges, -np.inf)
    values = np.concatenate([edges, *beside, inside, [low - width, high + width, 0.0, 1e100]])
    got = array_histogram(values, bins, low, high)
    places = np.searchsorted(edges, values, side="right")
    places[values == edges[-1]] = bins
    assert got.counts.tolist() == np.bincount(places, minlength=bins + 2)[1:-1].tolist()
    assert (got.below, got.above) == ((places == 0).sum(), (places == bins + 1).sum())
