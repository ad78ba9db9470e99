"""The room beside the input: for its image, and for the predictions above that."""

from __future__ import annotations

from dataclasses import dataclass

from vrnn.network.feature_maps import map_shape
from vrnn.network.graph import Network

MAX_BARS = 5
"""Classes with a bar on the board with the answer."""
INPUT_BARS = 2
"""Classes with a bar over the input's image."""
SMALL_OUTPUT = 0.5
"""Side of an output's image over the input's, as a part of that one's."""
BAR_PITCH = 0.29
"""Meters from one bar to the next."""
BAR_MARGIN = 0.16
"""Meters between the image and the bars."""
IMAGE_SIDE = 1.9
"""Longer side of the input's image, meters."""
MIN_IMAGE_SIDE = 0.4
"""Shorter side of the input's image, meters."""
MIN_BARS_WIDTH = 1.9
"""Meters."""
WALL_WIDTH, WALL_GAP = 2.48, 0.4
"""Width of the wall of thumbnails at the left of the image, and between the two, meters."""
MIN_SEGMENTATION = 8
"""Outputs whose maps are higher and wider than this many values are images."""


@dataclass(frozen=True)
class InputMargin:
    """Room that is kept beside the panel of the first input, meters.

    Attributes:
        node: The input.
        kind: What is above the image: `bars` (numbers or a curve), `segmentation` (any image) or
            `plain` (nothing).
        image_width: Of the input's image.
        image_height: Of the input's image.
        width: Of the whole room.
        height: Of the whole room.
        gap: Between the room and the panel.
    """

    node: int
    kind: str
    image_width: float
    image_height: float
    width: float
    height: float
    gap: float = 0.55

    @property
    def left(self) -> float:
        """Width of all that is at the left of the panel, with the wall of thumbnails."""
        return WALL_WIDTH + WALL_GAP + self.width + self.gap


def input_margin(network: Network) -> InputMargin:
    """Return the room that a network's image and predictions will need, before any pass has run."""
    node = network.by_id[network.inputs[0]]
    rows, columns = _image_size(node.shape)
    longest = max(rows, columns, 1)
    image_width = max(IMAGE_SIDE * columns / longest, MIN_IMAGE_SIDE)
    image_height = max(IMAGE_SIDE * rows / longest, MIN_IMAGE_SIDE)
    kind = _kind(network)
    above = {
        "bars": INPUT_BARS * BAR_PITCH + BAR_MARGIN,
        "segmentation": SMALL_OUTPUT * image_height + 0.3,
        "plain": 0.3,
    }[kind]
    width = max(image_width, MIN_BARS_WIDTH) if kind == "bars" else image_width
    return InputMargin(node.id, kind, image_width, image_height, width, image_height + 0.2 + above)


def _image_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Height and width of the image of an input of this shape."""
    _, height, width = map_shape(shape)
    if height == 1 or width == 1:  # a vector has no image of its own: a square represents it
        return 1, 1
    return height, width


def _kind(network: Network) -> str:
    shapes = [map_shape(network.by_id[node].shape) for node in network.outputs]
    if any(h > MIN_SEGMENTATION and w > MIN_SEGMENTATION for _, h, w in shapes):
        return "segmentation"
    if any(h == 1 for _, h, _ in shapes):  # numbers, or a signal over time
        return "bars"
    return "plain"
