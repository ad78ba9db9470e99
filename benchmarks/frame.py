"""A frame of ResNet50 with all its maps, beside a bare loop that draws the same arrays and no more.

    python -m benchmarks.frame

Then the same frame with 1, 2, 4 and 8 networks in the world: draw calls, and the time that Python
takes until all calls are issued, must not grow with the number of layers.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import moderngl
import numpy as np

from benchmarks.timing import medians, milliseconds, table
from vrnn.compute.worker import ForwardComplete, MapsReady, NetworkLoaded, Worker
from vrnn.network.model_spec import ModelSpec
from vrnn.render.context import offscreen_context
from vrnn.render.instances import InstanceRenderer
from vrnn.render.map_store import LAYER_ROWS, ROW_TEXELS
from vrnn.render.render_target import RenderTarget
from vrnn.render.renderer import Renderer
from vrnn.render.shaders import Shader
from vrnn.render.uniforms import View, ViewUniforms
from vrnn.scene.camera import Camera
from vrnn.scene.primitives import PANEL
from vrnn.scene.viewpoints import camera_by_name, near_and_fog
from vrnn.scene.world import World
from vrnn.style.colormap import ENTRIES
from vrnn.style.colormap import lookup_table as table_of_colors

MODEL = str(Path(__file__).parent.parent / "examples" / "resnet50.py")
SIZE = (1280, 720)


@dataclass(frozen=True, eq=False)
class Opening:
    """What a worker told about one network."""

    opened: NetworkLoaded
    ready: ForwardComplete


def opening() -> Opening:
    """ResNet50 with every operation, and all its maps."""
    worker = Worker()
    worker.open([ModelSpec(MODEL)], "all")
    opened: NetworkLoaded | None = None
    while True:
        for event in worker.wait(60.0):
            if isinstance(event, NetworkLoaded):
                opened = event
            elif isinstance(event, ForwardComplete):
                worker.close()
                assert opened is not None
                return Opening(opened, event)
            assert (
                isinstance(event, MapsReady | NetworkLoaded) or "failed" not in str(event).lower()
            )


def world_of(renderer: Renderer, one: Opening, networks: int) -> World:
    """A world with so many copies of the network."""
    world = World()
    for slot in range(networks):
        sizes = world.open(slot, one.opened.network, one.opened.info)
        world.set_addresses(slot, renderer.allocate_maps(slot, sizes))
        for node, maps in one.ready.result.maps.items():
            renderer.upload_maps(slot, node, maps.block)
        world.add_maps(slot, one.ready.result.maps)
        world.set_result(slot, one.ready.result)
    return world


def bare_loop(renderer: Renderer, world: World, target: RenderTarget, view: View) -> list[object]:
    """What draws the arrays and nothing else: [a function, and what it has to keep alive]."""
    ctx = renderer.ctx
    views = ViewUniforms(ctx)
    sizes = {"ROW": ROW_TEXELS, "ROWS": LAYER_ROWS, "ENTRIES": ENTRIES}
    panel = Shader(ctx, "panel", sizes, {"store": 0, "colors": 1})
    panels = InstanceRenderer(ctx, panel, PANEL)
    drawing = world.draw_list()
    colors = ctx.texture((ENTRIES, 1), 3, dtype="f4")
    colors.write(table_of_colors(drawing.color_mapping, view.colors.negative, view.colors.positive))

    def draw() -> None:
        target.begin((*view.colors.background, 1.0))
        views.write(view, True)
        ctx.enable(moderngl.DEPTH_TEST)
        ctx.disable(moderngl.BLEND)
        colors.use(1)
        for (slot, array), records in drawing.panels.items():
            renderer.map_texture(slot, array).use(0)
            panels.draw(records)
        target.end()
        ctx.finish()

    return [draw, views, panels, colors]


def main() -> int:
    """Print the tables."""
    one = opening()
    renderer = Renderer(offscreen_context())
    target = RenderTarget(renderer.ctx, SIZE)
    world = world_of(renderer, one, 1)
    rows = [("1280×720, every operation", "frame", "bare loop", "ratio", "target")]
    fov = np.pi / 3
    eyes = {
        "overview": camera_by_name(world, "overview", SIZE[0] / SIZE[1], fov),
        "at eye height": Camera(-14.0, 1.7, 6.0, -0.3, 0.05, fov),
    }
    for name, eye in eyes.items():
        near, fog = near_and_fog(world, eye)
        view = View(eye, SIZE, fog, near)
        draw, *_ = bare_loop(renderer, world, target, view)
        assert callable(draw)

        def frame(view: View = view) -> None:
            renderer.draw(target, view, world.draw_list())
            renderer.ctx.finish()

        seconds = medians({"frame": frame, "bare": draw}, 25)
        ratio = f"{seconds['frame'] / seconds['bare']:.2f}"
        both = milliseconds(seconds["frame"]), milliseconds(seconds["bare"])
        rows.append((name, *both, ratio, "1.25"))
    print(table(rows), end="\n\n")

    rows = [("networks", "layers", "draw calls", "Python", "beside one")]
    first = 0.0
    for count in (1, 2, 4, 8):
        world = world_of(renderer, one, count)
        python = python_time(renderer, world, target, View(eyes["overview"], SIZE, 200.0))
        first = first or python
        layers = str(sum(len(s.network.nodes) for s in world.networks.values()))
        calls = str(renderer.counts.draw_calls)
        rows.append((str(count), layers, calls, milliseconds(python), f"{python / first:.2f}"))
    print(table(rows))
    return 0


def python_time(renderer: Renderer, world: World, target: RenderTarget, view: View) -> float:
    """Median seconds until all calls of a frame are issued, the GPU being idle before."""
    seconds = []
    for _ in range(25):
        renderer.ctx.finish()
        started = time.perf_counter()
        renderer.draw(target, view, world.draw_list())
        seconds.append(time.perf_counter() - started)
    return sorted(seconds)[len(seconds) // 2]


if __name__ == "__main__":
    raise SystemExit(main())
