"""The wave that an image sends through a network: edges and layers light up as they ran."""

from __future__ import annotations

import numpy as np

from vrnn.scene.placement import PlacementFrame

SECONDS = 1.0
"""Duration of a wave."""
WIDTH = 0.16
"""Part of the way that is lit at a time."""
PANEL_LIGHT = 1.3
"""Light that a panel has at most beside its own, as a factor."""


def wave_light(order: np.ndarray, progress: float) -> np.ndarray:
    """Return how much the wave lights up things that are so far along its way.

    Args:
        order: 0 for what ran first … 1 for what ran last, any shape.
        progress: Of the wave, 0…1.

    Returns:
        0…1, of the same shape.
    """
    behind = progress * (1 + WIDTH) - order
    return np.sin(np.pi * np.clip(behind / WIDTH, 0.0, 1.0))


def layer_order(frame: PlacementFrame) -> np.ndarray:
    """Return (K,) when each layer of a network ran, 0…1, in the order of `frame.node_ids`."""
    place = {node.id: i for i, node in enumerate(frame.placement.network.nodes)}
    last = max(len(place) - 1, 1)
    return np.array([place.get(node, 0) / last for node in frame.node_ids])
