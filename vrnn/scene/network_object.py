"""One network in the world: its graph, its maps, and its placement in each arrangement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

import numpy as np

from vrnn.network.channel_groups import ChannelGroups, ChannelSource
from vrnn.network.feature_maps import CoarseMaps, FeatureMaps, block_size, map_shape
from vrnn.network.graph import Network, NetworkInfo, Node
from vrnn.network.kernel_edits import KernelShape
from vrnn.network.layer_kinds import LayerKind, layer_kind
from vrnn.network.layer_maps import LayerMaps
from vrnn.network.receptive_field import ReceptiveField
from vrnn.network.results import ForwardResult
from vrnn.network.statistics import channel_order
from vrnn.scene.layout.folding import FoldedNetwork, fold_modules, modules
from vrnn.scene.layout.input_margin import InputMargin, input_margin
from vrnn.scene.layout.panel_size import PanelGrid, panel_size
from vrnn.scene.layout.picture_aspect import PICTURE_ASPECT
from vrnn.scene.network_placement import place_network
from vrnn.scene.panel_shapes import panel_shape
from vrnn.scene.placement import (
    BundledEdges,
    PanelShape,
    Placement,
    PlacementFrame,
)
from vrnn.scene.state import LayerState, State

NODE_LAYOUT_ID = -(1 << 40)
"""Id under which the layout of the graph that a network works on is stored."""
MAX_PLACEMENTS = 24
"""Placements that a network keeps; with more, all are dropped."""


@dataclass(eq=False)
class NetworkObject:
    """A network with its results, and its placements, each made when first asked for.

    Attributes:
        network: The whole graph, nothing folded.
        info: What a person should know of it.
        addresses: Array and first texel of each node's maps on the GPU, by node id, and of a folded
            layer's one map by `folded_map_id`.
        left_out: How many of the finest levels of their pyramid the maps of a node lack on the GPU,
            by node id.
        maps: The whole maps that are in memory and have been uploaded, by node id.
        coarse: What is known of the maps of the other layers that have been uploaded, by node id.
        asked: Layers whose whole maps somebody has asked for since this was last looked at.
        portrait_bytes: Bytes of the portraits that came with the maps of all layers.
        renewed: Layers whose maps have changed since pictures were last made of them.
        result: The last complete forward pass, with the maps of its inputs.
        before_ablation: What the same input gave with nothing ablated, without its maps; None
            where nothing is ablated, or that is not known.
        channel_groups: How the channels of a layer go together, by node id and by what they were
            compared over.
        attributions: (C,) how much each channel speaks for the winning class, by node id.
        receptive_fields: Receptive field of the positions of each node's maps, by node id.
        kernels: The kernels of each layer that has some, by node id.
        input_margin: Room beside the input for its image and the predictions.
        modules: Node ids of each module with at least two nodes.
        node_ids: Node id by name.
        kinds: Kinds of its layers.
    """

    network: Network
    info: NetworkInfo
    addresses: dict[int, tuple[int, int]] = field(default_factory=dict)
    left_out: dict[int, int] = field(default_factory=dict)
    maps: dict[int, FeatureMaps] = field(default_factory=dict)
    coarse: dict[int, CoarseMaps] = field(default_factory=dict)
    asked: set[int] = field(default_factory=set)
    portrait_bytes: int = 0
    renewed: dict[int, None] = field(default_factory=dict)
    result: ForwardResult | None = None
    before_ablation: ForwardResult | None = None
    _unablated: ForwardResult | None = field(init=False, default=None)
    attributions: dict[int, np.ndarray] = field(default_factory=dict)
    channel_groups: dict[tuple[int, ChannelSource], ChannelGroups] = field(default_factory=dict)
    receptive_fields: Mapping[int, ReceptiveField] = field(default_factory=dict)
    kernels: Mapping[int, KernelShape] = field(default_factory=dict)
    input_margin: InputMargin = field(init=False)
    modules: Mapping[str, tuple[int, ...]] = field(init=False)
    node_ids: dict[str, int] = field(init=False)
    kinds: tuple[LayerKind, ...] = field(init=False)
    _placements: dict[tuple[object, ...], Placement] = field(default_factory=dict)
    _last_placement: tuple[tuple[State, int, float], Placement] | None = None
    _folded_networks: dict[frozenset[str], FoldedNetwork] = field(default_factory=dict)
    _bundles: WeakKeyDictionary[Placement, BundledEdges] = field(default_factory=WeakKeyDictionary)

    def __post_init__(self) -> None:
        self.input_margin = input_margin(self.network)
        self.modules = modules(self.network)
        kinds = dict.fromkeys(layer_kind(node.operation) for node in self.network.nodes)
        self.kinds = tuple(kind for kind in kinds if kind is not None)
        self.node_ids = {node.name: node.id for node in self.network.nodes}

    def add_maps(self, maps: Mapping[int, LayerMaps]) -> None:
        """Let maps that have been uploaded take the place of those before, by node id."""
        self.renewed |= dict.fromkeys(maps)
        for node, layer in maps.items():
            self.portrait_bytes += portrait_bytes(layer) - portrait_bytes(self.layer_maps(node))
            self.maps.pop(node, None)
            self.coarse.pop(node, None)
            if isinstance(layer, FeatureMaps):
                self.maps[node] = layer
            elif isinstance(layer, CoarseMaps):
                self.coarse[node] = layer

    def layer_maps(self, node: int) -> LayerMaps | None:
        """Return what is known of a layer's maps, whole or not; None before they have arrived."""
        return self.maps.get(node) or self.coarse.get(node)

    @property
    def all_maps(self) -> Mapping[int, LayerMaps]:
        """What is known of the maps of each layer, whole or not, by node id."""
        return {**self.coarse, **self.maps} if self.coarse else self.maps

    def whole_maps(self, node: int) -> FeatureMaps | None:
        """Return the whole maps of a layer, and have them made where they are not in memory.

        Whoever needs values asks here, again and again as long as they are needed.

        Args:
            node: Id of the layer.

        Returns:
            None as long as they are not there.
        """
        self.asked.add(node)
        return self.maps.get(node)

    def keep_result(self, result: ForwardResult) -> None:
        """Set the result of a complete forward pass, and order channels by it.

        Of its maps only those of inputs are kept: all others are in `maps`, and free their memory
        when they leave it.
        """
        inputs = {node: result.maps[node] for node in self.network.inputs if node in result.maps}
        self.result = replace(result, maps=inputs)
        if result.ablations:
            self.before_ablation = self._unablated_of(self.result)
        else:
            self._unablated, self.before_ablation = self.result, None
        self.reorder_channels()

    def _unablated_of(self, result: ForwardResult) -> ForwardResult | None:
        """The last result with nothing ablated, if the same went in, as in no live stream."""
        before = self._unablated
        if before is None or before.choices != result.choices:
            return None
        if before.maps.keys() != result.maps.keys():  # an input that has no room is not kept
            return None
        pairs = [(maps.block, result.maps[node].block) for node, maps in before.maps.items()]
        pairs.append((before.image, result.image))
        return before if all(np.array_equal(old, new) for old, new in pairs) else None

    def block_sizes(self) -> dict[int, int]:
        """Return the half floats that each node's maps need, and its one map when it is folded.

        Returns:
            Sizes by node id, by `folded_map_id`, and of the graph's layout by NODE_LAYOUT_ID.
        """
        sizes, folded = {}, {}
        for node in self.network.nodes:
            channels, height, width = map_shape(node.shape)
            sizes[node.id] = block_size(channels, height, width)
            folded[folded_map_id(node.id)] = block_size(1, height, width)
        # The layers come first, one after the other as in the memory of a device that computes
        # them (see `vrnn.compute.passes.device_blocks`), from which they come in one piece.
        sizes |= folded
        if self.network.node_layout is not None:
            sizes[NODE_LAYOUT_ID] = self.network.node_layout.block_size
        return sizes

    def placement(self, state: State, slot: int, aspect: float = PICTURE_ASPECT) -> Placement:
        """Return where everything is in a state.

        The network's own offset in the world and the offsets and sizes that layers were given by
        hand are left out.

        Args:
            state: The state of the whole world.
            slot: The slot of this network.
            aspect: Width / height of the picture that it is to fill.
        """
        asked = state, slot, aspect
        known = self._last_placement
        if known is not None and known[0][0] is state and known[0][1:] == asked[1:]:
            return known[1]  # asked for many times a frame
        folds = frozenset(name for s, name in state.folds if s == slot)
        layers = {
            name: replace(layer, offset=(0.0, 0.0, 0.0), size=1.0, axes=())
            for (s, name), layer in state.layers.items()
            if s == slot
        }
        # Another order changes no size, but a panel shape keeps it.
        key = (
            aspect,
            state.arrangement,
            folds,
            *(sorted(layers.items(), key=lambda item: item[0])),
        )
        if key not in self._placements:
            if len(self._placements) > MAX_PLACEMENTS:
                self._placements.clear()
            folded = self.folded_network(folds)
            shapes = {
                node.id: self._panel_shape(
                    node, node.id in folded.folded_modules, layers.get(node.name, LayerState())
                )
                for node in folded.network.nodes
            }
            self._placements[key] = place_network(
                folded, self.network, shapes, self.input_margin, self.info.token_names,
                state.arrangement, aspect,
            )  # fmt: skip
        self._last_placement = asked, self._placements[key]
        return self._placements[key]

    def _panel_shape(self, node: Node, is_module: bool, layer: LayerState) -> PanelShape:
        return panel_shape(
            self.network, node, is_module, layer, lambda: self.channel_order(node, layer),
            self.channel_groups.get((node.id, layer.compared_over)),
        )  # fmt: skip

    def bundled_edges(self, placement: Placement) -> BundledEdges | None:
        """Return the bundled edges of one of its placements; None where they are not found yet."""
        return self._bundles.get(placement)

    def keep_bundled_edges(self, placement: Placement, edges: BundledEdges) -> None:
        """Keep what `find_bundled_edges` found, as long as the placement is kept."""
        self._bundles[placement] = edges

    def reorder_channels(self) -> None:
        """Forget the placements that depend on the order of channels, as values have changed."""
        self._last_placement = None
        self._placements = {
            key: placement
            for key, placement in self._placements.items()
            if not any(shape.map_grid is not None for shape in placement.panel_shapes.values())
        }

    def folded_network(self, folds: frozenset[str]) -> FoldedNetwork:
        """Return the network with these modules folded."""
        if folds not in self._folded_networks:
            self._folded_networks[folds] = fold_modules(self.network, folds)
        return self._folded_networks[folds]

    def channel_order(self, node: Node, layer: LayerState) -> np.ndarray | None:
        """Return the (C,) channels of a layer in an order.

        Args:
            node: The layer.
            layer: Its state, which has the order.

        Returns:
            Channel numbers, the first first; None for `index`, and as long as the values to order
            by are not there.
        """
        by, maps = layer.order, self.layer_maps(node.id)
        if by == "index" or maps is None:
            return None
        if by in ("variation", "correlation"):
            groups = self.channel_groups.get((node.id, layer.compared_over))
            if groups is None or len(groups.mean) != maps.channels:
                return None
            return groups.order if by == "correlation" else groups.variation_order
        if by == "evidence":
            attributions = self.attributions.get(node.id)
            return None if attributions is None else np.argsort(-attributions, kind="stable")
        if by == "entropy":
            maps = self.whole_maps(node.id)
        return None if maps is None else channel_order(maps, by)

    def visible_nodes(self, frame: PlacementFrame) -> Mapping[int, Node]:
        """Return the layers of a frame by id.

        A folded module is among them, and so is a layer that is on its way into a fold.
        """
        return {**self.network.by_id, **frame.placement.network.by_id}

    def default_grid(self, node: int) -> PanelGrid:
        """Return the panel of a layer as it is when the user has changed nothing."""
        one = self.network.by_id[node]
        has_graph = self.network.layout_of(one) is not None
        return panel_size(map_shape(one.shape), one.presentation, has_graph)

    def node_lookup(self, node: Node) -> int:
        """Return where on the GPU it is looked up how a layer's graph is drawn.

        Returns:
            The first texel, in the array that holds the layer's maps; -1 for other layers.
        """
        array, first = self.addresses.get(NODE_LAYOUT_ID, (0, -1))
        same_array = self.addresses.get(node.id, (array, -1))[0] == array
        return first if same_array and self.network.layout_of(node) is not None else -1


def portrait_bytes(layer: LayerMaps | None) -> int:
    """Return the bytes of the portrait that comes with a layer's maps."""
    return 0 if layer is None or layer.portrait is None else layer.portrait.nbytes


def folded_map_id(node: int) -> int:
    """Return the id under which the one map of a folded layer is stored."""
    return -1 - node
