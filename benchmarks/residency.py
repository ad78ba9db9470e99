"""Networks of more maps than there is room for: within budgets, as quick as small ones.

    python -m benchmarks.residency             # all of it, some ten minutes
    python -m benchmarks.residency memory      # one of memory, frame, near

- memory: EfficientNet-B7 at 600×600, every operation, with 1 GB for maps on the GPU and as much in
  main memory. One walks to layers, and the maps that are pointed at are compared with those of a
  pass of the model alone. Peak memory is that of the process less that of one that imports the same
  and runs the model once; software OpenGL keeps textures in main memory.
- frame: a frame of EfficientNet-B7 and of a million maps beside one of ResNet50 with every
  operation, in turn in one process, from where their panels cover as much of the picture.
- near: the time from standing near a layer of a million maps until it is sharp, beside a plain pass
  of the model that ends there.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.timing import format_milliseconds, format_table, time_medians
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.view import HoverLayer
from vrnn.compute.loading.source import open_source
from vrnn.config.loader import load_config
from vrnn.network.feature_maps import map_shape
from vrnn.network.model_spec import ModelSpec
from vrnn.render.render_target import RenderTarget
from vrnn.render.uniforms import View
from vrnn.scene.camera import Camera
from vrnn.scene.viewpoints import camera_by_name, near_and_fog
from vrnn.scene.world import World

BUDGET = 1024.0
"""Megabytes, for the GPU and for main memory each."""
MAX_BEYOND = 2.3e9
"""Bytes beyond the model's own at the peak, with such budgets."""
B7 = "torchvision:efficientnet_b7@random"
RESNET50 = str(Path(__file__).parent.parent / "examples" / "resnet50.py")
SIZE = (1280, 720)
WALK = (0.02, 0.2, 0.45, 0.7, 0.95)
"""Where one walks to: places in the order of the layers, 0…1."""
LAYERS, CHANNELS, SIDE = 500, 2000, 40
"""Of a million maps."""


class MillionMaps(nn.Module):
    """Batch norms, which scale each of their maps and take little time."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(3, CHANNELS, 1)
        self.rest = nn.ModuleList(nn.BatchNorm2d(CHANNELS) for _ in range(LAYERS - 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the last of the maps."""
        x = self.first(x)
        for layer in self.rest:
            x = layer(x)
        return x


def open_app(model: Any, side: int = 0, detail: str = "all") -> OffscreenApp:
    """Open a model with the budgets."""
    config = load_config()
    render = replace(config.render, map_memory_mb=BUDGET, host_memory_mb=BUDGET)
    size = (side, side) if side else None
    return OffscreenApp([ModelSpec(model, input_size=size)], replace(config, render=render), detail)


def close(app: OffscreenApp) -> None:
    """End an app, and wait for its worker: one that is inside torch as Python ends aborts it."""
    app._worker.close(60.0)
    app.close()


# Memory.


def peak_bytes() -> int:
    """Return the most that this process has held."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


def run_alone() -> None:
    """Run the model once, and print the peak and the values of some layers."""
    source = open_source(ModelSpec(B7, input_size=(600, 600)))
    source.model.eval()
    with torch.no_grad():
        source.model(*source.prepare(None).inputs)
    print("peak", peak_bytes())


def walk() -> None:
    """Walk through the model within the budgets, and print the peak and what was wrong."""
    app = open_app(B7, 600)
    network = app.world.networks[0]
    nodes = [n for n in network.network.nodes if len(n.shape) == 3 and min(n.shape[1:]) > 1]
    model = app._worker._models[0]
    wrong = 0
    for place in WALK:
        node = nodes[int(place * len(nodes))]
        app.picture(f"layer:{node.name}", SIZE)
        channels, height, width = map_shape(node.shape)
        channel, row, column = channels // 2, height // 3, width // 2
        app.do(HoverLayer(node.name, 0, channel, (row, column)))
        maps = network.whole_maps(node.id)
        assert maps is not None
        wanted = model.layer_output(node.id).reshape(channels, height, width)
        scale = maps.scale
        found = maps.values[channel].astype(np.float32) * scale
        stored = (wanted[channel] / scale).astype(np.float16).astype(np.float32) * scale
        wrong += int((found != stored).sum())
    status = app.feed.residency.status
    print("maps", sum(map_shape(n.shape)[0] for n in network.network.nodes))
    print("gpu", status.used)
    print("host", status.host_used)
    print("wrong", wrong)
    print("peak", peak_bytes())
    close(app)


def measure(part: str) -> dict[str, int]:
    """Return what a process of its own prints about itself, by name."""
    command = [sys.executable, "-m", "benchmarks.residency", part]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    pairs = (line.split() for line in done.stdout.splitlines())
    return {name: int(value) for name, value in pairs}


def print_memory() -> None:
    """Measure and print the memory of EfficientNet-B7."""
    alone, walked = measure("alone"), measure("walk")
    beyond = walked["peak"] - alone["peak"]
    rows = [("EfficientNet-B7 at 600, every operation", "measured", "target")]
    rows.append(("maps", f"{walked['maps']:,}", ""))
    rows.append(("maps on the GPU, in main memory", *_gigabytes(walked["gpu"], walked["host"])))
    rows.append(("the model alone at its peak", *_gigabytes(alone["peak"])))
    rows.append(("beyond that at the peak", *_gigabytes(beyond)[:1], f"{MAX_BEYOND / 1e9:.1f} GB"))
    rows.append((f"wrong values in {len(WALK)} maps pointed at", str(walked["wrong"]), "0"))
    print(format_table(rows))


def _gigabytes(*sizes: int) -> tuple[str, str]:
    return ", ".join(f"{size / 1e9:.2f}" for size in sizes) + " GB", ""


# Frames.


def coverage(world: World, camera: Camera) -> float:
    """Return which part of a view the panels of a network cover, those in front of others twice."""
    x, y, z, width, height = world.placement_frame(0).panel_rects.T
    corners = np.stack([
        np.stack([x + sx * width / 2, y + sy * height, z, np.ones_like(x)], 1)
        for sx, sy in ((-1, 0), (1, 1))
    ])  # fmt: skip
    clip = corners @ camera.clip_from_world(SIZE[0] / SIZE[1]).T
    ahead = (clip[..., 3] > 0.1).all(0)
    flat = np.clip(clip[:, ahead, :2] / clip[:, ahead, 3:], -1, 1)
    return float(np.abs(flat[1] - flat[0]).prod(1).sum() / 4)


def camera_covering(world: World, share: float) -> Camera:
    """Return the camera behind that of the overview from which panels cover a part of the view."""
    camera = camera_by_name(world, "overview", SIZE[0] / SIZE[1], np.pi / 4)
    nearest, farthest = 0.0, 4 * float(np.linalg.norm(camera.position))
    for _ in range(40):
        back = (nearest + farthest) / 2
        if coverage(world, camera.moved(0.0, 0.0, -back)) > share:
            nearest = back
        else:
            farthest = back
    return camera.moved(0.0, 0.0, -nearest)


def camera_at(world: World, place: float) -> Camera:
    """Return the camera before a layer, which fills most of the view."""
    nodes = [n for n in world.networks[0].network.nodes if len(n.shape) == 3 and n.shape[1] > 1]
    name = nodes[int(place * len(nodes))].name
    return camera_by_name(world, f"layer:{name}", SIZE[0] / SIZE[1], np.pi / 4)


def drawer(app: OffscreenApp, camera: Camera) -> Callable[[], None]:
    """Return a task that draws the world once, and waits for it; `camera`: from where."""
    with app.gl_context:
        app._settle(camera)
        near, fog = near_and_fog(app.world, camera)
        view = View(camera, SIZE, fog, near)
        target = RenderTarget(app.gl_context, SIZE)

    def draw() -> None:
        with app.gl_context:
            app._renderer.draw(target, view, app.world.draw_list())
            app.gl_context.finish()

    return draw


def print_frames() -> None:
    """Measure and print frames, in turn, from where panels cover as much."""
    names = {
        "ResNet50": open_app(RESNET50), "EfficientNet-B7 at 600": open_app(B7, 600),
        "a million maps": open_app(MillionMaps(), SIDE),
    }  # fmt: skip
    least = min(
        coverage(app.world, camera_by_name(app.world, "overview", SIZE[0] / SIZE[1], np.pi / 4))
        for app in names.values()
    )
    rows = [("1280×720", "maps", "panels cover", "frame", "beside ResNet50", "target")]
    views: dict[str, dict[str, Camera]] = {"afar": {}, "before a layer": {}}
    for name, app in names.items():
        views["afar"][name] = camera_covering(app.world, least)
        views["before a layer"][name] = camera_at(app.world, 0.3)
    for view, cameras in views.items():
        tasks = {name: drawer(names[name], camera) for name, camera in cameras.items()}
        seconds = time_medians(tasks)
        for name, app in names.items():
            maps = sum(map_shape(n.shape)[0] for n in app.world.networks[0].network.nodes)
            part = coverage(app.world, cameras[name])
            ratio = f"{seconds[name] / seconds['ResNet50']:.2f}"
            rows.append((
                f"{name}, {view}", f"{maps:,}", f"{part:.2f}", format_milliseconds(seconds[name]),
                ratio, "" if name == "ResNet50" else "1.30",
            ))  # fmt: skip
    print(format_table(rows))
    for app in names.values():
        close(app)


# What is near.


def print_near() -> None:
    """Measure and print how long a layer that one comes near is not sharp."""
    model = MillionMaps().eval()
    app = open_app(model, SIDE)
    network = app.world.networks[0]
    app._settle(app.eye("overview"))
    x = torch.rand(1, 3, SIDE, SIDE)
    rows = [("layer of 500", "plain pass to it", "until it is sharp", "beyond", "target")]
    for number in (50, 200, 350):
        node = network.network.nodes[1 + number]
        camera = camera_by_name(app.world, f"layer:{node.name}", SIZE[0] / SIZE[1], np.pi / 4)
        plain, sharp = [], []
        for _ in range(3):
            started = time.perf_counter()
            with torch.no_grad():
                y = model.first(x)
                for layer in model.rest[:number]:
                    y = layer(y)
            plain.append(time.perf_counter() - started)
            app._settle(app.eye("overview"))
            app.feed.residency.forget()
            assert node.id in network.left_out
            sharp.append(_seconds_until_sharp(app, node.id, camera))
        first, second = sorted(plain)[1], sorted(sharp)[1]
        rows.append((
            str(number), format_milliseconds(first), format_milliseconds(second),
            format_milliseconds(second - first), "100 ms",
        ))  # fmt: skip
    print(format_table(rows))
    close(app)


def _seconds_until_sharp(app: OffscreenApp, node: int, camera: Camera) -> float:
    started = time.perf_counter()
    while node in app.world.networks[0].left_out:
        app.advance(0.0, 16 * 2**20, camera)
        time.sleep(1 / 60)
    return time.perf_counter() - started


def main(words: list[str]) -> int:
    """Print the tables, or be one of the processes that are measured."""
    torch.set_num_threads(1)
    parts = {
        "alone": run_alone, "walk": walk, "memory": print_memory, "frame": print_frames,
        "near": print_near,
    }  # fmt: skip
    for word in words or ("memory", "frame", "near"):
        parts[word]()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
