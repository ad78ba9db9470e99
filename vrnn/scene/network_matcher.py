"""The matching of each two networks of a world, found once."""

from __future__ import annotations

from collections.abc import Mapping

from vrnn.network.graph import Network
from vrnn.network.layer_matching import LayerMatching, match_layers
from vrnn.scene.network_object import NetworkObject


class NetworkMatcher:
    """Matches layers of networks, and remembers the matching while these are open."""

    def __init__(self) -> None:
        """Begin with nothing matched."""
        self._known: dict[tuple[int, int], tuple[Network, Network, LayerMatching]] = {}

    def matching(
        self, networks: Mapping[int, NetworkObject], first: int, second: int
    ) -> LayerMatching:
        """Return which layers of two networks are the same.

        Args:
            networks: By slot.
            first: Slot of a network.
            second: Slot of another.
        """
        one, other = networks[first].network, networks[second].network
        known = self._known.get((first, second))
        if known is None or known[0] is not one or known[1] is not other:
            known = self._known[first, second] = one, other, match_layers(one, other)
        return known[2]
