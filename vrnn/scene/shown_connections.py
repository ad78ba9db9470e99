"""Makes what is drawn of a layer's connections; of very many it takes seconds."""

from __future__ import annotations

import numpy as np

from vrnn.network.connection_sums import pair_values
from vrnn.network.connections import LayerConnections
from vrnn.network.strongest_pairs import StrongestPairs, strongest_pairs
from vrnn.scene.connection_state import ConnectionState
from vrnn.scene.connections import (
    ConnectionPlaces,
    RibbonQuestion,
    ShownConnections,
    ribbons_of,
)
from vrnn.scene.importance import NetworkImportance
from vrnn.scene.ribbon_net import RibbonNet, ribbon_net
from vrnn.scene.visuals.kernel_pictures import kernel_sheet

AUTO_RIBBONS = 2000
"""Ribbons that are drawn where no share is set."""
MAX_RIBBONS = 1_000_000
MAX_FILTER_RIBBONS = 400
"""Ribbons of one filter."""
SEED = 0


def ribbon_count(state: ConnectionState, total: int) -> int:
    """Return how many of a layer's connections are drawn at most."""
    if not state.share:
        return min(AUTO_RIBBONS, total)
    return max(1, min(round(state.share * total), MAX_RIBBONS))


def show_connections(
    slot: int, layer: LayerConnections, places: ConnectionPlaces, state: ConnectionState,
    before: ShownConnections | None = None, importance: NetworkImportance | None = None,
) -> ShownConnections:  # fmt: skip
    """Choose the strongest connections and lay their ribbons out.

    Args:
        slot: The network.
        layer: What was read.
        places: Where its connections end.
        state: How they are shown.
        before: What was shown before, of which is kept what is the same.
        importance: By which ribbons are wider or narrower; None where it is not shown.
    """
    question = RibbonQuestion(
        layer,
        places,
        state.values,
        ribbon_count(state, layer.pair_count),
        state.bundling,
        importance,
    )
    channel = min(state.channel, layer.outputs - 1)
    values = pair_values(layer, state.values)
    if before is not None and before.question.is_same(question):
        pairs, net, which = before.pairs, before.net, before.which
    else:
        pairs = strongest_pairs(layer, values, question.count)
        net, which = _net(layer, places, pairs, state.bundling, importance)
    of_filter = strongest_pairs(layer, values, MAX_FILTER_RIBBONS, channel)
    filter_net, filter_which = _net(layer, places, of_filter, 0.0, importance)
    sheet = kernel_sheet(layer, state.palette) if state.kernel_sheet else None
    return ShownConnections(
        slot, layer, places, question, pairs, net, of_filter, filter_net, which, filter_which, sheet
    )  # fmt: skip


def _net(
    layer: LayerConnections,
    places: ConnectionPlaces,
    pairs: StrongestPairs,
    bundling: float,
    importance: NetworkImportance | None,
) -> tuple[RibbonNet | None, np.ndarray]:
    """The ribbons of pairs, and (N,) int: which have one."""
    ribbons, which = ribbons_of(layer, places, pairs, importance)
    if not len(which):
        return None, which
    return ribbon_net(ribbons, bundling, SEED), which
