"""The strongest sources and targets of the channel at the pointer, kept up with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np

from vrnn.compute.paths.jobs import ChannelLinksJob
from vrnn.network.channel_paths import ChannelLinks, ChannelShares, find_paths
from vrnn.network.feature_maps import CoarseMaps
from vrnn.network.kernel_edits import KernelEdit
from vrnn.scene.world import World
from vrnn.workspace.job_manager import JobManager
from vrnn.workspace.manager import Manager

Key = tuple[int, tuple[KernelEdit, ...]]
"""Network and edits of its kernels."""
MAX_UNKNOWN = 3
"""Layers that are named which chains end at."""


class ChannelPathFinder(Manager):
    """Follows the channel at the pointer to its sources and targets."""

    def __init__(self, world: World, jobs: JobManager, notify: Callable[[str], None]) -> None:
        """Begin with nothing known.

        Args:
            world: Where something is pointed at.
            jobs: Read the weights.
            notify: Shows the user a sentence.
        """
        self._world, self._jobs, self._notify = world, jobs, notify
        self._links: dict[Key, ChannelLinks] = {}
        self._running: set[Key] = set()
        self._failed: set[Key] = set()
        self._shares: tuple[object, ChannelShares] | None = None
        self._shown: tuple[object, ...] | None = None

    @property
    def pending(self) -> bool:
        """Whether links that are to be shown are still being read."""
        return self._world.state.paths.shown and bool(self._running)

    def on_network_loaded(self) -> None:
        """Forget everything: it may belong to another network."""
        self._links.clear()
        self._running.clear()
        self._failed.clear()
        self._shares = self._shown = None
        self._world.set_channel_paths(None)

    def update(self) -> bool:
        """Look at what is pointed at; True when the picture changed."""
        pointed = self._pointed()
        if pointed is None:
            had, self._shown = self._shown is not None, None
            if had:
                self._world.set_channel_paths(None)
            return had
        slot, node, channel = pointed
        key = (slot, self._world.state.edits.get(slot, ()))
        links = self._links.get(key)
        if links is None:
            if key not in self._running and key not in self._failed:
                self._read(key)
            return False
        state = self._world.state.paths
        by_activation = state.values != "weight"
        result = self._world.networks[slot].result
        sequence = result.sequence if by_activation and result is not None else 0
        question = (key, node, channel, state.strongest, state.values, sequence)
        if question == self._shown:
            return False
        self._shown = question
        if self._shares is None or self._shares[0] != (key, sequence):
            activations = self._mean_activations(slot) if by_activation else None
            self._shares = (key, sequence), ChannelShares(links, activations)
        paths = find_paths(self._shares[1], node, channel, state.strongest)
        self._world.set_channel_paths((slot, paths))
        return True

    def _pointed(self) -> tuple[int, int, int] | None:
        """Network, node and channel: at the pointer, else the one that was switched on at."""
        state, hit = self._world.state.paths, self._world.hovered
        if not state.shown:
            return None
        if hit is not None and hit.layer is not None and hit.channel >= 0:
            return hit.slot, hit.node, hit.channel
        opened = self._world.networks.get(state.network)
        if opened is None or state.layer not in opened.node_ids:
            return None
        node = opened.node_ids[state.layer]
        count = opened.network.by_id[node].shape[0]
        return (state.network, node, state.channel) if state.channel < count else None

    def _read(self, key: Key) -> None:
        def take(result: object) -> None:
            links = cast(ChannelLinks, result)
            self._links[key] = links
            if links.unknown:
                some = ", ".join(links.unknown[:MAX_UNKNOWN])
                more = ", …" if len(links.unknown) > MAX_UNKNOWN else ""
                self._notify(f"chains of channels end at {some}{more}: it mixes them otherwise")

        def fail(reason: str) -> None:
            self._failed.add(key)
            self._notify(reason)

        self._running.add(key)
        self._jobs.start(
            ChannelLinksJob(key[0]), take, on_end=lambda: self._running.discard(key),
            on_failed=fail,
        )  # fmt: skip

    def _mean_activations(self, slot: int) -> dict[int, np.ndarray]:
        """(C,) mean |a| of each channel by node id; where maps are not whole, of their means."""
        found = {}
        network = self._world.networks[slot]
        for node, layer in network.all_maps.items():
            maps = layer.as_maps if isinstance(layer, CoarseMaps) else network.maps[node]
            values = np.abs(maps.values.astype(np.float32)).mean((1, 2)) * maps.scale
            found[node] = np.nan_to_num(values, nan=0.0, posinf=0.0)
        return found
