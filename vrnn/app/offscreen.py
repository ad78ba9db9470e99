"""The program without a window: opens models, runs images, executes commands, renders pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from vrnn.app.headset_view import HeadsetSetup, HeadsetView
from vrnn.app.offscreen_actions import (
    OffscreenExporter,
    OffscreenInterface,
    OffscreenNavigator,
    OffscreenSessions,
)
from vrnn.commands.base import Command
from vrnn.commands.context import CommandContext
from vrnn.commands.dispatcher import CommandDispatcher
from vrnn.compute.worker import Worker
from vrnn.config.schema import Config, HeadsetSettings
from vrnn.controls.hands.rig_controller import HandRigController
from vrnn.errors import Fault, VrnnError, WorkerError
from vrnn.export.exporter import Exporter
from vrnn.network.model_spec import ModelSpec
from vrnn.render.context import offscreen_context
from vrnn.render.look import feature_map_colors, render_colors
from vrnn.render.renderer import Renderer
from vrnn.render.uniforms import RenderColors, View
from vrnn.scene.camera import Camera
from vrnn.scene.layout.registry import find_arrangement
from vrnn.scene.pointer_marks import pointer_marks
from vrnn.scene.primitives import DrawList
from vrnn.scene.readout import are_pictures_seen
from vrnn.scene.state import InputImage, State, distant_picture_named
from vrnn.scene.view_cone import ViewCone
from vrnn.scene.viewpoints import camera_by_name
from vrnn.scene.visuals.card import hud_cards
from vrnn.scene.visuals.distant_pictures import Viewer
from vrnn.storage.closeable import Closeable
from vrnn.storage.machine_memory import host_map_bytes
from vrnn.storage.terminal import print_error
from vrnn.style.color_mapping import ColorMapping, ColorRange
from vrnn.ui.hud import overlay
from vrnn.ui.hud.legend import draw_found_legend, find_legend
from vrnn.ui.hud.plan import draw_plan
from vrnn.workspace.workspace import Workspace

ImageSource = np.ndarray | Path | int | None
"""An image (H, W, 3) uint8, a file, the number of one in a data set, or the model's own."""
FIELD_OF_VIEW = np.pi / 4
"""Vertical, radians: narrower than in the window, so that far edges are not stretched."""
ASPECT = 16 / 9
"""Width / height of the picture for which cameras are checked."""


class OffscreenApp(Closeable):
    """A workspace without a window. Use it in a `with`: it holds a GL context and a worker thread.

    Attributes:
        camera: Name of the camera of pictures.
        gl_context: Its OpenGL context.
        workspace, world, feed: The open document, its world and its events.
        exporter: Writes pictures, videos and layers.
        context: What commands run on.
        dispatcher: Executes commands without waiting; `do` waits until their effect is shown.
    """

    def __init__(
        self, specs: Sequence[ModelSpec], config: Config, detail: str = "layers",
        arrangement: str = "terrace", scale: ColorRange = "map", image: ImageSource = None,
    ) -> None:  # fmt: skip
        """Open the models, run an image through them, and wait until the result is shown.

        Args:
            specs: The models.
            config: The settings.
            detail: How finely their graphs are shown, one of DETAILS.
            arrangement: First arrangement of the layers.
            scale: What the color range spans at first, one of COLOR_RANGES.
            image: As for `show`; None for the models' own samples.

        Raises:
            VrnnError: When a model or the image cannot be used, or there is no OpenGL.
        """
        self._colors = render_colors(config)
        self.camera = "overview"
        # Importing torch takes the longest: it begins first, and OpenGL comes up meanwhile.
        self._worker = Worker(map_bytes=host_map_bytes(config.render.host_memory_mb))
        self._worker.open(specs, detail)
        if image is not None:
            self._worker.run_image(image)
        try:
            self.gl_context = offscreen_context()
            self._renderer = Renderer(self.gl_context, config.render.map_memory_mb)
        except BaseException:
            self._worker.close()
            raise
        state = State(
            find_arrangement(arrangement).name,
            ColorMapping(normalize_by=scale),
            distant_picture=distant_picture_named(config.render.layer_pictures),
            theme=config.render.theme,
        )
        self.workspace = Workspace(
            self._worker, self._renderer, specs, detail, state, 0.0, feature_map_colors(config)
        )
        self.workspace.links.rest_seconds = 0.0  # nothing moves on
        if image is not None:
            self.workspace.set_initial_image(image)
        self.world, self.feed = self.workspace.world, self.workspace.feed
        self.exporter = Exporter(self.workspace, self._renderer, self._colors, self._settle)
        self.context = CommandContext(
            self.workspace, navigator=OffscreenNavigator(self), exporter=OffscreenExporter(self),
            sessions=OffscreenSessions(self), interface=OffscreenInterface(),
        )  # fmt: skip
        self.dispatcher = CommandDispatcher(self.context)
        try:
            self._wait(0)
        except BaseException:
            self.close()
            raise

    # Images and commands.

    def show(self, image: ImageSource) -> None:
        """Run an image through all networks and wait until the result is shown.

        Args:
            image: (H, W, 3) uint8, a file, a number in the first network's data set, or
                None for the models' own samples.
        """
        source = self.workspace.input
        self.workspace.show_image(InputImage() if image is None else source.to_input_image(image))
        self._wait(self._worker.requested)

    def do(self, command: Command) -> None:
        """Execute a command and wait until its effect is shown.

        Args:
            command: The command.

        Raises:
            VrnnError: When it cannot be done.
        """
        before = self._worker.requested
        try:
            self.dispatcher.execute(command)
        except Fault:
            self.workspace.faults.clear()  # it is told by what is raised
            raise
        self._wait(self._worker.requested if self._worker.requested > before else 0)

    def _wait(self, request: int) -> None:
        """Wait until each network shows a forward pass not older than a request of the worker."""
        workspace, feed = self.workspace, self.feed
        while True:
            if feed.failures and not workspace.restorer.opening:
                failure = feed.failures.pop(0)
                if failure.opening and not feed.unopened:
                    self._wait(self._worker.requested)  # the models before it, opened anew
                raise VrnnError(failure.message) from WorkerError(failure.details)
            complete = workspace.content.upload()
            shown = [feed.displayed_sequence.get(slot, -1) for slot in range(len(workspace.specs))]
            if complete and min(shown) >= request and not workspace.restorer.opening:
                break
            if feed.handle_events(self._worker.wait(60.0)):
                workspace.on_network_loaded()
        while workspace.jobs.busy:
            feed.handle_events(self._worker.wait(60.0))
            workspace.jobs.update()
        while not workspace.content.upload():
            pass
        if workspace.faults:
            raise Fault(workspace.faults.pop(0))
        self._settle(self.eye())
        failures = list(workspace.jobs.failures)
        workspace.jobs.failures.clear()
        self._tell_messages(failures)
        if failures:
            raise VrnnError(failures[0])

    def _tell_messages(self, raised: Sequence[str] = ()) -> None:
        """Write the messages that are no errors to be raised."""
        for message in self.workspace.messages:
            if message not in raised:
                print_error(f"vrnn: {message}")
        self.workspace.messages.clear()

    def _settle(self, eye: Camera) -> None:
        """Wait for what is computed step by step and only near the eye."""
        content = self.workspace.content
        while content.tick(eye.position) or not content.complete:
            content.upload()
            self.feed.handle_events(self._worker.wait(0.001))

    def open_training(self, folder: Path, step: int | None) -> None:
        """Show a step of a training. See `Workspace.open_training`."""
        self.workspace.open_training(folder, step)
        self._wait(self._worker.requested)

    def advance(
        self, seconds: float, max_bytes: float, eye: Camera | None, views: Sequence[ViewCone] = ()
    ) -> None:
        """Advance time, as a window's frame loop does.

        Args:
            seconds: How much time passes.
            max_bytes: About how many bytes of maps are sent to the GPU.
            eye: The camera; None for none.
            views: What is looked at; see `MapResidency.views`.
        """
        if self.feed.handle_events(self._worker.events()):
            self.workspace.on_network_loaded()
        clip = None if eye is None else eye.clip_from_world(1.0)
        self.workspace.content.upload(max_bytes, clip)
        if eye is not None:
            self.workspace.content.tick(eye.position, views)
        self.world.advance(seconds)

    # Pictures.

    def eye(self, camera: str = "", aspect: float = ASPECT) -> Camera:
        """Find a camera.

        Args:
            camera: Its name; '' for the present one.
            aspect: Width / height of the picture.

        Raises:
            VrnnError: When there is no such camera.
        """
        if not camera and self.camera != "overview":
            try:
                return camera_by_name(self.world, self.camera, aspect, FIELD_OF_VIEW)
            except VrnnError as error:  # the layer has gone with its model, or its module is open
                self.workspace.messages.append(f"back to the overview: {error}")
                self.camera = "overview"
        return camera_by_name(self.world, camera or self.camera, aspect, FIELD_OF_VIEW)

    def picture(
        self, camera: str = "overview", size: tuple[int, int] = (1920, 1080),
        transparent: bool = False, legend: bool = True, kind: str = "flat",
    ) -> Image.Image:  # fmt: skip
        """Render a picture of the world as it is.

        Args:
            camera: Name of the camera.
            size: (width, height) in pixels, up to 16384 each.
            transparent: Whether the background is transparent.
            legend: Whether the color legend lies over a flat picture.
            kind: `flat`, `panorama` or `stereo`, see `SaveImage`.

        Raises:
            VrnnError: When there is no such camera or kind.
        """
        eye = self.eye(camera, size[0] / size[1])
        if kind != "flat":
            return self.exporter.picture(eye, size, transparent, kind)
        return self.picture_from(eye, size, transparent, legend)

    def picture_from(
        self, eye: Camera, size: tuple[int, int], transparent: bool = False, legend: bool = True
    ) -> Image.Image:
        """Render a flat picture from a camera that is no named one. See `picture`."""
        view = self.exporter.view(eye, size, transparent)
        over = None
        if legend and not transparent:
            canvas = overlay.HudCanvas(size)
            draw_plan(canvas, self.world, eye)
            viewer = Viewer(eye.position, view.pixels_per_unit)
            seen = are_pictures_seen(self.world.draw_list(), view.clip_from_world, viewer)
            room = draw_found_legend(canvas, find_legend(self.workspace, seen), self._colors)
            overlay.draw_kind_legend(canvas, self.world.layer_kinds, room)
            if self.workspace.training.text:
                overlay.draw_progress(canvas, self.workspace.training.text)
            over = canvas.draw_list()
        pixels = self.exporter.draw(view, over, self._front(view))
        self._tell_messages()
        return Image.fromarray(pixels)

    def _front(self, view: View) -> DrawList | None:
        """Lay out the image in the hand, the magnified map and marks of what is pointed at."""
        hand = self.workspace.hand
        cards = hand.cards(self.context.interface.magnifier)
        viewer = Viewer(view.camera.position, view.pixels_per_unit).scaled_to(view.size[1])
        marks = pointer_marks(self.world, viewer, hand.image is not None)
        if not cards and not len(marks):
            return None
        return hud_cards(cards, view.camera, view.size[0] / view.size[1], 0.1, 0.0, marks)

    # The headset.

    def open_headset_view(
        self, settings: HeadsetSettings, colors: RenderColors, stereo: str = "auto"
    ) -> HeadsetView:
        """Open the view in a headset.

        Args:
            settings: Of the headset.
            colors: Of everything that is drawn.
            stereo: How both eyes are drawn, see `--stereo`.

        Raises:
            HeadsetError: When there is no headset.
        """
        setup = HeadsetSetup(
            self.gl_context, self.workspace, self._renderer, settings, colors, stereo,
            self._worker.frame_gate,
        )  # fmt: skip
        return HeadsetView(setup)

    def hand_controller(self, config: Config, hints_file: Path | None) -> HandRigController:
        """Create a controller of hands for the headset.

        Args:
            config: The settings.
            hints_file: Remembers which hints were read; None for nowhere.
        """
        return HandRigController(self.workspace, self._renderer, config, self.context, hints_file)

    @property
    def map_bytes(self) -> int:
        """GPU memory of the feature maps, bytes."""
        return self._renderer.maps.bytes

    def close(self) -> None:
        """Stop the worker and release the GPU's memory."""
        self._worker.close()
        self.workspace.close()
        self._renderer.release()
        self.gl_context.release()
