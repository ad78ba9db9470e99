"""Frames while the model computes without pause, beside frames while it rests.

    python -m benchmarks.under_load

Software OpenGL and all that draws is held to one core, the model to another, as a GPU and a
processor would not share one either. Then: how many frames until a new image is seen, counted
from the end of the forward pass: for layers in view, and for all others.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    os.environ["LP_NUM_THREADS"] = "0"  # drawing stays in the thread that asks for it

from benchmarks.machine import separate_main_thread
from benchmarks.timing import format_milliseconds, format_table
from vrnn.app.desktop import SWITCH_INTERVAL
from vrnn.commands.feature_visualization import ShowFeatureVisualization
from vrnn.compute.worker import Worker
from vrnn.compute.worker_events import ForwardComplete
from vrnn.config.loader import load_config
from vrnn.features.settings import FeatureVisSettings
from vrnn.network.model_spec import ModelSpec
from vrnn.render.context import offscreen_context
from vrnn.render.look import feature_map_colors
from vrnn.render.render_target import RenderTarget
from vrnn.render.renderer import Renderer
from vrnn.render.uniforms import View
from vrnn.scene.camera import Camera
from vrnn.scene.state import State
from vrnn.scene.viewpoints import camera_by_name, near_and_fog
from vrnn.scene.visibility import layers_in_view
from vrnn.workspace.workspace import Workspace

MODEL = Path(__file__).parent.parent / "examples" / "resnet50.py"
SIZE = (960, 540)
FRAMES = 150
WARM_UP_FRAMES = 5


class LoadBenchmark:
    """A workspace that is drawn by this thread on one core while its worker has the other."""

    def __init__(self) -> None:
        self.worker = Worker(threads=1)
        specs = [ModelSpec(str(MODEL))]
        self.worker.open(specs, "layers")
        self._context = offscreen_context()
        self._renderer = Renderer(self._context)
        config = load_config()
        self.workspace = Workspace(
            self.worker, self._renderer, specs, "layers", State(), 0.0, feature_map_colors(config)
        )
        self._upload_bytes = config.render.upload_mb_a_frame * 2**20
        self._target = RenderTarget(self._context, SIZE)
        self._finish = ctypes.CDLL("libGL.so.1").glFinish
        while not self.workspace.feed.displayed_sequence or self.workspace.jobs.statuses:
            if self.workspace.feed.handle_events(self.worker.wait(0.2)):
                self.workspace.on_network_loaded()
            self.workspace.content.upload()
            self.workspace.jobs.update()
        separate_main_thread()
        sys.setswitchinterval(SWITCH_INTERVAL)
        self.set_camera(
            camera_by_name(self.workspace.world, "overview", SIZE[0] / SIZE[1], np.pi / 3)
        )

    def set_camera(self, camera: Camera) -> None:
        """Choose where the next frames are drawn from."""
        near, fog = near_and_fog(self.workspace.world, camera)
        self.view = View(camera, SIZE, fog, near)

    def draw_frame(self) -> int:
        """Draw a frame, and return how many forward passes have ended before it."""
        events = self.worker.events()
        self.workspace.feed.handle_events(events)
        self.workspace.jobs.update()
        self.workspace.content.upload(self._upload_bytes, self.view.clip_from_world)
        self.workspace.content.tick(self.view.camera.position)
        self._renderer.draw(self._target, self.view, self.workspace.world.draw_list())
        self._finish()
        return sum(isinstance(event, ForwardComplete) for event in events)

    def time_frames(self, busy: bool) -> np.ndarray:
        """Draw frames and return the seconds of each.

        Args:
            busy: Whether another image is always waiting for the model.
        """
        rng = np.random.default_rng(0)
        images = [rng.integers(0, 255, (224, 224, 3), np.uint8) for _ in range(4)]
        seconds = []
        if busy:
            self.workspace.show_live_frame(images[0])
        for number in range(FRAMES):
            started = time.perf_counter()
            if self.draw_frame() and busy:
                self.workspace.show_live_frame(images[number % 4])
            seconds.append(time.perf_counter() - started)
        while not busy and self.draw_frame():
            continue
        return np.array(seconds[WARM_UP_FRAMES:])

    def time_frames_with_features(self) -> np.ndarray:
        """Return the seconds of each frame while feature visualizations are made and shown."""
        settings = FeatureVisSettings(source="noise", steps=100_000)
        self.workspace.apply_command(ShowFeatureVisualization("layer2.0.conv2", settings=settings))
        while not self.workspace.world.feature_tiles:
            self.draw_frame()
        seconds = self.time_frames(False)
        self.workspace.apply_command(ShowFeatureVisualization("layer2.0.conv2"))
        while self.workspace.jobs.statuses:
            self.draw_frame()
        return seconds

    def count_frames_until_seen(self) -> tuple[int, int]:
        """Return the frames after a pass until layers in view, and all, have the new maps."""
        rng = np.random.default_rng(1)
        old_maps = dict(self.workspace.world.networks[0].maps)
        in_view = {n for _, n in layers_in_view(self.workspace.world, self.view.clip_from_world)}
        self.workspace.show_live_frame(rng.integers(0, 255, (224, 224, 3), np.uint8))
        while not self.draw_frame():
            continue
        frames, seen = 1, 0
        while True:
            maps = self.workspace.world.networks[0].maps
            waiting = {node for node in old_maps if maps[node] is old_maps[node]}
            if not seen and not waiting & in_view:
                seen = frames
            if not waiting:
                return seen, frames
            self.draw_frame()
            frames += 1


def main() -> int:
    """Print the tables."""
    bench = LoadBenchmark()
    bench.time_frames(False)
    idle, busy = bench.time_frames(False), bench.time_frames(True)
    while bench.workspace.feed.progress:
        bench.draw_frame()
    features = bench.time_frames_with_features()
    rows = [("ResNet50, overview, 960×540", "median", "99 %", "ratio of 99 %", "target")]
    loads = (("model rests", idle), ("model computes", busy), ("features are made", features))
    for name, seconds in loads:
        late = float(np.percentile(seconds, 99))
        ratio = "" if name == "model rests" else f"{late / np.percentile(idle, 99):.2f}"
        target = "" if name == "model rests" else "1.50"
        median = float(np.median(seconds))
        rows.append((name, format_milliseconds(median), format_milliseconds(late), ratio, target))
    print(format_table(rows))
    print()
    rows = [("new image seen after", "layers in view", "all layers", "", "target")]
    cameras = {
        "overview": bench.view.camera,
        "before a layer": camera_by_name(
            bench.workspace.world, "layer:layer2.0.conv2", 16 / 9, np.pi / 3
        ),
    }
    for name, camera in cameras.items():
        bench.set_camera(camera)
        counts = [bench.count_frames_until_seen() for _ in range(5)]
        in_view, everything = (max(count[i] for count in counts) for i in (0, 1))
        rows.append((name, f"{in_view} frames", f"{everything} frames", "", "2, 10 frames"))
    print(format_table(rows))
    bench.worker.close()
    bench.workspace.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
