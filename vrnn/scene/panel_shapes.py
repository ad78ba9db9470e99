"""How a layer's panel is laid out: its maps in a grid, one map, a picture, or groups with walls."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np

from vrnn.network.channel_groups import ChannelGroups
from vrnn.network.feature_maps import map_shape
from vrnn.network.graph import Network, Node
from vrnn.network.picture_kinds import GRADIENTS_PICTURE, WEIGHTS_PICTURE
from vrnn.scene.layout.map_grid import (
    FOLDED_LAYER_SIDE,
    FOLDED_MODULE_SIDE,
    ChannelOrder,
    map_grid,
    single_map_grid,
)
from vrnn.scene.layout.panel_size import PanelGrid, panel_size
from vrnn.scene.placement import PanelShape, WalledGroups
from vrnn.scene.state import LayerState


def panel_shape(
    network: Network, node: Node, is_module: bool, layer: LayerState,
    find_order: Callable[[], np.ndarray | None], groups: ChannelGroups | None,
) -> PanelShape:  # fmt: skip
    """Return the shape of a layer's panel.

    Args:
        network: The network.
        node: The layer.
        is_module: Whether it stands for a folded module.
        layer: Its state.
        find_order: Returns the (C,) channels in their order, None for that of their numbers; called
            only where it counts.
        groups: How its channels go together; None as long as that is not known.
    """
    shape, presentation = map_shape(node.shape), node.presentation
    has_graph = network.layout_of(node) is not None
    if layer.features is not None and not layer.features.is_whole_layer:
        shape = (shape[0], *_input_size(network))  # feature visualizations are as large as inputs
        presentation = "image"
    one_map = (1, 1, 1) if has_graph and presentation == "nodes" else shape
    if is_module or (layer.folded and shape[0] > 1):
        side = FOLDED_MODULE_SIDE if is_module else FOLDED_LAYER_SIDE
        return PanelShape(single_map_grid(one_map, side), shows_one_map=True)
    if layer.picture:
        grid = panel_size(shape, presentation, has_graph)
        if layer.picture in (WEIGHTS_PICTURE, GRADIENTS_PICTURE):  # kernels stand where maps do
            same = PanelGrid(1, 1, grid.width, grid.height)
            return PanelShape(same, True, picture=layer.picture)
        side = sqrt(grid.width * grid.height)  # as large as all maps together
        return PanelShape(single_map_grid(shape, side), True, picture=layer.picture)
    if layer.has_default_maps:
        return PanelShape(panel_size(shape, presentation, has_graph))
    channels = find_order()
    walled = _walled_groups(layer, groups) if channels is not None else None
    numbers = None if walled is None else walled.numbers
    order = None if channels is None else ChannelOrder(channels, numbers)
    maps = map_grid(shape, layer.form, layer.spread, layer.most, order, presentation, has_graph)
    return PanelShape(PanelGrid(1, 1, maps.width, maps.height), map_grid=maps, groups=walled)


def _walled_groups(layer: LayerState, groups: ChannelGroups | None) -> WalledGroups | None:
    """The groups between which a layer has walls; None without."""
    if layer.order != "correlation" or layer.form == "ring" or groups is None:
        return None
    return WalledGroups(groups, layer.groups, groups.group_numbers(layer.groups))


def _input_size(network: Network) -> tuple[int, int]:
    """Height and width of the first input, pixels."""
    _, height, width = map_shape(network.by_id[network.inputs[0]].shape)
    return height, width
