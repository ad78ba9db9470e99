"""Which levels of a network's maps are too fine to be always there, where memory is limited."""

from __future__ import annotations

from collections.abc import Mapping

from vrnn.network.feature_maps import block_size, coarse_block_size, levels_above, map_shape
from vrnn.network.graph import Network

COARSE_SIDES = (32, 16, 8, 4, 2, 1)
"""Height and width of coarse maps at most, values: the first with which they have room."""
COARSE_SHARE = 0.5
"""Of a budget, what coarse maps may take before they become coarser still."""
HALF = 2
"""Bytes of a half float."""


def whole_sizes(network: Network) -> dict[int, int]:
    """Return the bytes that the whole maps of each layer take, by node id."""
    return {node.id: HALF * block_size(*map_shape(node.shape)) for node in network.nodes}


def fine_levels(network: Network, max_side: int = COARSE_SIDES[0]) -> dict[int, int]:
    """Return how many of its finest levels each layer can be shown without from afar, by node id.

    Args:
        network: The network.
        max_side: Height and width of what is left, at most.

    Returns:
        At least 1 each; layers that have no such levels are not named.
    """
    found = {}
    for node in network.nodes:
        shape = map_shape(node.shape)
        levels = levels_above(*shape[1:], max_side)
        if levels and block_size(*shape) and network.layout_of(node) is None:
            found[node.id] = levels
    return found


def coarse_levels(network: Network, budget: float) -> dict[int, int]:
    """Return the same, so coarse that what is left takes a part of a budget at most.

    Args:
        network: The network.
        budget: Bytes for the maps of the network.
    """
    levels: dict[int, int] = {}
    for side in COARSE_SIDES:
        levels = fine_levels(network, side)
        sizes = whole_sizes(network) | coarse_sizes(network, levels)
        if sum(sizes.values()) <= COARSE_SHARE * budget:
            break
    return levels


def coarse_sizes(network: Network, levels: Mapping[int, int]) -> dict[int, int]:
    """Return the bytes of the coarse maps of layers, by node id.

    Args:
        network: The network.
        levels: How many of the finest levels each of them lacks.
    """
    shapes = {node: map_shape(network.by_id[node].shape) for node in levels}
    return {node: HALF * coarse_block_size(*shapes[node], k) for node, k in levels.items()}
