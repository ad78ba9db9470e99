"""The feature vectors of a network's layers, gathered in groups of one shape and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from vrnn.network.feature_maps import FeatureMaps
from vrnn.network.similarity import (
    FeatureVectors,
    Measure,
    compare,
    compare_positions,
    gather_vectors,
)
from vrnn.scene.compared_region import Box, box_positions
from vrnn.scene.network_object import NetworkObject

MAX_GROUP_VALUES = 3 << 20
"""Values that are compared at a time, 12 MB: below a millisecond where memory is fast."""
MAX_KEPT_VALUES = 1 << 28
"""Values that are kept in single precision, 1 GB, and at most twice as many products of theirs;
beyond them they are converted at each move."""
BYTES_A_VALUE = 12
"""Bytes that a kept value takes at most, with products."""
PRODUCTS_AT_A_TIME = 2
"""Layers whose products are found in one comparison: below 5 ms."""


@dataclass(eq=False)
class VectorGroup:
    """Layers of one network with the same shape.

    Attributes:
        slot: The network.
        nodes: Their ids.
        maps: What their vectors were gathered from.
        keeps: Whether the vectors are kept.
        version: Which question they answered last; −1 for none.
    """

    slot: int
    nodes: tuple[int, ...]
    maps: tuple[FeatureMaps, ...]
    keeps: bool
    version: int = -1
    _vectors: tuple[Measure, FeatureVectors] | None = field(default=None, repr=False)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the maps."""
        return self.maps[0].height, self.maps[0].width

    @property
    def nbytes(self) -> int:
        """Bytes that its vectors take, where they are kept."""
        return 0 if self._vectors is None else self._vectors[1].nbytes

    def vectors(self, measure: Measure) -> FeatureVectors:
        """Return the vectors of its layers, ready for a measure."""
        known = self._vectors
        if known is not None and (known[0] == "angular") == (measure == "angular"):
            return known[1]
        found = gather_vectors(self.maps, measure)
        if self.keeps:
            self._vectors = (measure, found)
        return found

    def compare(
        self, boxes: Sequence[Box], measure: Measure, kept: Mapping[int, np.ndarray] | None = None
    ) -> np.ndarray:
        """Return how similar each position of each layer is to what is compared with.

        Args:
            boxes: What is compared with in each layer.
            measure: What says how similar they are.
            kept: (C,) vectors by node id to compare with instead.

        Returns:
            (N, H, W) float32, see `vrnn.network.similarity.compare`.
        """
        vectors = self.vectors(measure)
        if kept is None:
            positions = [box_positions(b, self.shape) for b in boxes]
            if self.version >= 0 and self.keeps:  # Not for frames of a video: each is asked once.
                vectors.add_products(PRODUCTS_AT_A_TIME)
            found = compare_positions(vectors, positions, measure)
        else:
            references = vectors.scaled(np.stack([kept[node] for node in self.nodes]))
            found = compare(vectors, references, measure)
        return found.reshape(-1, *self.shape)


def group_layers(
    slot: int, network: NetworkObject, max_values: float = MAX_KEPT_VALUES
) -> list[VectorGroup]:
    """Return the layers of a network that have several positions, in groups.

    Args:
        slot: The network.
        network: With its maps.
        max_values: Values that may be kept.
    """
    by_shape: dict[tuple[int, int, int], list[list[int]]] = {}
    for node in network.network.nodes:
        maps = network.maps.get(node.id)
        if maps is None or maps.height * maps.width < 2 or not maps.channels:
            continue
        shape = maps.channels, maps.height, maps.width
        groups = by_shape.setdefault(shape, [[]])
        if (len(groups[-1]) + 1) * int(np.prod(shape)) > MAX_GROUP_VALUES and groups[-1]:
            groups.append([])
        groups[-1].append(node.id)
    found, values = [], 0
    for groups in by_shape.values():
        for nodes in groups:
            layers = tuple(network.maps[node] for node in nodes)
            values += sum(m.channels * m.height * m.width for m in layers)
            found.append(VectorGroup(slot, tuple(nodes), layers, values <= max_values))
    return found
