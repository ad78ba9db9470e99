"""What of the maps is on the GPU: all of their levels within a budget, else the coarse ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from vrnn.errors import VrnnError
from vrnn.network.coarse_levels import HALF, coarse_levels, whole_sizes
from vrnn.network.feature_maps import CoarseMaps, FeatureMaps, coarse_block_size, map_shape
from vrnn.network.graph import Network
from vrnn.network.layer_maps import LayerMaps
from vrnn.render.renderer import Renderer
from vrnn.scene.seen_layers import Key
from vrnn.scene.world import World
from vrnn.workspace.sent_bytes import SentBytes

BYTES_A_FRAME = 16 * 2**20
"""Of full maps that are sent to the GPU at once, about."""


class GpuMaps:
    """Sends maps, and gives layers a full block of their own while there is room.

    Attributes:
        levels: How many of the finest levels each layer lacks where it has no block of its own, by
            network and node; those that are not named have room for all.
        sent: Bytes that were sent lately.
    """

    def __init__(self, world: World, renderer: Renderer, tell: Callable[[str], None]) -> None:
        """Begin without networks.

        Args:
            world: The world.
            renderer: Holds the maps on the GPU, and the budget.
            tell: Takes a sentence for the user.
        """
        self._world, self._renderer, self._tell = world, renderer, tell
        self.levels: dict[int, dict[int, int]] = {}
        self.sent = SentBytes()
        self._base: dict[Key, int] = {}  # that what is always there lacks now, by layer
        self._sizes: dict[int, dict[int, int]] = {}  # bytes of whole blocks, by network and node
        self._there: dict[Key, int] = {}  # bytes of full blocks beside these, by layer
        self._fixed: dict[int, int] = {}  # bytes that are always there, by network
        self._told: set[str] = set()  # titles: a graph that changes is opened again and again
        self._wanted: list[Key] = []
        self._changed: set[int] = set()  # networks
        self._limit = np.inf  # bytes, once the GPU has refused more

    @property
    def own_count(self) -> int:
        """Number of layers that have a full block of their own."""
        return len(self._there)

    # Networks.

    def open(self, slot: int, network: Network, sizes: Mapping[int, int]) -> None:
        """Take room for the maps of a network: for all of them, or for coarse ones.

        Args:
            slot: The network's number.
            network: The network.
            sizes: Half floats of each block of its own, see `NetworkObject.block_sizes`.

        Raises:
            VrnnError: The GPU has not enough memory.
        """
        free = self._renderer.maps.budget - sum(self._fixed.values())
        if HALF * sum(sizes.values()) > free:
            self._take_coarse(slot, network, sizes, free)
        else:
            try:
                self._take(slot, {}, sizes)
            except VrnnError:  # it has less than it says
                self._take_coarse(slot, network, sizes, free)
        self._show(slot)

    def _take_coarse(
        self, slot: int, network: Network, sizes: Mapping[int, int], free: float
    ) -> None:
        levels, by_id = coarse_levels(network, free), network.by_id
        coarse = {n: coarse_block_size(*map_shape(by_id[n].shape), k) for n, k in levels.items()}
        self._take(slot, levels, {**sizes, **coarse})

    def _take(self, slot: int, levels: dict[int, int], sizes: Mapping[int, int]) -> None:
        self._renderer.maps.allocate(slot, sizes)
        self.levels[slot], self._fixed[slot] = levels, HALF * sum(sizes.values())
        self._sizes[slot] = whole_sizes(self._world.networks[slot].network)
        self._base |= {(slot, node): k for node, k in levels.items()}
        self._world.networks[slot].left_out = dict(levels)

    def close(self, slot: int) -> None:
        """Forget a network."""
        self._fixed.pop(slot, None)
        self.levels.pop(slot, None)
        self._sizes.pop(slot, None)
        self._base = {key: left_out for key, left_out in self._base.items() if key[0] != slot}
        self._there = {key: size for key, size in self._there.items() if key[0] != slot}

    def forget(self) -> None:
        """Drop all blocks that layers have of their own."""
        for key in list(self._there):
            self._drop_own(key)
        self.show()

    # What arrives.

    def upload(self, slot: int, node: int, maps: LayerMaps) -> int:
        """Send new maps of a layer; returns how many bytes."""
        store, key = self._renderer.maps, (slot, node)
        lacks = maps.left_out if isinstance(maps, CoarseMaps) else 0
        left_out = max(lacks, self.levels[slot].get(node, 0))
        block = maps.block
        if left_out > lacks and isinstance(maps, FeatureMaps | CoarseMaps):
            block = maps.coarse_block(left_out)
        store.upload(slot, node, block)
        self._base[key] = left_out
        sent = block.nbytes
        if key in self._there and not lacks:
            store.add_own(slot, node, maps.block)
            sent += maps.nbytes
        elif key in self._there:  # what it has is of the image before
            self._drop_own(key)
        self._set_left_out(key)
        self.sent.add(sent)
        return sent

    def upload_from_device(
        self, slot: int, layers: Mapping[int, LayerMaps]
    ) -> dict[int, LayerMaps]:
        """Send new maps that lie on the GPU already, as far as that goes.

        Args:
            slot: The network's number.
            layers: Maps by node.

        Returns:
            Those of them that were sent.
        """
        whole = {n: maps for n, maps in layers.items() if not self.levels[slot].get(n)}
        blocks = {
            n: maps.stored for n, maps in whole.items() if not isinstance(maps.stored, np.ndarray)
        }
        if not self._renderer.maps.upload_from_device(slot, blocks):
            return {}
        for node in whole:
            self._base[slot, node] = 0
            self._set_left_out((slot, node))
        self.sent.add(sum(maps.nbytes for maps in whole.values()))
        return whole

    def show(self) -> None:
        """Let maps that have been sent be drawn from where they are."""
        for slot in self._changed:
            self._show(slot)
        self._changed.clear()

    def _set_left_out(self, key: Key) -> None:
        """Let a layer be drawn with the levels that are on the GPU."""
        slot, node = key
        network = self._world.networks[slot]
        left_out = 0 if key in self._there else self._base[key]
        if network.left_out.get(node, 0) != left_out:
            network.left_out.pop(node, None)
            if left_out:
                network.left_out[node] = left_out
            self._changed.add(slot)

    def least_levels(self, key: Key) -> int:
        """Return how many levels the maps of a layer lack on the GPU where they are not near."""
        return self.levels.get(key[0], {}).get(key[1], 0)

    def has_room(self, layers: Iterable[Key]) -> bool:
        """Return whether the whole maps of some layers can be on the GPU at once."""
        own = ((s, n) for s, n in layers if n in self.levels[s])
        return sum(self._sizes[slot][node] for slot, node in own) <= self._free

    def is_wanted(self, key: Key) -> bool:
        """Return whether a layer was among those that were to have all of their maps."""
        return key in self._wanted

    def find_lacking(self, needed: Iterable[Key]) -> list[Key]:
        """Return the layers that are to have fine levels on the GPU, have room, and lack them.

        Args:
            needed: Those that are to have them, the most important first.
        """
        wanted, used = [], 0
        for slot, node in needed:
            network = self._world.networks[slot]
            if node not in self.levels[slot]:  # there is room for its whole block
                if network.left_out.get(node, 0):
                    wanted.append((slot, node))
                continue
            size = self._sizes[slot][node]
            if size > self._free:
                self._tell_once(slot, node)
            elif used + size <= self._free and network.layer_maps(node) is not None:
                wanted.append((slot, node))
                used += size
        self._wanted = wanted
        return [key for key in wanted if key not in self._there]

    def send(self, lacking: Iterable[Key]) -> bool:
        """Send whole maps that are in memory, a bounded part; returns whether any were sent.

        Args:
            lacking: See `find_lacking`.
        """
        sent = 0
        for key in lacking:
            slot, node = key
            maps = self._world.networks[slot].maps.get(node)
            if maps is None or sent >= BYTES_A_FRAME:
                continue
            try:
                if node in self.levels[slot]:
                    self._make_room(maps.nbytes)
                    self._renderer.maps.add_own(slot, node, maps.block)
                    self._there[key] = maps.nbytes
                else:
                    self._renderer.maps.upload(slot, node, maps.block)
                    self._base[key] = 0
            except VrnnError as error:
                self._on_full(str(error))
                break
            self._set_left_out(key)
            sent += maps.nbytes
        self.sent.add(sent)
        changed = bool(self._changed)
        self.show()
        return changed

    def _on_full(self, reason: str) -> None:
        """Do with what the GPU has taken so far; `reason`: why it takes no more."""
        self._limit = sum(self._there.values())
        self._tell(f"{reason}; the maps for which it has no room are shown coarse")

    def _show(self, slot: int) -> None:
        """Let the maps of a network be drawn from where they are now."""
        own = {node for s, node in self._there if s == slot}
        addresses = {node: (self._renderer.maps.own_array(slot, node), 0) for node in own}
        self._world.set_addresses(slot, {**self._renderer.maps.addresses(slot), **addresses})

    def _make_room(self, size: int) -> None:
        """Drop what is wanted least until a block has room."""
        unwanted = [key for key in self._there if key not in self._wanted]
        while sum(self._there.values()) + size > self._free and unwanted:
            self._drop_own(unwanted.pop(0))  # the one that has been there longest

    def _drop_own(self, key: Key) -> None:
        self._renderer.maps.drop_own(*key)
        del self._there[key]
        self._set_left_out(key)
        self._changed.add(key[0])

    @property
    def _free(self) -> float:
        """Bytes for full blocks, of all that maps may take."""
        return min(self._limit, self._renderer.maps.budget - sum(self._fixed.values()))

    def _tell_once(self, slot: int, node: int) -> None:
        network = self._world.networks[slot]
        if network.info.title in self._told:
            return
        self._told.add(network.info.title)
        self._tell(
            f"{network.info.title}: layer {network.network.by_id[node].name} and maybe others are "
            f"shown coarse, as maps may take {self._renderer.maps.budget >> 20:,} MB on the GPU; "
            "set a larger map_memory_mb"
        )
