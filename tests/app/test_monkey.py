"""A minute of the monkey: random input at the window, the headset's board and `--play`.

`python -m benchmarks.monkey --minutes 10 --seed N` goes on for longer.
"""

import pytest

from benchmarks.monkey.__main__ import MODES, display, run_apart

EVENTS = {"window": 150, "board": 250, "play": 70}


@pytest.mark.parametrize("mode", MODES)
def test_a_monkey_finds_nothing(mode, capsys):
    with display() as environment:
        fine = run_apart(mode, 7, EVENTS[mode], environment)
    assert fine, capsys.readouterr().out
