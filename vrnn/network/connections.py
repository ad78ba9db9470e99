"""What connects the maps of a layer with those of the layers that feed it, as it was in one pass.

A `LayerConnections` holds what a call took, its kernels, and what it gave, so that any value of the
layer can be told as a sum: over the maps that feed it, and over the positions of a window in each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

ConnectionKind = Literal[
    "convolution", "transposed convolution", "linear", "average pool", "max pool", "norm", "add",
    "concatenate", "attention",
]  # fmt: skip
"""What a layer does with the maps that feed it."""
Role = Literal["", "query", "key", "value"]
"""What a part is to an attention; '' elsewhere."""
Position = tuple[int, ...]
"""Indices of one value of a map: (row, column), one more in a volume, one in a sequence."""


@dataclass(frozen=True)
class SlidingWindow:
    """Which positions of the input a position of the result sees: one number for each axis.

    Attributes:
        size: Of the kernel.
        stride: Steps from one position of the result to the next.
        padding: Positions outside the input before its first one.
        dilation: Steps from one weight of the kernel to the next.
        is_transposed: Whether it is that of a transposed convolution, in which a position of the
            input reaches a window of the result.
        adaptive: Size of the result of an adaptive pool, whose windows differ; () for others.
    """

    size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    is_transposed: bool = False
    adaptive: tuple[int, ...] = ()

    @staticmethod
    def pointwise(axes: int) -> SlidingWindow:
        """Return the window of one position alone."""
        ones, zeros = (1,) * axes, (0,) * axes
        return SlidingWindow(ones, ones, zeros, ones)


@dataclass(frozen=True, eq=False)
class ConnectionPart:
    """What one input of a layer gives to it.

    Output map `first_output + o` is connected with J input maps, those from
    `o // (O / groups) * J` on.

    Attributes:
        source: Id of the node that the maps come from; -1 for none that is shown.
        maps: (I, …) float32, what went in.
        kernels: (O, J, …) float32, the weights, of the window's size.
        window: Which positions meet.
        groups: Number of groups of maps that are not connected with each other.
        first_output: Map of the layer that the first kernel leads to.
        gains: Factor of the kernels at each position of the result, (1 or O, …) float32; None for
            1 everywhere.
        is_maximum: Whether the largest value of the window alone counts.
        role: What it is to an attention.
        source_maps: (I,) int, the map of the source's panel that each input map is; -1 where it is
            none of them.
    """

    source: int
    maps: np.ndarray
    kernels: np.ndarray
    window: SlidingWindow
    groups: int = 1
    first_output: int = 0
    gains: np.ndarray | None = None
    is_maximum: bool = False
    role: Role = ""
    source_maps: np.ndarray = field(default_factory=lambda: np.zeros(0, int))

    @property
    def outputs(self) -> int:
        """O, the number of the layer's maps that it leads to."""
        return self.kernels.shape[0]

    @property
    def fan_in(self) -> int:
        """J, the number of input maps that each of them is connected with."""
        return self.kernels.shape[1]

    @property
    def pair_count(self) -> int:
        """Number of connections from map to map."""
        return self.outputs * self.fan_in

    def first_input(self, output: np.ndarray | int) -> np.ndarray | int:
        """Return the first input map of output maps, which are counted from `first_output`."""
        return output // (self.outputs // self.groups) * self.fan_in


@dataclass(frozen=True, eq=False)
class LayerStep:
    """What the layer's maps were behind one of its operations.

    Attributes:
        operation: Canonical name, such as `conv2d`, `batch_norm`, `relu`.
        maps: (C, …) float32.
    """

    operation: str
    maps: np.ndarray


@dataclass(frozen=True, eq=False)
class LayerConnections:
    """How a layer is connected with what feeds it, in one pass.

    Attributes:
        node: Id of the layer.
        name: Its name.
        kind: What it does.
        parts: What each input gives.
        bias: What is added to the sums, (C,) or (C, …) float32; None for nothing.
        steps: The layer's operations, from the one that sums on; the last is what is seen.
        notes: Sentences that are to be read beside, such as that some weights are not finite.
        mask: Of attention: (1 or heads, queries, keys) float32, what is added to scores.
    """

    node: int
    name: str
    kind: ConnectionKind
    parts: tuple[ConnectionPart, ...]
    bias: np.ndarray | None
    steps: tuple[LayerStep, ...]
    notes: tuple[str, ...] = ()
    mask: np.ndarray | None = None

    @property
    def outputs(self) -> int:
        """C, the number of the layer's maps."""
        return self.steps[0].maps.shape[0]

    @property
    def positions(self) -> tuple[int, ...]:
        """Sizes of the axes of a map."""
        return tuple(self.steps[0].maps.shape[1:])

    @property
    def pair_count(self) -> int:
        """Number of connections from map to map."""
        return sum(part.pair_count for part in self.parts)

    def bias_of(self, channel: int, position: Position) -> float:
        """Return what is added to the sum of a value."""
        if self.mask is not None:
            return float(self.mask[min(channel, len(self.mask) - 1)][position])
        if self.bias is None:
            return 0.0
        values = self.bias[channel]
        return float(values if values.ndim == 0 else values[position])
