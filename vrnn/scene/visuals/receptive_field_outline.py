"""The receptive field of a position in a map: a frame on the input's image."""

from __future__ import annotations

import numpy as np

from vrnn.scene.network_object import NetworkObject
from vrnn.scene.picking import Hit
from vrnn.scene.primitives import QUAD, PickRegion
from vrnn.scene.visuals.highlight import highlight_outline


def receptive_field_outline(
    network_object: NetworkObject, hit: Hit, canvas: PickRegion | None
) -> np.ndarray:
    """Return a frame around the pixels that a position can depend on.

    Args:
        network_object: The network that was hit.
        hit: The position.
        canvas: The image of the network's input; None when there is none.

    Returns:
        (N,) `QUAD`, none where the receptive field is unknown or there is no image.
    """
    field = network_object.receptive_fields.get(hit.node)
    if field is None or network_object.result is None or canvas is None:
        return np.zeros(0, QUAD)
    network = network_object.network
    if network.by_id[network.inputs[0]].presentation not in ("image", "volume"):
        return np.zeros(0, QUAD)  # a text or a curve has no pixels
    height, width = network_object.result.image.shape[:2]
    top, left, bottom, right = field.box(hit.row, hit.column, (height, width))
    x, y, z = canvas.origin
    across, down = canvas.right[0] / width, -canvas.down[1] / height
    return highlight_outline(
        x + left * across, y - top * down, (right - left) * across, (bottom - top) * down, z
    )
