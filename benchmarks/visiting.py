"""A visit that is measured, in the process that meets the runtime."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import moderngl
import numpy as np

from vrnn.app.desktop import SWITCH
from vrnn.app.offscreen import OffscreenApp
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.render.gl_raw import RawGL
from vrnn.render.look import render_colors
from vrnn.storage.closeable import Closeable

FIRST = 30
"""Frames that do not count: the session begins, and what is drawn first is made ready."""


class Visiting(Closeable):
    """A studio and a visit; own_core: this thread on one core, and the model on the other."""

    def __init__(self, model: str, own_core: bool) -> None:
        config = load_config()
        self.studio = OffscreenApp([ModelSpec(model)], config)
        self.most = config.render.upload_mb_a_frame * 2**20
        if own_core:
            cores = sorted(os.sched_getaffinity(0))
            for thread in Path("/proc/self/task").iterdir():
                own = int(thread.name) == os.getpid()
                os.sched_setaffinity(int(thread.name), {cores[0] if own else cores[-1]})
        sys.setswitchinterval(SWITCH)
        self.visit = self.studio.open_headset_view(config.headset, render_colors(config))
        self.renderer_name = str(self.studio.gl_context.info["GL_RENDERER"])
        self.spent = {"gpu": 0.0, "runtime": 0.0}
        self._time_others()

    def _time_others(self) -> None:
        """Add up what is not ours: the GPU's work, which software OpenGL does in the thread that
        asks for it (what draws, clears, or changes the framebuffer), and the runtime's answers,
        which come from another process."""

        def timed(owner: Any, name: str, whose: str) -> None:
            real = getattr(owner, name)

            def call(*words: Any, **named: Any) -> Any:
                began = time.perf_counter()
                try:
                    return real(*words, **named)
                finally:
                    self.spent[whose] += time.perf_counter() - began

            setattr(owner, name, call)

        timed(moderngl.VertexArray, "render", "gpu")
        for name in ("locate_views", "acquire", "wait", "release"):
            timed(self.visit.headset.runtime.calls, name, "runtime")
        real = RawGL.__getattr__

        def found(raw: RawGL, name: str) -> Any:
            function = real(raw, name)
            if name in ("Clear", "BlitFramebuffer", "BindFramebuffer"):
                timed(raw, name, "gpu")
            return getattr(raw, name, function)

        RawGL.__getattr__ = found  # type: ignore[method-assign]

    def frames(self, count: int, busy: bool) -> list[tuple[float, float, float]]:
        """Seconds of so many frames between waiting and handing over: the GPU's, the runtime's and
        ours. busy: another image is always waiting."""
        rng = np.random.default_rng(0)
        images = [rng.integers(0, 255, (224, 224, 3), np.uint8) for _ in range(4)]
        headset, feed = self.visit.headset, self.studio.feed
        found: list[tuple[float, float, float]] = []
        sent = -1
        while headset.alive and len(found) < count + FIRST:
            headset.poll()
            if not headset.running:
                time.sleep(0.002)
                continue
            self.spent = {"gpu": 0.0, "runtime": 0.0}
            seconds = self.visit.frame()
            if headset.visible:
                gpu, runtime = self.spent["gpu"], self.spent["runtime"]
                found.append((gpu, runtime, headset.frame_seconds - gpu - runtime))
            if busy and feed.passes > sent:
                sent = feed.passes
                self.studio.workspace.show_live_frame(images[sent % 4])
            moment = self.visit.last_frame
            self.studio.advance(seconds, self.most, None if moment is None else moment.camera)
            self.visit.prepare_next_frame()
        return found[FIRST:]

    def close(self) -> None:
        """End both."""
        self.visit.close()
        self.studio.close()
