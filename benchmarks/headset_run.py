"""A headset session that is timed, in the process that talks to the runtime."""

from __future__ import annotations

import sys
import time
from typing import Any

import moderngl
import numpy as np

from benchmarks.machine import separate_main_thread
from vrnn.app.desktop import SWITCH_INTERVAL
from vrnn.app.offscreen import OffscreenApp
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.render.gl_raw import RawGL
from vrnn.render.look import render_colors
from vrnn.storage.closeable import Closeable

WARM_UP_FRAMES = 30
"""Frames that do not count: the session begins, and what is drawn first is prepared."""


class HeadsetRun(Closeable):
    """An offscreen app and its headset session.

    Attributes:
        app: The app.
        session: The view of it in the headset.
        renderer_name: OpenGL's name of what draws.
        spent: Seconds of the current frame that are not ours, by `gpu` and `runtime`.
    """

    def __init__(self, model: str, own_core: bool) -> None:
        """Open the model and start the session.

        Args:
            model: Script or name of the model.
            own_core: Keep this thread on one core and the model on another.
        """
        config = load_config()
        self.app = OffscreenApp([ModelSpec(model)], config)
        self._upload_bytes = config.render.upload_mb_a_frame * 2**20
        if own_core:
            separate_main_thread()
        sys.setswitchinterval(SWITCH_INTERVAL)
        self.session = self.app.open_headset_view(config.headset, render_colors(config))
        self.renderer_name = str(self.app.gl_context.info["GL_RENDERER"])
        self.spent = {"gpu": 0.0, "runtime": 0.0}
        self._time_others()

    def _time_others(self) -> None:
        """Add up the time that is not ours.

        It is the GPU's, whose work software OpenGL does in the thread that asks for it (what draws,
        clears, or changes the framebuffer), and the runtime's, whose answers come from another
        process.
        """

        def add_time(owner: Any, name: str, part: str) -> None:
            function = getattr(owner, name)

            def call(*args: Any, **keywords: Any) -> Any:
                started = time.perf_counter()
                try:
                    return function(*args, **keywords)
                finally:
                    self.spent[part] += time.perf_counter() - started

            setattr(owner, name, call)

        add_time(moderngl.VertexArray, "render", "gpu")
        for name in ("locate_views", "acquire", "wait", "release"):
            add_time(self.session.headset.runtime.calls, name, "runtime")
        look_up = RawGL.__getattr__

        def timed_look_up(gl: RawGL, name: str) -> Any:
            function = look_up(gl, name)
            if name in ("Clear", "BlitFramebuffer", "BindFramebuffer"):
                add_time(gl, name, "gpu")
            return getattr(gl, name, function)

        RawGL.__getattr__ = timed_look_up  # type: ignore[method-assign]

    def time_frames(self, count: int, busy: bool) -> list[tuple[float, float, float]]:
        """Run frames and time them, from waiting for each until it is handed over.

        Args:
            count: Frames to time, after `WARM_UP_FRAMES`.
            busy: Whether another image is always waiting for the model.

        Returns:
            Seconds of each frame: the GPU's, the runtime's and ours.
        """
        rng = np.random.default_rng(0)
        images = [rng.integers(0, 255, (224, 224, 3), np.uint8) for _ in range(4)]
        headset, feed = self.session.headset, self.app.feed
        timings: list[tuple[float, float, float]] = []
        passes = -1
        while headset.alive and len(timings) < count + WARM_UP_FRAMES:
            headset.poll()
            if not headset.running:
                time.sleep(0.002)
                continue
            self.spent = {"gpu": 0.0, "runtime": 0.0}
            seconds = self.session.frame()
            if headset.visible:
                gpu, runtime = self.spent["gpu"], self.spent["runtime"]
                timings.append((gpu, runtime, headset.frame_seconds - gpu - runtime))
            if busy and feed.passes > passes:
                passes = feed.passes
                self.app.workspace.show_live_frame(images[passes % 4])
            last = self.session.last_frame
            self.app.advance(seconds, self._upload_bytes, None if last is None else last.camera)
            self.session.prepare_next_frame()
        return timings[WARM_UP_FRAMES:]

    def close(self) -> None:
        """End the session and the app."""
        self.session.close()
        self.app.close()
