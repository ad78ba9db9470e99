"""The relevance of all layers of a network, ready to be drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vrnn.explanations.results import Explanation
from vrnn.network.feature_maps import FeatureMaps


@dataclass(frozen=True)
class RelevanceScale:
    """Where the colors of a layer's relevance are full.

    Attributes:
        maps: Magnitude of a value of its maps.
        picture: Magnitude of a sum over channels.
        positions: Rows times columns of its maps.
    """

    maps: float
    picture: float
    positions: int


@dataclass(frozen=True, eq=False)
class RelevanceMaps:
    """An explanation with the relevance of its layers as maps that the GPU takes.

    Attributes:
        explanation: The explanation. Each of its layers has one map, the sum over channels.
        maps: Relevance of each value of a layer's maps, by node id; some methods have only sums.
        pictures: (1, H, W) sums over channels, by node id.
        scales: Of each of these layers, by node id.
    """

    explanation: Explanation
    maps: Mapping[int, FeatureMaps]
    pictures: Mapping[int, FeatureMaps]
    scales: Mapping[int, RelevanceScale]

    def scale(self, node: int, common: bool) -> RelevanceScale:
        """Return where the colors of a layer are full.

        Args:
            node: Id of the layer.
            common: Whether all layers have one scale: relevance for its share of the image, as the
                same relevance is on fewer, larger positions in layers behind.
        """
        own = self.scales[node]
        if not common:
            return own
        maps = max(s.maps * s.positions for s in self.scales.values())
        picture = max(s.picture * s.positions for s in self.scales.values())
        return RelevanceScale(maps / own.positions, picture / own.positions, own.positions)
