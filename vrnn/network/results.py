"""Results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.predictions import Output

AblationValue = Literal["zero", "mean"]
ABLATION_VALUES: tuple[AblationValue, ...] = get_args(AblationValue)
"""What ablated values are set to."""


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
    value: AblationValue = "zero"


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
class LayerProfile:
    """What one node costs. multiply_adds: of one sample's pass; seconds: of that pass, measured;
    parameters: number that belong to the node; weights: of their values, None without any."""

    macs: int
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
    positions: np.ndarray
    image_count: int
    skipped: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class ForwardResult:
    """What one forward pass gave, all from the same image.

    sequence: grows by one with each pass of this network.
    maps: feature maps by node id; input nodes hold the normalized image.
    image: (H, W, 3) uint8 sRGB, the image as the network saw it (resized, not normalized).
    outputs: the answers that have a form of their own; others are only maps.
    seconds: time the pass took, with capture; ablations: what was switched off in it.
    """

    sequence: int
    image: np.ndarray
    maps: Mapping[int, FeatureMaps]
    outputs: tuple[Output, ...]
    seconds: float
    ablations: tuple[Ablation, ...] = ()
