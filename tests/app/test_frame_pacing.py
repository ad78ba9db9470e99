"""Time is neither lost nor found when the world goes on in larger steps."""

from hypothesis import given
from hypothesis import strategies as st

from vrnn.app.frame_pacing import COST_FACTOR, LIVE_SHARE, LiveFramePacer, UpdateThrottle

FRAME = 1 / 90


def test_a_small_world_goes_on_with_every_frame():
    pace = UpdateThrottle()
    assert pace.elapsed(FRAME) == FRAME
    pace.record_cost(0.001)
    assert pace.elapsed(FRAME) == FRAME


def test_a_large_one_goes_on_in_larger_steps():
    pace = UpdateThrottle()
    pace.record_cost(0.015)
    steps = [pace.elapsed(FRAME) for _ in range(90)]
    taken = [step for step in steps if step]
    assert len(taken) < 18
    assert min(taken) >= COST_FACTOR * 0.015
    assert sum(taken) > 1.0 - COST_FACTOR * 0.015 - FRAME


@given(st.lists(st.tuples(st.floats(0, 0.1), st.floats(0, 0.05)), max_size=200))
def test_all_time_that_passes_is_given(moments):
    pace, passed, given_ = UpdateThrottle(), 0.0, 0.0
    for seconds, took in moments:
        passed += seconds
        given_ += pace.elapsed(seconds)
        pace.record_cost(took)
        assert given_ <= passed + 1e-9
    pace.record_cost(0.0)
    assert abs(given_ + pace.elapsed(0.0) - passed) < 1e-9


def test_live_images_are_drawn_in_their_share_of_the_time():
    pacer, now, drawn = LiveFramePacer(), 10.0, 0.0
    while now < 20.0:
        if pacer.is_due(now, has_news=True):
            pacer.record_frame(now, now + 0.05)
            drawn += 0.05
            now += 0.05
        else:
            now += 0.004
    assert 0.9 * LIVE_SHARE < drawn / 10.0 <= LIVE_SHARE + 0.01


def test_what_came_too_early_is_drawn_later_though_nothing_else_comes():
    pacer = LiveFramePacer()
    assert pacer.is_due(1.0, has_news=True)
    pacer.record_frame(1.0, 1.1)
    assert not pacer.is_due(1.2, has_news=True)
    assert pacer.is_due(1.5, has_news=False)
    pacer.record_frame(1.5, 1.6)
    assert not pacer.is_due(9.0, has_news=False)
