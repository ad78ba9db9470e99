"""Time is neither lost nor found when the world goes on in larger steps."""

from hypothesis import given
from hypothesis import strategies as st

from vrnn.app.frame_pacing import COST_FACTOR, UpdateThrottle

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
