"""Input margin."""

from __future__ import annotations

from dataclasses import dataclass

from vrnn.network.feature_maps import map_shape
from vrnn.network.graph import Network

MAX_BARS = 5
BAR_PITCH = 0.29
"""Meters from one bar to the next."""
BAR_MARGIN = 0.16
IMAGE_SIDE = 1.9
"""Longer side of the input picture, meters."""


@dataclass(frozen=True)
class InputMargin:
    """Room kept beside the first input's panel, meters. kind: `bars`, `segmentation` or `plain`."""

    node: int
    kind: str
    image_width: float
    image_height: float
    width: float
    height: float
    gap: float = 0.55


def input_margin(network: Network) -> InputMargin:
    """The room that this network's picture and answers will need, before any pass has run."""
    node = network.by_id[network.inputs[0]]
    _, height, width = _image_shape(node.shape)
    longest = max(height, width, 1)
    picture_width = max(IMAGE_SIDE * width / longest, 0.4)
    picture_height = max(IMAGE_SIDE * height / longest, 0.4)
    kind = _kind(network)
    room = {
        "bars": MAX_BARS * BAR_PITCH + BAR_MARGIN,
        "segmentation": picture_height + 0.3,
        "plain": 0.3,
    }[kind]
    full = max(picture_width, 1.9) if kind == "bars" else picture_width
    return InputMargin(
        node.id, kind, picture_width, picture_height, full, picture_height + 0.2 + room
    )


def _image_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    channels, height, width = map_shape(shape)
    if height == 1 or width == 1:  # a vector has no picture of its own: a square stands for it
        return channels, 1, 1
    return channels, height, width


def _kind(network: Network) -> str:
    shapes = [map_shape(network.by_id[node].shape) for node in network.outputs]
    if any(h > 8 and w > 8 for _, h, w in shapes):
        return "segmentation"
    if any(h == w == 1 for _, h, w in shapes):
        return "bars"
    return "plain"
