"""Weights of two layers compared: by the layer, by its channels, and how often each change is."""

from __future__ import annotations

import numpy as np
import pytest

from vrnn.network.weight_difference import BINS, compare_weights


def test_norms_and_histogram_are_those_of_plain_numpy() -> None:
    rng = np.random.default_rng(0)
    one = rng.normal(size=(4, 3, 3, 3)).astype(np.float32)
    other = one.copy()
    other[2] *= 1.5
    other[3] += 0.1
    found = compare_weights(5, one, 7, other)
    assert (found.first, found.second, found.reason) == (5, 7, "")
    expected = np.linalg.norm(other - one) / np.linalg.norm(one)
    assert found.relative == pytest.approx(float(expected), rel=1e-6)
    assert found.channels[:3] == pytest.approx([0, 0, 0.5], rel=1e-6)
    assert found.counts.sum() == one.size
    assert found.counts[BINS // 2] >= 2 * 27


def test_nothing_changed_is_0_and_from_nothing_is_infinite() -> None:
    zeros, ones = np.zeros((2, 3), np.float32), np.ones((2, 3), np.float32)
    assert compare_weights(0, zeros, 0, zeros).relative == 0
    assert compare_weights(0, zeros, 0, ones).relative == np.inf


def test_what_cannot_be_compared_has_a_reason() -> None:
    one = np.ones((4, 3), np.float32)
    broken = one.copy()
    broken[0, 0] = np.nan
    reasons = {
        "its weights cannot be read": None,
        "its weights have other shapes: 4×3 and 2×3": one[:2],
        "its weights are NaN or infinite": broken,
    }
    for reason, other in reasons.items():
        found = compare_weights(0, one, 1, other)
        assert found.reason == reason
        assert np.isnan(found.relative)
        assert not len(found.channels)
