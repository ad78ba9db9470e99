"""Which layers have whole maps in main memory; those that lack them are made again when needed.

All layers' coarse maps and statistics are always there. Where the whole maps of all networks are
more than a budget, they are kept for the layers that are needed and those that are seen largest;
the others are dropped, and made again by a pass that stops behind them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

import numpy as np

from vrnn.network.coarse_levels import coarse_levels, coarse_sizes, whole_sizes
from vrnn.network.feature_maps import CoarseMaps, FeatureMaps, probe_step
from vrnn.network.graph import Network
from vrnn.network.layer_maps import LayerMaps
from vrnn.scene.seen_layers import Key
from vrnn.scene.world import World

PASS_SHARE = 0.5
"""Of the room for whole maps, what those of a pass may take: those before are there as well."""
LEAST_FILL = 32 * 2**20
"""Bytes of whole maps that may be made at once in any case."""
SAME = 1e-3
"""Part of a layer's peak by which its statistics may differ in a second pass, as on a GPU."""

PORTRAITS = "portraits"
"""What the user reads of the pictures of layers that come with maps."""

Fill = Callable[[int, Collection[int]], None]
"""Asks the worker for whole maps, see `Worker.fill`."""


class HostMaps:
    """Keeps whole maps within a budget, and asks for those that are missing.

    Attributes:
        budget: Bytes that maps may take; 0 for as many as there are.
        levels: How many of its finest levels each layer can do without, by network and node.
        holders: What else takes memory that belongs to maps: a name that the user reads, and what
            returns the bytes.
    """

    def __init__(
        self, world: World, budget: int, fill: Fill, tell: Callable[[str], None],
        run_again: Callable[[], None],
    ) -> None:  # fmt: skip
        """Begin without networks.

        Args:
            world: Whose networks hold the maps.
            budget: See the attribute.
            fill: Asks for whole maps.
            tell: Takes a sentence for the user.
            run_again: Runs the image again.
        """
        self.budget = budget
        self.levels: dict[int, dict[int, int]] = {}
        self.holders: dict[str, Callable[[], int]] = {PORTRAITS: self._portrait_bytes}
        self._has_told_of_holders = False
        self._world, self._fill, self._tell, self._run_again = world, fill, tell, run_again
        self._sizes: dict[int, dict[int, int]] = {}  # bytes of whole maps, by network and node
        self._fixed: dict[int, int] = {}  # bytes of what is always there, by network
        self._volumes: dict[int, int] = {}  # bytes of all whole maps, by network
        self._filling: dict[int, frozenset[int]] = {}
        self._keeps_all: set[int] = set()

    # Networks.

    def open(self, slot: int, network: Network) -> None:
        """Begin with the maps of a network."""
        self.close(slot)
        levels = coarse_levels(network, self.budget or float("inf"))
        sizes = whole_sizes(network)
        self.levels[slot] = levels
        self._sizes[slot] = {node: sizes[node] for node in levels}
        self._fixed[slot] = sum({**sizes, **coarse_sizes(network, levels)}.values())
        self._volumes[slot] = sum(sizes.values())

    def close(self, slot: int) -> None:
        """Forget a network."""
        self.levels.pop(slot, None)
        self._sizes.pop(slot, None)
        self._filling.pop(slot, None)
        self._fixed.pop(slot, None)
        self._volumes.pop(slot, None)
        self._keeps_all.discard(slot)

    @property
    def is_limited(self) -> bool:
        """Whether not all layers may have whole maps."""
        return 0 < self.budget < self.held_bytes + sum(self._volumes.values())

    @property
    def held(self) -> dict[str, int]:
        """Bytes that others than maps take, by what the user reads."""
        return {name: size() for name, size in self.holders.items()}

    @property
    def held_bytes(self) -> int:
        """Bytes that they take together."""
        return sum(self.held.values())

    def _portrait_bytes(self) -> int:
        return sum(network.portrait_bytes for network in self._world.networks.values())

    def free_beside(self, name: str) -> float:
        """Return the bytes that one of `holders` may take without a layer having to lack maps.

        Args:
            name: Its name.
        """
        if not self.budget:
            return float("inf")
        others = self.held_bytes - self.held.get(name, 0)
        return max(0.0, self.budget - others - sum(self._volumes.values()))

    @property
    def room(self) -> float:
        """Bytes for whole maps of layers that can do without."""
        if not self.is_limited:
            return float("inf")
        return max(0.0, self.budget - self.held_bytes - sum(self._fixed.values()))

    @property
    def bytes(self) -> int:
        """Bytes that all maps in memory take."""
        return sum(
            maps.nbytes
            for network in self._world.networks.values()
            for maps in network.all_maps.values()
        )

    def size(self, key: Key) -> int:
        """Return the bytes of the whole maps of a layer that can do without."""
        return self._sizes[key[0]][key[1]]

    def can_lack(self, key: Key) -> bool:
        """Return whether a layer can do without its whole maps."""
        return key[1] in self._sizes.get(key[0], {})

    def keeps_all(self, slot: int) -> bool:
        """Return whether the maps of a network have to be whole, as they cannot be made again."""
        return slot in self._keeps_all

    # What a pass makes.

    def pass_levels(
        self, first: Iterable[Key], needed: Collection[Key]
    ) -> dict[int, dict[int, int]]:
        """Return how many levels the maps of the next pass lack, by network and node.

        Whole maps that are not needed are dropped where memory is limited: they will be old.

        Args:
            first: Layers whose maps are to be whole, the most important first.
            needed: Those that somebody has asked for.
        """
        if not self.is_limited:
            return {}
        room, whole = PASS_SHARE * self.room, set(needed)
        for key in first:
            if self.can_lack(key) and key not in whole and self.size(key) <= room:
                whole.add(key)
                room -= self.size(key)
        for slot, network in self._world.networks.items():
            for node in [n for n in network.maps if self.can_lack((slot, n))]:
                if (slot, node) not in whole:
                    self._drop((slot, node))
        return {
            slot: {} if slot in self._keeps_all else {
                node: k for node, k in levels.items() if (slot, node) not in whole
            }
            for slot, levels in self.levels.items()
        }  # fmt: skip

    # What arrives.

    def completed(self, slot: int, node: int, maps: LayerMaps, pending: LayerMaps | None) -> (
        LayerMaps | None
    ):  # fmt: skip
        """Return maps that were made again with what came before them; None where they are others.

        Args:
            slot: The network.
            node: The layer.
            maps: Its whole maps.
            pending: What has arrived and is not in the world yet; None for nothing.
        """
        network = self._world.networks.get(slot)
        known = pending or (None if network is None else network.layer_maps(node))
        if known is None:
            return None
        if isinstance(known, CoarseMaps) and known.probes is not None:
            if not (isinstance(maps, FeatureMaps) and _has_probes(maps, known.probes)):
                self.refuse(slot, "gives other values in each pass")
                return None
            return replace(maps, portrait=known.portrait, extra_tokens=known.extra_tokens)
        limit = SAME * max(known.peak, 1e-30)
        differs = np.abs(maps.low - known.low).max(initial=0.0) > limit
        differs |= np.abs(maps.high - known.high).max(initial=0.0) > limit
        if differs or maps.not_finite != known.not_finite:
            self.refuse(slot, "gives other values in each pass")
            return None
        # The statistics are the very same object: what was made of them stays valid.
        return replace(
            maps, channel_stats=known.channel_stats, portrait=known.portrait,
            extra_tokens=known.extra_tokens,
        )  # fmt: skip

    def on_fill_ended(self, slot: int, nodes: Collection[int], problem: str) -> None:
        """Take note that what was asked for is there, or cannot be."""
        if self._filling.get(slot) == frozenset(nodes):
            del self._filling[slot]
        if problem and slot in self._world.networks:
            self.refuse(slot, problem)

    def refuse(self, slot: int, reason: str) -> None:
        """Keep all maps of a network from now on, as they cannot be made again."""
        if slot in self._keeps_all:
            return
        self._keeps_all.add(slot)
        title = self._world.networks[slot].info.title
        self._tell(f"{title}: maps cannot be made again, so all of them are kept: {reason}")
        self._run_again()

    # What is missing, and what is too much.

    def is_missing(self, key: Key) -> bool:
        """Return whether a layer that is known has no whole maps in memory."""
        network = self._world.networks.get(key[0])
        return network is not None and key[1] in network.coarse

    def request(self, missing: Iterable[Key]) -> bool:
        """Ask for the whole maps of layers.

        Args:
            missing: The layers, the most important first.

        Returns:
            Whether something is on its way.
        """
        wanted: dict[int, list[int]] = {}
        room = max(self.room * PASS_SHARE, LEAST_FILL)
        for key in missing:
            if not self.is_missing(key) or key[0] in self._keeps_all:
                continue
            size = self.size(key) if self.can_lack(key) else 0
            if wanted and size > room:
                break
            wanted.setdefault(key[0], []).append(key[1])
            room -= size
        for number, (slot, nodes) in enumerate(wanted.items()):
            known = self._filling.get(slot, frozenset())
            urgent = nodes[0] not in known if number == 0 else False
            if not known or urgent:
                self._filling[slot] = frozenset(nodes)
                self._fill(slot, nodes)
        return bool(self._filling)

    @property
    def is_filling(self) -> bool:
        """Whether whole maps are on their way."""
        return bool(self._filling)

    def trim(self, angles: Callable[[], Mapping[Key, float]], kept: Collection[Key]) -> None:
        """Drop the whole maps that are wanted least until the others are within the budget.

        Args:
            angles: Returns how large the maps of layers are seen, radians.
            kept: Layers that somebody has asked for; they stay.
        """
        self._tell_of_holders()
        if not self.is_limited:
            return
        there = [
            (slot, node)
            for slot, network in self._world.networks.items()
            if slot not in self._keeps_all
            for node in network.maps
            if self.can_lack((slot, node))
        ]
        used = sum(map(self.size, there))
        if used <= self.room:
            return
        seen = angles()
        for key in sorted(there, key=lambda key: seen.get(key, 0.0)):
            if used <= self.room:
                break
            if key not in kept:
                self._drop(key)
                used -= self.size(key)

    def _tell_of_holders(self) -> None:
        """Say it once if layers lack their maps for what others take."""
        held = self.held
        needed = sum(self._volumes.values()) + held.pop(PORTRAITS, 0)
        is_to_blame = 0 < self.budget < needed + sum(held.values()) and max(held.values()) > 0
        if is_to_blame and not self._has_told_of_holders:
            parts = [f"{name} take {max(1, n >> 20):,} MB" for name, n in held.items() if n]
            self._tell(
                f"{' and '.join(parts)} of the {self.budget >> 20:,} MB that maps may take in main "
                "memory, so whole maps of fewer layers are there, and others are made again when "
                "they are needed; unpin some, or set a larger host_memory_mb"
            )
        self._has_told_of_holders = is_to_blame

    def release(self, key: Key) -> None:
        """Drop the whole maps of a layer where memory is limited and it can do without."""
        is_there = key[1] in self._world.networks[key[0]].maps
        if self.is_limited and is_there and self.can_lack(key) and not self.keeps_all(key[0]):
            self._drop(key)

    def _drop(self, key: Key) -> None:
        slot, node = key
        maps = self._world.networks[slot].maps[node]
        coarse: CoarseMaps = maps.coarse(self.levels[slot][node])
        assert isinstance(maps, FeatureMaps)
        self._world.networks[slot].add_maps({node: coarse})


def _has_probes(maps: FeatureMaps, probes: np.ndarray) -> bool:
    """Whether whole maps are of the image that some values were taken from, but for rounding."""
    values = maps.values.reshape(-1)
    found = values[:: probe_step(values.size)].astype(np.float32) * np.float32(maps.scale)
    finite = np.isfinite(probes)
    near = np.abs(found[finite] - probes[finite]) <= SAME * max(maps.peak, 1e-30)
    return bool(near.all()) and bool((np.isfinite(found) == finite).all())
