"""Principal components and the alignment of clouds, against plain NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vrnn.compute.embedding import principal_components as pc
from vrnn.compute.embedding.alignment import align, unit_size
from vrnn.compute.embedding.principal_components import component_steps


def components_of(table, count):
    steps = component_steps(table, count)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def by_numpy(table, count):
    """Coordinates by the singular values of the centered table, their signs as they come."""
    centered = table.astype(np.float64) - table.mean(0, dtype=np.float64)
    left, values, right = np.linalg.svd(centered, full_matrices=False)
    return (left * values)[:, :count], right[:count], values[:count] ** 2 / len(table)


@pytest.mark.parametrize(("rows", "columns"), [(300, 20), (20, 300), (5, 5), (2, 7), (4100, 6)])
def test_components_are_those_of_numpy(rows, columns):
    random = np.random.default_rng(rows)
    table = random.normal(size=(rows, columns)) * (np.arange(columns) + 1) ** 1.5
    table = (table + random.normal(size=columns) * 3).astype(np.float32)
    count = min(3, rows - 1, columns)
    found = components_of(table, count)
    expected, directions, variances = by_numpy(table, count)
    signs = np.sign((found.components * directions).sum(1))
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found.project(table) * signs, expected, atol=1e-5 * scale)
    np.testing.assert_allclose(found.variances, variances, rtol=1e-5)
    largest = np.abs(found.components).argmax(1)
    assert (found.components[np.arange(count), largest] > 0).all()


def test_large_tables_have_the_same_components_by_subspace_iteration(monkeypatch):
    monkeypatch.setattr(pc, "MAX_EXACT", 40)
    random = np.random.default_rng(1)
    mixing = random.normal(size=(8, 90)) * np.array([20, 14, 9, 6, 3, 2, 1, 0.5])[:, None]
    table = (random.normal(size=(400, 8)) @ mixing).astype(np.float32)
    found = components_of(table, 3)
    expected, directions, _ = by_numpy(table, 3)
    signs = np.sign((found.components * directions).sum(1))
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found.project(table) * signs, expected, atol=1e-5 * scale)


def test_two_images_lie_on_a_line():
    table = np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]], np.float32)
    found = components_of(table, 3)
    np.testing.assert_allclose(np.abs(found.project(table)), [[2**0.5, 0, 0]] * 2, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([2, 3]), st.integers(4, 40))
def test_a_cloud_that_was_turned_scaled_and_shifted_is_turned_back(seed, dimensions, count):
    random = np.random.default_rng(seed)
    cloud = random.normal(size=(count, dimensions)) * np.array([3.0, 1.0, 0.4])[:dimensions]
    unit = unit_size(cloud).apply(cloud)
    np.testing.assert_allclose(unit.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose((unit**2).sum(1).mean(), 1, rtol=1e-4)
    turn, _ = np.linalg.qr(random.normal(size=(dimensions, dimensions)))
    moved = cloud @ turn * random.uniform(0.01, 100) + random.normal(size=dimensions) * 5
    np.testing.assert_allclose(align(moved, unit).apply(moved), unit, atol=2e-4)


def test_images_in_one_place_stay_there():
    same = np.ones((4, 2))
    assert np.array_equal(unit_size(same).apply(same), np.zeros((4, 2), np.float32))
