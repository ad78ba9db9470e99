"""The world: all networks, what they show, and how they are arranged.

The world is informed of what happens (a network opened, maps arrived, a forward pass is complete,
the user changed something, time went on) and gives a `DrawList`. It makes a part of that anew only
when something in it has changed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vrnn.network.graph import Network, NetworkInfo
from vrnn.network.layer_maps import LayerMaps
from vrnn.network.positions import has_side_by_side
from vrnn.scene.network_object import NetworkObject
from vrnn.scene.picking import Hit
from vrnn.scene.primitives import DrawList, PickRegion
from vrnn.scene.state import State
from vrnn.scene.visuals.receptive_field_box import receptive_field_box
from vrnn.scene.visuals.wave import SECONDS
from vrnn.scene.wall_place import WALL, follow_input
from vrnn.scene.world_picking import pick_world
from vrnn.scene.world_results import WorldResults

WINDOW_SECONDS = 0.8
"""How long a window that slides by itself stays at a position."""
FLOW_RATE = 30.0
"""Times a second that light along edges is drawn anew at most."""
FLOW_CYCLE = 1500.0
"""Seconds after which that light is as at first, see shaders/stroke.frag.glsl."""


class World(WorldResults):
    """What is in the world, with what happens to it and what is drawn of it."""

    def __init__(self, state: State | None = None, seconds: float = 0.8) -> None:
        """Create a world without networks; see `WorldContents`."""
        super().__init__(state, seconds)
        self._window_seconds = 0.0

    def at_rest(self) -> World:
        """Return the same world with nothing moving any more."""
        world = World(self.state, self.placement.seconds)
        world.placement.aspect = self.placement.aspect
        world.networks, world.visuals = self.networks, dict(self.visuals)
        world.pinned_layers, world.feature_tiles = self.pinned_layers, self.feature_tiles
        world.layer_pictures = self.layer_pictures
        world.uploaded_pictures = self.uploaded_pictures
        world.distant_pictures = self.distant_pictures
        world.relevance = self.relevance
        world.similarity, world.input_overlays = self.similarity, self.input_overlays
        world.image_cloud, world.importance = self.image_cloud, self.importance
        world.connections, world.channel_paths = self.connections, self.channel_paths
        world.matcher = self.matcher
        world.connection_opening = self.state.connections.opening
        world.connection_steps = self.connection_steps
        world.true_label = self.true_label
        if self.placement.is_moving and WALL in self.visuals and self.slots:
            slot = self.slots[0]
            frames = self.placement_frame(slot), world.placement_frame(slot)
            margin = self.networks[slot].input_margin
            world.visuals[WALL] = follow_input(self.visuals[WALL], *frames, margin)
        return world

    # What happens.

    def open(self, slot: int, network: Network, info: NetworkInfo) -> dict[int, int]:
        """Add a network, or replace the one in its slot.

        Args:
            slot: Its number, from 0; networks are placed in this order.
            network: Its graph.
            info: What a person should know of it.

        Returns:
            The half floats that its maps need, see `NetworkObject.block_sizes`.
        """
        self.networks[slot] = NetworkObject(network, info)
        self._forget(slot)
        self.placement.end_transition()
        self._invalidate(placement=True)
        return self.networks[slot].block_sizes()

    def remove(self, slot: int) -> None:
        """Remove a network."""
        del self.networks[slot]
        self._forget(slot)
        self.placement.end_transition()
        self._invalidate(placement=True)

    def set_addresses(self, slot: int, addresses: Mapping[int, tuple[int, int]]) -> None:
        """Set where the renderer keeps a network's maps, see `NetworkObject.addresses`."""
        self.networks[slot].addresses = dict(addresses)
        self._invalidate()

    def add_maps(self, slot: int, maps: Mapping[int, LayerMaps]) -> None:
        """Add maps that have been uploaded, by node id."""
        network = self.networks[slot]
        by_values = {name for (s, name), one in self.state.layers.items() if one.order == "entropy"}
        # Maps that were made again let a layer be ordered that could not be before.
        is_ordered = bool(by_values) and any(
            node in network.coarse and network.network.by_id[node].name in by_values
            for node in maps
        )
        network.add_maps(maps)
        if is_ordered:
            network.reorder_channels()
        self._invalidate(placement=is_ordered)

    def set_state(self, state: State, move: bool = True) -> None:
        """Set what the user has made of the world.

        Args:
            state: The new state.
            move: Whether things move to their new places, or are there at once.
        """
        is_placed_anew = not state.has_same_placement(self.state)
        if is_placed_anew and move:
            self.placement.begin_transition(self.networks, self.state)
        if state.connections != self.state.connections:
            self.connection_steps, self._window_seconds = 0, 0.0
        self.state = state
        self._invalidate(placement=is_placed_anew, labels=True)

    def set_aspect(self, aspect: float, move: bool = True) -> None:
        """Lay all networks out for pictures of another shape.

        Args:
            aspect: Width / height of the picture that each is to fill.
            move: Whether layers move to their new places, or are there at once.
        """
        if aspect == self.placement.aspect:
            return
        if move:
            self.placement.begin_transition(self.networks, self.state)
        self.placement.aspect = aspect
        self._invalidate(placement=True, labels=True)

    def _forget(self, slot: int) -> None:
        """Forget what belongs to a network that is gone."""
        if self.connections is not None and self.connections.slot == slot:
            self.connections = None
        if self.channel_paths is not None and self.channel_paths[0] == slot:
            self.channel_paths = None
        self.distant_pictures.pop(slot, None)
        self.last_attention.pop(slot, None)
        self.relevance.pop(slot, None)
        self.similarity.pop(slot, None)
        self.importance.pop(slot, None)
        self.input_overlays.pop(slot, None)
        if self.dragged_region is not None and self.dragged_region.network == slot:
            self.dragged_region = None
        if self.hovered is not None and self.hovered.slot == slot:
            self.hover(None)
        for key in [key for key in self.feature_tiles if key[0] == slot]:
            del self.feature_tiles[key]
        for given in [key for key in self.layer_pictures if key[0] == slot]:
            del self.layer_pictures[given]
        for uploaded in [key for key in self.uploaded_pictures if key[0] == slot]:
            del self.uploaded_pictures[uploaded]

    def hover(self, hit: Hit | None) -> None:
        """Highlight the layer at the pointer and its neighbors."""
        before = self.highlight
        self.hovered = hit
        if hit is not None and hit.kind == "layer" and hit.channel >= 0:
            node = self.networks[hit.slot].network.by_id.get(hit.node)
            if node is not None and node.presentation == "attention":
                self.last_attention[hit.slot] = (hit.node, hit.channel)
        if self.highlight != before:
            self._drawing.invalidate_highlight()

    def advance(self, seconds: float) -> bool:
        """Let time go on.

        Returns:
            Whether something moves.
        """
        flows = self._advance_flow(seconds) | self._advance_connections(seconds)
        if self.wave is not None and seconds > 0:
            self.wave += seconds / SECONDS
            self.wave = self.wave if self.wave < 1 else None
            self._drawing.invalidate_highlight()
            if not self.is_moving:
                return True
        if not self.is_moving:
            return flows
        if seconds > 0:
            self.placement.advance(seconds)
            self._invalidate(placement=True)
        return True

    def _advance_flow(self, seconds: float) -> bool:
        """Let light run along the edges that carry relevance; True when it is to be drawn again."""
        if not self.animates_flow or not any(
            one.found.explanation.edges for one in self.relevance.values()
        ):
            return False
        before = int(self.flow_seconds * FLOW_RATE)
        self.flow_seconds = (self.flow_seconds + seconds) % FLOW_CYCLE
        return int(self.flow_seconds * FLOW_RATE) != before

    def _advance_connections(self, seconds: float) -> bool:
        """Open connections, and let a window slide on; True when they are to be drawn again."""
        if self.connections is None or seconds <= 0:
            return False
        state = self.state.connections
        before = self.connection_opening, self.connection_steps
        way = state.opening - self.connection_opening
        step = seconds / max(self.placement.seconds, 1e-3)
        self.connection_opening += max(-step, min(step, way))
        if state.running:
            self._window_seconds += seconds
            self.connection_steps += int(self._window_seconds / WINDOW_SECONDS)
            self._window_seconds %= WINDOW_SECONDS
        if before == (self.connection_opening, self.connection_steps):
            return False
        self._drawing.invalidate_connections()
        return True

    def send_wave(self) -> None:
        """Let a wave run through all networks, as a new image does; not where nothing moves."""
        if self.placement.seconds > 0:
            self.wave = 0.0

    # What is drawn, and what can be clicked.

    @property
    def is_moving(self) -> bool:
        """Whether things are on their way to where the state places them."""
        return self.placement.is_moving

    def draw_list(self) -> DrawList:
        """Return everything as it is at this moment; the same object until something changes."""
        return self._drawing.draw_list()

    def corners(self) -> np.ndarray:
        """Return (N, 3) points, in meters, that a view of everything has to show."""
        return self._drawing.corners()

    def corners_and_titles(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the same apart: what must not be covered, (N, 3); floors and titles, (M, 3)."""
        return self._drawing.corners_and_titles()

    def pick_regions(self) -> tuple[PickRegion, ...]:
        """Return what can be clicked apart from the layers."""
        return self._drawing.pick_regions().regions

    def pick(self, origin: np.ndarray, direction: np.ndarray) -> Hit | None:
        """Return what a ray hits first, or the small thing that it passes close to.

        Args:
            origin: (3,) meters.
            direction: (3,) unit vector.
        """
        return pick_world(self, self._drawing.pick_regions(), origin, direction)

    def receptive_field_box(self, hit: Hit | None) -> PickRegion | None:
        """Return what of the input's picture a position in a map can depend on, if known."""
        if hit is None or hit.kind != "layer" or hit.slot not in self.networks:
            return None
        if has_side_by_side(
            self.visible_node(hit.slot, hit.node), self.state.choices.get(hit.slot, ())
        ):
            return None
        inputs = (r for r in self.pick_regions() if r.kind == "input" and r.slot == hit.slot)
        return receptive_field_box(self.networks[hit.slot], hit, next(inputs, None))
