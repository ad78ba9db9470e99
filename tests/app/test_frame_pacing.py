"""Time is neither lost nor found when the world goes on in larger steps."""

from hypothesis import given
from hypothesis import strategies as st

from vrnn.app.frame_pacing import SHARE, Pace

FRAME = 1 / 90


def test_a_small_world_goes_on_with_every_frame():
    pace = Pace()
    assert pace.due(FRAME) == FRAME
    pace.took(0.001)
    assert pace.due(FRAME) == FRAME


def test_a_large_one_goes_on_in_larger_steps():
    pace = Pace()
    pace.took(0.015)
    steps = [pace.due(FRAME) for _ in range(90)]
    taken = [step for step in steps if step]
    assert len(taken) < 18
    assert min(taken) >= SHARE * 0.015
    assert sum(taken) > 1.0 - SHARE * 0.015 - FRAME


@given(st.lists(st.tuples(st.floats(0, 0.1), st.floats(0, 0.05)), max_size=200))
def test_all_time_that_passes_is_given(moments):
    pace, passed, given_ = Pace(), 0.0, 0.0
    for seconds, took in moments:
        passed += seconds
        given_ += pace.due(seconds)
        pace.took(took)
        assert given_ <= passed + 1e-9
    pace.took(0.0)
    assert abs(given_ + pace.due(0.0) - passed) < 1e-9
