"""Similarity that is on the GPU: what of each layer is similar to the reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

FIRST_SIMILARITY_STORE = 280_000
"""Numbers of the map stores that hold similarity begin here: one a network."""


@dataclass(frozen=True, eq=False)
class LayerSimilarity:
    """The similarity of one layer.

    Attributes:
        values: (H, W) float32, see `vrnn.network.similarity`.
        span: Which similarities have the first and the last color.
        reference: Row, column, rows and columns of what is compared with in this layer.
        pixels: (height, width) of its picture, a multiple of that of the layer.
    """

    values: np.ndarray
    span: tuple[float, float]
    reference: tuple[int, int, int, int]
    pixels: tuple[int, int]


@dataclass(eq=False)
class NetworkSimilarity:
    """The similarity of the layers of a network.

    Attributes:
        slot: The network.
        addresses: Array and first texel of each layer's picture in its store, by node id.
        layers: What has been found, by node id; it changes as the pointer moves.
        channels: Channels that are shown in place of similarity, by node id.
    """

    slot: int
    addresses: Mapping[int, tuple[int, int]]
    layers: dict[int, LayerSimilarity] = field(default_factory=dict)
    channels: dict[int, int] = field(default_factory=dict)

    @property
    def store(self) -> int:
        """Number of the store that holds its pictures."""
        return FIRST_SIMILARITY_STORE + self.slot
