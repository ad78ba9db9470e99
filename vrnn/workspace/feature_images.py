"""Pictures of what channels look for, on the main thread's side: asked for, kept, sent to the GPU.

They are shown for every layer that the state says so of; see `LayerState.features`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vrnn.compute.features.job import FeatureVisJob
from vrnn.errors import VrnnError
from vrnn.features.results import FeatureImage, FeatureTile, display_size
from vrnn.features.settings import FeatureVisSettings
from vrnn.features.store import load
from vrnn.network.feature_maps import block_size
from vrnn.render.renderer import Renderer
from vrnn.scene.state import State
from vrnn.scene.visibility import channels_in_view
from vrnn.scene.visuals.feature_panels import FeatureTiles
from vrnn.scene.world import World
from vrnn.workspace.job_manager import JobManager

FIRST_STORE = 100_000
"""Numbers of pictures' stores begin here, beyond those of networks and doubles."""
VISIBILITY_SECONDS = 0.5
"""Seconds from one look at what is seen to the next."""
MAX_IMAGES_IN_MEMORY = 256
"""Pictures that are held whole; others come from their file when they are asked for."""

Key = tuple[int, int]
"""Network and node."""


@dataclass(eq=False)
class FeatureImageSet:
    """The pictures of one layer. job: that makes them, 0 when it has ended; done, of: how many;
    store: on the GPU; files: where each lies, by channel and copy."""

    settings: FeatureVisSettings
    store: int
    job_number: int = 0
    num_finished: int = 0
    total: int = 0
    size: tuple[int, int] | None = None
    images: dict[tuple[int, int], FeatureImage] = field(default_factory=dict)
    files: dict[tuple[int, int], Path] = field(default_factory=dict)
    pending_blocks: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)
    uploaded: dict[tuple[int, int], int] = field(default_factory=dict)
    finished_keys: set[tuple[int, int]] = field(default_factory=set)


class FeatureImageManager:
    """The pictures of all layers."""

    def __init__(
        self, world: World, renderer: Renderer, jobs: JobManager, notify: Callable[[str], None]
    ) -> None:
        """Create it.

        Args:
            world: Where the images are shown.
            renderer: Holds them on the GPU.
            jobs: Make them.
            notify: Tells the user a sentence.
        """
        self._world, self._renderer, self._jobs, self._notify = world, renderer, jobs, notify
        self._stores = FIRST_STORE
        self._wished: tuple[int, ...] = ()
        self._first: tuple[int, ...] = ()
        self._looked = 0.0
        self._view: np.ndarray | None = None
        self.image_sets: dict[Key, FeatureImageSet] = {}

    def sync_with_state(self, state: State) -> None:
        """Make what a state shows and is not there; take away what it does not show."""
        asked: dict[Key, FeatureVisSettings] = {}
        for (slot, name), layer in state.layers.items():
            stand = self._world.networks.get(slot)
            if layer.features is not None and stand is not None and name in stand.node_ids:
                asked[slot, stand.node_ids[name]] = layer.features
        for key, made in list(self.image_sets.items()):
            if asked.get(key) != made.settings:
                self._take_away(key)
        for key, settings in asked.items():
            ready = settings.source != "image" or self._world.networks[key[0]].result is not None
            if key not in self.image_sets and ready:
                self._begin(key, settings)

    def on_network_loaded(self) -> None:
        """Take all images away: they may be of another network."""
        for key in list(self.image_sets):
            self._take_away(key)

    def _begin(self, key: Key, settings: FeatureVisSettings) -> None:
        slot, node = key
        stand = self._world.networks[slot]
        made = self.image_sets[key] = FeatureImageSet(settings, self._stores)
        self._stores += 1
        count = 1 if settings.is_whole_layer else stand.network.by_id[node].shape[0]
        made.total = count * settings.samples_per_channel
        image = None
        if settings.source == "image" and stand.result is not None:
            image = stand.result.image
        # Where the layer will stand: it grows just now.
        self._first = (*self._wished, *self._seen(self._world.at_rest(), key, settings))
        job = FeatureVisJob(slot, node, settings, image, lambda: self._first)
        made.job_number = self._jobs.start(
            job, f"pictures for {stand.network.by_id[node].name}", lambda result: None,
            on_partial_result=lambda parts: self._on_part(made, parts),
            on_end=lambda: self._on_end(made),
        )  # fmt: skip

    def _take_away(self, key: Key) -> None:
        made = self.image_sets.pop(key)
        if made.job_number:
            self._jobs.cancel(made.job_number)
            made.job_number = 0
        if made.store in self._renderer.slots:
            self._renderer.close(made.store)
        self._world.set_feature_tiles(*key, None)

    def prioritize(self, channels: Sequence[int]) -> None:
        """Channels that are to come first from now on, before those that are seen."""
        self._wished = tuple(channels)

    def update_visible_channels(self, clip_from_world: np.ndarray) -> None:
        """Tell the job in work which channels are seen. clip_from_world: (4, 4)."""
        now = time.perf_counter()
        self._view = clip_from_world
        if now - self._looked > VISIBILITY_SECONDS:
            self._looked = now
            for key, made in self.image_sets.items():
                if made.job_number:
                    self._first = (*self._wished, *self._seen(self._world, key, made.settings))
                    break

    def _seen(self, world: World, key: Key, settings: FeatureVisSettings) -> tuple[int, ...]:
        if self._view is None or settings.is_whole_layer:
            return ()
        return channels_in_view(world, *key, self._view)

    def _on_part(self, made: FeatureImageSet, parts: Sequence[object]) -> None:
        """Take images that a job has made, unless they are not wanted any more."""
        if not made.job_number:
            return
        for part in parts:
            if not isinstance(part, FeatureTile):
                continue
            feature = part.feature
            key = (feature.channel, feature.sample)
            made.size = feature.pixels.shape[:2]
            made.pending_blocks[key] = part.block
            made.images.pop(key, None)
            made.images[key] = feature
            if part.path is not None:
                made.files[key] = part.path
            if len(feature.curve) >= made.settings.steps or feature.diverged:
                made.finished_keys.add(key)
        made.num_finished = len(made.finished_keys)
        for key in [k for k in made.images if k in made.files][
            : max(len(made.images) - MAX_IMAGES_IN_MEMORY, 0)
        ]:
            del made.images[key]

    def _on_end(self, made: FeatureImageSet) -> None:
        """A job has ended: done, stopped or failed."""
        made.job_number = 0

    def upload(self, max_bytes: float) -> bool:
        """Send pictures to the GPU until so many bytes are reached, at least one. True when all
        are there."""
        sent = 0
        for (slot, node), made in self.image_sets.items():
            fresh = False
            while made.pending_blocks and sent < max_bytes:
                key = next(iter(made.pending_blocks))
                block = made.pending_blocks.pop(key)
                try:
                    fresh |= self._send(made, key, block)
                except VrnnError as error:  # no room on the GPU
                    self._give_up(made, str(error))
                    break
                sent += block.nbytes
            if fresh and made.size is not None:
                addresses = self._addresses(made)
                size = display_size(made.total, *made.size)
                layer = FeatureTiles(
                    made.store,
                    size,
                    addresses,
                    made.settings.samples_per_channel,
                    made.settings.is_whole_layer,
                )
                self._world.set_feature_tiles(slot, node, layer)
        return not any(made.pending_blocks for made in self.image_sets.values())

    def _give_up(self, made: FeatureImageSet, why: str) -> None:
        made.pending_blocks.clear()
        if made.job_number:
            self._jobs.cancel(made.job_number)
            made.job_number = 0
        self._notify(why)

    def _send(self, made: FeatureImageSet, key: tuple[int, int], block: np.ndarray) -> bool:
        """Write one picture; True when it is seen for the first time."""
        assert made.size is not None
        if made.store not in self._renderer.slots:
            size = block_size(3, *display_size(made.total, *made.size))
            self._renderer.open(made.store, dict.fromkeys(range(made.total), size))
        number = key[0] * made.settings.samples_per_channel + key[1]
        self._renderer.upload(made.store, number, block)
        fresh = key not in made.uploaded
        made.uploaded[key] = number
        return fresh

    def _addresses(self, made: FeatureImageSet) -> Mapping[tuple[int, int], tuple[int, int]]:
        places = self._renderer.addresses(made.store)
        return {key: places[number] for key, number in made.uploaded.items()}

    def feature(self, slot: int, node: int, channel: int, copy: int = 0) -> FeatureImage | None:
        """A picture of a layer that shows its pictures; None while there is none."""
        made = self.image_sets.get((slot, node))
        if made is None:
            return None
        key = (0 if made.settings.is_whole_layer else channel, copy)
        whole = made.images.get(key)
        if whole is None and key in made.files:
            whole = load(made.files[key], node, *key)
            if whole is not None:
                made.images[key] = whole
        return whole

    def all_images(self, slot: int, node: int) -> list[FeatureImage]:
        """Every picture of a layer that there is, by channel and copy."""
        made = self.image_sets.get((slot, node))
        keys = sorted(made.uploaded) if made is not None else []
        found = [self.feature(slot, node, *key) for key in keys]
        return [feature for feature in found if feature is not None]
