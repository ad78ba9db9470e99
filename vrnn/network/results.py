"""What is measured of a network: forward passes, histograms, costs, top activations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from vrnn.network.axes import AxisChoice
from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.predictions import Output

AblationValue = Literal["zero", "mean"]
ABLATION_VALUES: tuple[AblationValue, ...] = get_args(AblationValue)
"""What ablated values are set to."""


@dataclass(frozen=True)
class Ablation:
    """Channels that are ablated inside a forward pass, so that everything after them changes.

    Attributes:
        layer: Id or name of a node.
        channels: Their numbers, () for all of the layer.
        position: (row, column) in the maps as they are shown; None for the whole maps, with the
            class and register tokens of a token model.
        value: What is put there: `zero`, or `mean`, the mean of each channel's map in this pass.
    """

    layer: int | str
    channels: tuple[int, ...] = ()
    position: tuple[int, int] | None = None
    value: AblationValue = "zero"


@dataclass(frozen=True, eq=False)
class Histogram:
    """A histogram with bins of equal width.

    Attributes:
        low: Where the first bin begins.
        high: Where the last bin ends; it takes what is exactly there.
        counts: (B,) int64, the number of values in each bin.
        below: Number of values below `low`.
        above: Number of values above `high`.
        mean: Of all finite values, 0 when there were none.
        std: Standard deviation of all finite values, 0 when there were none.
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
        """Number of values, including those outside."""
        return int(self.counts.sum()) + self.below + self.above


@dataclass(frozen=True, eq=False)
class LayerProfile:
    """What one node costs.

    Attributes:
        macs: Multiply-accumulate operations for one sample.
        seconds: Measured for one sample.
        parameters: Number that belong to the node.
        weights: Histogram of their values; None without any.
    """

    macs: int
    seconds: float
    parameters: int = 0
    weights: Histogram | None = None


@dataclass(frozen=True, eq=False)
class TopImages:
    """The images of a data set that excite each channel of a node most, the best first.

    K is smaller than asked for when fewer images were run.

    Attributes:
        node: Id of the node.
        measure: `max` or `mean` of a map.
        images: (C, K) int32 numbers in the data set.
        values: (C, K) float32, the measure.
        positions: (C, K, 2) int32, row and column of the map's maximum.
        image_count: Number of images that were run.
        skipped: Number of each image that could not be run, and why.
    """

    node: int
    measure: str
    images: np.ndarray
    values: np.ndarray
    positions: np.ndarray
    image_count: int
    skipped: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class ForwardResult:
    """What one forward pass gave, all from the same image.

    Attributes:
        sequence: Grows by one with each pass of this network.
        image: (H, W, 3) uint8 sRGB, the image as the network saw it (resized, not normalized).
        maps: Feature maps by node id; those of inputs are the normalized image.
        outputs: The predictions that have a type of their own; other outputs are maps alone.
        seconds: Duration of the pass, with capture.
        ablations: What was ablated in it.
        choices: Which sample, frame or slice its maps show.
        note: What the user should know of what went in, such as that the image cannot; '' for
            nothing.
    """

    sequence: int
    image: np.ndarray
    maps: Mapping[int, FeatureMaps]
    outputs: tuple[Output, ...]
    seconds: float
    ablations: tuple[Ablation, ...] = ()
    choices: tuple[AxisChoice, ...] = ()
    note: str = ""
