"""The place that is walked in: its world, the worker that fills it, and what is done to it.

The window, the pictures without a screen and the headset all do things to a `Place`, through the
same actions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path

import numpy as np

from vrnn.commands.base import Command, UndoableCommand
from vrnn.commands.display import Fold
from vrnn.commands.files import OpenSession
from vrnn.commands.inputs import BrowseImages, DropImage, GrabImage, SetInputImage
from vrnn.commands.layers import UnpinLayer
from vrnn.commands.session import CancelJob, HoverLayer, PauseJob, Redo, ShowTopActivations, Undo
from vrnn.commands.targets import toggle_feature_visualization
from vrnn.commands.undo_stack import UndoStack
from vrnn.compute.worker import Worker
from vrnn.errors import VrnnError
from vrnn.features.results import describe
from vrnn.media.image_set import ImageSet
from vrnn.media.synthetic import gray_image, mean_image, noise_image
from vrnn.network.derived_maps import difference
from vrnn.network.feature_maps import FeatureMaps, block_size, map_shape
from vrnn.network.model_spec import ModelSpec
from vrnn.network.results import Ablation
from vrnn.render.renderer import Renderer
from vrnn.scene.camera import Camera
from vrnn.scene.picking import Hit
from vrnn.scene.state import InputImage, Pin, State
from vrnn.scene.viewpoints import find_layer
from vrnn.scene.visuals.card import ImageCard
from vrnn.scene.visuals.pinned_layers import PinnedLayer
from vrnn.scene.world import World
from vrnn.style.colormap import ColorMapping
from vrnn.workspace.held_image import HeldImage, MapColors, class_name, colorize_map, grab_image
from vrnn.workspace.image_wall import ImageWall
from vrnn.workspace.job_manager import JobManager
from vrnn.workspace.map_uploader import WorkerEventSink
from vrnn.workspace.nearby_histograms import NearbyHistograms
from vrnn.workspace.workspace_file import WorkspaceSnapshot, drop_missing_layers, load_workspace

PINS = 1000
"""Numbers of doubles' stores begin here, beyond those of networks."""
PICTURE_BYTES = 2 << 20
"""Of pictures of what channels look for, sent to the GPU in one frame."""
KEPT = 64
"""Images without a file that are remembered, for undo."""
HOLDING = "click the input to put it in · Esc lets go"
"""What to do with an image in the hand."""


class Workspace:
    """A world and what happens in it."""

    def __init__(
        self, worker: Worker, renderer: Renderer, specs: Sequence[ModelSpec], detail: str,
        state: State, seconds: float, colors: MapColors,
    ) -> None:  # fmt: skip
        """specs, detail: of the networks that the worker opens; seconds: a move in the world takes,
        0: none; colors: of maps that are held."""
        self.specs, self.detail = tuple(specs), detail
        self.worker, self.renderer = worker, renderer
        self.world = World(state, seconds)
        self.feed = WorkerEventSink(self.world, renderer)
        self.history = UndoStack(state)
        self.passes = 0
        self.held_image: HeldImage | None = None
        self.messages: list[str] = []
        self._near = NearbyHistograms()
        self._coming: State | None = None
        self._streamed: np.ndarray | None = None
        self._gallery: ImageWall | None = None
        self._colors = colors
        self._kept: dict[int, FeatureMaps] = {}
        self._shown_large: tuple[int, int, ColorMapping, FeatureMaps, np.ndarray] | None = None
        self._pixels: dict[str, np.ndarray] = {}
        self._shown: dict[int, int] = {}
        self.jobs = JobManager(worker, self.world, self.feed, self.messages)

    def execute(self, action: Command) -> bool:
        """Do it, if it is a change of the world or takes one back. Raises VrnnError when it cannot
        be done; the world is then as before."""
        if isinstance(action, UndoableCommand):
            # Not of the world's own state: that may be a preview of this very change.
            before = self.history.state
            state = action.change(self.history.state, self.world)
            if state != self.history.state:
                self.history.push(action.said, state)
            if state != self.world.state:
                # What was put there by hand is there already: nothing has to go anywhere.
                self.apply_state(state, move=self.world.state == before)
            return True
        if isinstance(action, Undo):
            if not self.history.undo_label:
                raise VrnnError("there is nothing to undo")
            self.apply_state(self.history.undo(action.times))
            return True
        if isinstance(action, Redo):
            if not self.history.redo_label:
                raise VrnnError("there is nothing to do again")
            self.apply_state(self.history.redo(action.times))
            return True
        if isinstance(action, GrabImage):
            self.held_image = self._picture(action) or grab_image(
                action, self.world, self.images, self.input_size(), self._colors
            )
        elif isinstance(action, DropImage):
            held, self.held_image = self.held_image, None
            if held is not None and action.into_input:
                return self.execute(
                    held.put or SetInputImage(pixels=self.remember_pixels(held.pixels))
                )
        elif isinstance(action, OpenSession):
            self.restore(load_workspace(action.file))
        elif isinstance(action, BrowseImages):
            if self._gallery is not None:
                self._gallery.browse(action)
        elif isinstance(action, HoverLayer):
            self._point(action)
        elif isinstance(action, ShowTopActivations):
            self.jobs.find_top(action)
        elif isinstance(action, CancelJob):
            self.jobs.cancel(action.number)
        elif isinstance(action, PauseJob):
            self.jobs.pause(action.number, action.paused)
        else:
            return False
        return True

    def command_for_hit(self, hit: Hit | None) -> Command | None:
        """What touching something does; None for nothing."""
        if hit is None:
            return None
        if isinstance(hit.value, Command):
            return hit.value
        if hit.kind == "input":
            return DropImage() if self.held_image is not None else GrabImage(source="input")
        if hit.kind == "bracket":
            return Fold(str(hit.value), hit.slot)
        if hit.kind == "features":
            return toggle_feature_visualization(self.world, hit)
        if hit.kind == "pin":
            return UnpinLayer(int(hit.value))
        if hit.kind == "layer" and hit.channel >= 0:
            name = self.world.networks[hit.slot].network.by_id[hit.node].name
            return GrabImage(layer=name, channel=hit.channel, network=hit.slot)
        return None

    def _picture(self, action: GrabImage) -> HeldImage | None:
        """What a channel looks for, where a layer shows that."""
        if not action.layer:
            return None
        slot, node = find_layer(self.world, action.layer, action.network)
        feature = self.jobs.pictures.feature(slot, node, action.channel, action.copy)
        if feature is None:
            return None
        name = self.world.networks[slot].network.by_id[node].name
        put = SetInputImage(pixels=self.remember_pixels(feature.image))
        return HeldImage(feature.pixels, describe(name, feature), put)

    def _point(self, action: HoverLayer) -> None:
        if not action.layer:
            self.world.hover(None)
            return
        slot, node = find_layer(self.world, action.layer, action.network)
        row, column = action.position
        self.world.hover(Hit("layer", 0.0, slot, node, action.channel, row, column))

    @property
    def images(self) -> ImageSet | None:
        """The first network's data set."""
        return self.feed.datasets.get(0)

    @property
    def unreadable(self) -> dict[int, str]:
        """Images of the data set that have no thumbnail, and why."""
        return {} if self._gallery is None else self._gallery.failures

    def cards(self, magnify: str, hint: str = HOLDING) -> list[ImageCard]:
        """What floats before the eye: the image in the hand, and the map that is pointed at.

        magnify: the latter `sharp` or `smooth`; '': not at all; hint: what to do with the former.
        """
        found = []
        hit = self.world.hovered
        held = self.held_image
        if held is not None:
            lines = [held.caption]
            cross = None
            if held.layer is not None and hit is not None and hit.layer == held.layer[:2]:
                cross = (hit.row, hit.column)
                lines.append(self._value(*held.layer, *cross))
            if hint:
                lines.append(hint)
            smooth = magnify == "smooth" or (held.layer is None and held.pixels.shape[0] > 48)
            side = 0.22 if held.layer is None else 0.36
            found.append(ImageCard(held.pixels, lines, smooth, cross, side))
        elif magnify and hit is not None and hit.kind == "layer" and hit.channel >= 0:
            maps = self.world.networks[hit.slot].maps.get(hit.node)
            feature = self.jobs.pictures.feature(hit.slot, hit.node, hit.channel)
            if feature is not None:
                name = self.world.visible_node(hit.slot, hit.node).name
                lines = [describe(name, feature)]
                found.append(ImageCard(feature.pixels, lines, magnify == "smooth", None, 0.36))
            elif maps is not None:
                pixels = self._magnified(maps, hit.channel)
                where = (hit.slot, hit.node, hit.channel, hit.row, hit.column)
                name = self.world.visible_node(hit.slot, hit.node).name
                lines = [f"{name} · channel {hit.channel}", self._value(*where)]
                found.append(
                    ImageCard(pixels, lines, magnify == "smooth", (hit.row, hit.column), 0.36)
                )
        return found

    def _magnified(self, maps: FeatureMaps, channel: int) -> np.ndarray:
        """A map in colors; the same array while it is the same picture, so that it is sent to the
        GPU once."""
        display = self.world.state.color_mapping
        if self._shown_large is None or self._shown_large[:3] != (id(maps), channel, display):
            pixels = colorize_map(self.world.state, maps, channel, self._colors)
            # The maps are kept with it, so that their id stays theirs.
            self._shown_large = (id(maps), channel, display, maps, pixels)
        return self._shown_large[4]

    def _value(self, slot: int, node: int, channel: int, row: int, column: int) -> str:
        maps = self.world.networks[slot].maps.get(node)
        if maps is None:
            return ""
        value = float(maps.values[channel, row, column]) * maps.scale
        said = f"{value:.4g}" if isfinite(value) else "not finite"
        return f"row {row}, column {column}: {said}"

    def preview(self, change: UndoableCommand) -> None:
        """Show what a change would make, while it is being made by hand."""
        self.world.set_state(change.change(self.history.state, self.world), move=False)

    def apply_state(self, state: State, move: bool = True) -> None:
        """Make the world as a state has it. move: things go to their places, else they are there
        at once."""
        before = self.world.state
        self.world.set_state(state, move)
        if state.input_image != before.input_image:
            self._streamed = None
        if (state.input_image, state.ablations) != (before.input_image, before.ablations):
            self.run_inference()
        if state.pins != before.pins:
            self._pin(state.pins)
        self.feed.upload_folded_maps()
        self.jobs.request_attributions()
        self.jobs.pictures.sync_with_state(state)

    # Images.

    def run_inference(self, at_once: bool = True) -> None:
        """Run the image through all networks. at_once: end a pass that runs; else let it end."""
        state = self.world.state
        off: dict[int, tuple[Ablation, ...]] = {}
        for one in state.ablations:
            ablation = Ablation(one.layer, one.channels, one.position, one.value)
            off[one.network] = (*off.get(one.network, ()), ablation)
        image = (
            self.resolve_input_image(state.input_image)
            if self._streamed is None
            else self._streamed
        )
        self.passes += 1
        self.worker.run_image(image, off, at_once)

    def resolve_input_image(
        self, picture: InputImage
    ) -> np.ndarray | Path | int | Callable[[], np.ndarray] | None:
        """What the worker is to run; None for the networks' own sample."""
        if picture.pixels:
            if picture.pixels not in self._pixels:
                raise VrnnError("this image is not known any more; put another one in")
            return self._pixels[picture.pixels]
        height, width = self.input_size()
        if picture.noise is not None:
            return noise_image(picture.noise, height, width)
        if picture.plain == "gray":
            return gray_image(height, width)
        if picture.plain == "mean":
            images = self.images
            if images is None:
                raise VrnnError("there is no data set to take the mean of; start with --data")
            return lambda: mean_image(images, height, width)
        return picture.file if picture.file is not None else picture.number

    def show_live_frame(self, pixels: np.ndarray) -> None:
        """Run a frame of a live source: it is no change that could be undone."""
        self._streamed = pixels
        self.run_inference(at_once=False)

    @property
    def streaming(self) -> bool:
        """Whether live frames are shown, and not an image that was put in since."""
        return self._streamed is not None

    def remember_pixels(self, pixels: np.ndarray) -> str:
        """Remember an image that has no file; returns the key that stands for it."""
        key = hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()[:16]
        self._pixels[key] = pixels
        while len(self._pixels) > KEPT:
            del self._pixels[next(iter(self._pixels))]
        return key

    def input_size(self) -> tuple[int, int]:
        """Height and width of the first network's image, pixels."""
        if not self.world.slots:
            return 224, 224
        stand = self.world.networks[self.world.slots[0]]
        if stand.result is not None:
            height, width = stand.result.image.shape[:2]
            return height, width
        _, height, width = map_shape(stand.network.by_id[stand.network.inputs[0]].shape)
        return height, width

    # Kept in a file.

    def snapshot(self, camera: Camera, places: Mapping[int, Camera]) -> WorkspaceSnapshot:
        """Everything that makes the place what it is."""
        key = self.history.state.input_image.pixels
        pixels = {key: self._pixels[key]} if key in self._pixels else {}
        return WorkspaceSnapshot(
            self.specs, self.detail, self.history.state, camera, places, pixels
        )

    def restore(self, kept: WorkspaceSnapshot) -> None:
        """Make the place as it was kept; what does not fit goes to `messages`."""
        self._pixels.update(kept.pixels)
        if kept.models == self.specs and kept.detail == self.detail:
            self._restore(kept.state)
            return
        self.specs, self.detail, self._coming = kept.models, kept.detail, kept.state
        self.worker.open(kept.models, kept.detail)

    def restore_when_loaded(self, kept: WorkspaceSnapshot) -> None:
        """Make the place as it was kept as soon as its networks, being opened now, stand."""
        self._pixels.update(kept.pixels)
        self._coming = kept.state

    def on_network_loaded(self) -> None:
        """A network has opened. When all have that a kept place needs, it is made so."""
        if self._gallery is not None:
            self._gallery.close()
            self._gallery = None
        self.jobs.opened()
        for slot in [s for s in self.world.slots if s >= len(self.specs)]:
            self.world.remove(slot)
            self.renderer.close(slot)
        if self._coming is not None and len(self.world.slots) == len(self.specs):
            state, self._coming = self._coming, None
            self._restore(state)

    def _restore(self, state: State) -> None:
        fits, lost = drop_missing_layers(state, self.world)
        if lost:
            some = ", ".join(lost[:5]) + (", …" if len(lost) > 5 else "")
            self.messages.append(f"left out, as this model has no such layers: {some}")
        self.history.push("restore", fits)
        self.apply_state(fits)

    # What arrives.

    def upload(
        self, most_bytes: float = float("inf"), clip_from_world: np.ndarray | None = None
    ) -> bool:
        """Send what has arrived to the GPU; see `Feed.upload`. clip_from_world: (4, 4)."""
        in_view: set[tuple[int, int]] = set()
        if clip_from_world is not None and self.feed.waiting:
            in_view = self.world.in_view(clip_from_world)
        complete = self.feed.upload(most_bytes, in_view)
        if clip_from_world is not None:
            self.jobs.pictures.update_visible_channels(clip_from_world)
        complete &= self.jobs.pictures.upload(min(most_bytes, PICTURE_BYTES))
        shown = dict(self.feed.displayed_sequence)
        if shown != self._shown:
            self._shown = shown
            self.jobs.on_pass_complete()
            number, images = self.world.state.input_image.number, self.images
            if number is None and self.world.state.input_image == InputImage():
                number = 0
            self.world.true_label = ""
            if self._streamed is not None:
                number = None
            if images is not None and number is not None and 0 <= number < len(images):
                self.world.true_label = class_name(images, number)
            if self.world.state.pins:
                self._pin(self.world.state.pins)
        return complete

    def tick(self, eye: np.ndarray) -> bool:
        """Go on with what is made step by step; True when something changed. eye: (3,) meters."""
        if not self.world.slots:
            return False
        slot = self.world.slots[0]
        if self._gallery is None:
            self._gallery = ImageWall(self.images)
        pose = self.world.placement_frame(slot)
        room = self.world.networks[slot].input_margin
        node = pose.placement.folded.representative[room.node]
        x, y, z, width, _ = pose.panel_rect(node).tolist()
        left = x - width / 2 - room.gap - room.width
        left = min(left, pose.placement.left_of_row_name(node) + float(pose.offset[0])) - 0.5
        thing = self._gallery.update(self.world.state.input_image, left, y, z)
        if thing is not None:
            self.world.set_visual("wall", thing)
        self.jobs.update()
        beside = self._near.update(self.world, eye, self.jobs.facts)
        if beside is not None:
            self.world.set_nearby_visual(beside)
        return thing is not None or beside is not None

    @property
    def complete(self) -> bool:
        """Whether everything that is made step by step is there."""
        return (
            self._gallery is not None
            and self._gallery.complete
            and self._near.complete
            and not (self._near.shown and self.jobs.measuring)
        )

    def close(self) -> None:
        """End what goes on by itself."""
        if self._gallery is not None:
            self._gallery.close()

    def _pin(self, pins: tuple[Pin, ...]) -> None:
        found = {}
        for pin in pins:
            stand = self.world.networks.get(pin.network)
            node = stand.node_ids.get(pin.layer) if stand is not None else None
            if stand is None or node is None:
                continue
            now = stand.maps.get(node)
            if now is not None:
                self._kept.setdefault(pin.number, now)
            maps = self._of_pin(pin, now)
            if maps is not None:
                size = block_size(maps.channels, maps.height, maps.width)
                if PINS + pin.number not in self.renderer.slots:
                    self.renderer.open(PINS + pin.number, {0: size})
                self.renderer.upload(PINS + pin.number, 0, maps.block)
            caption = {
                "kept": f"{pin.layer} as it was",
                "live": f"{pin.layer} beside",
                "difference": f"{pin.layer}: now − before",
            }[pin.kind]
            found[pin.number] = PinnedLayer(
                pin.number, pin.network, pin.beside, stand.network.by_id[node],
                PINS + pin.number, caption, maps,
            )  # fmt: skip
        for number in self._kept.keys() - {pin.number for pin in pins}:
            self.renderer.close(PINS + number)
        self._kept = {p.number: self._kept[p.number] for p in pins if p.number in self._kept}
        self.world.set_pinned_layers(found)

    def _of_pin(self, pin: Pin, now: FeatureMaps | None) -> FeatureMaps | None:
        kept = self._kept.get(pin.number)
        if now is None or kept is None or pin.kind == "live":
            return now
        return difference(now, kept) if pin.kind == "difference" else kept

    def show(self, picture: InputImage) -> None:
        """Run an image, also when it is the one that is in."""
        if picture == self.world.state.input_image:
            self.run_inference()
            return
        state = replace(self.history.state, input_image=picture)
        self.history.push("PutImage", state)
        self.apply_state(state)

    def begin_with(self, image: np.ndarray | Path | int) -> None:
        """Say which image the worker was given at the start: nothing to undo leads before it."""
        state = replace(self.world.state, input_image=self.picture_of(image))
        self.history = UndoStack(state)
        self.world.set_state(state)

    def picture_of(self, image: np.ndarray | Path | int) -> InputImage:
        """A file, the number of an image in the data set, or pixels that are then remembered."""
        if isinstance(image, Path):
            return InputImage(file=image)
        if isinstance(image, int):
            return InputImage(number=image)
        return InputImage(pixels=self.remember_pixels(image))
