"""Ribbons as a net: their ends stay, their sums stay, and many are joined into few pieces."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vrnn.scene.ribbon_net import PIECES, Ribbons, ribbon_center, ribbon_net


def make_ribbons(count, seed=0, side=12):
    random = np.random.default_rng(seed)
    places = random.integers(0, side, (2, count, 2)) * 0.1
    starts = np.concatenate([places[0], np.zeros((count, 1))], 1).astype(np.float32)
    ends = np.concatenate([places[1], np.ones((count, 1))], 1).astype(np.float32)
    ends[:, 0] += 4
    values = random.normal(size=count).astype(np.float32)
    return Ribbons(starts, ends, values, np.abs(values))


@settings(max_examples=10, deadline=None)
@given(count=st.integers(1, 30), seed=st.integers(0, 99), bundling=st.sampled_from([0.0, 0.6, 1.0]))
def test_few_ribbons_begin_and_end_at_their_maps_at_any_opening(count, seed, bundling):
    ribbons = make_ribbons(count, seed)
    net = ribbon_net(ribbons, bundling)
    order = np.argsort(ribbons.sizes, kind="stable")
    for opened in (0.0, 0.4, 1.0):
        places = net.places(opened)
        begins = places[net.first].reshape(count, PIECES, 3)[:, 0]
        finishes = places[net.second].reshape(count, PIECES, 3)[:, -1]
        assert np.allclose(begins, ribbons.starts[order], atol=1e-4)
        assert np.allclose(finishes, ribbons.ends[order], atol=1e-4)
    assert (np.diff(net.sizes) >= 0).all()  # the strongest is drawn last


def test_closed_ribbons_all_run_through_one_center():
    ribbons = make_ribbons(40)
    net = ribbon_net(ribbons, 0.8)
    middles = net.places(0.0).reshape(40, PIECES + 1, 3)[:, PIECES // 2]
    assert np.allclose(middles, ribbon_center(ribbons), atol=1e-4)
    opened = net.places(1.0).reshape(40, PIECES + 1, 3)[:, PIECES // 2]
    assert np.ptp(opened[:, 1]) > 0.2


def test_straight_ribbons_are_straight_as_the_viewer_sees_them():
    ribbons = make_ribbons(30)
    points = ribbon_net(ribbons, 0.0).places(1.0).reshape(30, PIECES + 1, 3)
    parts = np.linspace(0, 1, PIECES + 1)[:, None]
    straight = ribbons.starts[:, None] + (ribbons.ends - ribbons.starts)[:, None] * parts
    assert np.allclose(points[:, :, :2], straight[:, :, :2], atol=1e-4)
    assert (points[:, 1:-1, 2] > straight[:, 1:-1, 2]).all()  # they stand before the panels
    bundled = ribbon_net(ribbons, 1.0).places(1.0).reshape(30, PIECES + 1, 3)
    assert np.abs(bundled[:, :, :2] - straight[:, :, :2]).max() > 0.03


@pytest.mark.parametrize("count", [700, 3000])
def test_many_ribbons_are_joined_into_few_pieces_that_carry_as_much(count):
    ribbons = make_ribbons(count)
    net = ribbon_net(ribbons, 1.0, max_pieces=1500, max_separate=100)
    assert len(net.first) <= 1500
    assert net.counts.max() > 3
    # Whatever crosses a plane between the layers is what all ribbons carry.
    x = net.opened[:, 0]
    for plane in (1.7, 2.2, 2.9):
        forward = (x[net.first] < plane) & (x[net.second] >= plane)
        backward = (x[net.second] < plane) & (x[net.first] >= plane)
        crossing = forward | backward
        assert net.sizes[crossing].sum() == pytest.approx(ribbons.sizes.sum(), rel=0.05)
        assert net.values[crossing].sum() == pytest.approx(
            ribbons.values.sum(), abs=0.05 * float(ribbons.sizes.sum())
        )


def test_the_same_ribbons_make_the_same_net():
    first, again = (
        ribbon_net(make_ribbons(900), 0.8, max_pieces=1000, max_separate=100) for _ in range(2)
    )
    for name in vars(first):
        assert np.array_equal(getattr(first, name), getattr(again, name))


def test_one_ribbon_and_ribbons_without_size_work():
    assert len(ribbon_net(make_ribbons(1), 1.0).first) == PIECES
    still = make_ribbons(5)
    still = Ribbons(still.starts, still.ends, still.values * 0, still.sizes * 0)
    assert np.isfinite(ribbon_net(still, 1.0).opened).all()
