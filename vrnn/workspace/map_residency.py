"""What of the maps is on the GPU and in main memory: what can be seen, within two budgets.

Each layer's coarse maps are always there, a few percent of the bytes. The finer levels of the
pyramid are there for the layers whose maps are seen largest from where the eye is. While images
stream, only what can be seen is made at all; when an image stays, the rest follows. What is
exported, pointed at or measured comes from whole maps, which are made where they are missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from vrnn.network.coarse_levels import fine_levels
from vrnn.network.graph import Network
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
from vrnn.workspace.gpu_maps import GpuMaps
from vrnn.workspace.host_maps import Fill, HostMaps
from vrnn.workspace.wanted_maps import AskedLayers, needs_all_values

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
        gpu: The maps on the GPU.
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
        self._world, self._renderer = world, renderer
        self.gpu = GpuMaps(world, renderer, tell)
        self.host = HostMaps(world, host_budget, fill, tell, run_again)
        self._sight, self._asked = LayerSight(world), AskedLayers(world)
        self._behind: dict[int, dict[int, int]] = {}  # levels that maps behind pictures can lack
        self._small: dict[int, set[int]] = {}  # layers whose maps are never finer than that
        self.hidden: dict[int, set[int]] = {}  # of which the newest pass need only give portraits
        self._run_again = run_again
        self._eye = np.zeros(3)
        self.views: tuple[ViewCone, ...] = ()
        self._streamed = -np.inf  # when the last image of a stream was asked for
        self._is_complete = True
        self._has_to_repeat = False  # the last image of a stream, once it stays

    @property
    def status(self) -> Residency:
        """What is where now."""
        networks = self._world.networks.values()
        layers = sum(len(network.all_maps) for network in networks)
        return Residency(
            self._renderer.maps.budget,
            self.gpu.own_count,
            sum(map(len, self.gpu.levels.values())),
            self._renderer.maps.bytes,
            self.host.budget,
            self.host.bytes + self.host.held_bytes,
            sum(len(network.maps) for network in networks),
            layers,
            layers - sum(len(network.left_out) for network in networks),
            self.gpu.sent.rate,
            self.host.held,
        )

    @property
    def complete(self) -> bool:
        """Whether nothing that is seen or asked for is missing."""
        return self._is_complete

    # Networks.

    def open(self, slot: int, network: Network, sizes: Mapping[int, int]) -> None:
        """Take room for the maps of a network that has been opened, see `GpuMaps.open`."""
        self.close(slot)
        self.host.open(slot, network)
        self.gpu.open(slot, network, sizes)
        shown = self._world.networks[slot].network
        self._behind[slot] = fine_levels(shown, SIDE_BEHIND_PICTURE)
        self._small[slot] = set(fine_levels(shown, 1)) - set(self._behind[slot])

    def close(self, slot: int) -> None:
        """Forget a network."""
        self.host.close(slot)
        self.gpu.close(slot)
        self._behind.pop(slot, None)
        self._small.pop(slot, None)
        self.hidden.pop(slot, None)

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
        small = {n for n in hidden & self._small[slot] if not self.gpu.levels[slot].get(n)}
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
            on_gpu = self.gpu.levels[slot].get(node, 0)
            if levels < on_gpu:  # there it has all of its levels or only these
                levels = 0 if self.gpu.is_wanted((slot, node)) else on_gpu
            if levels:
                found[node] = levels
        return found

    def forget(self) -> None:
        """Drop all that only what is near needs, as if one had been elsewhere for long."""
        self._asked.forget()
        self.gpu.forget()
        for slot, network in self._world.networks.items():
            for node in list(network.maps):
                self.host.release((slot, node))

    # What is near the eye.

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
        lacking = self.gpu.find_lacking(angles)
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
        changed = self.gpu.send(lacking)
        self._is_complete = not (missing or changed or streams or self.host.is_filling)
        return changed

    @property
    def _lacks_any(self) -> bool:
        """Whether any layer lacks levels on the GPU or in memory."""
        networks = self._world.networks.values()
        return any(self.gpu.levels.values()) or any(n.left_out or n.coarse for n in networks)

    def _near(self) -> dict[Key, float]:
        """The layers whose maps are seen as such, with the angle of one, the largest first."""
        near = {
            (slot, node): angle
            for slot in self._world.slots
            if slot in self.gpu.levels
            for angle, node in self._sight.look(slot, self._eye).near()
        }
        return dict(sorted(near.items(), key=lambda item: -item[1]))

    def _all_missing(self) -> list[Key]:
        networks = self._world.networks.items()
        return [(slot, node) for slot, network in networks for node in network.coarse]
