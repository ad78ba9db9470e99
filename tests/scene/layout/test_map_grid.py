"""Maps in grids, lines and rings."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrnn.scene.layout.map_grid import FORMS, TREE_ROOM, ChannelOrder, map_grid

counts = st.integers(1, 600)
side = st.integers(1, 64)


@given(counts, side, side, st.sampled_from(FORMS), st.floats(1, 3))
def test_every_map_has_a_place_of_its_own(count, height, width, form, spread):
    maps = map_grid((count, height, width), form, spread)
    assert list(maps.channels) == list(range(count))
    assert np.isfinite(maps.centers).all()
    w, h = maps.cell_size
    left, right = maps.centers[:, 0] - w / 2, maps.centers[:, 0] + w / 2
    low, high = maps.centers[:, 1] - h / 2, maps.centers[:, 1] + h / 2
    assert left.min() >= -maps.width / 2 - 1e-3
    assert right.max() <= maps.width / 2 + 1e-3
    assert low.min() >= -1e-3
    assert high.max() <= maps.height + 1e-3
    if form != "ring":
        for i in range(min(count, 40)):
            x = np.abs(maps.centers[:, 0] - maps.centers[i, 0]) < w * 0.99
            y = np.abs(maps.centers[:, 1] - maps.centers[i, 1]) < h * 0.99
            assert (x & y).sum() == 1


@given(st.integers(2, 300))
def test_neighbors_on_a_ring_keep_apart(count):
    maps = map_grid((count, 8, 8), "ring")
    away = np.linalg.norm(maps.centers[:, None] - maps.centers[None], axis=-1)
    away += np.eye(count) * 9
    assert away.min() > 0.6 * max(maps.cell_size)


def test_the_first_maps_of_an_order():
    order = np.array([4, 2, 0, 1, 3])
    maps = map_grid((5, 4, 4), max_maps=2, order=ChannelOrder(order))
    assert list(maps.channels) == [4, 2]


@pytest.mark.parametrize("form", FORMS)
def test_spread_moves_maps_apart(form):
    near = map_grid((20, 8, 8), form)
    far = map_grid((20, 8, 8), form, spread=2.0)
    assert far.width >= near.width
    ratio = far.cell_size[0] / near.cell_size[0]
    assert np.ptp(far.centers[:, 0]) / np.ptp(near.centers[:, 0]) > 1.2 * ratio


@pytest.mark.parametrize(("height", "width"), [(8, 8), (4, 16), (30, 7)])
def test_rings_of_very_many_maps_keep_the_form_of_each(height, width):
    few, many = map_grid((8, height, width), "ring"), map_grid((3000, height, width), "ring")
    ratio = few.cell_size[0] / few.cell_size[1]
    assert many.cell_size[0] / many.cell_size[1] == pytest.approx(ratio)
    assert 0 < many.cell_size[0] < few.cell_size[0]
    assert len(many.centers) == 3000


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.sampled_from(["grid", "line"]))
def test_groups_stand_apart_with_room_for_their_tree(sizes, form):
    groups = np.repeat(np.arange(len(sizes)), sizes)
    order = np.random.default_rng(0).permutation(len(groups))
    maps = map_grid((len(groups), 8, 8), form, order=ChannelOrder(order, groups))
    assert maps.channels.tolist() == order.tolist()
    w, h = maps.cell_size
    x, y = maps.centers[:, 0], maps.centers[:, 1]
    assert x.max() + w / 2 <= maps.width / 2 + 1e-4
    assert y.min() - h / 2 >= -1e-4
    if form == "grid":
        assert x.min() - w / 2 >= -maps.width / 2 + TREE_ROOM - 1e-4
        assert y.max() + h / 2 == pytest.approx(maps.height, abs=1e-4)
        ends = [(y[groups == g].min() - h / 2, y[groups == g].max() + h / 2) for g in set(groups)]
    else:
        assert y.max() + h / 2 == pytest.approx(maps.height - TREE_ROOM, abs=1e-4)
        ends = [(-x[groups == g].max() - w / 2, -x[groups == g].min() + w / 2) for g in set(groups)]
    for (low, _), (_, high) in itertools.pairwise(ends):
        assert low - high >= 0.49 * (h if form == "grid" else w)  # the wall


def test_a_ring_has_an_order_and_no_walls():
    order = np.array([2, 0, 1])
    plain = map_grid((3, 4, 4), "ring", order=ChannelOrder(order))
    grouped = map_grid((3, 4, 4), "ring", order=ChannelOrder(order, np.array([0, 1, 1])))
    np.testing.assert_array_equal(plain.centers, grouped.centers)
