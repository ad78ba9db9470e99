"""The gate between passes and a headset's frames, with real threads."""

import threading
import time

import pytest

from vrnn.compute.passes.frame_gate import FrameGate

LONG = 30.0
"""Seconds that are never reached where something is waited for."""


class Passer:
    """A thread that goes through a gate, again and again."""

    def __init__(self, gate, times=1):
        self.passed = [threading.Event() for _ in range(times)]
        self._gate = gate
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        for passed in self.passed:
            self._gate.wait()
            passed.set()

    def until_it_waits(self):
        while not self._gate.is_awaited:
            time.sleep(0.001)

    def end(self):
        self._thread.join(LONG)
        assert not self._thread.is_alive()


@pytest.fixture
def gate():
    made = FrameGate(LONG)
    made.begin_session()
    return made


def test_a_pass_waits_while_a_frame_is_made_and_no_longer(gate):
    gate.close()
    passer = Passer(gate)
    passer.until_it_waits()
    assert not passer.passed[0].is_set()
    gate.open()
    passer.end()
    assert not gate.is_awaited
    assert Passer(gate, 100).passed[-1].wait(LONG)


def test_without_a_session_it_never_closes():
    gate = FrameGate(LONG)
    gate.close()
    Passer(gate).end()
    gate.begin_session()
    gate.close()
    passer = Passer(gate)
    passer.until_it_waits()
    gate.open()
    passer.end()


def test_a_session_that_ends_lets_passes_go_on(gate):
    assert gate.is_active
    gate.close()
    passer = Passer(gate)
    passer.until_it_waits()
    gate.end_session()
    passer.end()
    assert not gate.is_active
    gate.close()
    Passer(gate).end()


def test_a_frame_that_never_ends_holds_a_pass_for_a_moment_only():
    gate = FrameGate(0.02)
    gate.begin_session()
    gate.close()
    started = time.monotonic()
    gate.wait()
    assert 0.01 < time.monotonic() - started < LONG
    gate.wait()  # it has run out: nobody waits again
    assert not gate.is_awaited


def test_frames_without_a_gap_let_a_pass_through_each_time(gate):
    gate.close()
    passer = Passer(gate, 5)
    for passed in passer.passed:
        passer.until_it_waits()
        # Before the thread can wake up the next frame has begun.
        gate.open()
        gate.close()
        assert passed.wait(LONG)
    passer.end()
    gate.open()


def test_several_passes_wait_at_once(gate):
    gate.close()
    passers = [Passer(gate) for _ in range(3)]
    while gate._waiting < 3:
        time.sleep(0.001)
    gate.open()
    for passer in passers:
        passer.end()
