"""Sessions with the default model and without a window, as a test orders: a child process.

    python -m tests.xr.session_probe FOLDER [NAME=VALUE…]

Writes what happened to FOLDER/report.json. Names: `frames` to draw, `keep` the frames whose images
are kept as .npy, `stereo`, `samples`, `depth`, `resolution`, `model`, `rig` as JSON, `forgetful`,
`room`, `panel`, `cards`, `layers` whether the runtime shows these by itself, `lost_release` the
frame whose images the runtime is gone for, `sessions` to run one after the other.
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

from vrnn.app.headset_view import HeadsetSetup, HeadsetView
from vrnn.app.offscreen import OffscreenApp
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.render.gl_raw import SRGB8_ALPHA8
from vrnn.render.look import render_colors
from vrnn.render.render_target import RenderTarget
from vrnn.render.uniforms import View
from vrnn.scene.camera import Camera
from vrnn.scene.headset.billboard import billboard_facing
from vrnn.scene.headset.controller_visuals import INK
from vrnn.scene.headset.floating_panel import PANEL_TEXTURE
from vrnn.scene.headset.panel_image import PanelImage, panel_quad
from vrnn.scene.headset.text_card import text_card
from vrnn.scene.headset.tracking import Rig
from vrnn.scene.primitives import FIXED, QUAD, DrawList
from vrnn.ui.text_card_images import TextCardImages, shown_part
from vrnn.xr.runtime import HeadsetError, HeadsetLost

PATIENCE = 40.0


def run_sessions(folder: Path, order: dict[str, Any]) -> dict[str, Any]:
    """Run the sessions; returns what happened."""
    config = load_config()
    settings = replace(
        config.headset,
        depth=bool(int(order.get("depth", 1))),
        room=bool(int(order.get("room", 0))),
        panel_layers=bool(int(order.get("layers", 1))),
        resolution=float(order.get("resolution", 1)),
    )
    keep = {int(n) for n in order.get("keep", "").split(",") if n}
    report: dict[str, Any] = {"states": [], "frames": 0, "kept": {}, "errors": []}
    with OffscreenApp([ModelSpec(order.get("model", "default"))], config) as app:
        for _ in range(int(order.get("sessions", 1))):
            run_session(app, settings, config, folder, order, keep, report)
        report["gl"] = app.gl_context.error
    return report


def run_session(app, settings, config, folder, order, keep, report) -> None:
    """Run a session from its creation to its end."""
    stereo, colors = order.get("stereo", "auto"), render_colors(config)
    setup = HeadsetSetup(app.gl_context, app.workspace, app._renderer, settings, colors, stereo)
    began = time.monotonic()
    with HeadsetView(setup, samples=int(order.get("samples", 0))) as view:
        if "rig" in order:
            place, yaw, scale = json.loads(order["rig"])
            view.rig_controller = Still(Rig(np.array(place, float), yaw, scale))
        if "panel" in order:
            view.rig_controller = WithPanel(app, view.rig_controller.rig)
        if "cards" in order:
            view.rig_controller = WithCards(app, view.rig_controller.rig)
        headset = view.headset
        if "forgetful" in order:
            forget(headset.runtime)
        if "lost_release" in order:
            lose_release(headset, int(order["lost_release"]))
        report["facts"] = str(headset.runtime.info)
        report["size"] = headset.size
        report["blend_mode"], report["notes"] = headset.blend_mode, headset.notes
        printed, max_frames = 0, int(order.get("frames", 5))
        try:
            while headset.alive and time.monotonic() - began < PATIENCE:
                headset.poll()
                if len(headset.states) > printed:
                    printed = len(headset.states)
                    print(headset.state, flush=True)
                if not headset.running:
                    time.sleep(0.005)
                    continue
                number = headset.frames
                view.frame(
                    (lambda target: keep_images(view, target, number, folder, report))  # noqa: B023
                    if number in keep
                    else None
                )
                if number in keep and view.last_frame is not None:
                    keep_flat_images(app, view, number, folder)
                if headset.frames == 3:
                    print("DRAWN", flush=True)
                if headset.frames == max_frames:
                    headset.request_exit()
        except HeadsetLost as error:
            report["errors"].append(str(error))
        report["states"].append(headset.states)
        report["frames"] += headset.frames
        report["open_frames"] = headset.open_frames
        if headset.target is not None:
            report["stereo"] = headset.target.mode_name
            report["samples"] = headset.target.samples


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


def lose_release(headset, frame: int) -> None:
    """Let the runtime be gone when the images of this frame are handed back."""
    real = headset.runtime.calls.release

    def release(*words):
        if headset.frames >= frame:
            raise headset.runtime.xr.exception.InstanceLostError
        return real(*words)

    headset.runtime.calls.release = release


class Still:
    """A stage that stays where it was put."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig

    def update(self, tracked, seconds) -> None:
        """Nothing."""

    def draw(self, tracked):
        """Nothing."""
        return None, None

    def panel_images(self, most: int) -> tuple[PanelImage, ...]:
        """Nothing."""
        return ()

    def prepare_next_frame(self) -> None:
        """Nothing."""


class WithPanel(Still):
    """A stage with a panel before the eyes: red below, green above, with a stick before it."""

    def __init__(self, app: OffscreenApp, rig: Rig) -> None:
        super().__init__(rig)
        pixels = np.zeros((320, 256, 4), np.uint8)
        pixels[:160, :, 0] = pixels[160:, :, 1] = pixels[..., 3] = 255
        self.texture = app.gl_context.texture(
            (256, 320), 4, pixels.tobytes(), internal_format=SRGB8_ALPHA8
        )
        app._renderer.register_texture(PANEL_TEXTURE, self.texture)
        eye = np.array([0.0, 1.6, 0.0])
        self.board = billboard_facing(np.array([0.1, 1.6, -1.0]), eye, 0.4, 0.5)

    def draw(self, tracked):
        """The panel, and the stick."""
        _, right, down = self.board.edges_in_world(self.rig)
        image = panel_quad(self.board, self.rig, PANEL_TEXTURE)
        stick = np.zeros(1, QUAD)
        nearer = self.rig.apply(self.board.point(-0.02, 0.1, 0.05))
        stick["origin"], stick["right"], stick["down"] = nearer, right * 0.1, down * 0.4
        stick["top"] = stick["bottom"] = (0.2, 0.4, 1.0, 1.0)
        stick["kind"] = FIXED
        return DrawList(quads=stick, image_quads=(image,)), None

    def panel_images(self, most: int) -> tuple[PanelImage, ...]:
        """The panel."""
        return (PanelImage(PANEL_TEXTURE, self.texture.glo, (256, 320), 1, self.board),)[:most]


class WithCards(Still):
    """A stage with two cards of text before the eyes."""

    TEXTS = (("left", ["layer1.0.conv1"]), ("right", ["Hamburgefonstiv", "64 maps", "112 × 112"]))

    def __init__(self, app: OffscreenApp, rig: Rig) -> None:
        super().__init__(rig)
        self.cards = {}
        for x, (name, texts) in zip((-0.3, 0.3), self.TEXTS, strict=True):
            board = billboard_facing(np.array([x, 1.6, -1.0]), np.array([0.0, 1.6, 0.0]))
            self.cards[name] = text_card([(text, INK) for text in texts], board, 0.04)
        self.images = TextCardImages(app._renderer, list(self.cards))
        self.images.draw(self.cards, "dark")

    def draw(self, tracked):
        """The cards, as images."""
        quads = [
            panel_quad(card.board, self.rig, name, shown_part(card))
            for name, card in self.cards.items()
        ]
        return DrawList(image_quads=tuple(quads)), None

    def panel_images(self, most: int) -> tuple[PanelImage, ...]:
        """The cards."""
        return self.images.images(self.cards)[:most]


def keep_images(view, target, number, folder, report) -> None:
    """Keep both images, and where the eyes were that they were drawn for."""
    for layer in (0, 1):
        pixels = target.read_pixels(layer)
        np.save(folder / f"{number}-{layer}-alpha.npy", pixels[..., 3])
        np.save(folder / f"{number}-{layer}.npy", pixels[..., :3])
        np.save(folder / f"{number}-{layer}-depth.npy", target.read_depths(layer))
    frame = view.last_frame
    report["kept"][number] = {
        "opacity": view.tracking_loss.opacity,
        "eyes": [
            [eye.pose.position.tolist(), eye.pose.orientation.tolist(), list(eye.fov)]
            for eye in frame.eyes
        ],
        "rig": [frame.rig.position.tolist(), frame.rig.yaw, frame.rig.scale],
    }


def keep_flat_images(app, view, number, folder) -> None:
    """Keep what an ordinary target shows through each eye's own projection."""
    frame = view.last_frame
    size = view.headset.size
    samples = view.headset.target.samples
    for layer, eye in enumerate(frame.eyes):
        flat = flat_view(view, eye, frame.rig, size)
        target = RenderTarget(app.gl_context, size, samples)
        view._renderer.draw(target, flat, app.world.draw_list())
        np.save(folder / f"{number}-{layer}-flat.npy", target.read_pixels()[..., :3])
        target.release()


def flat_view(view, eye, rig, size) -> View:
    """A flat view of what an eye sees, worked out here from its angles: the image is a tile of a
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
    return View(camera, whole, view._fog[2], 0.05 * rig.scale, tile, colors=view._colors)


def main(words: list[str]) -> int:
    """Do what was ordered; 2 and one sentence when there is no headset."""
    folder = Path(words[0])
    order = dict(word.split("=", 1) for word in words[1:])
    try:
        report = run_sessions(folder, order)
    except HeadsetError as error:
        print(error, file=sys.stderr)
        return 2
    (folder / "report.json").write_text(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
