"""Marks on what is ablated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vrnn.scene.network_object import NetworkObject
from vrnn.scene.placement import PlacementFrame
from vrnn.scene.primitives import QUAD, outline_quads, quad
from vrnn.scene.state import AblationState

COLOR = (1.0, 0.12, 0.10, 1.0)


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
        node = network_object.node_ids.get(ablation.layer)
        if ablation.network != slot or node is None or node not in frame.index:
            continue
        rect = frame.panel_rect(node)
        shape = frame.placement.panel_shapes.get(node)
        if shape is None or shape.shows_one_map or not ablation.channels:
            x, y, z, width, height = rect.tolist()
            quads += _mark(x - width / 2, y + height, width, height, z)
            continue
        maps = frame.map_placements(node)
        for channel in ablation.channels:
            rows = np.flatnonzero(maps.channels == channel)
            if len(rows):
                x, y, z = (rect[:3] + maps.centers[rows[0]]).tolist()
                width, height = maps.sizes[rows[0]].tolist()
                quads += _mark(x - width / 2, y + height / 2, width, height, z)
    return np.concatenate(quads) if quads else np.zeros(0, QUAD)


def _mark(left: float, top: float, width: float, height: float, z: float) -> list[np.ndarray]:
    line = min(0.02, 0.12 * min(width, height))
    z += 0.006
    return [
        *outline_quads(left, top, width, height, z, line, COLOR),
        quad(left, top - height / 2 + line / 2, width, line, z, COLOR),
    ]
