"""Trees of clusters are those of SciPy."""

import numpy as np
import pytest
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from vrnn.compute.analysis.average_linkage import average_linkage, leaf_order


def random_distances(count, seed):
    points = np.random.default_rng(seed).normal(size=(count, 5))
    return np.linalg.norm(points[:, None] - points, axis=2)


@pytest.mark.parametrize("count", [2, 3, 4, 7, 40, 150])
@pytest.mark.parametrize("seed", range(4))
def test_joins_and_leaves_are_those_of_scipy(count, seed):
    distances = random_distances(count, seed)
    expected = linkage(squareform(distances, checks=False), "average")
    merges = average_linkage(distances.copy())
    np.testing.assert_allclose(merges, expected, rtol=1e-9)
    assert leaf_order(merges).tolist() == leaves_list(expected).tolist()


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_equal_distances_give_some_whole_tree(value):
    merges = average_linkage(np.full((6, 6), value))
    np.testing.assert_allclose(merges[:, 2], value)
    assert sorted(leaf_order(merges).tolist()) == list(range(6))
    assert merges[-1, 3] == 6


def test_one_point_is_a_tree():
    merges = average_linkage(np.zeros((1, 1)))
    assert merges.shape == (0, 4)
    assert leaf_order(merges).tolist() == [0]
