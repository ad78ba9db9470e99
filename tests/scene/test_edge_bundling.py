"""Bundling of edges by their density."""

from __future__ import annotations

import numpy as np
import pytest

from vrnn.errors import VrnnError
from vrnn.scene import edge_bundling
from vrnn.scene.edge_bundling import bundle, first_bandwidth
from vrnn.scene.straight_edges import straight_points


def two_bands(dimensions: int, gap: float = 0.04) -> tuple[np.ndarray, np.ndarray]:
    """Forty edges of length 1 in two parallel bands with a gap between them."""
    across = np.concatenate([np.linspace(0, 0.01, 20), np.linspace(gap, gap + 0.01, 20)])
    starts = np.zeros((40, dimensions), np.float32)
    starts[:, 1] = across
    ends = starts.copy()
    ends[:, 0] = 1
    return starts, ends


@pytest.mark.parametrize("dimensions", [2, 3])
def test_parallel_bands_come_together_and_ends_stay(dimensions: int) -> None:
    starts, ends = two_bands(dimensions)
    points = bundle(starts, ends)
    assert points.dtype == np.float32
    assert points.shape == (40, edge_bundling.SAMPLES, dimensions)
    assert np.array_equal(points[:, 0], starts)
    assert np.array_equal(points[:, -1], ends)
    middle = points[:, points.shape[1] // 2, 1]
    assert np.ptp(middle) < 0.1 * np.ptp(starts[:, 1])
    assert middle.mean() == pytest.approx(starts[:, 1].mean(), abs=2e-3)


def test_bands_far_apart_do_not_meet() -> None:
    points = bundle(*two_bands(2, gap=0.5))
    middle = points[:, points.shape[1] // 2, 1]
    assert middle[20:].min() - middle[:20].max() > 0.48


@pytest.mark.parametrize("angle", [0.0, 0.4, 1.1])
def test_an_edge_that_is_alone_stays_straight(angle: float) -> None:
    end = np.array([[np.cos(angle), np.sin(angle)]])
    alone = bundle(np.zeros((1, 2)), end)
    assert np.array_equal(alone, straight_points(np.zeros((1, 2)), end, alone.shape[1]))
    away = np.array([[0.8 * np.sin(angle), -0.8 * np.cos(angle)]])
    both = bundle(np.concatenate([0 * end, away]), np.concatenate([end, end + away]))
    straight = straight_points(np.zeros((1, 2)), end, both.shape[1])
    assert np.abs(both[:1] - straight).max() < 0.01


def test_a_heavy_edge_draws_more_than_it_moves() -> None:
    starts, ends = two_bands(2)
    weights = np.where(np.arange(40) < 20, 1.0, 0.05)
    middle = bundle(starts, ends, weights)[:, edge_bundling.SAMPLES // 2, 1]
    assert middle.mean() < 0.012


def test_an_edge_of_no_length_stays_a_point() -> None:
    starts, ends = two_bands(2)
    ends[3] = starts[3]
    points = bundle(starts, ends)
    assert np.isfinite(points).all()
    same = bundle(np.ones((3, 2)), np.ones((3, 2)))
    assert (same == 1).all()


def test_very_many_follow_a_sample_that_the_seed_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge_bundling, "MAX_DENSITY_EDGES", 10)
    starts, ends = two_bands(2)
    first = bundle(starts, ends, seed=3)
    assert first.shape == (40, edge_bundling.FEW_SAMPLES, 2)
    assert np.array_equal(first, bundle(starts, ends, seed=3))
    assert not np.array_equal(first, bundle(starts, ends, seed=4))
    assert np.array_equal(first[:, 0], starts)
    assert np.array_equal(first[:, -1], ends)
    assert np.ptp(first[:, 8, 1]) < 0.3 * np.ptp(starts[:, 1])


def test_very_many_that_run_side_by_side_run_into_the_middle_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = np.random.default_rng(3)
    corners = np.array([[0, 0], [1, 0.1], [0.1, 1], [1, 1.1]])
    starts, ends = (
        (corners[random.integers(0, 4, 3000)] + 0.01 * random.random((3000, 2))).astype(np.float32)
        for _ in range(2)
    )
    monkeypatch.setattr(edge_bundling, "MAX_DENSITY_EDGES", 300)
    moved = []
    one_by_one = edge_bundling._write_moved
    monkeypatch.setattr(
        edge_bundling,
        "_write_moved",
        lambda edges, *given: moved.append(len(edges.lengths)) or one_by_one(edges, *given),
    )
    points = bundle(starts, ends)
    assert max(moved) < 500
    monkeypatch.setattr(edge_bundling, "MIN_GROUP", 1e9)
    alone = bundle(starts, ends)
    assert moved[-1] == 3000
    for found in (points, alone):
        assert np.array_equal(found[:, 0], starts)
        assert np.array_equal(found[:, -1], ends)
    bandwidth = first_bandwidth(
        np.concatenate([starts, ends]), np.stack([points.min((0, 1)), points.max((0, 1))])
    )
    apart = np.linalg.norm(points - alone, axis=2)
    assert float(np.median(apart)) < 0.25 * bandwidth
    assert float(np.quantile(apart, 0.95)) < bandwidth


@pytest.mark.parametrize(
    ("starts", "ends", "weights", "words"),
    [
        (np.zeros((0, 2)), np.zeros((0, 2)), None, "no edges"),
        (np.zeros((2, 4)), np.zeros((2, 4)), None, "shapes"),
        (np.zeros((2, 2)), np.zeros((3, 2)), None, "shapes"),
        (np.array([[0, 0], [np.nan, 0]]), np.ones((2, 2)), None, "the first is edge 1"),
        (np.zeros((1, 2)), np.full((1, 2), 1e60), None, "no finite place"),
        (np.zeros((2, 2)), np.ones((2, 2)), np.ones(3), "one for each of the 2 edges"),
        (np.zeros((2, 2)), np.ones((2, 2)), np.array([1, -1.0]), "edge 1 to bundle has the weight"),
    ],
)
def test_bad_edges_are_named(
    starts: np.ndarray, ends: np.ndarray, weights: np.ndarray | None, words: str
) -> None:
    with pytest.raises(VrnnError, match=words):
        bundle(starts, ends, weights)


def test_two_points_cannot_bend() -> None:
    with pytest.raises(VrnnError, match="at least 3"):
        bundle(*two_bands(2), samples=2)


def groups(count: int, spread: float) -> np.ndarray:
    """Places around the middles of twelve groups in a square."""
    random = np.random.default_rng(0)
    middles = random.random((12, 2))[random.integers(0, 12, count)]
    return middles + spread * random.normal(size=(count, 2))


def test_the_bandwidth_is_wide_for_groups_and_narrow_for_ends_everywhere() -> None:
    bounds = np.array([[0, 0], [1, 1]])
    size = float(np.sqrt(2))
    everywhere = np.random.default_rng(1).random((4000, 2))
    narrow = first_bandwidth(everywhere, bounds)
    assert narrow == pytest.approx(edge_bundling.SCATTERED_BANDWIDTH * size)
    wide = first_bandwidth(groups(4000, 0.01).clip(0, 1), bounds)
    assert wide == pytest.approx(edge_bundling.GROUPED_BANDWIDTH * size)
    assert narrow < first_bandwidth(groups(4000, 0.08).clip(0, 1), bounds) < wide


def test_a_short_edge_that_is_alone_is_no_needle() -> None:
    starts, ends = two_bands(2, gap=0.01)
    short = np.array([[0.3, 0.04]], np.float32)
    far = short + np.array([[0.02, 0.01]])
    points = bundle(np.concatenate([starts, short]), np.concatenate([ends, far]))
    length = np.linalg.norm(np.diff(points, axis=1), axis=2).sum(1)
    straight = np.linalg.norm(points[:, -1] - points[:, 0], axis=1)
    assert length[-1] < 1.4 * straight[-1]
    assert (length[:-1] < 1.1 * straight[:-1]).all()
