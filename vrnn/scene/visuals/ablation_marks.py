"""Marks on what is ablated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vrnn.scene.network_object import NetworkObject
from vrnn.scene.placement import PlacementFrame
from vrnn.scene.primitives import QUAD, outline_quads, quad
from vrnn.scene.state import AblationState

COLOR = (1.0, 0.12, 0.10, 1.0)
Rect = tuple[float, float, float, float, float]
"""Left, top, width, height and z, meters."""


def ablation_marks(
    ablations: Sequence[AblationState],
    slot: int,
    network_object: NetworkObject,
    frame: PlacementFrame,
) -> np.ndarray:
    """Return a crossed frame around each ablated channel, or around a layer, (N,) `QUAD`.

    Args:
        ablations: Of all networks.
        slot: The network to mark.
        network_object: The same network.
        frame: Where its layers are.
    """
    quads = []
    for ablation in ablations:
        if ablation.network == slot:
            for rect in marked_rects(network_object, frame, ablation.layer, ablation.channels):
                quads += _mark(*rect)
    return np.concatenate(quads) if quads else np.zeros(0, QUAD)


def marked_rects(
    network_object: NetworkObject, frame: PlacementFrame, layer: str, channels: Sequence[int]
) -> list[Rect]:
    """Return where channels of a layer are, or the layer where it shows none of them alone.

    Args:
        network_object: The network.
        frame: Where its layers are.
        layer: Name of the layer.
        channels: Its channels, () for the layer.
    """
    node = network_object.node_ids.get(layer)
    if node is None or node not in frame.index:
        return []
    rect = frame.panel_rect(node)
    shape = frame.placement.panel_shapes.get(node)
    if shape is None or shape.shows_one_map or not channels:
        x, y, z, width, height = rect.tolist()
        return [(x - width / 2, y + height, width, height, z)]
    found: list[Rect] = []
    maps = frame.map_placements(node)
    for channel in channels:
        rows = np.flatnonzero(maps.channels == channel)
        if len(rows):
            x, y, z = (rect[:3] + maps.centers[rows[0]]).tolist()
            width, height = maps.sizes[rows[0]].tolist()
            found.append((x - width / 2, y + height / 2, width, height, z))
    return found


def _mark(left: float, top: float, width: float, height: float, z: float) -> list[np.ndarray]:
    line = min(0.02, 0.12 * min(width, height))
    z += 0.006
    return [
        *outline_quads(left, top, width, height, z, line, COLOR),
        quad(left, top - height / 2 + line / 2, width, line, z, COLOR),
    ]
