"""The relevance of layers on their panels, in place of their maps or over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrnn.scene.network_object import NetworkObject, folded_map_id
from vrnn.scene.placement import PlacementFrame
from vrnn.scene.primitives import PIXELS
from vrnn.scene.relevance import NetworkRelevance
from vrnn.scene.relevance_state import RelevanceState
from vrnn.scene.visuals.panels import MAX_HALF

LIGHT_WITHOUT = 0.4
"""Light of layers without relevance beside others that have some."""


@dataclass(frozen=True, eq=False)
class OverlaidPanels:
    """The panels of a network, changed in place.

    Attributes:
        records: (K,) `PANEL`.
        arrays: (K,) int: number of the array on the GPU that holds each one's maps.
        stores: (K,) int: number of the store of that array.
        light: (K,) float32: how bright each is.
    """

    records: np.ndarray
    arrays: np.ndarray
    stores: np.ndarray
    light: np.ndarray


def show_relevance(
    panels: OverlaidPanels, relevance: NetworkRelevance, frame: PlacementFrame,
    network_object: NetworkObject, how: RelevanceState,
) -> None:  # fmt: skip
    """Let panels show the relevance of their layers.

    Args:
        panels: Of the network's visible layers.
        relevance: Of the network.
        frame: Where its layers are.
        network_object: The network.
        how: How relevance is seen.
    """
    found = relevance.found
    if not found.scales:
        return
    for i, node in enumerate(frame.node_ids):
        scale = relevance.scale(node, how.normalize_by)
        if scale is None:
            panels.light[i] *= LIGHT_WITHOUT
            continue
        record = panels.records[i : i + 1]
        panels.light[i] *= relevance.light
        shape = frame.placement.panel_shapes.get(node)
        is_one_map = node not in found.maps or (shape is not None and shape.shows_one_map)
        maps = found.pictures[node] if is_one_map else found.maps[node]
        key = folded_map_id(node) if is_one_map else node
        if key not in relevance.addresses:
            continue
        array, first = relevance.addresses[key]
        if is_one_map:
            record["grid"][0], record["first"] = (1, 1, 1), 0
        peak = (scale.picture if is_one_map else scale.maps) / maps.scale
        peak = min(max(peak, 1e-30), float(MAX_HALF))
        record["base"], record["range"], record["clip"] = first, (-peak, peak), 1.0
        ground_array, ground = network_object.addresses.get(node, (-1, -1))
        is_over = how.placement == "over" and not is_one_map and ground_array == 0
        if (
            not is_over
            or network_object.layer_maps(node) is None
            or node in network_object.left_out
        ):
            ground = -1
        record["style"], record["ground"] = PIXELS, (ground, round(1000 * how.opacity))
        panels.arrays[i], panels.stores[i] = array, relevance.store
