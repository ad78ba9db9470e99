"""The portraits of all layers of a pass at once, of scores that a device has made.

A layer's colors agree with those of the layers that feed it, so one is turned after the other; what
is done for each is little, and all of it one call of native code. `PortraitMaker.make_of_scores` is
the same, layer by layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vrnn.compute.passes.native_portrait import TurnOrder


@dataclass(frozen=True)
class ScoredLayer:
    """What a device has made of a layer, and where.

    Attributes:
        node: Id of the layer.
        shape: Of its scores, see `vrnn.compute.passes.device_portraits`: 3 or 1, height and width;
            None for the input, whose portrait is the image.
        start: Where its scores begin among those of all layers.
        is_source: Whether layers behind it are to agree with it, see `PortraitMaker.make`.
    """

    node: int
    shape: tuple[int, int, int] | None
    start: int = 0
    is_source: bool = True

    @property
    def size(self) -> int:
        """How many scores there are."""
        return 0 if self.shape is None else self.shape[0] * self.shape[1] * self.shape[2]

    def part_of(self, values: np.ndarray) -> np.ndarray:
        """Return what is the layer's of (N,) values of all layers, to be read and written."""
        return values[self.start : self.start + self.size]


class TurnPlan:
    """What agrees with what among the layers of a pass, found out once.

    Attributes:
        layers: The layers, in run order.
        order: For native code; the image comes before the layers.
        size: How many numbers there are of all layers.
        scratch: (M,) float32 for native code to work in.
    """

    def __init__(self, layers: Sequence[ScoredLayer], sources: Mapping[int, Sequence[int]]) -> None:
        """Find it out.

        Args:
            layers: The layers, in run order.
            sources: For each node the ids of the nodes that feed it.
        """
        self.layers = tuple(layers)
        count = len(layers) + 1
        numbers: dict[int, int] = {}  # of the layers that others can agree with, so far
        shapes, starts, feeding = [(1, 1)], [0], [[0]]
        for number, layer in enumerate(layers, 1):
            found = [numbers[s] for s in sources.get(layer.node, ()) if s in numbers]
            feeding.append(found or [0])
            shapes.append((1, 1) if layer.shape is None else layer.shape[1:])
            starts.append(layer.start)
            if layer.shape is None:
                numbers[layer.node] = 0
            elif layer.is_source:
                numbers[layer.node] = number
        sizes = np.cumsum([0, *map(len, feeding)])
        heights, widths = np.array(shapes, np.int64).T.copy()
        given, before = np.zeros((2, count), np.uint64)
        self.order = TurnOrder(
            heights, widths, given, sizes.astype(np.int64),
            np.array([s for several in feeding for s in several], np.int64),
            np.array(starts, np.int64), before,
        )  # fmt: skip
        self.size = max((layer.start + layer.size for layer in layers), default=0)
        self.scratch = np.zeros(6 * int((heights * widths).max()), np.float32)

    def begin(
        self, image: np.ndarray, grays: Mapping[int, np.ndarray], before: Mapping[int, np.ndarray]
    ) -> None:
        """Begin a pass.

        Args:
            image: (3, h, w) float32 colors of the image.
            grays: (3, P) float32 colors of the layers with a single channel, by node id.
            before: (3, P) float32 colors of layers in the frame before, by node id.
        """
        order = self.order
        order.heights[0], order.widths[0] = image.shape[1:]
        order.given[0] = image.ctypes.data
        for number, layer in enumerate(self.layers, 1):
            found = before.get(layer.node)
            order.before[number] = 0
            if layer.shape is None:
                order.given[number] = image.ctypes.data
            elif layer.node in grays:
                order.given[number] = grays[layer.node].ctypes.data
            elif found is not None and found.size == layer.size:
                order.before[number] = found.ctypes.data
