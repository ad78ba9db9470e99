"""Ctrl-C waits while C code calls back into Python."""

import signal
import threading

import pytest

from vrnn.cli.interrupt import handle_interrupt
from vrnn.storage.interrupts import hold_interrupt


@pytest.fixture(autouse=True)
def _handled():
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    handle_interrupt()
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_is_raised_at_once():
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_waits_until_all_that_holds_it_is_done():
    reached = []

    def work():
        with hold_interrupt():
            with hold_interrupt():
                signal.raise_signal(signal.SIGINT)
                reached.append("inner")
            reached.append("outer")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert reached == ["inner", "outer"]
    with hold_interrupt():  # it came once
        reached.clear()


def test_another_thread_holds_nothing():
    entered, leave = threading.Event(), threading.Event()

    def hold():
        with hold_interrupt():
            entered.set()
            leave.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait(30)
    try:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    finally:
        leave.set()
        thread.join()
