"""What is shown of the networks in the world: results of passes and of jobs, as they arrive."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vrnn.network.channel_groups import ChannelGroups, ChannelSource
from vrnn.network.channel_paths import ChannelPaths
from vrnn.network.layer_pictures import LayerPicture
from vrnn.network.picture_kinds import RELEVANCE_PICTURE
from vrnn.network.results import ForwardResult
from vrnn.scene.connections import ShownConnections
from vrnn.scene.image_cloud import DrawnCloud
from vrnn.scene.importance import NetworkImportance
from vrnn.scene.placement import BundledEdges, Placement
from vrnn.scene.primitives import Visual
from vrnn.scene.relevance import NetworkRelevance
from vrnn.scene.similarity import NetworkSimilarity
from vrnn.scene.state import State
from vrnn.scene.visuals.distant_pictures import DistantPicture
from vrnn.scene.visuals.feature_panels import FeatureTiles
from vrnn.scene.visuals.layer_pictures import UploadedPicture
from vrnn.scene.visuals.pinned_layers import PinnedLayer
from vrnn.scene.world_contents import WorldContents
from vrnn.scene.world_drawing import WorldDrawing


class WorldResults(WorldContents):
    """Takes what is shown, and has drawn anew what changes by it."""

    def __init__(self, state: State | None = None, seconds: float = 0.8) -> None:
        """Create a world without networks; see `WorldContents`."""
        super().__init__(state, seconds)
        self._drawing = WorldDrawing(self)

    def _invalidate(self, placement: bool = False, labels: bool = False) -> None:
        if placement:
            self.placement.invalidate()
        self._drawing.invalidate(labels=placement or labels)

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
