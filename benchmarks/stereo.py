"""Both eyes in one pass beside two passes, and how long our own work takes in a headset's frame.

    python -m benchmarks.stereo

1. ResNet50, every operation, all maps, 2 × 1440×1600: seconds until all calls of a frame are issued
   (Python and driver; with Mesa's driver that draws nothing, as software OpenGL would do the GPU's
   work in the same thread), and calls of OpenGL.
2. With a real runtime (tests/xr fetches it): seconds between `wait_frame` and `end_frame`, apart
   from those of drawing (software OpenGL does it in the same thread) and of the runtime's answers,
   while the model rests and while it computes without pause on another core.
3. Milliseconds of the GPU for both eyes, where there is one, beside those that filling as many
   pixels takes. `python -m benchmarks.stereo gpu` measures it alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.timing import format_milliseconds, format_table
from vrnn.scene.camera import Camera
from vrnn.scene.headset.tracking import Eye, Pose, Rig

SIZE = (1440, 1600)
LARGE = (2064, 2208)
"""Pixels of one eye's picture, in figure 1 and in figure 3."""
FRAMES = 200
FRAMES_TOGETHER = 10
"""Frames that are timed together where nothing is drawn."""
EXAMPLES = Path(__file__).parent.parent / "examples"
MODELS = (
    str(EXAMPLES / "resnet50.py"), "torchvision:resnet101@random",
    "torchvision:densenet201@random",
)  # fmt: skip


def eyes_at(camera: Camera) -> tuple[tuple[Eye, Eye], Rig]:
    """Return two eyes where a flat camera is, as a headset has them, and their stage's place."""
    outer, inner, up = np.radians(52), np.radians(44), np.radians(48)
    pitch = camera.pitch / 2
    orientation = np.array([np.sin(pitch), 0.0, 0.0, np.cos(pitch)])
    eyes = (
        Eye(Pose(np.array([-0.0315, 0.0, 0.0]), orientation), (-outer, inner, up, -up)),
        Eye(Pose(np.array([0.0315, 0.0, 0.0]), orientation), (-inner, outer, up, -up)),
    )
    return eyes, Rig(camera.position, camera.yaw)


def measure_issuing() -> dict[str, Any]:
    """Measure seconds and calls until a frame is issued: one eye, both in one pass, and in two."""
    from benchmarks.gl_calls import Counter
    from vrnn.app import offscreen
    from vrnn.config.loader import load_config
    from vrnn.network.model_spec import ModelSpec
    from vrnn.render.render_target import RenderTarget
    from vrnn.render.stereo import StereoTarget, stereo_modes
    from vrnn.render.stereo_view import stereo_view
    from vrnn.render.uniforms import View
    from vrnn.scene.viewpoints import camera_by_name, near_and_fog

    counter = Counter()
    offscreen.offscreen_context = counter.context
    with offscreen.OffscreenApp([ModelSpec(MODELS[0])], load_config(), "all") as app:
        ctx, renderer, world = app.gl_context, app._renderer, app.world
        camera = camera_by_name(world, "overview", SIZE[0] / SIZE[1], np.pi / 2)
        near, fog = near_and_fog(world, camera)
        eyes, rig = eyes_at(camera)
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
        result: dict[str, Any] = {"renderer": ctx.info["GL_RENDERER"], "tasks": {}}
        seconds: dict[str, list[float]] = {name: [] for name in tasks}
        calls: dict[str, int] = {}
        for task in tasks.values():
            task()
        # In turn, so that a busy moment of the machine hits them all. A driver that draws nothing
        # has nothing to be waited for, and frames follow each other as they do in a headset.
        noop = "NOOP" in result["renderer"]
        together = FRAMES_TOGETHER if noop else 1
        for _ in range(FRAMES if noop else 25):
            for name, task in tasks.items():
                ctx.finish()
                calls_before, started = counter.calls, time.perf_counter()
                for _ in range(together):
                    task()
                seconds[name].append((time.perf_counter() - started) / together)
                calls[name] = (counter.calls - calls_before) // together
        draws = {}
        for name, task in tasks.items():
            task()
            draws[name] = renderer.draw_calls
            result["tasks"][name] = [float(np.median(seconds[name])), calls[name]]
        result["draws"] = draws
    return result


def measure_session(frames: int, busy: bool) -> dict[str, Any]:
    """Measure the seconds of each frame of a session, with the runtime's null compositor."""
    from benchmarks.headset_run import HeadsetRun

    with HeadsetRun(MODELS[0], own_core=True) as run:
        return {"seconds": run.time_frames(frames, busy), "renderer": run.renderer_name}


def measure_gpu(name: str) -> dict[str, Any]:
    """Measure the GPU's milliseconds for both eyes, 4 samples, by its own clock.

    Args:
        name: Script or name of the model, which is looked at from three cameras.
    """
    from benchmarks.fill_limit import fill_milliseconds
    from vrnn.app.offscreen import OffscreenApp
    from vrnn.config.loader import load_config
    from vrnn.network.model_spec import ModelSpec
    from vrnn.render import gl_raw
    from vrnn.render.context import is_software
    from vrnn.render.look import render_colors
    from vrnn.render.stereo import StereoTarget
    from vrnn.render.stereo_view import stereo_view
    from vrnn.scene.viewpoints import camera_by_name, near_and_fog, start_camera

    config = load_config()
    with OffscreenApp([ModelSpec(name)], config) as app:
        ctx, renderer, world = app.gl_context, app._renderer, app.world
        result: dict[str, Any] = {"renderer": ctx.info["GL_RENDERER"], "cameras": {}}
        if is_software(ctx) and "VRNN_SOFTWARE_TOO" not in os.environ:
            return result
        gl, target = gl_raw.RawGL(), StereoTarget(ctx, LARGE, 4)
        result["mode"], result["samples"] = target.mode_name, target.samples
        query = gl.create("Queries")
        shape = LARGE[0] / LARGE[1]
        layers = world.networks[0].network.nodes
        for viewpoint, camera in {
            "overview": camera_by_name(world, "overview", shape, np.pi / 2),
            "before the input": start_camera(world, np.pi / 2),
            "before a layer": camera_by_name(
                world, f"layer:{layers[len(layers) // 2].name}", shape, 1.5
            ),
        }.items():
            eyes, rig = eyes_at(camera)
            view = stereo_view(
                eyes, rig, LARGE, near_and_fog(world, camera)[1], render_colors(config)
            )
            milliseconds_taken = []
            for _ in range(40 if not is_software(ctx) else 2):
                gl.BeginQuery(gl_raw.TIME_ELAPSED, query)
                renderer.draw_eyes(target, view, world.draw_list())
                gl.EndQuery(gl_raw.TIME_ELAPSED)
                ctx.finish()
                milliseconds_taken.append((gl.query_nanoseconds(query) or 0) / 1e6)
            result["cameras"][viewpoint] = float(np.median(milliseconds_taken))
        gl.delete("Queries", query)
        target.release()
        result["fill"] = fill_milliseconds(ctx, LARGE, result["samples"])
    return result


def run_child(
    *words: str, runtime: bool = False, environment: Mapping[str, str] | None = None
) -> dict[str, Any] | None:
    """Measure in a process of its own.

    Args:
        words: Its arguments; see `main`.
        runtime: Start an OpenXR runtime for it.
        environment: Variables to add to its environment.

    Returns:
        What it prints; None when it fails, and the reason has been printed.
    """
    added = dict(environment or {})
    command = [sys.executable, "-m", "benchmarks.stereo", *words]
    if runtime:
        from tests.xr.fetch_runtime import Unavailable, fetch
        from tests.xr.service import Runtime

        try:
            openxr = Runtime(fetch())
        except Unavailable as reason:
            print(f"no runtime: {reason}")
            return None
        with (
            openxr.serve(XRT_COMPOSITOR_DEFAULT_FRAMERATE="90") as service,
            service.remote() as remote,
        ):
            remote.send()
            with openxr.start(*command[1:], service=service, **added) as process:
                out, err = process.communicate(timeout=600)
            code = process.returncode
    else:
        done = subprocess.run(
            command, env={**os.environ, **added}, capture_output=True, text=True, check=False
        )
        out, err, code = done.stdout, done.stderr, done.returncode
    if code:
        print(f"{' '.join(words)}: {err.strip()[-600:]}")
        return None
    result: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    return result


def print_issuing(result: dict[str, Any]) -> None:
    """Print figure 1."""
    tasks, draws = result["tasks"], result["draws"]
    two_passes = tasks["two"][0]
    head = f"{result['renderer'][:34]}, 2 × {SIZE[0]}×{SIZE[1]}"
    rows = [(head, "draws", "GL calls", "issued in", "beside two passes", "target")]
    for name, (seconds, calls) in tasks.items():
        ratio = "" if name in ("one eye", "two") else f"{seconds / two_passes:.2f}"
        target = "0.60" if ratio else ""
        rows.append(
            (name, str(draws[name]), str(calls), format_milliseconds(seconds), ratio, target)
        )
    print(format_table(rows), end="\n\n")


def print_session(rest: dict[str, Any], busy: dict[str, Any]) -> None:
    """Print figure 2."""
    head = f"{rest['renderer'][:24]}, the runtime's size"
    rows = [(head, "", "GPU", "runtime", "ours", "target")]
    for name, result in (("model rests", rest), ("model computes", busy)):
        columns = np.array(result["seconds"]).T
        for percentile, target in ((50, "2 ms"), (99, "4 ms")):
            gpu, runtime, ours = (
                format_milliseconds(float(np.percentile(column, percentile))) for column in columns
            )
            label = "median" if percentile == 50 else "99 %"
            rows.append((name, label, gpu, runtime, ours, target))
    print(format_table(rows), end="\n\n")


def print_gpu(name: str, result: dict[str, Any]) -> None:
    """Print figure 3."""
    head = f"{name}, 2 × {LARGE[0]}×{LARGE[1]}, {result['samples']} samples, {result['mode']}"
    rows = [(f"{head}, {result['renderer'][:24]}", "GPU", "fill alone", "ratio", "target")]
    fill = result["fill"]
    for viewpoint, taken in result["cameras"].items():
        rows.append((viewpoint, f"{taken:.2f} ms", f"{fill:.2f} ms", f"{taken / fill:.2f}", "1.25"))
    print(format_table(rows), end="\n\n")


def print_all_gpu() -> None:
    """Measure and print figure 3 of each model."""
    for name in MODELS:
        result = run_child("gpu", name)
        if result is None or not result["cameras"]:
            print("no GPU: figure 3 is left out")
            break
        print_gpu(name, result)


def main(words: list[str]) -> int:
    """Print the tables, or be one of the processes that measure.

    Args:
        words: None for the tables, `gpu` for figure 3; `issue`, `session rests`, `session busy` or
            `gpu MODEL` for a process that measures.
    """
    if words[:1] == ["issue"]:
        print(json.dumps(measure_issuing()))
        return 0
    if words[:1] == ["session"]:
        print(json.dumps(measure_session(FRAMES * 2, words[1] == "busy")))
        return 0
    if words[:1] == ["gpu"] and len(words) == 2:
        print(json.dumps(measure_gpu(words[1])))
        return 0
    if words[:1] == ["gpu"]:
        print_all_gpu()
        return 0
    for environment in ({"GALLIUM_NOOP": "1"}, {}):
        result = run_child("issue", environment=environment)
        if result is not None:
            print_issuing(result)
    rest = run_child("session", "rests", runtime=True)
    busy = run_child("session", "busy", runtime=True)
    if rest is not None and busy is not None:
        print_session(rest, busy)
    print_all_gpu()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
