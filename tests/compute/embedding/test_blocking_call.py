"""A call in a thread of its own: what it hands over, rests for, and raises."""

import threading

import pytest

from vrnn.compute.embedding.blocking_call import blocking_call


def given(steps):
    """What is handed over, and the result."""
    values = []
    while True:
        try:
            value = next(steps)
        except StopIteration as end:
            return values, end.value
        if value is not None:
            values.append(value)


def test_values_and_the_result_come_in_order():
    def call(hand_over):
        for number in range(1, 4):
            hand_over(number)
        return "done"

    assert given(blocking_call(call)) == ([1, 2, 3], "done")


def test_the_call_rests_while_nobody_asks():
    went_on = threading.Event()

    def call(hand_over):
        hand_over(1)
        went_on.set()

    steps = blocking_call(call)
    while next(steps) is None:
        pass
    assert not went_on.wait(0.2)
    assert given(steps)[1] is None
    assert went_on.is_set()


def test_a_call_that_is_abandoned_ends_when_it_hands_something_over():
    ended = threading.Event()

    def call(hand_over):
        try:
            while True:
                hand_over(1)
        finally:
            ended.set()

    steps = blocking_call(call)
    while next(steps) is None:
        pass
    steps.close()
    assert ended.wait(10)


def test_what_the_call_raises_is_raised():
    def call(hand_over):
        raise ValueError("too far")

    with pytest.raises(ValueError, match="too far"):
        given(blocking_call(call))
