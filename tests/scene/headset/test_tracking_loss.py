"""What the eyes are shown while tracking comes and goes."""

from math import cos, radians, sin

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vrnn.scene.headset.tracking import Eye, Pose, Rig
from vrnn.scene.headset.tracking_loss import (
    FADE_SECONDS,
    MAX_SHIFT,
    TrackingLossFade,
    fade_quad,
    head_of,
)

FRAME = 1 / 90


def eyes(x=0.0, yaw=0.0):
    turned = np.array([0.0, sin(yaw / 2), 0.0, cos(yaw / 2)])
    return tuple(Eye(Pose(np.array([x + d, 1.6, 0.0]), turned)) for d in (-0.03, 0.03))


def place(shown):
    return float(head_of(shown).position[0])


def settled(at):
    steady = TrackingLossFade()
    for _ in range(60):
        steady.update(at, True, FRAME)
    assert steady.opacity == 0
    return steady


def test_it_comes_gently_and_follows_at_once():
    steady = TrackingLossFade()
    shown = steady.update(eyes(1.0), True, FRAME)
    assert place(shown) == 1.0
    assert 0.9 < steady.opacity < 1
    steady = settled(eyes())
    for x in (0.5, 3.0, -2.0):  # a head may move as it likes while it is tracked
        assert place(steady.update(eyes(x), True, FRAME)) == x
        assert steady.opacity == 0


def test_lost_it_freezes_and_fades():
    steady = settled(eyes())
    last = 0.0
    for number in range(60):
        shown = steady.update(eyes(9.0), False, FRAME)  # whatever the runtime says then
        assert place(shown) == 0
        assert steady.opacity >= last
        last = steady.opacity
        if number * FRAME > FADE_SECONDS:
            assert steady.opacity == 1
    assert steady.opacity == 1


def test_found_where_it_was_it_comes_back_at_once():
    steady = settled(eyes())
    for _ in range(5):
        steady.update(eyes(), False, FRAME)
    half = steady.opacity
    assert 0 < half < 1
    assert place(steady.update(eyes(0.6 * MAX_SHIFT), True, FRAME)) == 0.6 * MAX_SHIFT
    assert steady.opacity < half


@pytest.mark.parametrize("back", [eyes(2.0), eyes(0.0, radians(40))])
def test_found_elsewhere_it_is_gone_before_it_stands_there(back):
    steady = settled(eyes())
    for _ in range(3):
        steady.update(eyes(), False, FRAME)
    while True:
        before = steady.opacity
        shown = steady.update(back, True, FRAME)
        if shown is back:
            assert before == 1
            break
        assert place(shown) == 0
    for _ in range(60):
        assert steady.update(back, True, FRAME) is back
    assert steady.opacity == 0


@given(st.lists(st.tuples(st.booleans(), st.floats(-3, 3), st.floats(0, 0.1)), max_size=60))
def test_it_never_jumps_in_plain_sight(moments):
    """After a loss, whatever comes: where the picture is seen it moved little or was tracked."""
    steady, shown, was_tracked = settled(eyes()), 0.0, True
    for tracked, x, seconds in moments:
        veiled = steady.opacity
        now = place(steady.update(eyes(x), tracked, seconds))
        if abs(now - shown) > MAX_SHIFT:
            assert tracked
            assert veiled == 1 or (veiled == 0 and was_tracked)
        if not tracked:
            assert now == shown
        shown, was_tracked = now, tracked


def test_a_veil_covers_all_that_is_seen():
    rig = Rig(np.array([3.0, 1.0, -2.0]), 0.7, 4.0)
    (record,) = fade_quad(eyes(0.3, 0.4), rig, 0.25, (0.1, 0.2, 0.3))
    assert record["top"] == pytest.approx([0.1, 0.2, 0.3, 0.25])
    head = rig.apply(head_of(eyes(0.3, 0.4)).position)
    middle = record["origin"] + (record["right"] + record["down"]) / 2
    assert np.linalg.norm(middle - head) == pytest.approx(4.0, rel=1e-4)
    for corner in (0, record["right"], record["down"], record["right"] + record["down"]):
        ray = record["origin"] + corner - head
        ahead = (middle - head) / 4.0
        assert ray @ ahead / np.linalg.norm(ray) < cos(radians(85))
