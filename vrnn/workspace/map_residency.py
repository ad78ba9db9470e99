"""Which layers have all of their maps on the GPU, where the maps of all layers are too many for it.

Each layer's coarse maps are always there, a few percent of the bytes. The finer levels of the
pyramid are there for the layers whose maps are seen largest from where the eye is, as many as a
budget allows. What is exported, pointed at or measured comes from the worker's maps, which are
whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from vrnn.network.feature_maps import (
    FeatureMaps,
    block_size,
    coarse_block_size,
    levels_above,
    map_shape,
)
from vrnn.network.graph import Network
from vrnn.render.renderer import Renderer
from vrnn.scene.world import World

COARSE_SIDE = 32
"""Height and width of the coarse maps at most, values."""
NEAR_ANGLE = 0.012
"""Angle, radians, above which a map is seen so large that coarse ones do not do: of some ten
pixels, where the picture of the whole layer dissolves into its maps."""
BYTES_A_FRAME = 16 * 2**20
"""Of full maps that are sent to the GPU at once, about."""
HALF = 2
"""Bytes of a half float."""

Key = tuple[int, int]
"""Network and node."""


@dataclass(frozen=True)
class Residency:
    """What of the maps is on the GPU.

    Attributes:
        budget: Bytes that all maps may take.
        whole: Layers with all of their maps, of those whose coarse maps alone would be there.
        coarse: Number of layers that there are of these.
    """

    budget: int
    whole: int
    coarse: int


class MapResidency:
    """Decides it, and sends maps accordingly."""

    def __init__(self, world: World, renderer: Renderer, tell: Callable[[str], None]) -> None:
        """Begin without networks.

        Args:
            world: The world.
            renderer: Holds the maps on the GPU, and the budget.
            tell: Takes a sentence for the user.
        """
        self._world, self._renderer, self._tell = world, renderer, tell
        self._levels: dict[int, dict[int, int]] = {}  # that coarse maps lack, by network and node
        self._there: dict[Key, int] = {}  # bytes of full blocks, by layer
        self._fixed: dict[int, int] = {}  # bytes that are always there, by network
        self._told: set[int] = set()  # networks

    @property
    def status(self) -> Residency:
        """What is on the GPU now."""
        coarse = sum(map(len, self._levels.values()))
        return Residency(self._renderer.maps.budget, len(self._there), coarse)

    def open(self, slot: int, network: Network, sizes: Mapping[int, int]) -> None:
        """Take room for the maps of a network: for all of them, or for coarse ones.

        Args:
            slot: The network's number.
            network: The network.
            sizes: Half floats of each block of its own, see `NetworkObject.block_sizes`.

        Raises:
            VrnnError: The GPU has not enough memory.
        """
        self.close(slot)
        levels: dict[int, int] = {}
        if HALF * sum(sizes.values()) + sum(self._fixed.values()) > self._renderer.maps.budget:
            levels = dict(_fine_levels(network))
        by_id = network.by_id
        coarse = {n: coarse_block_size(*map_shape(by_id[n].shape), k) for n, k in levels.items()}
        self._fixed[slot] = HALF * sum({**sizes, **coarse}.values())
        self._levels[slot] = levels
        self._renderer.maps.allocate(slot, {**sizes, **coarse})
        self._show(slot)

    def close(self, slot: int) -> None:
        """Forget a network."""
        self._fixed.pop(slot, None)
        self._levels.pop(slot, None)
        self._there = {key: size for key, size in self._there.items() if key[0] != slot}
        self._told.discard(slot)

    def upload(self, slot: int, node: int, maps: FeatureMaps) -> int:
        """Send new maps of a layer; returns how many bytes."""
        left_out = self._levels[slot].get(node, 0)
        if not left_out:
            self._renderer.maps.upload(slot, node, maps.block)
            return HALF * maps.size
        coarse = maps.coarse_block(left_out)
        self._renderer.maps.upload(slot, node, coarse)
        if (slot, node) not in self._there:
            return coarse.nbytes
        self._renderer.maps.add_own(slot, node, maps.block)
        return coarse.nbytes + HALF * maps.size

    def upload_from_device(
        self, slot: int, layers: Mapping[int, FeatureMaps]
    ) -> dict[int, FeatureMaps]:
        """Send new maps that lie on the GPU already, as far as that goes.

        Args:
            slot: The network's number.
            layers: Maps by node.

        Returns:
            Those of them that were sent.
        """
        whole = {n: maps for n, maps in layers.items() if not self._levels[slot].get(n)}
        blocks = {
            n: maps.stored for n, maps in whole.items() if not isinstance(maps.stored, np.ndarray)
        }
        return whole if self._renderer.maps.upload_from_device(slot, blocks) else {}

    def update(self, eye: np.ndarray) -> bool:
        """Let the layers near the eye have all of their maps.

        Args:
            eye: (3,) meters.

        Returns:
            Whether any came or went.
        """
        wanted = self._wanted(eye)
        missing = [key for key in wanted if key not in self._there]
        if not missing:
            return False
        changed: set[int] = set()
        sent = 0
        for slot, node in missing:
            if sent >= BYTES_A_FRAME:
                break
            maps = self._world.networks[slot].maps[node]
            changed |= self._make_room(HALF * maps.size, wanted)
            self._renderer.maps.add_own(slot, node, maps.block)
            self._there[slot, node] = HALF * maps.size
            sent += HALF * maps.size
            changed.add(slot)
        for slot in changed:
            self._show(slot)
        return True

    def _show(self, slot: int) -> None:
        """Let the maps of a network be drawn from where they are now."""
        own = {node for s, node in self._there if s == slot}
        levels = self._levels[slot]
        self._world.networks[slot].left_out = {n: k for n, k in levels.items() if n not in own}
        addresses = {node: (self._renderer.maps.own_array(slot, node), 0) for node in own}
        self._world.set_addresses(slot, {**self._renderer.maps.addresses(slot), **addresses})

    def _make_room(self, size: int, wanted: list[Key]) -> set[int]:
        """Drop what is wanted least until a block has room; returns the networks it is of."""
        changed = set()
        unwanted = [key for key in self._there if key not in wanted]
        while sum(self._there.values()) + size > self._free and unwanted:
            slot, node = unwanted.pop(0)  # the one that has been there longest
            self._renderer.maps.drop_own(slot, node)
            del self._there[slot, node]
            changed.add(slot)
        return changed

    @property
    def _free(self) -> int:
        """Bytes for full blocks, of all that maps may take."""
        return self._renderer.maps.budget - sum(self._fixed.values())

    def _wanted(self, eye: np.ndarray) -> list[Key]:
        """The layers that are to have all of their maps, those seen largest first."""
        seen = sorted(self._seen(eye), reverse=True)
        wanted, used = [], 0
        for _, slot, node in seen:
            size = self._world.networks[slot].maps[node].size * HALF
            if size > self._free:
                self._tell_once(slot, node)
            elif used + size <= self._free:
                wanted.append((slot, node))
                used += size
        return wanted

    def _seen(self, eye: np.ndarray) -> Iterator[tuple[float, int, int]]:
        """Angle of a map, radians, network and node of each layer whose maps are seen as such."""
        for slot, network in self._world.networks.items():
            levels = self._levels.get(slot)
            if not levels or slot not in self._world.slots:
                continue
            frame = self._world.placement_frame(slot)
            nodes = [n for n in frame.node_ids if n in levels and n in network.maps]
            for node in nodes:
                x, y, z, width, height = frame.panel_rect(node).tolist()
                shape = frame.placement.panel_shapes.get(node)
                columns = 1 if shape is None or shape.shows_one_map else shape.grid.columns
                middle = np.array([x, y + height / 2, z])
                away = np.linalg.norm(eye - middle) - np.hypot(width, height) / 2
                angle = width / columns / max(float(away), 0.1)
                if angle > NEAR_ANGLE:
                    yield angle, slot, node

    def _tell_once(self, slot: int, node: int) -> None:
        if slot in self._told:
            return
        self._told.add(slot)
        network = self._world.networks[slot]
        self._tell(
            f"{network.info.title}: {network.network.by_id[node].name} and maybe others are shown "
            f"coarse, as maps may take {self._renderer.maps.budget >> 20:,} MB on the GPU; "
            "set a larger map_memory_mb"
        )


def _fine_levels(network: Network) -> Iterator[tuple[int, int]]:
    """Each node whose maps have levels that are too fine to be always there, and how many."""
    for node in network.nodes:
        shape = map_shape(node.shape)
        levels = levels_above(*shape[1:], COARSE_SIDE)
        if levels and block_size(*shape) and network.layout_of(node) is None:
            yield node.id, levels
