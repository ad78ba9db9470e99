"""A frame with a layer's connections as bundled ribbons, beside the same frame without any.

    python -m benchmarks.connections

The layer is a convolution of ResNet50 with 1,048,576 kernels: the strongest 20,000 are drawn, then
a million. Ends with 1 where a frame takes too long.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from benchmarks.timing import format_milliseconds, format_table
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.connections import SetConnectionsDisplay, ShowConnections
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.render.render_target import RenderTarget
from vrnn.render.renderer import Renderer
from vrnn.render.uniforms import View
from vrnn.scene.camera import Camera, frame_points
from vrnn.scene.connections import connection_bounds
from vrnn.scene.primitives import DrawList

MODEL = str(Path(__file__).parent.parent / "examples" / "resnet50.py")
LAYER = "layer4.1.conv1"
SIZE = (1280, 720)
TARGETS = {20_000: 2.0, 1_000_000: 3.0}
"""Ribbons, and how many times as long as a frame without any one with them may take."""
ROUNDS, FRAMES = 7, 5


def time_frames(renderer: Renderer, view: View, lists: dict[str, DrawList]) -> dict[str, float]:
    """Return the median seconds of a frame of each, in turn; the first of each does not count."""
    target = RenderTarget(renderer.ctx, SIZE)
    seconds: dict[str, list[float]] = {name: [] for name in lists}
    for _ in range(ROUNDS):
        for name, drawn in lists.items():
            for frame in range(FRAMES + 1):
                started = time.perf_counter()
                renderer.draw(target, view, drawn)
                renderer.ctx.finish()
                if frame:
                    seconds[name].append(time.perf_counter() - started)
    return {name: float(np.median(values)) for name, values in seconds.items()}


def main() -> int:
    """Print the table."""
    rows = [("1280×720, software GL", "frame", "beside none", "target", "pieces", "laid out in")]
    with OffscreenApp([ModelSpec(MODEL)], load_config()) as app:
        lists = {"no connections": app.world.draw_list()}
        pieces, laid_out = {"no connections": 0}, {"no connections": 0.0}
        app.do(ShowConnections(LAYER))
        for count in TARGETS:
            started = time.perf_counter()
            app.do(SetConnectionsDisplay(share=count / 2**20))
            name = f"{count:,} ribbons"
            laid_out[name] = time.perf_counter() - started
            shown = app.world.connections
            assert shown is not None
            assert shown.net is not None
            assert len(shown.pairs) == count
            lists[name], pieces[name] = app.world.draw_list(), len(shown.net.first)
        shown = app.world.connections
        assert shown is not None
        low, high = connection_bounds(shown)
        corners = np.array([(x, y, high[2]) for x in (low[0], high[0]) for y in (low[1], high[1])])
        camera = frame_points(corners, Camera(fov=np.pi / 3), SIZE[0] / SIZE[1])
        view = app.exporter.view(camera, SIZE, False)
        seconds = time_frames(app.workspace.renderer, view, lists)
    without = seconds["no connections"]
    failed = False
    for name, target in zip(seconds, (1.0, *TARGETS.values()), strict=True):
        ratio = seconds[name] / without
        failed |= ratio > target
        rows.append(
            (name, format_milliseconds(seconds[name]), f"{ratio:.2f}", f"{target:.1f}",
             f"{pieces[name]:,}", f"{laid_out[name]:.1f} s")
        )  # fmt: skip
    print(format_table(rows))
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
