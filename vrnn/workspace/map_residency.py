"""What of the maps is on the GPU and in main memory: what can be seen, within two budgets.

Each layer's coarse maps are always there, a few percent of the bytes. The finer levels of the
pyramid are there for the layers whose maps are seen largest from where the eye is. While images
stream, only what can be seen is made at all; when an image stays, the rest follows. What is
exported, pointed at or measured comes from whole maps, which are made where they are missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from vrnn.errors import VrnnError
from vrnn.network.coarse_levels import HALF, coarse_levels, fine_levels, whole_sizes
from vrnn.network.feature_maps import CoarseMaps, FeatureMaps, coarse_block_size, map_shape
from vrnn.network.graph import Network
from vrnn.network.layer_maps import LayerMaps
from vrnn.render.renderer import Renderer
from vrnn.scene.seen_layers import (
    SIDE_BEHIND_PICTURE,
    Key,
    LayerSight,
    SeenLayers,
    unseen_levels,
)
from vrnn.scene.view_cone import ViewCone
from vrnn.scene.world import World
from vrnn.workspace.host_maps import Fill, HostMaps
from vrnn.workspace.sent_bytes import SentBytes
from vrnn.workspace.wanted_maps import AskedLayers, needs_all_values

BYTES_A_FRAME = 16 * 2**20
"""Of full maps that are sent to the GPU at once, about."""
FIRST = 0.6
"""Part of the size of the layer that is seen largest, from which others are made with it."""
STILL_SECONDS = 0.4
"""Seconds without another image of a stream after which the one that is shown stays."""


@dataclass(frozen=True)
class Residency:
    """What of the maps is on the GPU and in main memory.

    Attributes:
        budget: Bytes that all maps may take on the GPU.
        whole: Layers with all of their maps there, of those whose coarse maps alone would be.
        coarse: Number of layers that there are of these.
        used: Bytes that all maps take on the GPU.
        host_budget: Bytes that all maps may take in main memory; 0 for as many as there are.
        host_used: Bytes that they take.
        host_whole: Layers with whole maps in main memory.
        layers: Layers with maps.
        gpu_whole: Layers whose maps are on the GPU with all of their levels.
        sent: Bytes a second that went to the GPU lately.
        host_held: Bytes in main memory that are no maps of layers and count as such, such as
            portraits and pinned copies, by what they are called.
    """

    budget: int
    whole: int
    coarse: int
    used: int = 0
    host_budget: int = 0
    host_used: int = 0
    host_whole: int = 0
    layers: int = 0
    gpu_whole: int = 0
    sent: float = 0.0
    host_held: Mapping[str, int] = field(default_factory=dict)


def _nothing(*_: object) -> None:
    """Do nothing."""


class MapResidency:
    """Decides it, sends maps accordingly, and has missing ones made.

    Attributes:
        host: The whole maps in main memory.
        views: What is looked at now, and where the eyes may turn before another image comes; none
            where that is not known, and all around counts as seen.
    """

    def __init__(
        self, world: World, renderer: Renderer, tell: Callable[[str], None], host_budget: int = 0,
        fill: Fill = _nothing, run_again: Callable[[], None] = _nothing,
    ) -> None:  # fmt: skip
        """Begin without networks.

        Args:
            world: The world.
            renderer: Holds the maps on the GPU, and the budget.
            tell: Takes a sentence for the user.
            host_budget: Bytes that maps may take in main memory; 0 for as many as there are.
            fill: Asks the worker for whole maps.
            run_again: Runs the image again.
        """
        self._world, self._renderer, self._tell = world, renderer, tell
        self.host = HostMaps(world, host_budget, fill, tell, run_again)
        self._sight, self._asked = LayerSight(world), AskedLayers(world)
        self._levels: dict[int, dict[int, int]] = {}  # that the GPU lacks, by network and node
        self._base: dict[Key, int] = {}  # that what is always there lacks now, by layer
        self._behind: dict[int, dict[int, int]] = {}  # levels that maps behind pictures can lack
        self._sizes: dict[int, dict[int, int]] = {}  # bytes of whole blocks, by network and node
        self._small: dict[int, set[int]] = {}  # layers whose maps are never finer than that
        self.hidden: dict[int, set[int]] = {}  # of which the newest pass need only give portraits
        self._there: dict[Key, int] = {}  # bytes of full blocks beside these, by layer
        self._fixed: dict[int, int] = {}  # bytes that are always there, by network
        self._run_again = run_again
        self._told: set[int] = set()  # networks
        self._eye = np.zeros(3)
        self.views: tuple[ViewCone, ...] = ()
        self._streamed = -np.inf  # when the last image of a stream was asked for
        self._is_complete = True
        self._has_to_repeat = False  # the last image of a stream, once it stays
        self._wanted: list[Key] = []
        self._changed: set[int] = set()  # networks
        self._limit = np.inf  # bytes, once the GPU has refused more
        self.sent = SentBytes()

    @property
    def status(self) -> Residency:
        """What is where now."""
        networks = self._world.networks.values()
        layers = sum(len(network.all_maps) for network in networks)
        return Residency(
            self._renderer.maps.budget,
            len(self._there),
            sum(map(len, self._levels.values())),
            self._renderer.maps.bytes,
            self.host.budget,
            self.host.bytes + self.host.held_bytes,
            sum(len(network.maps) for network in networks),
            layers,
            layers - sum(len(network.left_out) for network in networks),
            self.sent.rate,
            self.host.held,
        )

    @property
    def complete(self) -> bool:
        """Whether nothing that is seen or asked for is missing."""
        return self._is_complete

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
        self.close(slot)
        self.host.open(slot, network)
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
        self._levels[slot], self._fixed[slot] = levels, HALF * sum(sizes.values())
        network = self._world.networks[slot].network
        self._behind[slot] = fine_levels(network, SIDE_BEHIND_PICTURE)
        self._small[slot] = set(fine_levels(network, 1)) - set(self._behind[slot])
        self._sizes[slot] = whole_sizes(self._world.networks[slot].network)
        self._base |= {(slot, node): k for node, k in levels.items()}
        self._world.networks[slot].left_out = dict(levels)

    def close(self, slot: int) -> None:
        """Forget a network."""
        self.host.close(slot)
        self._fixed.pop(slot, None)
        self._levels.pop(slot, None)
        self._sizes.pop(slot, None)
        self._behind.pop(slot, None)
        self._small.pop(slot, None)
        self.hidden.pop(slot, None)
        self._base = {key: left_out for key, left_out in self._base.items() if key[0] != slot}
        self._there = {key: size for key, size in self._there.items() if key[0] != slot}
        self._told.discard(slot)

    # Passes.

    def pass_levels(self, streams: bool) -> dict[int, dict[int, int]]:
        """Return how many levels the maps of the next pass may lack, by network and node.

        Args:
            streams: Whether the image is one of a stream; only what can be seen is made then.

        Returns:
            For each network that is named; the maps of others are whole.
        """
        now = time.monotonic()
        self._streamed = now if streams else -np.inf
        asked = self._asked.update()
        angles = self._angles() if self.host.is_limited else {}
        behind = self._out_of_view(angles) if streams else set()
        first = sorted(angles, key=lambda key: (key in behind, -angles[key]))
        levels = self.host.pass_levels(first, asked)
        self._has_to_repeat = streams and self.host.is_limited
        self.hidden = {}
        if not streams or needs_all_values(self._world.state):
            return levels
        return {
            slot: levels.get(slot, {}) if self.host.keeps_all(slot)
            else self._stream_levels(slot, levels.get(slot, {}), asked)
            for slot in self._world.slots
        }  # fmt: skip

    def _angles(self) -> dict[Key, float]:
        """How large the maps of each visible layer are seen, radians."""
        seen = {slot: self._sight.look(slot, self._eye) for slot in self._world.slots}
        return {
            (slot, node): float(angle)
            for slot, one in seen.items()
            for node, angle in zip(one.frame.node_ids, one.angles, strict=True)
        }

    def _out_of_view(self, layers: Mapping[Key, float]) -> set[Key]:
        """The layers of which nothing is in any view."""
        seen = {slot: self._sight.look(slot, self._eye) for slot in {slot for slot, _ in layers}}
        in_view = {slot: self._is_in_view(one) for slot, one in seen.items()}
        return {(s, n) for s, n in layers if not in_view[s][seen[s].frame.index[n]]}

    def _is_in_view(self, seen: SeenLayers) -> np.ndarray:
        """(K,) bool: which layers are in a view, or will be as the eyes move a little."""
        if not self.views:
            return np.ones(len(seen.angles), bool)
        in_view = [view.sees(seen.middles, seen.halves) for view in self.views]
        return np.any(in_view, 0) | seen.is_spread

    def _stream_levels(
        self, slot: int, least: Mapping[int, int], asked: Mapping[Key, float]
    ) -> dict[int, int]:
        network = self._world.networks[slot].network
        seen = self._sight.look(slot, self._eye)
        places, in_view = seen.frame.index, self._is_in_view(seen)
        found = {}
        # Where all layers share a range, its ends are told, and every layer has a part in them.
        shares_range = self._world.state.color_mapping.normalize_by == "network"
        is_behind = {} if shares_range else dict(zip(seen.frame.node_ids, seen.hidden, strict=True))
        hidden = {n for n, behind in is_behind.items() if behind and (slot, n) not in asked}
        small = {n for n in hidden & self._small[slot] if not self._levels[slot].get(n)}
        self.hidden[slot] = hidden & self._behind[slot].keys() | small
        found.update(dict.fromkeys(small, 1))
        for node, most in self._behind[slot].items():
            if (slot, node) in asked:
                continue
            levels = most
            if node in places and in_view[places[node]]:  # else it may be in a folded module
                at = places[node]
                angle, is_hidden = float(seen.angles[at]), bool(seen.hidden[at])
                levels = unseen_levels(network.by_id[node].shape, angle, is_hidden)
            levels = max(min(levels, most), least.get(node, 0))
            on_gpu = self._levels[slot].get(node, 0)
            if levels < on_gpu:  # there it has all of its levels or only these
                levels = 0 if (slot, node) in self._wanted else on_gpu
            if levels:
                found[node] = levels
        return found

    def forget(self) -> None:
        """Drop all that only what is near needs, as if one had been elsewhere for long."""
        self._asked.forget()
        for key in list(self._there):
            self._drop_own(key)
        for slot, network in self._world.networks.items():
            for node in list(network.maps):
                self.host.release((slot, node))
        self.show()

    # What arrives.

    def upload(self, slot: int, node: int, maps: LayerMaps) -> int:
        """Send new maps of a layer; returns how many bytes."""
        store, key = self._renderer.maps, (slot, node)
        lacks = maps.left_out if isinstance(maps, CoarseMaps) else 0
        left_out = max(lacks, self._levels[slot].get(node, 0))
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
        whole = {n: maps for n, maps in layers.items() if not self._levels[slot].get(n)}
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
        return self._levels.get(key[0], {}).get(key[1], 0)

    # What is near the eye.

    def has_room(self, layers: Iterable[Key]) -> bool:
        """Return whether the whole maps of some layers can be on the GPU at once."""
        own = ((s, n) for s, n in layers if n in self._levels[s])
        return sum(self._sizes[slot][node] for slot, node in own) <= self._free

    def send(self, needed: Iterable[Key]) -> bool:
        """Send whole maps that are in memory, a bounded part, as far as there is room for them.

        Args:
            needed: Those that are to be on the GPU, the most important first.

        Returns:
            Whether anything was sent.
        """
        return self._send(self._lacking(dict.fromkeys(needed, 0.0)))

    def update(self, eye: np.ndarray) -> bool:
        """Let the layers near the eye have all of their maps.

        Args:
            eye: (3,) meters.

        Returns:
            Whether any came or went.
        """
        self._eye = np.asarray(eye, np.float64)
        asked = self._asked.update()
        if not asked and not self._lacks_any and not self.host.is_limited:
            self._is_complete = True
            return False
        streams = time.monotonic() - self._streamed < STILL_SECONDS
        if self._has_to_repeat and not streams:
            self._has_to_repeat = False
            self._run_again()
        angles = self._near()
        lacking = self._lacking(angles)
        missing = [key for key in {**asked, **dict.fromkeys(lacking)} if self.host.is_missing(key)]
        missing.sort(key=lambda key: -angles.get(key, 0.0))
        hit = self._world.hovered
        if hit is not None and hit.layer in missing:
            missing.remove(hit.layer)
            missing.insert(0, hit.layer)
        first = missing[
            : 1
            + sum(angles.get(k, 0.0) > FIRST * angles.get(missing[0], np.inf) for k in missing[1:])
        ]
        if not streams and not self.host.is_limited:
            first = missing + [key for key in self._all_missing() if key not in missing]
            missing = first
        self.host.trim(self._angles, asked)
        if not streams:
            # What is in front comes alone: the pass ends there, and others would hold it up.
            self.host.request(first)
        changed = self._send(lacking)
        self._is_complete = not (missing or changed or streams or self.host.is_filling)
        return changed

    @property
    def _lacks_any(self) -> bool:
        """Whether any layer lacks levels on the GPU or in memory."""
        networks = self._world.networks.values()
        return any(self._levels.values()) or any(n.left_out or n.coarse for n in networks)

    def _near(self) -> dict[Key, float]:
        """The layers whose maps are seen as such, with the angle of one, the largest first."""
        near = {
            (slot, node): angle
            for slot in self._world.slots
            if slot in self._levels
            for angle, node in self._sight.look(slot, self._eye).near()
        }
        return dict(sorted(near.items(), key=lambda item: -item[1]))

    def _all_missing(self) -> list[Key]:
        networks = self._world.networks.items()
        return [(slot, node) for slot, network in networks for node in network.coarse]

    def _lacking(self, angles: Mapping[Key, float]) -> list[Key]:
        """The layers that are to have fine levels on the GPU and lack them, by their angle."""
        wanted, used = [], 0
        for slot, node in angles:
            network = self._world.networks[slot]
            if node not in self._levels[slot]:  # there is room for its whole block
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

    def _send(self, lacking: list[Key]) -> bool:
        """Send what is in memory, a bounded part; returns whether anything was sent."""
        sent = 0
        for key in lacking:
            slot, node = key
            maps = self._world.networks[slot].maps.get(node)
            if maps is None or sent >= BYTES_A_FRAME:
                continue
            try:
                if node in self._levels[slot]:
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
        if slot in self._told:
            return
        self._told.add(slot)
        network = self._world.networks[slot]
        self._tell(
            f"{network.info.title}: {network.network.by_id[node].name} and maybe others are shown "
            f"coarse, as maps may take {self._renderer.maps.budget >> 20:,} MB on the GPU; "
            "set a larger map_memory_mb"
        )
