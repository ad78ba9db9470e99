"""A long session, with images and layers that change all the time: does anything pile up?

    python -m tests.xr.soak_probe FRAMES

Prints JSON: memory and OpenGL's objects after a tenth of the frames and at the end.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.display import SetArrangement
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.render.look import render_colors

KINDS = ("Texture", "Buffer", "Framebuffer", "VertexArray", "Program", "Query", "Renderbuffer")
HIGHEST = 20_000
"""Beyond the number of any object that is made."""


def objects() -> dict[str, int]:
    """How many of each kind there are, by asking for every number."""
    egl = ctypes.CDLL("libEGL.so.1")
    egl.eglGetProcAddress.restype = ctypes.c_void_p
    found = {}
    for kind in KINDS:
        address = egl.eglGetProcAddress(f"glIs{kind}".encode())
        ask = ctypes.CFUNCTYPE(ctypes.c_ubyte, ctypes.c_uint)(address)
        found[kind] = sum(ask(number) for number in range(1, HIGHEST))
    return found


def memory() -> int:
    """Bytes of the process that are in memory now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main(frames: int) -> int:
    """Run the session, and print what was found."""
    config = load_config()
    marks = []
    with OffscreenApp([ModelSpec("default")], config) as app:
        rng = np.random.default_rng(0)
        images = [rng.integers(0, 255, (32, 32, 3), np.uint8) for _ in range(8)]
        with app.open_headset_view(config.headset, render_colors(config)) as view:
            headset = view.headset
            sent = -1
            while headset.alive:
                headset.poll()
                if not headset.running:
                    time.sleep(0.002)
                    continue
                seconds = view.frame()
                number = headset.frames
                if app.feed.passes > sent:
                    sent = app.feed.passes
                    app.workspace.show_live_frame(images[sent % 8])
                if number % 50 == 0:
                    app.dispatcher.execute(SetArrangement())
                camera = None if view.last_frame is None else view.last_frame.camera
                app.advance(seconds, 1e9, camera)
                view.prepare_next_frame()
                if number in (frames // 5, frames):
                    marks.append({"memory": memory(), "objects": objects()})
                if number == frames:
                    headset.request_exit()
            report = {"frames": headset.frames, "open_frames": headset.open_frames, "marks": marks}
        report["passes"] = app.feed.passes
        report["after"] = objects()
        report["gl"] = app.gl_context.error
    print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
