"""The world: all networks, what they show, and how they are arranged.

The world is informed of what happens (a network opened, maps arrived, a forward pass is complete,
the user changed something, time went on) and gives a `DrawList`. It makes a part of that anew only
when something in it has changed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vrnn.network.channel_groups import ChannelGroups, ChannelSource
from vrnn.network.channel_paths import ChannelPaths
from vrnn.network.graph import Network, NetworkInfo
from vrnn.network.layer_maps import LayerMaps
from vrnn.network.layer_pictures import LayerPicture
from vrnn.network.picture_kinds import RELEVANCE_PICTURE
from vrnn.network.positions import has_side_by_side
from vrnn.network.results import ForwardResult
from vrnn.scene.connections import ShownConnections
from vrnn.scene.edge_picking import pick_edge
from vrnn.scene.image_cloud import DrawnCloud
from vrnn.scene.importance import NetworkImportance
from vrnn.scene.network_object import NetworkObject
from vrnn.scene.picking import Hit, pick_layer
from vrnn.scene.picture_picking import hit_in_picture
from vrnn.scene.placement import BundledEdges, Placement
from vrnn.scene.primitives import DrawList, PickRegion, Visual
from vrnn.scene.relevance import NetworkRelevance
from vrnn.scene.ribbon_picking import pick_ribbon
from vrnn.scene.similarity import NetworkSimilarity
from vrnn.scene.state import State
from vrnn.scene.visuals.distant_pictures import DistantPicture
from vrnn.scene.visuals.feature_panels import FeatureTiles
from vrnn.scene.visuals.layer_pictures import UploadedPicture
from vrnn.scene.visuals.pinned_layers import PinnedLayer
from vrnn.scene.visuals.receptive_field_box import receptive_field_box
from vrnn.scene.visuals.wave import SECONDS
from vrnn.scene.wall_place import WALL, follow_input
from vrnn.scene.world_contents import WorldContents
from vrnn.scene.world_drawing import WorldDrawing

NEAR_BEFORE = 0.3
"""Meters: a small thing that a ray passes close to is so much before what it hits."""


WINDOW_SECONDS = 0.8
"""How long a window that slides by itself stays at a position."""
FLOW_RATE = 30.0
"""Times a second that light along edges is drawn anew at most."""
FLOW_CYCLE = 1500.0
"""Seconds after which that light is as at first, see shaders/stroke.frag.glsl."""


class World(WorldContents):
    """What is in the world, with what happens to it and what is drawn of it."""

    def __init__(self, state: State | None = None, seconds: float = 0.8) -> None:
        """Create a world without networks; see `WorldContents`."""
        super().__init__(state, seconds)
        self._drawing = WorldDrawing(self)
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

    def set_result(self, slot: int, result: ForwardResult) -> None:
        """Set the result of a complete forward pass."""
        self.networks[slot].keep_result(result)
        layers = self.state.layers.items()
        is_ordered = any(s == slot and layer.order != "index" for (s, _), layer in layers)
        self._invalidate(placement=is_ordered, labels=True)

    def set_attributions(self, slot: int, attributions: Mapping[int, np.ndarray]) -> None:
        """Set how much each channel (C,) speaks for the winning class, by node id."""
        self.networks[slot].attributions = dict(attributions)
        self.networks[slot].reorder_channels()
        self._invalidate(placement=True)

    def set_channel_groups(
        self, slot: int, node: int, over: ChannelSource, groups: ChannelGroups | None
    ) -> None:
        """Set how the channels of a layer go together; its maps move to where they belong then.

        Args:
            slot: The network.
            node: The layer.
            over: What the channels were compared over.
            groups: What was found; None takes it away.
        """
        network = self.networks[slot]
        self.placement.begin_transition(self.networks, self.state)
        if groups is None:
            network.channel_groups.pop((node, over), None)
        else:
            network.channel_groups[node, over] = groups
        network.reorder_channels()
        self._invalidate(placement=True)

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

    def set_visual(self, name: str, visual: Visual | None) -> None:
        """Set something that is in the world beside the networks; None removes it."""
        if visual is None:
            self.visuals.pop(name, None)
        else:
            self.visuals[name] = visual
        self._invalidate(labels=True)

    def set_nearby_visual(self, visual: Visual) -> None:
        """Set what is drawn only beside layers near the viewer.

        It does not count for a view of everything.
        """
        self.nearby_visual = visual
        self._drawing.invalidate(labels=True, corners=False)

    def set_pinned_layers(self, pinned_layers: Mapping[int, PinnedLayer]) -> None:
        """Set the pinned copies, by number."""
        self.pinned_layers = dict(pinned_layers)
        self._invalidate(labels=True)

    def set_feature_tiles(self, slot: int, node: int, tiles: FeatureTiles | None) -> None:
        """Set the feature visualizations of a layer; None removes them."""
        if tiles is None:
            self.feature_tiles.pop((slot, node), None)
        else:
            self.feature_tiles[slot, node] = tiles
        self._invalidate()

    def set_layer_picture(
        self, slot: int, node: int, kind: str, picture: LayerPicture | None
    ) -> None:
        """Give a layer picture for a layer, where it is not made of the layer's maps.

        It is uploaded and drawn as long as the state shows this kind.

        Args:
            slot: The network.
            node: The layer.
            kind: Name of a registered kind.
            picture: The picture; None takes it away.
        """
        if picture is None:
            self.layer_pictures.pop((slot, node, kind), None)
        else:
            self.layer_pictures[slot, node, kind] = picture

    def set_uploaded_picture(self, slot: int, node: int, uploaded: UploadedPicture | None) -> None:
        """Set the layer picture of a layer that is on the GPU; None when there is none any more."""
        before = self.uploaded_pictures.pop((slot, node), None)
        if uploaded is not None:
            self.uploaded_pictures[slot, node] = uploaded
        titles = [None if one is None else one.title for one in (before, uploaded)]
        self._invalidate(labels=titles[0] != titles[1])

    def set_distant_pictures(self, slot: int, pictures: Mapping[int, DistantPicture]) -> None:
        """Set what the layers of a network show from afar, by node id."""
        self.distant_pictures[slot] = dict(pictures)
        self._invalidate()

    def set_relevance(self, slot: int, relevance: NetworkRelevance | None) -> None:
        """Set the relevance of a network that is on the GPU; None takes it away."""
        before = self.relevance.pop(slot, None)
        if relevance is None:
            if before is None:
                return
            for key in [k for k in self.layer_pictures if k[::2] == (slot, RELEVANCE_PICTURE)]:
                del self.layer_pictures[key]
        else:
            self.relevance[slot] = relevance
        # New values change no text: laying letters out again would hold up a frame of a stream.
        self._invalidate(labels=before is None or relevance is None)

    def set_similarity(self, slot: int, similarity: NetworkSimilarity | None) -> None:
        """Set the similarity of a network that is on the GPU; None takes it away.

        To be called again when other layers of it have something to show.
        """
        if similarity is None:
            if self.similarity.pop(slot, None) is None:
                return
        else:
            self.similarity[slot] = similarity
        self._invalidate()

    def set_importance(self, slot: int, importance: NetworkImportance | None) -> None:
        """Set how important the channels of a network are; None for what is not known."""
        if importance is not None:
            self.importance[slot] = importance
        elif self.importance.pop(slot, None) is None:
            return
        self._invalidate()

    def set_input_overlay(self, slot: int, pixels: np.ndarray | None) -> None:
        """Set what is seen in place of a network's image, (H, W, 3) uint8; None for the image."""
        if pixels is not None:
            self.input_overlays[slot] = pixels
        elif self.input_overlays.pop(slot, None) is None:
            return
        self._drawing.invalidate_highlight()

    def set_image_cloud(self, cloud: DrawnCloud | None) -> None:
        """Set the cloud of images as it is seen now; None for none."""
        if cloud is None and self.image_cloud is None:
            return
        self.image_cloud = cloud
        self._drawing.invalidate_highlight()

    def set_bundled_edges(self, slot: int, placement: Placement, edges: BundledEdges) -> bool:
        """Keep the bundled edges of a placement; True where it is shown, and its edges move."""
        network = self.networks.get(slot)
        if network is None:
            return False
        is_shown = self.placement_frame(slot).placement is placement
        if is_shown:
            self.placement.begin_transition(self.networks, self.state)
        network.keep_bundled_edges(placement, edges)
        if is_shown:
            self._invalidate(placement=True)
        return is_shown

    def set_channel_paths(self, paths: tuple[int, ChannelPaths] | None) -> None:
        """Set the network whose channels light up, and how strongly; None for none."""
        if paths is not self.channel_paths:
            self.channel_paths = paths
            self._drawing.invalidate_highlight()

    def set_connections(self, connections: ShownConnections | None) -> None:
        """Set the connections that are drawn; None for none."""
        if connections is self.connections:
            return
        if self.connections is None:
            self.connection_opening = 0.0  # they open from one center
        self.connections = connections
        self._invalidate(labels=True)

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

    def _invalidate(self, placement: bool = False, labels: bool = False) -> None:
        if placement:
            self.placement.invalidate()
        self._drawing.invalidate(labels=placement or labels)

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
        nearest = self._drawing.pick_regions().pick(origin, direction)
        if self.image_cloud is not None:
            pixels = 0.0 if self.viewer is None else self.viewer.pixels_per_unit
            image = self.image_cloud.pick(origin, direction, pixels)
            if image is not None and (nearest is None or image.distance < nearest.distance):
                nearest = image
        for slot in self.slots:
            frame = self.placement_frame(slot)
            nodes = self.networks[slot].visible_nodes(frame)
            hit = pick_layer(frame, nodes, slot, origin, direction)
            if hit is not None and (nearest is None or hit.distance < nearest.distance):
                nearest = hit
        near = self._pick_near(origin, direction, np.inf if nearest is None else nearest.distance)
        if near is not None:
            return near
        if self.connections is not None:
            opening = self.connection_opening
            hit = pick_ribbon(self.connections, self.state.connections, opening, origin, direction)
            if hit is not None and (nearest is None or hit.distance < nearest.distance):
                nearest = hit
        for slot in self.relevance:
            hit = pick_edge(self.placement_frame(slot), slot, origin, direction)
            if hit is not None and (nearest is None or hit.distance < nearest.distance):
                nearest = hit
        if nearest is None:
            return None
        return hit_in_picture(self, nearest)

    def _pick_near(
        self, origin: np.ndarray, direction: np.ndarray, hit_distance: float
    ) -> Hit | None:
        """The small thing that a ray passes close to, before what it hits at a distance.

        Before something else, only a bracket counts, or what belongs to the layer pointed at.
        """
        if self.viewer is None:
            return None
        regions = self._drawing.pick_regions()
        per_unit = self.viewer.pixels_per_unit
        near = regions.pick_near(origin, direction, per_unit, self.highlight)
        if near is None or near.distance > hit_distance - NEAR_BEFORE:
            return None
        counts = near.kind == "bracket" or near.layer is not None
        return near if counts or np.isinf(hit_distance) else None

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
