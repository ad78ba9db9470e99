"""Undo and redo, against a plain list of states."""

from hypothesis import given
from hypothesis import strategies as st

from vrnn.commands.undo_stack import STEPS, UndoStack
from vrnn.scene.state import LayerState, State


def state(number):
    return State().with_layer((0, "layer"), LayerState(offset=(float(number), 0.0, 0.0)))


operations = st.lists(
    st.tuples(st.sampled_from(["push", "push", "undo", "redo"]), st.integers(1, 5)), max_size=60
)


@given(operations)
def test_it_goes_back_and_forth_by_exactly_so_many_steps(steps):
    stack, past, now = UndoStack(state(0)), [("", state(0))], 0
    for number, (what, times) in enumerate(steps, 1):
        if what == "push":
            past = [*past[: now + 1], (f"step {number}", state(number))]
            now += 1
            stack.push(*past[-1])
        elif what == "undo":
            now = max(0, now - times)
            assert stack.undo(times) == past[now][1]
        else:
            now = min(len(past) - 1, now + times)
            assert stack.redo(times) == past[now][1]
        assert stack.state == past[now][1]
        assert stack.undo_label == past[now][0]
        assert stack.redo_label == (past[now + 1][0] if now + 1 < len(past) else "")


def test_the_oldest_steps_are_forgotten_and_no_others():
    stack = UndoStack(state(0))
    for number in range(1, STEPS + 4):
        stack.push(f"step {number}", state(number))
    assert stack.undo(STEPS) == state(3)
    assert stack.undo() == state(3)
    assert stack.redo(STEPS) == state(STEPS + 3)
