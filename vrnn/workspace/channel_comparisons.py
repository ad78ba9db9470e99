"""Channels compared with each other: asked for by the state, found by jobs, given to the world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np

from vrnn.compute.analysis.channel_groups_job import DatasetChannelsJob, ImageChannelsJob
from vrnn.compute.jobs import Job
from vrnn.network.channel_groups import ChannelGroups, ChannelSource
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.layer_pictures import LayerPicture
from vrnn.network.picture_kinds import COMPONENTS_PICTURE, MAX_SIDE
from vrnn.scene.state import State
from vrnn.scene.world import World
from vrnn.workspace.job_manager import JobManager
from vrnn.workspace.manager import Manager

Key = tuple[int, int]
"""Slot and node."""
MAX_NAMED_SHARES = 4
"""Components whose part of the variance is told."""


@dataclass(frozen=True, eq=False)
class _Compared:
    """What the channels of a layer were last compared over.

    Attributes:
        over: The present image, or the data set.
        maps: The maps of the image; None for the data set.
        job: Number of the job that finds it; None when it has ended.
    """

    over: ChannelSource
    maps: FeatureMaps | None
    job: int | None = None


class ChannelComparisons(Manager):
    """Compares the channels of the layers that show what this gives, and of no others.

    Attributes:
        failures: Why the channels of a layer could not be compared, by slot and node.
    """

    def __init__(self, world: World, jobs: JobManager, notify: Callable[[str], None]) -> None:
        """Begin with nothing compared.

        Args:
            world: Whose state says what is shown.
            jobs: Run the comparisons.
            notify: Shows the user a sentence.
        """
        self.failures: dict[Key, str] = {}
        self._world, self._jobs, self._notify = world, jobs, notify
        self._compared: dict[Key, _Compared] = {}
        self._pictured: dict[Key, tuple[ChannelGroups, FeatureMaps]] = {}

    def found(self, slot: int, node: int) -> ChannelGroups | None:
        """Return what is known of the channels of a layer, over what its state names."""
        network = self._world.networks[slot]
        layer = self._world.state.layer((slot, network.network.by_id[node].name))
        return network.channel_groups.get((node, layer.compared_over))

    def is_running(self, slot: int, node: int) -> bool:
        """Return whether the channels of a layer are being compared."""
        compared = self._compared.get((slot, node))
        return compared is not None and compared.job is not None

    def on_network_loaded(self) -> None:
        """Forget everything: it may belong to another network."""
        self._compared.clear()
        self._pictured.clear()
        self.failures.clear()

    def on_edits_changed(self) -> None:
        """Forget what was found with other kernels."""
        self.on_network_loaded()

    def on_pass_complete(self) -> None:
        """Compare the channels of the new image."""
        self.sync_with_state(self._world.state)

    def on_maps_shown(self) -> None:
        """Compare channels whose maps were missing."""
        self.sync_with_state(self._world.state)

    def sync_with_state(self, state: State) -> None:
        """Compare what a state shows, and draw components."""
        wanted = self._wanted(state)
        for key in self._compared.keys() - wanted.keys():
            self._stop(key)
        for key, over in wanted.items():
            maps = self._world.networks[key[0]].whole_maps(key[1])
            if maps is not None:
                self._compare(key, over, maps)
                self._draw_components(key, over, maps)

    def _wanted(self, state: State) -> dict[Key, ChannelSource]:
        wanted = {}
        for (slot, name), layer in state.layers.items():
            network = self._world.networks.get(slot)
            if layer.compares_channels and network is not None and name in network.node_ids:
                wanted[slot, network.node_ids[name]] = layer.compared_over
        return wanted

    def _compare(self, key: Key, over: ChannelSource, maps: FeatureMaps) -> None:
        """Start a comparison, unless the same was made or is being made.

        One of an image before is finished first, so that a stream of images does not end them all.
        """
        slot, node = key
        seen = maps if over == "image" else None
        before = self._compared.get(key)
        if before is not None and before.over == over and before.maps is seen:
            return
        if before is not None and before.job is not None:
            if before.over == over:
                return
            self._stop(key)
        network = self._world.networks[slot]
        is_known = over == "data set" and (node, over) in network.channel_groups
        self.failures.pop(key, None)
        if is_known:
            self._compared[key] = _Compared(over, seen)
            return
        name = network.network.by_id[node].name
        job: Job = ImageChannelsJob(slot, name, maps)
        if over == "data set":
            job = DatasetChannelsJob(slot, node)
        number = self._jobs.start(
            job,
            lambda result: self._take(key, over, cast(ChannelGroups, result)),
            on_end=lambda: self._on_end(key),
            on_failed=lambda reason: self._fail(key, reason),
        )
        self._compared[key] = _Compared(over, seen, number)

    def _on_end(self, key: Key) -> None:
        compared = self._compared.get(key)
        if compared is not None:
            self._compared[key] = _Compared(compared.over, compared.maps)

    def _fail(self, key: Key, reason: str) -> None:
        if self.failures.get(key) != reason:
            self._notify(reason)
        self.failures[key] = reason
        compared = self._compared.get(key)
        if compared is not None:
            self._world.set_channel_groups(*key, compared.over, None)
        self._world.set_layer_picture(*key, COMPONENTS_PICTURE, None)

    def _take(self, key: Key, over: ChannelSource, groups: ChannelGroups) -> None:
        self.failures.pop(key, None)
        if groups.skipped:
            index, reason = groups.skipped[0]
            self._notify(
                f"{len(groups.skipped)} images of the data set were left out, first {index}: "
                f"{reason}"
            )
        self._world.set_channel_groups(*key, over, groups)
        self.update()  # the image may have changed meanwhile

    def _stop(self, key: Key) -> None:
        """End the comparison of a layer that shows none any more."""
        compared = self._compared.pop(key)
        if compared.job is not None:
            self._jobs.cancel(compared.job)
        self.failures.pop(key, None)
        self._pictured.pop(key, None)
        self._world.set_layer_picture(*key, COMPONENTS_PICTURE, None)

    def _draw_components(self, key: Key, over: ChannelSource, maps: FeatureMaps) -> None:
        groups = self._world.networks[key[0]].channel_groups.get((key[1], over))
        if groups is None or len(groups.mean) != maps.channels:
            return
        known = self._pictured.get(key)
        if known is None or known[0] is not groups or known[1] is not maps:
            self._pictured[key] = groups, maps
            picture = components_picture(groups, maps)
            self._world.set_layer_picture(*key, COMPONENTS_PICTURE, picture)


def components_picture(groups: ChannelGroups, maps: FeatureMaps) -> LayerPicture | None:
    """Return the maps of a layer along the principal components of its channels.

    Args:
        groups: What is known of its channels.
        maps: Its maps, of at most MAX_SIDE a side, else of a coarser level.

    Returns:
        (K, h, w) values; None where nothing varies.
    """
    if not len(groups.shares):
        return None
    level = maps.level(MAX_SIDE)
    values = level.reshape(len(level), -1).astype(np.float32) * np.float32(maps.scale)
    counts: np.ndarray = np.abs(groups.components).max(0) > 0  # others may be not finite
    values = np.where(counts[:, None], values, 0)
    mean = np.where(counts, groups.mean, 0)
    found = groups.components @ (values - mean[:, None])
    shares = ", ".join(f"{share:.0%}" for share in groups.shares[:MAX_NAMED_SHARES].tolist())
    more = ", …" if len(groups.shares) > MAX_NAMED_SHARES else ""
    caption = f"{len(found)} principal components: {shares}{more} of the variance"
    shape = (len(found), *level.shape[1:])
    return LayerPicture(np.ascontiguousarray(found.reshape(shape), np.float32), caption)
