"""Pictures without a window: opens models, runs images through them, and takes pictures."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from vrnn.app.headset_view import HeadsetView
from vrnn.commands.base import Command
from vrnn.commands.files import ExportLayers, RecordVideo, SaveImage, SaveSession
from vrnn.commands.session import GoToView, SetHeadset, Wait
from vrnn.compute.worker import Worker
from vrnn.config.schema import Config, HeadsetSettings
from vrnn.errors import VrnnError, WorkerError
from vrnn.export.exporter import Exporter
from vrnn.export.png import write_png
from vrnn.network.model_spec import ModelSpec
from vrnn.render.context import offscreen_context
from vrnn.render.renderer import Renderer
from vrnn.render.screenshot import render_tiled
from vrnn.render.uniforms import RenderColors as Colors
from vrnn.scene.camera import Camera
from vrnn.scene.primitives import DrawList
from vrnn.scene.state import InputImage, State
from vrnn.scene.viewpoints import camera_by_name
from vrnn.scene.visuals.card import hud_cards
from vrnn.storage.atomic import check_writable
from vrnn.storage.closeable import Closeable
from vrnn.style.colormap import ColorMapping
from vrnn.ui.hud import overlay
from vrnn.workspace.workspace import Workspace
from vrnn.workspace.workspace_file import save_workspace

if TYPE_CHECKING:
    from vrnn.controls.hands.rig_controller import HandRigController
from vrnn.render.look import feature_map_colors, render_colors

ImageSource = np.ndarray | Path | int | None
"""An image (H, W, 3) uint8, a file, the number of one in a data set, or the model's own."""
FIELD_OF_VIEW = np.pi / 4
"""Vertical, radians: narrower than in the window, so that far edges are not stretched."""


class OffscreenApp(Closeable):
    """A world with no screen. Use it in a `with`: it holds a GL context and a worker thread."""

    def __init__(
        self,
        specs: Sequence[ModelSpec],
        config: Config,
        detail: str = "layers",
        arrangement: str = "terrace",
        scale: str = "map",
        image: ImageSource = None,
    ) -> None:
        """Open the models, run an image through them, and wait until it is seen.

        image: as for `show`; None: the models' own samples. Raises VrnnError for whatever is wrong
        with a model or the image, or when there is no OpenGL.
        """
        self._look = render_colors(config)
        self.camera = "overview"
        # Importing torch takes the longest: it begins first, and OpenGL comes up meanwhile.
        self._worker = Worker()
        self._worker.open(specs, detail)
        if image is not None:
            self._worker.run_image(image)
        try:
            self.context = offscreen_context()
            self._renderer = Renderer(self.context)
        except BaseException:
            self._worker.close()
            raise
        state = State(arrangement, ColorMapping(normalize_by=scale))
        self.place = Workspace(
            self._worker, self._renderer, specs, detail, state, 0.0, feature_map_colors(config)
        )
        if image is not None:
            self.place.begin_with(image)
        self.world, self.feed = self.place.world, self.place.feed
        self._keeper = Exporter(self.place, self._renderer, self._look, self._settle)
        try:
            self._wait(0)
        except BaseException:
            self.close()
            raise

    def show(self, image: ImageSource) -> None:
        """Run an image through all networks and wait until it is seen.

        image: (H, W, 3) uint8, a file, or the number of one in the first network's data set.
        """
        before = max(self.feed.displayed_sequence.values(), default=0)
        self.place.show(InputImage() if image is None else self.place.picture_of(image))
        self._wait(before + 1)

    def _wait(self, sequence: int) -> None:
        """Until each network stands and shows a pass not older than this."""
        feed = self.feed
        while True:
            for failure in feed.failures:
                raise VrnnError(failure.message) from WorkerError(failure.details)
            complete = self.place.upload()
            shown = [feed.displayed_sequence.get(slot, -1) for slot in range(len(self.place.specs))]
            if complete and min(shown) >= sequence:
                break
            if feed.handle_events(self._worker.wait(60.0)):
                self.place.on_network_loaded()
        while self.place.jobs.busy:
            feed.handle_events(self._worker.wait(60.0))
            self.place.jobs.update()
        while not self.place.upload():
            pass
        for note in self.place.messages:
            print(f"vrnn: {note}", file=sys.stderr)
        self.place.messages.clear()
        self._settle(camera_by_name(self.world, self.camera, 16 / 9, FIELD_OF_VIEW))

    def _settle(self, eye: Camera) -> None:
        """Wait for what is made step by step, and only near the eye."""
        while self.place.tick(eye.position) or not self.place.complete:
            self.feed.handle_events(self._worker.wait(0.001))

    def do(self, action: Command) -> None:
        """Do anything that an action says, and wait until it is seen. Raises VrnnError."""
        if isinstance(action, GoToView):
            camera_by_name(
                self.world, action.camera, 16 / 9, FIELD_OF_VIEW
            )  # told now if it is wrong
            self.camera = action.camera
        elif isinstance(action, SaveImage):
            camera = action.camera or self.camera
            check_writable(action.file)
            write_png(action.file, self.capture(action, camera))
        elif isinstance(action, RecordVideo):
            eyes = [self._eye(name, action.size) for name in action.cameras]
            for _ in self._keeper.record_video(action, eyes):
                continue
        elif isinstance(action, ExportLayers):
            self._keeper.export(action)
        elif isinstance(action, SaveSession):
            eye = camera_by_name(self.world, self.camera, 16 / 9, FIELD_OF_VIEW)
            save_workspace(action.file, self.place.snapshot(eye, {}))
        elif isinstance(action, SetHeadset):
            raise VrnnError("a headset is used with --xr, not from a list of actions")
        elif not isinstance(action, Wait):
            passes, shown = self.place.passes, max(self.feed.displayed_sequence.values(), default=0)
            self.place.execute(action)
            self._wait(shown + 1 if self.place.passes > passes else 0)

    def capture(self, action: SaveImage, camera: str) -> Image.Image:
        """The picture that an action asks for, of any kind. Raises VrnnError."""
        if action.kind == "flat":
            return self.picture(camera, action.size, action.transparent)
        return self._keeper.picture(action, self._eye(camera, action.size))

    def _eye(self, camera: str, size: tuple[int, int]) -> Camera:
        return camera_by_name(self.world, camera, size[0] / size[1], FIELD_OF_VIEW)

    def picture(
        self, camera: str = "overview", size: tuple[int, int] = (1920, 1080),
        transparent: bool = False, legend: bool = True,
    ) -> Image.Image:  # fmt: skip
        """A picture of the world as it is. size: (width, height) pixels, up to 16384 each.

        Raises VrnnError for an unknown camera.
        """
        view = self._keeper.view(self._eye(camera, size), size, transparent)
        eye, over = view.camera, None
        if legend and not transparent:
            sheet = overlay.HudCanvas(size)
            overlay.legend(sheet, self._look, self.world.state.color_mapping, self.world.not_finite)
            over = sheet.drawing()
        drawing, front = self.world.draw_list(), self._front(eye, size[0] / size[1])
        return Image.fromarray(render_tiled(self._renderer, view, drawing, over, front=front))

    def _front(self, eye: Camera, aspect: float) -> DrawList | None:
        """What is in the hand, and the map that is pointed at."""
        cards = self.place.cards(magnify="sharp")
        seen = self.world.receptive_field_outline(self.world.hovered)
        if not cards and not len(seen):
            return None
        return hud_cards(cards, eye, aspect, 0.1, 0.0, seen)

    def visit(self, settings: HeadsetSettings, look: Colors, stereo: str = "auto") -> HeadsetView:
        """Begin a visit with a headset. Raises HeadsetError."""
        return HeadsetView(self.context, self.place, self._renderer, settings, look, stereo)

    def guide(self, config: Config, hints_file: Path | None) -> HandRigController:
        """Hands that lead a visit. hints_file: remembers that their hints were read."""
        from vrnn.controls.hands.rig_controller import HandRigController

        def act(action: Command) -> None:
            if not self.place.execute(action):
                self.do(action)

        return HandRigController(self.place, self._renderer, config, act, hints_file)

    def advance(self, seconds: float, most_bytes: float, eye: Camera | None) -> None:
        """Let time go on, as a window's loop does. most_bytes: of maps that go to the GPU now;
        eye: from where the world is seen."""
        if self.feed.handle_events(self._worker.events()):
            self.place.on_network_loaded()
        clip = None if eye is None else eye.clip_from_world(1.0)
        self.place.upload(most_bytes, clip)
        if eye is not None:
            self.place.tick(eye.position)
        self.world.advance(seconds)

    @property
    def map_bytes(self) -> int:
        """GPU memory that the feature maps take."""
        return self._renderer.map_bytes

    def close(self) -> None:
        """Stop the worker and give the GPU's memory back."""
        self._worker.close()
        self.place.close()
        self._renderer.release()
        self.context.release()
