"""Time is neither lost nor found when the world goes on in larger steps."""

from hypothesis import given
from hypothesis import strategies as st

from vrnn.app.frame_pacing import (
    COST_FACTOR,
    FOLLOWED_SHARE,
    IDLE_SECONDS,
    LIVE_SHARE,
    QUIET_IDLE_SECONDS,
    FollowedFramePacer,
    IdleWait,
    LiveFramePacer,
    UpdateThrottle,
)

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


def test_a_new_step_is_drawn_once_for_all_that_comes_with_it() -> None:
    pacer, frames, now = FollowedFramePacer(), [], 100.0
    for step in range(5):
        came = 100.0 + 10 * step
        while now < came + 10:
            has_news = came <= now < came + 0.4  # maps, answers and jobs, one after the other
            if pacer.is_due(now, has_news, has_input=False, is_complete=now > came + 0.4):
                frames.append(now)
                pacer.record_frame(now, now + 0.1)
            now += 0.05
    assert len(frames) == 5
    assert all(0.4 < at - 100 - 10 * step < 0.6 for step, at in enumerate(frames))


def test_what_never_gets_complete_is_drawn_in_its_share_of_the_time() -> None:
    pacer, now, drawn = FollowedFramePacer(), 10.0, 0.0
    while now < 50.0:
        if pacer.is_due(now, has_news=True, has_input=False, is_complete=False):
            pacer.record_frame(now, now + 0.05)
            drawn += 0.05
        now += 0.05
    assert 0.5 * FOLLOWED_SHARE < drawn / 40.0 <= FOLLOWED_SHARE + 0.01


def test_who_looks_around_is_shown_each_frame() -> None:
    pacer = FollowedFramePacer()
    assert pacer.is_due(10.0, has_news=True, has_input=True, is_complete=False)
    pacer.record_frame(10.0, 10.3)
    assert pacer.is_due(10.3, has_news=True, has_input=False, is_complete=False)
    pacer.record_frame(10.3, 10.6)
    assert not pacer.is_due(10.6, has_news=False, has_input=False, is_complete=True)


def test_the_loop_waits_longer_once_nothing_has_changed_for_a_while() -> None:
    idle = IdleWait()
    assert idle.seconds(5.0, changed=True) == IDLE_SECONDS
    assert idle.seconds(5.9, changed=False) == IDLE_SECONDS
    assert idle.seconds(6.1, changed=False) == QUIET_IDLE_SECONDS
    assert idle.seconds(6.2, changed=True) == IDLE_SECONDS
