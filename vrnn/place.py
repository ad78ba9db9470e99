"""The place that is walked in: its world, the worker that fills it, and what is done to it.

The window, the pictures without a screen and the headset all do things to a `Place`, through the
same actions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from vrnn.actions import Action, Change, Redo, Undo
from vrnn.blocks import difference
from vrnn.compute.worker import Worker
from vrnn.errors import VrnnError
from vrnn.feed import Feed
from vrnn.history import History
from vrnn.network import FeatureMaps, block_size, map_shape
from vrnn.noise import grey_image, mean_image, noise_image
from vrnn.render.renderer import Renderer
from vrnn.scene.pins import Pinned
from vrnn.scene.state import Picture, Pin, State
from vrnn.scene.world import World

PINS = 1000
"""Numbers of doubles' stores begin here, beyond those of networks."""
KEPT = 64
"""Images without a file that are remembered, for undo."""


class Place:
    """A world and what happens in it."""

    def __init__(self, worker: Worker, renderer: Renderer, state: State, seconds: float) -> None:
        """seconds: a move in the world takes; 0: none."""
        self.worker, self.renderer = worker, renderer
        self.world = World(state, seconds)
        self.feed = Feed(self.world, renderer)
        self.history = History(state)
        self.passes = 0
        self._kept: dict[int, FeatureMaps] = {}
        self._pixels: dict[str, np.ndarray] = {}
        self._shown: dict[int, int] = {}

    def do(self, action: Action) -> bool:
        """Do it, if it is a change of the world or takes one back. Raises VrnnError when it cannot
        be done; the world is then as before."""
        if isinstance(action, Change):
            state = action.change(self.world.state, self.world)
            if state != self.history.state:
                self.history.push(action.said, state)
                self.become(state)
            return True
        if isinstance(action, Undo):
            if not self.history.undone_next:
                raise VrnnError("there is nothing to undo")
            self.become(self.history.undo(action.times))
            return True
        if isinstance(action, Redo):
            if not self.history.redone_next:
                raise VrnnError("there is nothing to do again")
            self.become(self.history.redo(action.times))
            return True
        return False

    def preview(self, change: Change) -> None:
        """Show what a change would make, while it is being made by hand."""
        self.world.set_state(change.change(self.history.state, self.world), move=False)

    def become(self, state: State) -> None:
        """Make the world as a state has it."""
        before = self.world.state
        self.world.set_state(state)
        if (state.picture, state.off) != (before.picture, before.off):
            self.run()
        if state.pins != before.pins:
            self._pin(state.pins)
        self.feed.fold()

    # Images.

    def run(self) -> None:
        """Run the image through all networks."""
        state = self.world.state
        self.passes += 1
        self.worker.show(self.image(state.picture))

    def image(self, picture: Picture) -> np.ndarray | Path | int | Callable[[], np.ndarray] | None:
        """What the worker is to run; None for the networks' own sample."""
        if picture.pixels:
            if picture.pixels not in self._pixels:
                raise VrnnError("this image is not known any more; put another one in")
            return self._pixels[picture.pixels]
        height, width = self.input_size()
        if picture.noise is not None:
            return noise_image(picture.noise, height, width)
        if picture.plain == "grey":
            return grey_image(height, width)
        if picture.plain == "mean":
            images = self.feed.datasets.get(0)
            if images is None:
                raise VrnnError("there is no data set to take the mean of; start with --data")
            return lambda: mean_image(images, height, width)
        return picture.file if picture.file is not None else picture.number

    def keep(self, pixels: np.ndarray) -> str:
        """Remember an image that has no file; returns the key that stands for it."""
        key = hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()[:16]
        self._pixels[key] = pixels
        while len(self._pixels) > KEPT:
            del self._pixels[next(iter(self._pixels))]
        return key

    def kept(self, key: str) -> np.ndarray | None:
        """A remembered image."""
        return self._pixels.get(key)

    def input_size(self) -> tuple[int, int]:
        """Height and width of the first network's image, pixels."""
        if not self.world.slots:
            return 224, 224
        stand = self.world.stands[self.world.slots[0]]
        if stand.frame is not None:
            height, width = stand.frame.image.shape[:2]
            return height, width
        _, height, width = map_shape(stand.network.by_id[stand.network.inputs[0]].shape)
        return height, width

    # What arrives.

    def upload(self, most_bytes: float = float("inf")) -> bool:
        """Send what has arrived to the GPU; see `Feed.upload`."""
        complete = self.feed.upload(most_bytes)
        shown = dict(self.feed.shown)
        if shown != self._shown:
            self._shown = shown
            if self.world.state.pins:
                self._pin(self.world.state.pins)
        return complete

    def _pin(self, pins: tuple[Pin, ...]) -> None:
        found = {}
        for pin in pins:
            stand = self.world.stands.get(pin.network)
            node = stand.ids.get(pin.layer) if stand is not None else None
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
            found[pin.number] = Pinned(
                pin.number, pin.network, pin.beside, stand.network.by_id[node],
                PINS + pin.number, caption, maps,
            )  # fmt: skip
        for number in self._kept.keys() - {pin.number for pin in pins}:
            self.renderer.close(PINS + number)
        self._kept = {p.number: self._kept[p.number] for p in pins if p.number in self._kept}
        self.world.pin(found)

    def _of_pin(self, pin: Pin, now: FeatureMaps | None) -> FeatureMaps | None:
        kept = self._kept.get(pin.number)
        if now is None or kept is None or pin.kind == "live":
            return now
        return difference(now, kept) if pin.kind == "difference" else kept

    def restart(self, state: State) -> None:
        """Begin anew from a state, with nothing to undo."""
        self.history = History(state)
        self.become(replace(state))
