"""Maps in grids, lines and rings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrnn.scene.layout.map_grid import FORMS, map_grid

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
    maps = map_grid((5, 4, 4), max_maps=2, order=order)
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
