"""Frames of a headset before passes: real threads, and real fences of OpenGL."""

import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest

from tests.app.test_headset_view import PlayedHeadset
from vrnn.app import headset_view
from vrnn.app.frame_priority import FramePriority
from vrnn.app.headset_view import HeadsetSetup, HeadsetView
from vrnn.app.offscreen import OffscreenApp
from vrnn.compute.passes.frame_gate import FrameGate
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.render.context import offscreen_context
from vrnn.render.gpu_fence import GpuFence
from vrnn.render.look import render_colors
from vrnn.xr.runtime import HeadsetLost

LONG = 30.0
"""Seconds that are never reached where something is waited for."""


class Pass:
    """A thread that waits at a gate once."""

    def __init__(self, gate):
        self._thread = threading.Thread(target=gate.wait, daemon=True)
        self._thread.start()
        while self._thread.is_alive() and not gate.is_awaited:
            time.sleep(0.001)

    @property
    def waits(self):
        return self._thread.is_alive()

    def goes_on(self):
        self._thread.join(LONG)
        return not self._thread.is_alive()


class LateFence:
    """In the place of `GpuFence`, of a GPU that is done when the test says so."""

    def __init__(self):
        self.is_set, self.is_reached, self.waits = False, False, []

    def set(self):
        self.is_set = True

    def wait(self, seconds):
        self.waits.append(seconds)
        return self.is_reached

    def release(self):
        self.is_set = False


@pytest.fixture(scope="module")
def ctx():
    made = offscreen_context()
    yield made
    made.release()


@pytest.fixture
def gate():
    return FrameGate(LONG)


@pytest.fixture
def late(gate):
    priority = FramePriority(gate)
    priority._fence = LateFence()
    return priority


def test_a_fence_is_reached_once_the_gpu_has_drawn(ctx):
    fence = GpuFence()
    assert fence.wait(0.0)
    target = ctx.simple_framebuffer((64, 64))
    target.clear(1.0, 0.5, 0.0)
    fence.set()
    fence.set()  # in the place of the one before
    assert fence.is_set
    assert fence.wait(LONG)
    assert not fence.is_set
    assert np.frombuffer(target.read(), np.uint8)[0] == 255
    fence.set()
    fence.release()
    assert fence.wait(0.0)
    assert ctx.error == "GL_NO_ERROR"
    target.release()


def test_a_pass_waits_from_the_beginning_of_a_frame_until_the_gpu_has_drawn_it(gate, late):
    with late.frame():
        gate.wait()  # the runtime is waited for
        late.begin()
        waiting = Pass(gate)
        assert waiting.waits
    assert late._fence.is_set
    late.look()
    assert waiting.waits
    late._fence.is_reached = True
    late.look()
    assert waiting.goes_on()
    assert late._fence.waits == [0.0, 0.0]


def test_a_slow_gpu_is_waited_for_before_the_next_frame_is(gate, late):
    with late.frame():
        late.begin()
        waiting = Pass(gate)
    late._fence.is_reached = True
    with late.frame():
        assert late._fence.waits[0] > 0
        assert waiting.goes_on()


def test_where_no_pass_waits_the_gpu_is_not_waited_for(gate, late):
    with late.frame():
        late.begin()
    assert not late._fence.is_set
    assert Pass(gate).goes_on()
    with late.frame():
        pass
    assert late._fence.waits == []


def test_a_frame_that_is_not_drawn_holds_no_pass(gate, late):
    with late.frame():
        assert Pass(gate).goes_on()


def test_a_frame_that_fails_lets_passes_go_on(gate, late):
    waiting = []

    def fail():
        with late.frame():
            late.begin()
            waiting.append(Pass(gate))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert waiting[0].goes_on()
    assert not late._fence.is_set


class LostHeadset(PlayedHeadset):
    """A headset that is lost in the middle of its second frame, and while the third is awaited."""

    @contextmanager
    def frame(self):
        with super().frame() as frame:
            if self.number == 3:
                raise HeadsetLost("the headset is gone")
            yield frame
            if self.number == 2:
                raise HeadsetLost("the headset is gone")


def test_a_headset_that_is_lost_or_closed_never_leaves_a_pass_waiting(monkeypatch):
    monkeypatch.setattr(headset_view, "HeadsetSession", LostHeadset)
    config = load_config()
    with OffscreenApp([ModelSpec()], config) as app:
        gate = app._worker.frame_gate = FrameGate(LONG)
        setup = HeadsetSetup(
            app.gl_context, app.workspace, app._renderer, config.headset, render_colors(config),
            gate=gate,
        )  # fmt: skip
        view, seen = HeadsetView(setup, samples=0), []

        def waits(target):
            seen.append(Pass(gate))
            assert seen[-1].waits

        view.frame(waits)
        view.prepare_next_frame()
        with pytest.raises(HeadsetLost):
            view.frame(waits)
        assert seen[0].goes_on()
        assert seen[1].goes_on()
        with pytest.raises(HeadsetLost):
            view.frame()
        assert Pass(gate).goes_on()
        gate.close()
        waiting = Pass(gate)
        assert waiting.waits
        view.close()
        assert waiting.goes_on()
        assert not gate.is_active
