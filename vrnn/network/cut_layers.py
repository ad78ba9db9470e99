"""The layers that everything passes through: where to look at a data set along a network."""

from __future__ import annotations

import numpy as np

from vrnn.network.graph import Network, Node

MAX_CUT_LAYERS = 12
"""Layers that are chosen of a network, beside its inputs and outputs."""
MIN_CUT_LAYERS = 4
"""Fewer layers than this that everything passes through do not stand for a network."""


def cut_layers(network: Network, most: int = MAX_CUT_LAYERS) -> tuple[Node, ...]:
    """Choose layers that show how data changes along a network, in the order they run.

    They are spread evenly over the layers that no edge passes by, such as the ends of residual
    blocks; in a network with hardly any of these, over all layers. The last layer is always there.

    Args:
        network: The network.
        most: How many layers at most.
    """
    nodes = [node for node in network.nodes if node.operation != "input" and node.shape]
    order = {node.id: place for place, node in enumerate(network.nodes)}
    # How many edges pass by each place in the order.
    passing = np.zeros(len(network.nodes) + 1, int)
    for edge in network.edges:
        first, last = sorted((order[edge.source], order[edge.target]))
        passing[first + 1] += 1
        passing[last] -= 1
    passing = np.cumsum(passing)
    cuts = [node for node in nodes if not passing[order[node.id]]]
    chosen = cuts if len(cuts) >= min(MIN_CUT_LAYERS, len(nodes)) else nodes
    if len(chosen) > most:
        places = np.unique(np.rint(np.linspace(0, len(chosen) - 1, most)).astype(int))
        chosen = [chosen[place] for place in places]
    return tuple(chosen)
