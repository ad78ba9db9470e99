"""Whole maps of layers one after the other, for what reads the values of many layers once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from vrnn.compute.worker import Worker
from vrnn.errors import VrnnError
from vrnn.network.feature_maps import FeatureMaps
from vrnn.workspace.map_uploader import WorkerEventSink

MAX_SECONDS = 600.0
"""A pass that takes longer to give the maps that are waited for hangs."""


class FetchedMaps(Mapping[int, FeatureMaps]):
    """The whole maps of some layers; those that are missing are made again, and waited for.

    No more of them are in memory at once than its budget allows, or one layer.
    """

    def __init__(
        self, worker: Worker, feed: WorkerEventSink, slot: int, nodes: Sequence[int],
        on_network_loaded: Callable[[], None],
    ) -> None:  # fmt: skip
        """Say which layers.

        Args:
            worker: Makes the maps.
            feed: Takes its events.
            slot: The network.
            nodes: Ids of its layers, in the order in which they will be read.
            on_network_loaded: Called when a network has been opened meanwhile.
        """
        self._worker, self._feed, self._slot, self._nodes = worker, feed, slot, tuple(nodes)
        self._on_network_loaded = on_network_loaded
        self._network = feed.world.networks[slot]
        self._read: int | None = None

    def __iter__(self) -> Iterator[int]:
        """Yield the ids of the layers."""
        return iter(self._nodes)

    def __len__(self) -> int:
        """Return how many layers there are."""
        return len(self._nodes)

    def __getitem__(self, node: int) -> FeatureMaps:
        """Return the whole maps of a layer; those that were read before it may go.

        Raises:
            VrnnError: They cannot be made.
        """
        if node not in self._nodes:
            raise KeyError(node)
        host = self._feed.residency.host
        if self._read is not None and self._read != node:
            host.release((self._slot, self._read))
        self._read = node
        following = [(self._slot, n) for n in self._nodes[self._nodes.index(node) :]]
        waited = 0.0
        while (maps := self._network.maps.get(node)) is None:
            known = self._network.layer_maps(node)
            if known is None or host.keeps_all(self._slot) or waited > MAX_SECONDS:
                name = self._network.network.by_id[node].name
                raise VrnnError(f"the maps of '{name}' are not there; run the image again")
            host.request(following)
            events = self._worker.wait(1.0)
            waited += 0.0 if events else 1.0
            if self._feed.handle_events(events):
                self._on_network_loaded()
            self._feed.upload()
        return maps
