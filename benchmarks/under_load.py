"""Frames while the model computes without pause, beside frames while it rests.

    python -m benchmarks.under_load

Software OpenGL and all that draws is held to one core, the model to another, as a GPU and a
processor would not share one either. Then: how many frames until a placed image is seen, counted
from the end of the pass: for layers in view, and for all others.
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

from benchmarks.timing import milliseconds, table
from vrnn.app.desktop import SWITCH
from vrnn.commands.feature_visualization import ShowFeatureVisualization
from vrnn.compute.worker import ForwardComplete, Worker
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


class Bench:
    """A place that is drawn by this thread on one core while its worker has the other."""

    def __init__(self) -> None:
        cores = sorted(os.sched_getaffinity(0))
        self.worker = Worker(threads=1)
        specs = [ModelSpec(str(MODEL))]
        self.worker.open(specs, "layers")
        self.context = offscreen_context()
        self.renderer = Renderer(self.context)
        config = load_config()
        self.workspace = Workspace(
            self.worker, self.renderer, specs, "layers", State(), 0.0, feature_map_colors(config)
        )
        self.most = config.render.upload_mb_a_frame * 2**20
        self.target = RenderTarget(self.context, SIZE)
        self.finish = ctypes.CDLL("libGL.so.1").glFinish
        while not self.workspace.feed.displayed_sequence or self.workspace.jobs.statuses:
            if self.workspace.feed.handle_events(self.worker.wait(0.2)):
                self.workspace.on_network_loaded()
            self.workspace.content.upload()
            self.workspace.jobs.update()
        os.sched_setaffinity(0, {cores[0]})
        for thread in Path("/proc/self/task").iterdir():
            own = int(thread.name) == os.getpid()
            os.sched_setaffinity(int(thread.name), {cores[0] if own else cores[-1]})
        sys.setswitchinterval(SWITCH)
        self.look_from(
            camera_by_name(self.workspace.world, "overview", SIZE[0] / SIZE[1], np.pi / 3)
        )

    def look_from(self, camera: Camera) -> None:
        """Stand somewhere else."""
        near, fog = near_and_fog(self.workspace.world, camera)
        self.view = View(camera, SIZE, fog, near)

    def frame(self) -> int:
        """Draw one; returns how many passes have ended before it."""
        events = self.worker.events()
        self.workspace.feed.handle_events(events)
        self.workspace.jobs.update()
        self.workspace.content.upload(self.most, self.view.clip_from_world)
        self.workspace.content.tick(self.view.camera.position)
        self.renderer.draw(self.target, self.view, self.workspace.world.draw_list())
        self.finish()
        return sum(isinstance(event, ForwardComplete) for event in events)

    def ascending(self) -> np.ndarray:
        """Seconds of each frame while pictures of what channels look for are made and shown."""
        settings = FeatureVisSettings(source="noise", steps=100_000)
        self.workspace.apply_command(ShowFeatureVisualization("layer2.0.conv2", settings=settings))
        while not self.workspace.world.feature_tiles:
            self.frame()
        found = self.seconds(False)
        self.workspace.apply_command(ShowFeatureVisualization("layer2.0.conv2"))
        while self.workspace.jobs.statuses:
            self.frame()
        return found

    def seconds(self, busy: bool) -> np.ndarray:
        """Of each frame; busy: another image is always waiting."""
        rng = np.random.default_rng(0)
        images = [rng.integers(0, 255, (224, 224, 3), np.uint8) for _ in range(4)]
        found = []
        if busy:
            self.workspace.show_live_frame(images[0])
        for number in range(FRAMES):
            start = time.perf_counter()
            if self.frame() and busy:
                self.workspace.show_live_frame(images[number % 4])
            found.append(time.perf_counter() - start)
        while not busy and self.frame():
            continue
        return np.array(found[5:])

    def until_seen(self) -> tuple[int, int]:
        """Frames after the pass until layers in view, and all, have the new image's maps."""
        rng = np.random.default_rng(1)
        old = dict(self.workspace.world.networks[0].maps)
        in_view = {n for _, n in layers_in_view(self.workspace.world, self.view.clip_from_world)}
        self.workspace.show_live_frame(rng.integers(0, 255, (224, 224, 3), np.uint8))
        while not self.frame():
            continue
        frames, seen = 1, 0
        while True:
            maps = self.workspace.world.networks[0].maps
            waiting = {node for node in old if maps[node] is old[node]}
            if not seen and not waiting & in_view:
                seen = frames
            if not waiting:
                return seen, frames
            self.frame()
            frames += 1


def main() -> int:
    """Print the tables."""
    bench = Bench()
    bench.seconds(False)
    idle, busy = bench.seconds(False), bench.seconds(True)
    while bench.workspace.feed.progress:
        bench.frame()
    ascent = bench.ascending()
    rows = [("ResNet50, overview, 960×540", "median", "99 %", "ratio of 99 %", "target")]
    ways = (("model rests", idle), ("model computes", busy), ("features are made", ascent))
    for name, found in ways:
        worst = float(np.percentile(found, 99))
        ratio = "" if name == "model rests" else f"{worst / np.percentile(idle, 99):.2f}"
        target = "" if name == "model rests" else "1.50"
        rows.append(
            (name, milliseconds(float(np.median(found))), milliseconds(worst), ratio, target)
        )
    print(table(rows))
    print()
    rows = [("placed image seen after", "layers in view", "all layers", "", "target")]
    views = {
        "overview": bench.view.camera,
        "before a layer": camera_by_name(
            bench.workspace.world, "layer:layer2.0.conv2", 16 / 9, np.pi / 3
        ),
    }
    for name, camera in views.items():
        bench.look_from(camera)
        results = [bench.until_seen() for _ in range(5)]
        seen, everything = (max(r[i] for r in results) for i in (0, 1))
        rows.append((name, f"{seen} frames", f"{everything} frames", "", "2, 10 frames"))
    print(table(rows))
    bench.worker.close()
    bench.workspace.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
