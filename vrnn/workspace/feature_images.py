"""Feature visualizations on the main thread: requested from jobs, cached, uploaded to the GPU.

They are shown in place of the feature maps of every layer whose `LayerState.features` is set.
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
from vrnn.workspace.layer_analyses import NodeKey
from vrnn.workspace.manager import Manager

FIRST_STORE = 100_000
"""Numbers of the images' map stores begin here, beyond those of networks and pinned copies."""
VISIBILITY_SECONDS = 0.5
"""Seconds between two checks of which channels are in view."""
MAX_IMAGES_IN_MEMORY = 256
"""Images per layer that are held in memory; others are read from their file when needed."""

ImageKey = tuple[int, int]
"""Channel and sample number."""


@dataclass(eq=False)
class FeatureImageSet:
    """The feature visualizations of one layer.

    Attributes:
        settings: How they are optimized.
        store: Number of their map store on the GPU.
        job_number: The job that makes them; 0 once it has ended.
        num_finished: How many images are complete.
        total: How many there will be.
        size: (height, width) in pixels; None until the first one arrives.
        images: Images in memory, by channel and sample, the least recently changed first.
        files: The file of each image that has one.
        pending_blocks: Half-float blocks that are not on the GPU yet.
        uploaded: The number in the store of each image that is on the GPU.
        finished_keys: Images that have run all their steps, or have diverged.
    """

    settings: FeatureVisSettings
    store: int
    job_number: int = 0
    num_finished: int = 0
    total: int = 0
    size: tuple[int, int] | None = None
    images: dict[ImageKey, FeatureImage] = field(default_factory=dict)
    files: dict[ImageKey, Path] = field(default_factory=dict)
    pending_blocks: dict[ImageKey, np.ndarray] = field(default_factory=dict)
    uploaded: dict[ImageKey, int] = field(default_factory=dict)
    finished_keys: set[ImageKey] = field(default_factory=set)


class FeatureImageManager(Manager):
    """Keeps the feature visualizations of all layers in step with the state.

    Attributes:
        image_sets: The images of each layer that shows them, by network and node.
    """

    def __init__(
        self, world: World, renderer: Renderer, jobs: JobManager, notify: Callable[[str], None]
    ) -> None:
        """Create a manager without images.

        Args:
            world: Where the images are shown.
            renderer: Holds them on the GPU.
            jobs: Runs the optimizations.
            notify: Shows the user a sentence.
        """
        self._world, self._renderer, self._jobs, self._notify = world, renderer, jobs, notify
        self._next_store = FIRST_STORE
        self._prioritized: tuple[int, ...] = ()
        self._channels_first: tuple[int, ...] = ()
        self._last_visibility_check = 0.0
        self._clip_from_world: np.ndarray | None = None
        self.image_sets: dict[NodeKey, FeatureImageSet] = {}

    def sync_with_state(self, state: State) -> None:
        """Start the jobs of layers that newly show images, and remove what is no longer shown."""
        requested: dict[NodeKey, FeatureVisSettings] = {}
        for (slot, name), layer in state.layers.items():
            network = self._world.networks.get(slot)
            if layer.features is not None and network is not None and name in network.node_ids:
                requested[slot, network.node_ids[name]] = layer.features
        for key, image_set in list(self.image_sets.items()):
            if requested.get(key) != image_set.settings:
                self._remove(key)
        for key, settings in requested.items():
            ready = settings.source != "image" or self._world.networks[key[0]].result is not None
            if key not in self.image_sets and ready:
                self._start(key, settings)

    def on_network_loaded(self) -> None:
        """Remove all images: they may belong to another network."""
        for key in list(self.image_sets):
            self._remove(key)

    def on_edits_changed(self) -> None:
        """Forget what was found with other kernels."""
        self.on_network_loaded()

    def on_weights_changed(self) -> None:
        """Find it again with the weights of another step of a training."""
        self.on_network_loaded()

    def on_pass_complete(self) -> None:
        """Start what begins from the input image, now that there is one."""
        self.sync_with_state(self._world.state)

    def _start(self, key: NodeKey, settings: FeatureVisSettings) -> None:
        slot, node = key
        network = self._world.networks[slot]
        image_set = self.image_sets[key] = FeatureImageSet(settings, self._next_store)
        self._next_store += 1
        count = 1 if settings.is_whole_layer else network.network.by_id[node].shape[0]
        image_set.total = count * settings.samples_per_channel
        image = None
        if settings.source == "image" and network.result is not None:
            image = network.result.image
        # Where the layer will be at rest: it is growing right now.
        visible = self._visible_channels(self._world.at_rest(), key, settings)
        self._channels_first = (*self._prioritized, *visible)
        job = FeatureVisJob(slot, node, settings, image, lambda: self._channels_first)
        image_set.job_number = self._jobs.start(
            job,
            lambda result: None,
            on_partial_result=lambda parts: self._on_partial_result(image_set, parts),
            on_end=lambda: self._on_end(image_set),
        )

    def _remove(self, key: NodeKey) -> None:
        image_set = self.image_sets.pop(key)
        self._cancel_job(image_set)
        if image_set.store in self._renderer.maps.slots:
            self._renderer.maps.free(image_set.store)
        self._world.set_feature_tiles(*key, None)

    def _cancel_job(self, image_set: FeatureImageSet) -> None:
        if image_set.job_number:
            self._jobs.cancel(image_set.job_number)
            image_set.job_number = 0

    def prioritize(self, channels: Sequence[int]) -> None:
        """Optimize these channels first from now on, even before those in view."""
        self._prioritized = tuple(channels)

    def update_visible_channels(self, clip_from_world: np.ndarray) -> None:
        """Let the running job continue with the channels that are in view.

        Args:
            clip_from_world: (4, 4) matrix of the camera.
        """
        now = time.perf_counter()
        self._clip_from_world = clip_from_world
        if now - self._last_visibility_check > VISIBILITY_SECONDS:
            self._last_visibility_check = now
            for key, image_set in self.image_sets.items():
                if image_set.job_number:
                    visible = self._visible_channels(self._world, key, image_set.settings)
                    self._channels_first = (*self._prioritized, *visible)
                    break

    def _visible_channels(
        self, world: World, key: NodeKey, settings: FeatureVisSettings
    ) -> tuple[int, ...]:
        if self._clip_from_world is None or settings.is_whole_layer:
            return ()
        return channels_in_view(world, *key, self._clip_from_world)

    def _on_partial_result(self, image_set: FeatureImageSet, parts: Sequence[object]) -> None:
        """Take the images of a job, unless it has been canceled meanwhile."""
        if not image_set.job_number:
            return
        for part in parts:
            if not isinstance(part, FeatureTile):
                continue
            feature = part.feature
            key = (feature.channel, feature.sample)
            image_set.size = feature.pixels.shape[:2]
            image_set.pending_blocks[key] = part.block
            image_set.images.pop(key, None)
            image_set.images[key] = feature
            if part.path is not None:
                image_set.files[key] = part.path
            if len(feature.curve) >= image_set.settings.steps or feature.diverged:
                image_set.finished_keys.add(key)
        image_set.num_finished = len(image_set.finished_keys)
        excess = max(len(image_set.images) - MAX_IMAGES_IN_MEMORY, 0)
        for key in [k for k in image_set.images if k in image_set.files][:excess]:
            del image_set.images[key]

    def _on_end(self, image_set: FeatureImageSet) -> None:
        """Note that a job has finished, was canceled, or has failed."""
        image_set.job_number = 0

    def upload(self, max_bytes: float) -> bool:
        """Send images to the GPU, at least one, until a budget is used up.

        Args:
            max_bytes: The budget.

        Returns:
            Whether all images that have arrived are on the GPU.
        """
        sent = 0
        for (slot, node), image_set in self.image_sets.items():
            any_new = False
            while image_set.pending_blocks and sent < max_bytes:
                key = next(iter(image_set.pending_blocks))
                block = image_set.pending_blocks.pop(key)
                try:
                    any_new |= self._upload_image(image_set, key, block)
                except VrnnError as error:  # no room on the GPU
                    self._give_up(image_set, str(error))
                    break
                sent += block.nbytes
            if any_new and image_set.size is not None:
                tiles = FeatureTiles(
                    image_set.store,
                    display_size(image_set.total, *image_set.size),
                    self._addresses(image_set),
                    image_set.settings.samples_per_channel,
                    image_set.settings.is_whole_layer,
                )
                self._world.set_feature_tiles(slot, node, tiles)
        return not any(image_set.pending_blocks for image_set in self.image_sets.values())

    def _give_up(self, image_set: FeatureImageSet, reason: str) -> None:
        image_set.pending_blocks.clear()
        self._cancel_job(image_set)
        self._notify(reason)

    def _upload_image(self, image_set: FeatureImageSet, key: ImageKey, block: np.ndarray) -> bool:
        """Write one image; True when it is the first version of it on the GPU."""
        assert image_set.size is not None
        if image_set.store not in self._renderer.maps.slots:
            size = block_size(3, *display_size(image_set.total, *image_set.size))
            self._renderer.maps.allocate(
                image_set.store, dict.fromkeys(range(image_set.total), size)
            )
        number = key[0] * image_set.settings.samples_per_channel + key[1]
        self._renderer.maps.upload(image_set.store, number, block)
        is_new = key not in image_set.uploaded
        image_set.uploaded[key] = number
        return is_new

    def _addresses(self, image_set: FeatureImageSet) -> Mapping[ImageKey, tuple[int, int]]:
        addresses = self._renderer.maps.addresses(image_set.store)
        return {key: addresses[number] for key, number in image_set.uploaded.items()}

    def feature(self, slot: int, node: int, channel: int, copy: int = 0) -> FeatureImage | None:
        """Find the feature visualization of a channel.

        Args:
            slot: The network.
            node: The layer's node.
            channel: The channel, from 0; ignored where one image stands for the whole layer.
            copy: Which of the channel's samples, from 0.

        Returns:
            The image; None while there is none, or when the layer shows its feature maps.
        """
        image_set = self.image_sets.get((slot, node))
        if image_set is None:
            return None
        key = (0 if image_set.settings.is_whole_layer else channel, copy)
        image = image_set.images.get(key)
        if image is None and key in image_set.files:
            image = load(image_set.files[key], node, *key)
            if image is not None:
                image_set.images[key] = image
        return image

    def all_images(self, slot: int, node: int) -> list[FeatureImage]:
        """Return every image of a layer that there is, by channel and sample."""
        image_set = self.image_sets.get((slot, node))
        keys = sorted(image_set.uploaded) if image_set is not None else []
        images = [self.feature(slot, node, *key) for key in keys]
        return [image for image in images if image is not None]
