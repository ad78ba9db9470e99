"""Differences and correlations of maps of two networks."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.map_blocks import feature_maps
from vrnn.network.map_difference import channel_correlation, difference_picture, map_difference


@pytest.fixture
def values() -> np.ndarray:
    """Three maps of 4 × 6 values."""
    return np.random.default_rng(0).normal(size=(3, 4, 6)).astype(np.float32)


def test_it_is_the_second_less_the_first(values: np.ndarray) -> None:
    found = map_difference(feature_maps(values), feature_maps(2 * values))
    np.testing.assert_allclose(found, values, atol=0.01)


def test_other_channels_are_compared_by_their_means_and_other_sizes_resampled(
    values: np.ndarray,
) -> None:
    found = map_difference(feature_maps(values[:2]), feature_maps(values))
    np.testing.assert_allclose(found, (values.mean(0) - values[:2].mean(0))[None], atol=0.01)
    large = feature_maps(np.ones((3, 8, 12), np.float32))
    np.testing.assert_allclose(map_difference(large, feature_maps(values)), values - 1, atol=0.01)


def test_pictures_say_what_they_show(values: np.ndarray) -> None:
    maps = feature_maps(values)
    same = difference_picture(maps, maps, "parent")
    assert same.caption == "the same as in parent"
    assert not same.values.any()
    assert difference_picture(maps, feature_maps(values + 1), "parent").caption == (
        "maps less those of parent: orange more, blue less, up to ±1"
    )
    broken = np.full_like(values, np.nan)
    assert not difference_picture(maps, feature_maps(broken), "parent").is_rgb


def test_correlation_is_that_of_numpy(values: np.ndarray) -> None:
    other = values.copy()
    other[0] *= -2
    other[1] += np.random.default_rng(1).normal(size=(4, 6))
    other[2] = 5
    found = channel_correlation(feature_maps(values), feature_maps(other))
    assert found[0] == pytest.approx(-1, abs=1e-3)
    expected = np.corrcoef(values[1].ravel(), other[1].ravel())[0, 1]
    assert found[1] == pytest.approx(float(expected), abs=5e-3)
    assert np.isnan(found[2])
    assert not len(channel_correlation(feature_maps(values[:, :2]), feature_maps(other)))
