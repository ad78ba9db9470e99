"""The similarity of layers on their panels, in place of their maps."""

from __future__ import annotations

from vrnn.scene.placement import PlacementFrame
from vrnn.scene.primitives import PIXELS, RGB_MAPS
from vrnn.scene.similarity import NetworkSimilarity
from vrnn.scene.visuals.relevance_panels import LIGHT_WITHOUT, OverlaidPanels


def show_similarity(
    panels: OverlaidPanels, similarity: NetworkSimilarity, frame: PlacementFrame
) -> None:
    """Let panels show the similarity of their layers, or one channel in its place.

    Args:
        panels: Of the network's visible layers.
        similarity: Of the network.
        frame: Where its layers are.
    """
    for i, node in enumerate(frame.node_ids):
        record = panels.records[i : i + 1]
        if node not in similarity.layers:
            panels.light[i] *= LIGHT_WITHOUT
            continue
        found = similarity.layers[node]
        record["layer_picture"] = 0
        record["style"] = PIXELS
        channel = similarity.channels.get(node)
        if channel is not None:
            channels = int(record["grid"][0, 2])
            record["grid"][0], record["first"] = (1, 1, channels), channel
            continue
        array, first = similarity.addresses[node]
        record["grid"][0], record["first"], record["base"] = (1, 1, 3), 0, first
        record["tile"] = found.pixels
        record["range"], record["clip"] = 0.0, RGB_MAPS
        panels.arrays[i], panels.stores[i] = array, similarity.store
