"""The strongest sources and targets of a channel through all layers.

Each value of a layer is made of what its sources give. How much of the channel t of a layer comes
from the channel s of a source is taken to be

    share(t, s) = |w(t, s)| / Σ over all s' |w(t, s')|

where |w| is the sum of the absolute weights of a kernel; by activation, each |w| is multiplied by
the mean of |a(s)| over the source's map. What passes channels on (norms, activations, pools) links
each with itself; an addition shares its channels among its sources, equally or by their mean |a|; a
concatenation puts them one after another. The strength of a chain is the product of its shares, and
that of a channel the sum over all chains, as in the walks that the connection-weight method sums
(Olden and Jackson 2002, https://doi.org/10.1016/S0304-3800(02)00064-9), there with signs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

PathValues = Literal["weight", "weight × activation"]
PATH_VALUES: tuple[PathValues, ...] = get_args(PathValues)
"""What a link is measured by."""


@dataclass(frozen=True, eq=False)
class ChannelLink:
    """How a layer takes the channels of one that feeds it.

    Attributes:
        source: Id of the node that feeds.
        target: Id of the node that is fed.
        weights: (O, J) float32 sums of |w| over kernels, of the source's channels in each group;
            None where channels are passed on as they are.
        groups: Groups of channels that are not linked with each other.
        first: Channel of the target that the first one of the source becomes, where passed on.
    """

    source: int
    target: int
    weights: np.ndarray | None = None
    groups: int = 1
    first: int = 0


@dataclass(frozen=True, eq=False)
class ChannelLinks:
    """All links of a network.

    Attributes:
        channels: Number of channels of each node, by its id, in the order in which they run.
        links: In the order in which their targets run.
        unknown: Names of layers that take channels in a way that is not followed.
    """

    channels: Mapping[int, int]
    links: tuple[ChannelLink, ...]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ChannelPaths:
    """How strongly all channels are linked with one.

    Attributes:
        node: Id of the layer of that channel.
        channel: The channel.
        sources: (C,) float32 strength of each channel before it, by node id: the part of the
            channel that comes from there.
        targets: (C,) float32 strength of each channel behind it, by node id: the part of that
            channel that comes from it.
        strongest: How many channels of a layer are shown.
    """

    node: int
    channel: int
    sources: Mapping[int, np.ndarray]
    targets: Mapping[int, np.ndarray]
    strongest: int = 3
    shown: Mapping[int, np.ndarray] = field(init=False)

    def __post_init__(self) -> None:
        found = {node: strongest(one, self.strongest) for node, one in self.sources.items()}
        found |= {node: strongest(one, self.strongest) for node, one in self.targets.items()}
        found[self.node] = np.array([self.channel])
        object.__setattr__(self, "shown", {n: some for n, some in found.items() if len(some)})

    def strength(self, node: int) -> np.ndarray:
        """Return the strength of each channel of a layer (C,), before or behind the channel."""
        return self.sources[node] if node in self.sources else self.targets[node]


def strongest(values: np.ndarray, most: int) -> np.ndarray:
    """Return the indices of the largest values that are above 0, the largest first."""
    order = np.argsort(-values, kind="stable")[:most]
    chosen: np.ndarray = order[values[order] > 0]
    return chosen


def find_paths(shares: ChannelShares, node: int, channel: int, most: int = 3) -> ChannelPaths:
    """Follow all chains from a channel, to its sources and to its targets.

    Args:
        shares: How much of each channel comes from which.
        node: Id of its layer.
        channel: The channel.
        most: How many channels of each layer are shown.
    """
    links = shares.links
    start = np.zeros(links.channels[node], np.float32)
    start[channel] = 1.0
    sources: dict[int, np.ndarray] = {node: start}
    targets: dict[int, np.ndarray] = {node: start}
    for link in reversed(links.links):
        if link.target in sources and link.target != link.source:
            given = shares.back(link, sources[link.target])
            sources[link.source] = sources.get(link.source, 0.0) + given
    for link in links.links:
        if link.source in targets and link.target != node:
            given = shares.forth(link, targets[link.source])
            targets[link.target] = targets.get(link.target, 0.0) + given
    del sources[node], targets[node]
    return ChannelPaths(node, channel, sources, targets, most)


class ChannelShares:
    """How much of the channels of each layer comes from those of its sources.

    Attributes:
        links: The links of the network.
    """

    def __init__(
        self, links: ChannelLinks, activations: Mapping[int, np.ndarray] | None = None
    ) -> None:
        """Measure the links.

        Args:
            links: The links of a network.
            activations: (C,) mean |a| of each channel, by node id; None for weights alone.
        """
        self.links, self._activations = links, activations
        self._passed: dict[int, np.ndarray] = {}
        self._totals: dict[int, np.ndarray] = {}
        for link in links.links:
            if link.weights is None:
                count = links.channels[link.target]
                total = self._passed.setdefault(link.target, np.zeros(count, np.float32))
                given = self._given(link)
                total[link.first : link.first + len(given)] += given

    def _given(self, link: ChannelLink) -> np.ndarray:
        """What each channel of a source weighs: 1, or its mean |a|."""
        count = self.links.channels[link.source]
        if self._activations is None or link.source not in self._activations:
            return np.ones(count, np.float32)
        values = self._activations[link.source].astype(np.float32)
        return values if len(values) == count else np.ones(count, np.float32)

    def back(self, link: ChannelLink, strengths: np.ndarray) -> np.ndarray:
        """Return the strengths (C of the source) that those of the target (C,) come from."""
        given = self._given(link)
        if link.weights is None:
            part = slice(link.first, link.first + len(given))
            return _divided(strengths[part] * given, self._passed[link.target][part])
        weights, inputs, totals = self._weighted(link, given)
        outputs = _divided(strengths, totals).reshape(link.groups, 1, -1)
        found: np.ndarray = np.matmul(outputs, weights)[:, 0] * inputs
        return found.reshape(-1)

    def forth(self, link: ChannelLink, strengths: np.ndarray) -> np.ndarray:
        """Return the strengths (C of the target) that come from those of the source (C,)."""
        given = self._given(link)
        if link.weights is None:
            found = np.zeros(self.links.channels[link.target], np.float32)
            part = slice(link.first, link.first + len(given))
            found[part] = _divided(strengths * given, self._passed[link.target][part])
            return found
        weights, inputs, totals = self._weighted(link, given)
        strong = (inputs * strengths.reshape(inputs.shape))[..., None]
        return _divided(np.matmul(weights, strong).reshape(-1), totals)

    def _weighted(
        self, link: ChannelLink, given: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weights (G, O, J), what their inputs weigh (G, J), and the sums of both (O of all,)."""
        assert link.weights is not None
        weights = link.weights.reshape(link.groups, -1, link.weights.shape[1])
        inputs = given.reshape(link.groups, -1)
        if link.target not in self._totals:
            self._totals[link.target] = np.matmul(weights, inputs[..., None]).reshape(-1)
        return weights, inputs, self._totals[link.target]


def _divided(values: np.ndarray, totals: np.ndarray) -> np.ndarray:
    divided: np.ndarray = values / np.where(totals > 0, totals, np.float32(np.inf))
    return divided
