"""A visit of the default model without a window, as a test orders it: a child process of its own.

    python -m tests.xr.visit_probe FOLDER [NAME=VALUE…]

Writes what happened to FOLDER/told.json. Names: `frames` to draw, `keep` the frames whose pictures
are kept as .npy, `stereo`, `samples`, `depth`, `resolution`, `model`, `rig` as JSON, `forgetful`,
`sessions` to hold one after the other.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from dataclasses import replace
from math import asin, atan, atan2, tan
from pathlib import Path
from typing import Any

import numpy as np

from vrnn.app.headset_view import HeadsetView
from vrnn.app.offscreen import OffscreenApp
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.render.look import render_colors
from vrnn.render.render_target import RenderTarget
from vrnn.render.uniforms import View
from vrnn.scene.camera import Camera
from vrnn.scene.headset.tracking import Rig
from vrnn.xr.runtime import HeadsetError, HeadsetLost

PATIENCE = 40.0


def visit(folder: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """Hold the sessions; returns what happened."""
    config = load_config()
    settings = replace(
        config.headset,
        depth=bool(int(asked.get("depth", 1))),
        resolution=float(asked.get("resolution", 1)),
    )
    keep = {int(n) for n in asked.get("keep", "").split(",") if n}
    told: dict[str, Any] = {"states": [], "frames": 0, "kept": {}, "errors": []}
    with OffscreenApp([ModelSpec(asked.get("model", "default"))], config) as studio:
        for _ in range(int(asked.get("sessions", 1))):
            one(studio, settings, config, folder, asked, keep, told)
        told["gl"] = studio.gl_context.error
    return told


def one(studio, settings, config, folder, asked, keep, told) -> None:
    """One session from its making to its end."""
    renderer = studio._renderer
    stereo = asked.get("stereo", "auto")
    began = time.monotonic()
    with HeadsetView(
        studio.gl_context,
        studio.workspace,
        renderer,
        settings,
        render_colors(config),
        stereo,
        samples=int(asked.get("samples", 0)),
    ) as visit:
        if "rig" in asked:
            place, yaw, scale = json.loads(asked["rig"])
            visit.rig_controller = Still(Rig(np.array(place, float), yaw, scale))
        headset = visit.headset
        if "forgetful" in asked:
            forget(headset.runtime)
        told["facts"] = str(headset.runtime.info)
        told["size"] = headset.size
        said, wanted = 0, int(asked.get("frames", 5))
        try:
            while headset.alive and time.monotonic() - began < PATIENCE:
                headset.poll()
                if len(headset.states) > said:
                    said = len(headset.states)
                    print(headset.state, flush=True)
                if not headset.running:
                    time.sleep(0.005)
                    continue
                number = headset.frames
                visit.frame(
                    (lambda target: kept(visit, target, number, folder, told))  # noqa: B023
                    if number in keep
                    else None
                )
                if number in keep and visit.last_frame is not None:
                    flat(studio, visit, number, folder, asked)
                if headset.frames == wanted:
                    headset.request_exit()
        except HeadsetLost as error:
            told["errors"].append(str(error))
        told["states"].append(headset.states)
        told["frames"] += headset.frames
        told["unended"] = headset.open_frames
        if headset.target is not None:
            told["way"] = headset.target.mode_name
            told["samples"] = headset.target.samples


def forget(runtime) -> None:
    """Leave no OpenGL context behind after each call of the runtime, as some do."""
    egl = ctypes.CDLL("libEGL.so.1")
    egl.eglGetCurrentDisplay.restype = ctypes.c_void_p
    egl.eglMakeCurrent.argtypes = [ctypes.c_void_p] * 4
    display = egl.eglGetCurrentDisplay()

    def forgetting(owner, name) -> None:
        real = getattr(owner, name)

        def call(*words, **named):
            try:
                return real(*words, **named)
            finally:
                egl.eglMakeCurrent(display, None, None, None)

        setattr(owner, name, call)

    for name in ("begin_frame", "acquire", "wait", "release"):
        forgetting(runtime.calls, name)
    for name in ("end_frame", "create_swapchain", "poll_event", "destroy_swapchain"):
        forgetting(runtime.xr, name)


class Still:
    """A stage that stays where it was put."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig

    def update(self, tracked, seconds) -> None:
        """Nothing."""

    def draw(self, tracked):
        """Nothing."""
        return None, None

    def prepare_next_frame(self) -> None:
        """Nothing."""


def kept(visit, target, number, folder, told) -> None:
    """Both pictures, and where the eyes were that they were drawn for."""
    for layer in (0, 1):
        np.save(folder / f"{number}-{layer}.npy", target.read_pixels(layer)[..., :3])
        np.save(folder / f"{number}-{layer}-depth.npy", target.read_depths(layer))
    moment = visit.last_frame
    told["kept"][number] = {
        "veil": visit.tracking_loss.opacity,
        "eyes": [
            [eye.pose.position.tolist(), eye.pose.orientation.tolist(), list(eye.fov)]
            for eye in moment.eyes
        ],
        "rig": [moment.rig.position.tolist(), moment.rig.yaw, moment.rig.scale],
    }


def flat(studio, visit, number, folder, asked) -> None:
    """What an ordinary target shows through each eye's own projection."""
    moment = visit.last_frame
    size = visit.headset.size
    samples = visit.headset.target.samples
    for layer, eye in enumerate(moment.eyes):
        view = view_of(visit, eye, moment.rig, size)
        target = RenderTarget(studio.gl_context, size, samples)
        visit._renderer.draw(target, view, studio.world.draw_list())
        np.save(folder / f"{number}-{layer}-flat.npy", target.read_pixels()[..., :3])
        target.release()


def view_of(visit, eye, rig, size) -> View:
    """A flat view of what an eye sees, worked out here from its angles: the picture is a tile of a
    larger, symmetric one. Its pixels have to be square."""
    pose = eye.pose.matrix()
    forward = -pose[:3, 2]
    yaw = atan2(-forward[0], -forward[2]) + rig.yaw
    pitch = asin(float(np.clip(forward[1], -1, 1)))
    left, right, up, down = (tan(angle) for angle in eye.fov)
    half = max(-left, right), max(up, -down)
    unit = size[1] / (up - down)
    whole = round(2 * half[0] * unit), round(2 * half[1] * unit)
    tile = (round((left + half[0]) * unit), round((down + half[1]) * unit), *size)
    camera = Camera(*rig.apply(eye.pose.position).tolist(), yaw, pitch, 2 * atan(half[1]))
    return View(camera, whole, visit._fog[2], 0.05 * rig.scale, tile, colors=visit._colors)


def main(words: list[str]) -> int:
    """Do what was ordered; 2 and one sentence when there is no headset."""
    folder = Path(words[0])
    asked = dict(word.split("=", 1) for word in words[1:])
    try:
        told = visit(folder, asked)
    except HeadsetError as error:
        print(error, file=sys.stderr)
        return 2
    (folder / "told.json").write_text(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
