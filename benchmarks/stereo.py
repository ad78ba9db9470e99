"""Both eyes in one pass beside two passes, and what a headset's frame takes of ours.

    python -m benchmarks.stereo

1. ResNet50, every operation, all maps, 2 × 1440×1600: seconds until all calls of a frame are issued
   (Python and driver; with Mesa's driver that draws nothing, as software OpenGL would do the GPU's
   work in the same thread), and calls of OpenGL.
2. With a real runtime (tests/xr fetches it): seconds between `wait_frame` and `end_frame`, apart
   those of drawing (software OpenGL does it in the same thread) and of the runtime's answers,
   while the model rests and while it computes without pause on another core.
3. Milliseconds of the GPU for both eyes, where there is one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.timing import milliseconds, table

SIZE = (1440, 1600)
LARGE = (2064, 2208)
FRAMES = 200
ROW = 10
"""Frames that are timed together where nothing is drawn."""
EXAMPLES = Path(__file__).parent.parent / "examples"
MODELS = (
    str(EXAMPLES / "resnet50.py"), "torchvision:resnet101", "torchvision:densenet201",
)  # fmt: skip


def eyes_before(camera: Any, size: tuple[int, int]) -> tuple[Any, Any]:
    """Two eyes where a flat camera is, as a headset has them, and the stage they are on."""
    from vrnn.scene.headset.tracking import Eye, Pose, Rig

    wide, narrow, up = np.radians(52), np.radians(44), np.radians(48)
    pitch = camera.pitch / 2
    turned = np.array([np.sin(pitch), 0.0, 0.0, np.cos(pitch)])
    eyes = (
        Eye(Pose(np.array([-0.0315, 0.0, 0.0]), turned), (-wide, narrow, up, -up)),
        Eye(Pose(np.array([0.0315, 0.0, 0.0]), turned), (-narrow, wide, up, -up)),
    )
    return eyes, Rig(camera.position, camera.yaw)


def issue() -> dict[str, Any]:
    """Seconds and calls until a frame is issued: for one eye, both in one pass, and in two."""
    from benchmarks.gl_calls import Counter
    from vrnn.app import offscreen as studio_module
    from vrnn.config.loader import load_config
    from vrnn.network.model_spec import ModelSpec
    from vrnn.render.render_target import RenderTarget
    from vrnn.render.stereo import StereoTarget, stereo_modes, stereo_view
    from vrnn.render.uniforms import View
    from vrnn.scene.viewpoints import camera_by_name, near_and_fog

    counter = Counter()
    studio_module.offscreen_context = counter.context
    with studio_module.OffscreenApp([ModelSpec(MODELS[0])], load_config(), "all") as studio:
        ctx, renderer, world = studio.gl_context, studio._renderer, studio.world
        camera = camera_by_name(world, "overview", SIZE[0] / SIZE[1], np.pi / 2)
        near, fog = near_and_fog(world, camera)
        eyes, rig = eyes_before(camera, SIZE)
        flat = RenderTarget(ctx, SIZE)
        targets = {name: StereoTarget(ctx, SIZE, 0, name) for name in stereo_modes(ctx.extensions)}
        drawing = world.draw_list()
        tasks: dict[str, Any] = {
            "one eye": lambda: renderer.draw(flat, View(camera, SIZE, fog, near), drawing)
        }
        for name, target in targets.items():
            tasks[name] = lambda target=target: renderer.draw_eyes(
                target, stereo_view(eyes, rig, SIZE, fog), drawing
            )
        found: dict[str, Any] = {"renderer": ctx.info["GL_RENDERER"], "tasks": {}}
        seconds: dict[str, list[float]] = {name: [] for name in tasks}
        calls: dict[str, int] = {}
        for task in tasks.values():
            task()
        # In turn, so that a busy moment of the machine hits them all. A driver that draws nothing
        # has nothing to be waited for, and frames follow each other as they do in a headset.
        noop = "NOOP" in found["renderer"]
        for _ in range(FRAMES if noop else 25):
            for name, task in tasks.items():
                ctx.finish()
                before, began = counter.calls, time.perf_counter()
                for _ in range(ROW if noop else 1):
                    task()
                seconds[name].append((time.perf_counter() - began) / (ROW if noop else 1))
                calls[name] = (counter.calls - before) // (ROW if noop else 1)
        draws = {}
        for name, task in tasks.items():
            task()
            draws[name] = renderer.counts.draw_calls
            found["tasks"][name] = [float(np.median(seconds[name])), calls[name]]
        found["draws"] = draws
    return found


def own_time(frames: int, busy: bool) -> dict[str, Any]:
    """Seconds of ours in each frame of a visit, with the runtime's null compositor."""
    from benchmarks.visiting import Visiting

    with Visiting(MODELS[0], own_core=True) as visiting:
        return {"seconds": visiting.frames(frames, busy), "renderer": visiting.renderer_name}


def gpu(name: str) -> dict[str, Any]:
    """Milliseconds of the GPU for both eyes, 4 samples, by its own clock: from three places."""
    from vrnn.app.offscreen import OffscreenApp
    from vrnn.config.loader import load_config
    from vrnn.network.model_spec import ModelSpec
    from vrnn.render import gl_raw
    from vrnn.render.context import is_software
    from vrnn.render.look import render_colors
    from vrnn.render.stereo import StereoTarget, stereo_view
    from vrnn.scene.viewpoints import camera_by_name, near_and_fog, start_camera

    config = load_config()
    with OffscreenApp([ModelSpec(name)], config) as studio:
        ctx, renderer, world = studio.gl_context, studio._renderer, studio.world
        found: dict[str, Any] = {"renderer": ctx.info["GL_RENDERER"], "places": {}}
        if is_software(ctx) and "VRNN_SOFTWARE_TOO" not in os.environ:
            return found
        raw, target = gl_raw.RawGL(), StereoTarget(ctx, LARGE, 4)
        found["way"], found["samples"] = target.mode_name, target.samples
        query = raw.create("Queries")
        shape = LARGE[0] / LARGE[1]
        layers = world.networks[0].network.nodes
        for place, camera in {
            "overview": camera_by_name(world, "overview", shape, np.pi / 2),
            "before the input": start_camera(world, np.pi / 2),
            "before a layer": camera_by_name(
                world, f"layer:{layers[len(layers) // 2].name}", shape, 1.5
            ),
        }.items():
            eyes, rig = eyes_before(camera, LARGE)
            view = stereo_view(
                eyes, rig, LARGE, near_and_fog(world, camera)[1], render_colors(config)
            )
            taken = []
            for _ in range(40 if not is_software(ctx) else 2):
                raw.BeginQuery(gl_raw.TIME_ELAPSED, query)
                renderer.draw_eyes(target, view, world.draw_list())
                raw.EndQuery(gl_raw.TIME_ELAPSED)
                ctx.finish()
                taken.append((raw.query_nanoseconds(query) or 0) / 1e6)
            found["places"][place] = float(np.median(taken))
        raw.delete("Queries", query)
        target.release()
    return found


def child(*words: str, runtime: bool = False, **environment: str) -> dict[str, Any] | None:
    """What a process of its own finds; None when it fails, told on the way."""
    command = [sys.executable, "-m", "benchmarks.stereo", *words]
    if runtime:
        from tests.xr.fetch_runtime import Unavailable, fetch
        from tests.xr.service import Runtime

        try:
            held = Runtime(fetch())
        except Unavailable as reason:
            print(f"no runtime: {reason}")
            return None
        with held.serve(XRT_COMPOSITOR_DEFAULT_FRAMERATE="90") as service, service.remote() as hold:
            hold.send()
            with held.start(*command[1:], service=service, **environment) as process:
                out, err = process.communicate(timeout=600)
            code = process.returncode
    else:
        result = subprocess.run(
            command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
        )
        out, err, code = result.stdout, result.stderr, result.returncode
    if code:
        print(f"{' '.join(words)}: {err.strip()[-600:]}")
        return None
    found: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    return found


def print_issue(found: dict[str, Any]) -> None:
    """Figure 1."""
    tasks, draws = found["tasks"], found["draws"]
    two = tasks["two"][0]
    head = f"{found['renderer'][:34]}, 2 × {SIZE[0]}×{SIZE[1]}"
    rows = [(head, "draws", "GL calls", "issued in", "beside two passes", "target")]
    for name, (seconds, calls) in tasks.items():
        ratio = "" if name in ("one eye", "two") else f"{seconds / two:.2f}"
        target = "0.60" if ratio else ""
        rows.append((name, str(draws[name]), str(calls), milliseconds(seconds), ratio, target))
    print(table(rows), end="\n\n")


def print_own(rest: dict[str, Any], busy: dict[str, Any]) -> None:
    """Figure 2."""
    head = f"{rest['renderer'][:24]}, the runtime's size"
    rows = [(head, "", "GPU", "runtime", "ours", "target")]
    for name, found in (("model rests", rest), ("model computes", busy)):
        columns = np.array(found["seconds"]).T
        for part, target in ((50, "2 ms"), (99, "4 ms")):
            cells = [milliseconds(float(np.percentile(column, part))) for column in columns]
            share = "median" if part == 50 else "99 %"
            rows.append((name, share, *cells, target))
    print(table(rows), end="\n\n")


def print_gpu(name: str, found: dict[str, Any]) -> None:
    """Figure 3."""
    head = f"{name}, 2 × {LARGE[0]}×{LARGE[1]}, {found['samples']} samples, {found['way']}"
    rows = [(f"{head}, {found['renderer'][:24]}", "GPU", "target", "goal")]
    for place, taken in found["places"].items():
        rows.append((place, f"{taken:.2f} ms", "11.1 ms", "3 ms"))
    print(table(rows), end="\n\n")


def main(words: list[str]) -> int:
    """Print the tables, or be one of the processes that measure."""
    if words[:1] == ["issue"]:
        print(json.dumps(issue()))
        return 0
    if words[:1] == ["own"]:
        print(json.dumps(own_time(FRAMES * 2, words[1] == "busy")))
        return 0
    if words[:1] == ["gpu"]:
        print(json.dumps(gpu(words[1])))
        return 0
    for environment in ({"GALLIUM_NOOP": "1"}, {}):
        found = child("issue", **environment)
        if found is not None:
            print_issue(found)
    rest = child("own", "rests", runtime=True)
    busy = child("own", "busy", runtime=True)
    if rest is not None and busy is not None:
        print_own(rest, busy)
    for name in MODELS:
        found = child("gpu", name)
        if found is None or not found["places"]:
            print("no GPU: figure 3 is left out")
            break
        print_gpu(name, found)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
