"""What is in the world, and where it is."""

from __future__ import annotations

import numpy as np

from vrnn.network.channel_paths import ChannelPaths
from vrnn.network.graph import Node
from vrnn.network.layer_kinds import LayerKind
from vrnn.network.layer_pictures import LayerPicture, layer_picture_names
from vrnn.network.picture_kinds import RELEVANCE_PICTURE
from vrnn.scene.connections import ShownConnections
from vrnn.scene.dragged_region import DraggedRegion
from vrnn.scene.image_cloud import DrawnCloud
from vrnn.scene.importance import NetworkImportance
from vrnn.scene.network_matcher import NetworkMatcher
from vrnn.scene.network_object import NetworkObject
from vrnn.scene.picking import Hit
from vrnn.scene.placement import Placement, PlacementFrame
from vrnn.scene.primitives import Visual
from vrnn.scene.relevance import NetworkRelevance, PointedLinks
from vrnn.scene.similarity import NetworkSimilarity
from vrnn.scene.state import State
from vrnn.scene.visuals.distant_pictures import DistantPicture, Viewer
from vrnn.scene.visuals.feature_panels import FeatureTiles
from vrnn.scene.visuals.highlight import Highlight
from vrnn.scene.visuals.layer_pictures import UploadedPicture
from vrnn.scene.visuals.pinned_layers import PinnedLayer
from vrnn.scene.world_placement import WorldPlacement


class WorldContents:
    """The networks by slot (0, 1, …), side by side, and everything beside them.

    Attributes:
        state: What the user has made of the world.
        networks: The networks by slot.
        placement: Where the networks are.
        hovered: What the pointer is at.
        dragged_region: The box of positions that is being dragged; None for none.
        last_attention: Attention layer and head that were pointed at last, by slot.
        pinned_layers: Pinned copies by number.
        feature_tiles: Feature visualizations by slot and node.
        layer_pictures: Layer pictures that were given, by slot, node and kind; others are made of
            the layer's maps.
        uploaded_pictures: The layer pictures that are on the GPU, by slot and node.
        distant_pictures: What layers show from afar, by slot and by node id.
        relevance: Relevance that is on the GPU, by slot.
        relevance_links: Where the relevance at the pointer came from and went to; None as long as
            that is not known.
        similarity: Similarity that is on the GPU, by slot.
        importance: How important the channels of a network are, by slot.
        channel_paths: The network whose channels light up, and how strongly they are linked with
            the one that is pointed at; None for none.
        matcher: Knows which layers of networks are the same.
        input_overlays: (H, W, 3) uint8 sRGB, what is seen in place of the input's image, by slot.
        image_cloud: The cloud of images beside the networks; None for none.
        connections: The connections that are drawn; None for none.
        connection_opening: How far they are opened now, on the way to what the state says.
        connection_steps: How many positions the window of a running one has slid on.
        animates_flow: Whether light runs along edges that carry relevance.
        flow_seconds: How long it has run.
        viewer: From where the world is seen; None without an eye, as in a picture.
        wave: Progress 0…1 of the wave that a new image sends through; None while there is none.
        visuals: Other things in the world by name.
        nearby_visual: What is drawn only beside layers near the viewer.
        true_label: Name of the true class of the input, '' when it is not known.
    """

    def __init__(self, state: State | None = None, seconds: float = 0.8) -> None:
        """Begin without networks.

        Args:
            state: What the user has made of the world; None for the default.
            seconds: Duration of a transition from one placement to another; 0 for none.
        """
        self.state = state or State()
        self.networks: dict[int, NetworkObject] = {}
        self.placement = WorldPlacement(seconds)
        self.hovered: Hit | None = None
        self.dragged_region: DraggedRegion | None = None
        self.last_attention: dict[int, tuple[int, int]] = {}
        self.pinned_layers: dict[int, PinnedLayer] = {}
        self.feature_tiles: dict[tuple[int, int], FeatureTiles] = {}
        self.layer_pictures: dict[tuple[int, int, str], LayerPicture] = {}
        self.uploaded_pictures: dict[tuple[int, int], UploadedPicture] = {}
        self.distant_pictures: dict[int, dict[int, DistantPicture]] = {}
        self.relevance: dict[int, NetworkRelevance] = {}
        self.relevance_links: PointedLinks | None = None
        self.similarity: dict[int, NetworkSimilarity] = {}
        self.importance: dict[int, NetworkImportance] = {}
        self.channel_paths: tuple[int, ChannelPaths] | None = None
        self.matcher = NetworkMatcher()
        self.input_overlays: dict[int, np.ndarray] = {}
        self.image_cloud: DrawnCloud | None = None
        self.connections: ShownConnections | None = None
        self.connection_opening = 0.0
        self.connection_steps = 0
        self.animates_flow = False
        self.flow_seconds = 0.0
        self.viewer: Viewer | None = None
        self.wave: float | None = None
        self.visuals: dict[str, Visual] = {}
        self.nearby_visual: Visual | None = None
        self.true_label = ""

    @property
    def slots(self) -> tuple[int, ...]:
        """Slots of the networks, from left to right."""
        return tuple(sorted(self.networks))

    @property
    def highlight(self) -> Highlight:
        """The layer that is hovered, or that belongs to what is hovered."""
        return None if self.hovered is None else self.hovered.layer

    @property
    def not_finite(self) -> int:
        """Values in all maps that are NaN or infinite."""
        networks = self.networks.values()
        return sum(maps.not_finite for network in networks for maps in network.all_maps.values())

    @property
    def layer_kinds(self) -> tuple[LayerKind, ...]:
        """Kinds of the layers of all networks."""
        networks = self.networks.values()
        return tuple(dict.fromkeys(kind for network in networks for kind in network.kinds))

    def placement_frame(self, slot: int) -> PlacementFrame:
        """Return where everything of a network is at this moment."""
        return self.placement.frames(self.networks, self.state)[slot]

    def shows_one_map(self, slot: int, node: int) -> bool:
        """Return whether a layer, or the module that it ends, is folded into one map."""
        shape = self._placement(slot).panel_shapes.get(node)
        return shape is not None and shape.shows_one_map

    def _placement(self, slot: int) -> Placement:
        return self.networks[slot].placement(self.state, slot, self.placement.aspect)

    def shown_pictures(self) -> dict[tuple[int, int], str]:
        """Return the kinds of the layer pictures that panels show, by slot and node."""
        shown, placements = {}, dict[int, Placement]()
        for (slot, name), layer in self.state.layers.items():
            network_object = self.networks.get(slot)
            if layer.picture and network_object is not None and name in network_object.node_ids:
                node = network_object.node_ids[name]
                if slot not in placements:
                    placements[slot] = self._placement(slot)
                shape = placements[slot].panel_shapes.get(node)
                if shape is not None and shape.picture in layer_picture_names():
                    shown[slot, node] = shape.picture
        return shown

    def distant_kind(self, slot: int, node: int) -> str:
        """Return the kind of picture that a layer shows from afar; '' for its maps.

        Relevance takes the place of what the user has chosen wherever there is some.
        """
        if (slot, node, RELEVANCE_PICTURE) in self.layer_pictures:
            return RELEVANCE_PICTURE
        return self.state.distant_picture

    def node_id(self, slot: int, name: str) -> int | None:
        """Return the node of a layer or of a folded module by name; None when there is none."""
        if slot not in self.networks:
            return None
        visible = self.placement_frame(slot).placement.network.nodes
        node_ids = {node.name: node.id for node in visible}
        return node_ids.get(name, self.networks[slot].node_ids.get(name))

    def shown_node(self, slot: int, node: int) -> int:
        """Return the node of a layer, or of the folded module that it is in."""
        frame = self.placement_frame(slot)
        return node if node in frame.index else frame.placement.folded.representative[node]

    def visible_node(self, slot: int, node: int) -> Node:
        """Return a layer as it is visible: that which represents a folded module is the module."""
        return self.networks[slot].visible_nodes(self.placement_frame(slot))[node]
