"""The receptive field of a position in a map: a rectangle on the input's image."""

from __future__ import annotations

from vrnn.scene.network_object import NetworkObject
from vrnn.scene.picking import Hit
from vrnn.scene.primitives import PickRegion


def receptive_field_box(
    network_object: NetworkObject, hit: Hit, canvas: PickRegion | None
) -> PickRegion | None:
    """Return the rectangle of the pixels that a position can depend on.

    Args:
        network_object: The network that was hit.
        hit: The position.
        canvas: The image of the network's input; None when there is none.

    Returns:
        None where the receptive field is unknown or there is no image.
    """
    field = network_object.receptive_fields.get(hit.node)
    if field is None or network_object.result is None or canvas is None:
        return None
    network = network_object.network
    if network.by_id[network.inputs[0]].presentation not in ("image", "volume"):
        return None  # a text or a curve has no pixels
    height, width = network_object.result.image.shape[:2]
    top, left, bottom, right = field.box(hit.row, hit.column, (height, width))
    x, y, z = canvas.origin
    across, down = canvas.right[0] / width, -canvas.down[1] / height
    corner = (x + left * across, y - top * down, z + 0.01)
    size = (right - left) * across, (bottom - top) * down
    return PickRegion("receptive field", corner, (size[0], 0, 0), (0, -size[1], 0))
