"""The plain data that passes between the parts of vrnn: numpy and the standard library only.

`compute` makes these, `scene` places them, `render` draws them. Everything is immutable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil, floor

import networkx
import numpy as np

PYRAMID_STEP = 4
"""Each level of a map's pyramid is this many times smaller than the one before, rounded up."""
ROUNDING = 1e-3
"""Share of a pixel by which the border of a receptive field may be wrong from rounding."""


@dataclass(frozen=True)
class Node:
    """One operation of a network, at the level of detail the network was traced for.

    name: unique and readable, the module path where there is one (`layer1.0.conv2`), else the
        scope and the operation (`layer1.0.add`).
    operation: `input`, `conv2d`, `linear`, `add`, `cat`, `max_pool2d`, `attention`, ...
    label: what a person reads (`conv 3×3, 64→128, stride 2 · norm · ReLU`).
    scope: module path of the module the operation ran in, '' at the top.
    shape: (C, H, W) of the result as it is shown, without the batch (see `map_shape`).
    parameters: number of parameters that belong to this node.
    call: 0, 1, ... when the same module runs more than once.
    """

    id: int
    name: str
    operation: str
    label: str
    scope: str
    shape: tuple[int, ...]
    parameters: int = 0
    call: int = 0


@dataclass(frozen=True)
class Edge:
    """Data flowing from one node to another. label: the operation that takes it."""

    source: int
    target: int
    label: str = ""


@dataclass(frozen=True)
class Marker:
    """A signpost that the model's author placed: text that stands beside a node."""

    node: int
    text: str


@dataclass(frozen=True)
class Network:
    """A traced network: nodes in the order they ran, acyclic.

    inputs, outputs: ids of the nodes where data enters and leaves.
    """

    name: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    markers: tuple[Marker, ...] = ()

    @cached_property
    def by_id(self) -> Mapping[int, Node]:
        """Nodes by their id."""
        return {node.id: node for node in self.nodes}

    def graph(self) -> networkx.DiGraph:
        """As a directed graph of ids; each has its `Node` under "node"."""
        graph: networkx.DiGraph = networkx.DiGraph()
        graph.add_nodes_from((node.id, {"node": node}) for node in self.nodes)
        graph.add_edges_from((e.source, e.target, {"label": e.label}) for e in self.edges)
        return graph


def map_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Channels, height and width under which a result of this shape is shown.

    shape: without batch. (C, H, W) as it is; (C,) becomes (C, 1, 1); (C, L) becomes (C, 1, L);
    (C, D, H, W) shows its slices below each other, (C, D·H, W); () becomes (1, 1, 1).
    """
    if len(shape) == 0:
        return 1, 1, 1
    if len(shape) == 1:
        return shape[0], 1, 1
    if len(shape) == 2:
        return shape[0], 1, shape[1]
    height = int(np.prod(shape[1:-1]))
    return shape[0], height, shape[-1]


def pyramid_shapes(height: int, width: int) -> tuple[tuple[int, int], ...]:
    """Sizes of a map's levels, largest first, ending with (1, 1)."""
    shapes = [(height, width)]
    while height > 1 or width > 1:
        height, width = -(-height // PYRAMID_STEP), -(-width // PYRAMID_STEP)
        shapes.append((height, width))
    return tuple(shapes)


def block_size(channels: int, height: int, width: int) -> int:
    """Number of half floats in the block of one layer's maps (see `FeatureMaps.block`)."""
    return channels * (2 + sum(h * w for h, w in pyramid_shapes(height, width)))


@dataclass(frozen=True)
class ReceptiveField:
    """Which pixels of the input each position of a node's maps can depend on; pairs are (y, x).

    Position (r, c) depends at most on the pixels in rows step[0]·r + low[0] to step[0]·r + high[0],
    both with, and in the columns likewise. Near a border these reach beyond the input.
    first, last: the first and last pixel that any position of the node sees at all. They are
    fractions where the node's grid does not lie on that of the input, as after upsampling.
    whole: every position sees the whole input.
    """

    step: tuple[float, float]
    low: tuple[float, float]
    high: tuple[float, float]
    first: tuple[float, float]
    last: tuple[float, float]
    whole: bool

    def box(self, row: int, column: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """(top, left, bottom, right) in pixels of an input of this (height, width).

        bottom and right are exclusive; the box may be empty, where only padding is seen.
        """
        ends = []
        for side, at in enumerate((row, column)):
            shift = self.step[side] * at
            start = ceil(max(shift + self.low[side], self.first[side]) - ROUNDING)
            end = floor(min(shift + self.high[side], self.last[side]) + ROUNDING) + 1
            start = min(max(start, 0), size[side])
            ends.append((start, max(min(end, size[side]), start)))
        (top, bottom), (left, right) = ends
        return top, left, bottom, right


@dataclass(frozen=True)
class FeatureMaps:
    """One node's maps for one image.

    block: float16, one dimension, the very bytes that go to the GPU: the least finite value of
        each channel (C,), the largest (C,), then the pyramid, level by level, each (C, h, w) and
        C-contiguous (`pyramid_shapes`). A coarse value is the mean of the finer ones it covers.
        Real value = half float × scale; a value that is not finite is stored as NaN, and so is a
        coarse one that covers at least as many of these as others.
    scale: a power of two that keeps the block clear of overflow and of subnormal numbers.
    numbers: (3, C) float32 over the finite values, in units of the scale: least, largest, mean.
    not_finite: number of values that are NaN or infinite in the whole layer.
    extra: (K, C) float32, the class and register tokens of a token model; K = 0 for others.
    """

    channels: int
    height: int
    width: int
    block: np.ndarray
    scale: float
    numbers: np.ndarray
    not_finite: int = 0
    extra: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    @property
    def values(self) -> np.ndarray:
        """(C, H, W) float16 view of the full resolution; times `scale` they are the activations."""
        count = self.channels * self.height * self.width
        return self.block[2 * self.channels : 2 * self.channels + count].reshape(
            self.channels, self.height, self.width
        )

    @property
    def low(self) -> np.ndarray:
        """(C,) float32: the least finite activation of each channel."""
        return self.numbers[0] * np.float32(self.scale)

    @property
    def high(self) -> np.ndarray:
        """(C,) float32: the largest."""
        return self.numbers[1] * np.float32(self.scale)

    @property
    def mean(self) -> np.ndarray:
        """(C,) float32."""
        return self.numbers[2] * np.float32(self.scale)

    @cached_property
    def std(self) -> np.ndarray:
        """(C,) float32: the standard deviation of the finite values, worked out when asked for."""
        values = self.values.reshape(self.channels, -1).astype(np.float32)
        if self.not_finite:
            values = np.where(np.isfinite(values), values, np.nan)
            good = np.isfinite(values).any(1)
            found = np.zeros(self.channels, np.float32)
            found[good] = np.nanstd(values[good], 1, dtype=np.float64)
            return found * np.float32(self.scale)
        return np.asarray(values.std(1, dtype=np.float64) * self.scale, np.float32)

    @property
    def lowest(self) -> float:
        """Least finite activation in the layer."""
        return float(self.numbers[0].min()) * self.scale if self.channels else 0.0

    @property
    def highest(self) -> float:
        """Largest finite activation in the layer."""
        return float(self.numbers[1].max()) * self.scale if self.channels else 0.0

    @property
    def peak(self) -> float:
        """Largest finite |activation| in the layer."""
        return max(-self.lowest, self.highest)

    def share_below(self, percentile: float) -> float:
        """The part of the peak that this percentage of all |activations| stay below, 0.001…1.

        Of up to 65,536 values, evenly taken.
        """
        taken = self._sorted
        if not taken.size or not self.peak:
            return 1.0
        below = taken[round(percentile / 100 * (taken.size - 1))]
        return float(np.clip(below * self.scale / self.peak, 1e-3, 1.0))

    @cached_property
    def _sorted(self) -> np.ndarray:
        values = self.values.reshape(-1)
        taken = np.abs(values[:: max(1, values.size >> 16)].astype(np.float32))
        return np.sort(taken[np.isfinite(taken)])


@dataclass(frozen=True)
class Ablation:
    """Channels that are switched off inside a pass, so that everything after them changes.

    layer: id or name of a node; channels: their numbers, () for all of the layer;
    position: (row, column) in the maps as they are shown, None for the whole of them, with the
    class and register tokens of a token model; value: what is put there, `zero`, or `mean`, the
    mean that each channel's map has just then.
    """

    layer: int | str
    channels: tuple[int, ...] = ()
    position: tuple[int, int] | None = None
    value: str = "zero"


@dataclass(frozen=True, eq=False)
class Histogram:
    """How often values lie where. counts: (B,) int64, of bins of equal width from low to high.

    The last bin takes what is exactly `high`. below, above: how many lie outside. mean, std: of
    all that were finite, 0 when there were none.
    """

    low: float
    high: float
    counts: np.ndarray
    below: int = 0
    above: int = 0
    mean: float = 0.0
    std: float = 0.0

    @property
    def total(self) -> int:
        """Number of values, with those outside."""
        return int(self.counts.sum()) + self.below + self.above


@dataclass(frozen=True, eq=False)
class LayerFacts:
    """What one node costs. multiply_adds: of one sample's pass; seconds: of that pass, measured;
    parameters: number that belong to the node; weights: of their values, None without any."""

    multiply_adds: int
    seconds: float
    parameters: int = 0
    weights: Histogram | None = None


@dataclass(frozen=True, eq=False)
class TopImages:
    """The images of a data set that excite each channel of a node most, the best first.

    measure: `max` or `mean` of a map; images: (C, K) int32 numbers in the data set; values: (C, K)
    float32, the measure; places: (C, K, 2) int32, row and column of the map's maximum;
    seen: how many images were run; skipped: number of each that could not be, and why.
    K is smaller than asked for when fewer images were run.
    """

    node: int
    measure: str
    images: np.ndarray
    values: np.ndarray
    places: np.ndarray
    seen: int
    skipped: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class ClassScores:
    """What a classifier said. logits: (K,) float32; probabilities: (K,) float32, sum 1."""

    node: int
    logits: np.ndarray
    probabilities: np.ndarray


@dataclass(frozen=True)
class Segmentation:
    """The class of each position. classes: (H, W) int32; count: number of classes."""

    node: int
    classes: np.ndarray
    count: int


@dataclass(frozen=True)
class Detections:
    """Boxes that a detector found.

    boxes: (K, 4) float32, left, top, right, bottom in fractions 0…1 of the input image;
    labels: (K,) int32; scores: (K,) float32, best first.
    """

    node: int
    boxes: np.ndarray
    labels: np.ndarray
    scores: np.ndarray


Output = ClassScores | Segmentation | Detections


@dataclass(frozen=True)
class Frame:
    """What one forward pass gave, all from the same image.

    sequence: grows by one with each pass of this network.
    maps: feature maps by node id; input nodes hold the normalised image.
    image: (H, W, 3) uint8 sRGB, the image as the network saw it (resized, not normalised).
    outputs: the answers that have a form of their own; others are only maps.
    seconds: time the pass took, with capture; ablations: what was switched off in it.
    """

    sequence: int
    image: np.ndarray
    maps: Mapping[int, FeatureMaps]
    outputs: tuple[Output, ...]
    seconds: float
    ablations: tuple[Ablation, ...] = ()


@dataclass(frozen=True)
class NetworkInfo:
    """What a person should know of an opened model beside its graph.

    title: the model's name as it was asked for, short (`resnet50`).
    class_names: one name per class, may be empty.
    random_weights: true when no trained weights were loaded.
    parameters: number of parameters of the whole model.
    notes: sentences to show once, such as how many weight keys were missing.
    """

    title: str
    class_names: tuple[str, ...]
    random_weights: bool
    parameters: int
    notes: tuple[str, ...] = ()
