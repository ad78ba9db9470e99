"""Similarity beside plain numpy in double precision, and on features made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from vrnn.network.derived_maps import from_array
from vrnn.network.similarity import (
    MEASURES,
    Measure,
    compare,
    compare_positions,
    gather_vectors,
    stretch,
    stretch_range,
)


def plain(maps: np.ndarray, reference: np.ndarray, measure: Measure) -> np.ndarray:
    """(P,) similarity of the positions of (C, H, W) to (C,), as the formulas say."""
    values = maps.reshape(len(maps), -1).astype(np.float64)
    b = reference.astype(np.float64)
    if measure == "angular":
        low, high = values.min(), values.max()
        values, b = (values - low) / (high - low), (b - low) / (high - low)
    lengths, own = np.linalg.norm(values, axis=0), np.linalg.norm(b)
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = (b @ values) / (lengths * own)
        apart = np.abs(values - b[:, None])
        found = {
            "angular": 1 - np.clip(np.arccos(np.clip(cosine, -1, 1)) * 2 / np.pi, 0, 1),
            "cosine": cosine,
            "dot": (b @ values) / own**2,
            "euclidean": 1 - np.sqrt((apart**2).sum(0)) / (lengths + own),
            "manhattan": 1 - apart.sum(0) / (np.abs(values).sum(0) + np.abs(b).sum()),
            "fractional": 1
            - np.sqrt(apart).sum(0) / (np.sqrt(np.abs(values)).sum(0) + np.sqrt(np.abs(b)).sum()),
        }[measure]
    return np.where(lengths == 0, 0, found)


def similarities(
    arrays: list[np.ndarray], positions: list[list[int]], measure: Measure
) -> np.ndarray:
    vectors = gather_vectors([from_array(array) for array in arrays], measure)
    chosen = [np.array(p) for p in positions]
    references = vectors.references(chosen)
    found = compare_positions(vectors, chosen, measure)
    elsewhere = compare(vectors, references, measure)
    np.testing.assert_allclose(elsewhere, found, atol=1e-5, rtol=1e-5)
    vectors.add_products(1)
    for _ in range(2):  # With the products of the first layer, then of all.
        again = compare_positions(vectors, chosen, measure)
        np.testing.assert_allclose(again, found, atol=1e-5, rtol=1e-5)
        vectors.add_products()
    few = vectors.values.shape[2] <= 2 * vectors.values.shape[1]
    assert vectors.known == (len(arrays) if few else 0)
    return found


def halves(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Random values that half floats hold exactly."""
    return rng.normal(0, 2, shape).astype(np.float16).astype(np.float32)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("kind", ["signed", "positive", "sparse", "near", "small"])
def test_values_are_those_of_plain_numpy(measure: Measure, kind: str) -> None:
    rng = np.random.default_rng(5)
    arrays = []
    for _ in range(3):
        array = halves(rng, 300, 7, 9)
        if kind != "signed":
            array = np.abs(array)
        if kind == "sparse":
            array *= rng.random(array.shape) < 0.1
        if kind == "near":
            array = np.abs(array[:, :1, :1]) + 0.01 * array
            array = array.astype(np.float16).astype(np.float32)
        if kind == "small":
            array *= np.float32(2.0**-20)
        arrays.append(array)
    places = [[8], [20, 21, 29], [62]]
    found = similarities(arrays, places, measure)
    for array, chosen, values in zip(arrays, places, found, strict=True):
        reference = array.reshape(len(array), -1)[:, chosen].mean(1, dtype=np.float64)
        np.testing.assert_allclose(values, plain(array, reference, measure), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("measure", MEASURES)
def test_reference_is_one_and_zero_vectors_are_zero(measure: Measure) -> None:
    rng = np.random.default_rng(6)
    array = np.abs(halves(rng, 40, 4, 5)) + 1
    array[:, 2, 3] = 0
    (found,) = similarities([array], [[7]], measure)
    assert found[7] == pytest.approx(1, abs=1e-6)
    assert found[13] == 0
    (from_zero,) = similarities([array], [[13]], measure)
    assert (from_zero == 0).all()


@pytest.mark.parametrize("measure", MEASURES)
def test_two_clusters_come_apart(measure: Measure) -> None:
    array = np.zeros((6, 1, 8), np.float32)
    array[:3, 0, :4], array[3:, 0, 4:] = 2, 5
    (found,) = similarities([array], [[1]], measure)
    np.testing.assert_allclose(found[:4], 1, atol=1e-6)
    across = 1 - np.hypot(2, 5) / 7 if measure == "euclidean" else 0
    np.testing.assert_allclose(found[4:], across, atol=1e-6)


@pytest.mark.parametrize("measure", ["cosine", "euclidean", "dot"])
def test_a_rotation_of_all_vectors_changes_nothing(measure: Measure) -> None:
    rng = np.random.default_rng(7)
    array = halves(rng, 16, 5, 5)
    turn, _ = np.linalg.qr(rng.normal(size=(16, 16)))
    turned = np.einsum("dc,chw->dhw", turn, array.astype(np.float64)).astype(np.float32)
    before, after = similarities([array, turned], [[11], [11]], measure)
    np.testing.assert_allclose(after, before, atol=3e-3)  # half floats round what was turned


@pytest.mark.parametrize("measure", ["angular", "cosine", "euclidean", "manhattan", "fractional"])
def test_every_channel_twice_changes_nothing(measure: Measure) -> None:
    array = np.abs(halves(np.random.default_rng(8), 16, 5, 5))
    (once,) = similarities([array], [[3]], measure)
    (twice,) = similarities([np.repeat(array, 2, 0)], [[3]], measure)
    np.testing.assert_allclose(twice, once, atol=1e-6)


@pytest.mark.parametrize("measure", MEASURES)
def test_only_vectors_with_a_value_that_is_not_finite_have_none(measure: Measure) -> None:
    array = np.abs(halves(np.random.default_rng(9), 8, 3, 3)) + 0.5
    array[2, 1, 1] = np.nan
    array[3, 0, 2] = np.inf
    (found,) = similarities([array], [[0]], measure)
    assert np.isnan(found).tolist() == [i in (2, 4) for i in range(9)]
    assert found[0] == pytest.approx(1, abs=1e-6)


def test_stretch_spans_what_there_is() -> None:
    values = np.array([0.5, 0.75, 1.0, np.nan], np.float32)
    assert stretch_range(values, "angular", True) == (0.5, 1.0)
    assert stretch_range(values, "angular", False) == (0.0, 1.0)
    assert stretch_range(values, "cosine", False) == (-1.0, 1.0)
    np.testing.assert_allclose(stretch(values, (0.5, 1.0)), [0, 0.5, 1, np.nan])


def test_stretch_of_equal_values_is_full() -> None:
    values = np.array([0.25, 0.25], np.float32)
    span = stretch_range(values, "angular", True)
    assert stretch(values, span).tolist() == [1, 1]
    assert stretch_range(np.array([np.nan], np.float32), "angular", True) == (0, 0)
