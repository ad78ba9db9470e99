"""A frame of ResNet50 with all its maps, beside a bare loop that draws the same arrays and no more.

Layers show their portraits from afar, as a user sees them. The bare loop draws them with the shader
for maps, which a frame spares where no map is seen: so its ratio at the overview may be below one.

    python -m benchmarks.frame

Then the same frame with 1, 2, 4 and 8 networks in the world: the draw calls, and the time that
Python takes until all calls are issued, must not grow with the number of layers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import moderngl
import numpy as np

from benchmarks.timing import format_milliseconds, format_table, time_medians
from vrnn.compute.worker import Worker
from vrnn.compute.worker_events import ForwardComplete, MapsReady, NetworkLoaded
from vrnn.network.model_spec import ModelSpec
from vrnn.render.context import offscreen_context
from vrnn.render.draw_lists import PANEL_DEFINES, PANEL_TEXTURES
from vrnn.render.instances import InstanceRenderer
from vrnn.render.render_target import RenderTarget
from vrnn.render.renderer import Renderer
from vrnn.render.shaders import Shader
from vrnn.render.uniforms import View, ViewUniforms
from vrnn.scene.camera import Camera
from vrnn.scene.primitives import PANEL
from vrnn.scene.viewpoints import camera_by_name, near_and_fog
from vrnn.scene.world import World
from vrnn.style.colormap import ENTRIES, lookup_table
from vrnn.workspace.distant_pictures import DistantPictureUploader

MODEL = str(Path(__file__).parent.parent / "examples" / "resnet50.py")
SIZE = (1280, 720)


@dataclass(frozen=True, eq=False)
class LoadedNetwork:
    """What a worker reports about one network."""

    loaded: NetworkLoaded
    forward: ForwardComplete


def load_network() -> LoadedNetwork:
    """Load ResNet50 with every operation, and all its maps."""
    worker = Worker()
    worker.open([ModelSpec(MODEL)], "all")
    loaded: NetworkLoaded | None = None
    while True:
        for event in worker.wait(60.0):
            if isinstance(event, NetworkLoaded):
                loaded = event
            elif isinstance(event, ForwardComplete):
                worker.close()
                assert loaded is not None
                return LoadedNetwork(loaded, event)
            assert (
                isinstance(event, MapsReady | NetworkLoaded) or "failed" not in str(event).lower()
            )


def create_world(renderer: Renderer, network: LoadedNetwork, copies: int) -> World:
    """Create a world with copies of the network, and upload their maps and portraits."""
    world = World()
    pictures = DistantPictureUploader(world, renderer, [])
    for slot in range(copies):
        sizes = world.open(slot, network.loaded.network, network.loaded.info)
        world.set_addresses(slot, renderer.maps.allocate(slot, sizes))
        pictures.open(slot, network.loaded.network)
        for node, maps in network.forward.result.maps.items():
            renderer.maps.upload(slot, node, maps.block)
        world.add_maps(slot, network.forward.result.maps)
        world.set_result(slot, network.forward.result)
    pictures.update()
    return world


def bare_loop(
    renderer: Renderer, world: World, target: RenderTarget, view: View
) -> Callable[[], None]:
    """Return what draws the panels' arrays and nothing else."""
    ctx = renderer.ctx
    views = ViewUniforms(ctx)
    panel = Shader(ctx, "panel", PANEL_DEFINES, PANEL_TEXTURES)
    panels = InstanceRenderer(ctx, panel, PANEL)
    drawing = world.draw_list()
    colors = ctx.texture((ENTRIES, 1), 3, dtype="f4")
    colors.write(lookup_table(drawing.color_mapping, view.colors.negative, view.colors.positive))

    def draw() -> None:
        target.begin((*view.colors.background, 1.0))
        views.write(view, True)
        ctx.enable(moderngl.DEPTH_TEST)
        ctx.disable(moderngl.BLEND)
        colors.use(1)
        for (slot, array), records in drawing.panels.items():
            renderer.maps.texture(slot, array).use(0)
            renderer.pictures.texture(slot).use(2)
            panels.draw(records)
        target.end()
        ctx.finish()

    return draw


def main() -> int:
    """Print the tables."""
    network = load_network()
    renderer = Renderer(offscreen_context())
    target = RenderTarget(renderer.ctx, SIZE)
    world = create_world(renderer, network, 1)
    rows = [("1280×720, every operation", "frame", "bare loop", "ratio", "target")]
    fov = np.pi / 3
    cameras = {
        "overview": camera_by_name(world, "overview", SIZE[0] / SIZE[1], fov),
        "at eye height": Camera(-14.0, 1.7, 6.0, -0.3, 0.05, fov),
    }
    for name, camera in cameras.items():
        near, fog = near_and_fog(world, camera)
        view = View(camera, SIZE, fog, near)
        draw_bare = bare_loop(renderer, world, target, view)

        def draw_frame(view: View = view) -> None:
            renderer.draw(target, view, world.draw_list())
            renderer.ctx.finish()

        seconds = time_medians({"frame": draw_frame, "bare": draw_bare}, 25)
        ratio = f"{seconds['frame'] / seconds['bare']:.2f}"
        frame, bare = format_milliseconds(seconds["frame"]), format_milliseconds(seconds["bare"])
        rows.append((name, frame, bare, ratio, "1.25"))
    print(format_table(rows), end="\n\n")

    rows = [("networks", "layers", "draw calls", "Python", "beside one")]
    first = 0.0
    for count in (1, 2, 4, 8):
        world = create_world(renderer, network, count)
        python = time_python(renderer, world, target, View(cameras["overview"], SIZE, 200.0))
        first = first or python
        layers = str(sum(len(s.network.nodes) for s in world.networks.values()))
        calls = str(renderer.draw_calls)
        rows.append(
            (str(count), layers, calls, format_milliseconds(python), f"{python / first:.2f}")
        )
    print(format_table(rows))
    return 0


def time_python(renderer: Renderer, world: World, target: RenderTarget, view: View) -> float:
    """Return the median seconds until all calls of a frame are issued, on a GPU that was idle."""
    seconds = []
    for _ in range(25):
        renderer.ctx.finish()
        started = time.perf_counter()
        renderer.draw(target, view, world.draw_list())
        seconds.append(time.perf_counter() - started)
    return sorted(seconds)[len(seconds) // 2]


if __name__ == "__main__":
    raise SystemExit(main())
