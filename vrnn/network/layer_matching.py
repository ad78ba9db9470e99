"""Which layers of two networks are the same: by their names, then by shape and order.

A module that both networks have under one path is matched by that path, whatever became of its
channels, its weights or their type. Between such anchors the others are aligned in the order in
which they run, as texts are: the longest common subsequence in which each pair is of one kind, and
has the same shape or at least maps of the same size.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from vrnn.network.feature_maps import map_shape
from vrnn.network.graph import Network, Node
from vrnn.network.layer_kinds import layer_kind

MatchReason = Literal["name", "shape", "map size"]
"""By what two layers were matched: by their name; else by kind and order with the same shape, or
with as many rows and columns but other channels."""
SAME_SHAPE, SAME_SIZE, SAME_NAME = 4, 2, 1
"""What a pair counts in the common subsequence; a name that is not a module's counts least, as it
may be numbered."""


@dataclass(frozen=True)
class LayerPair:
    """A layer of each network.

    Attributes:
        first: Node id in the first network.
        second: Node id in the second network.
        reason: By what they were matched.
    """

    first: int
    second: int
    reason: MatchReason


@dataclass(frozen=True)
class LayerMatching:
    """The layers of two networks that are the same.

    Attributes:
        pairs: In the order in which they run in the first network; each layer is in one at most.
        first_only: Node ids of the first network that nothing matches, in run order.
        second_only: The same of the second network.
    """

    pairs: tuple[LayerPair, ...]
    first_only: tuple[int, ...]
    second_only: tuple[int, ...]

    @cached_property
    def to_second(self) -> Mapping[int, int]:
        """The node of the second network that matches each of the first."""
        return {pair.first: pair.second for pair in self.pairs}


def match_layers(first: Network, second: Network) -> LayerMatching:
    """Match the layers of two networks; the same networks always give the same.

    Args:
        first: A network.
        second: Another, or the same.
    """
    anchors = _anchors(first, second)
    pairs = [LayerPair(first.nodes[i].id, second.nodes[k].id, "name") for i, k in anchors]
    taken = {i for i, _ in anchors}, {k for _, k in anchors}
    start = (0, 0)
    for end in (*_longest_rising(anchors), (len(first.nodes), len(second.nodes))):
        ones = [
            n for i, n in enumerate(first.nodes[start[0] : end[0]], start[0]) if i not in taken[0]
        ]
        others = [
            n for k, n in enumerate(second.nodes[start[1] : end[1]], start[1]) if k not in taken[1]
        ]
        pairs += _align(ones, others)
        start = (end[0] + 1, end[1] + 1)
    place = {node.id: i for i, node in enumerate(first.nodes)}
    pairs.sort(key=lambda pair: place[pair.first])
    matched = {pair.first for pair in pairs}, {pair.second for pair in pairs}
    return LayerMatching(
        tuple(pairs),
        tuple(node.id for node in first.nodes if node.id not in matched[0]),
        tuple(node.id for node in second.nodes if node.id not in matched[1]),
    )


def _anchors(first: Network, second: Network) -> list[tuple[int, int]]:
    """Numbers of the nodes that both networks name after one module, in the first's order."""
    paths = _module_paths(second)
    places = {path: k for k, path in enumerate(paths) if path}
    found = [(i, places[path]) for i, path in enumerate(_module_paths(first)) if path in places]
    inputs = [
        (first.nodes.index(first.by_id[a]), second.nodes.index(second.by_id[b]))
        for a, b in zip(first.inputs, second.inputs, strict=False)
    ]
    return sorted(found + [pair for pair in inputs if pair not in found])


def _module_paths(network: Network) -> list[str]:
    """The path of the module that each node is all there is of; '' for others.

    What a quantized module does has a name of its own below the module's, which its parent has not.
    """
    inside: Counter[str] = Counter()
    for node in network.nodes:
        parts = node.scope.split(".")
        inside.update(".".join(parts[:end]) for end in range(1, len(parts) + 1))
    return [
        node.scope if node.scope and inside[node.scope] == 1 and node.id not in network.inputs
        else ""
        for node in network.nodes
    ]  # fmt: skip


def _longest_rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of pairs in which the second numbers rise as the first ones do."""
    ends: list[int] = []
    at: list[int] = []
    before: list[int] = []
    for number, (_, value) in enumerate(pairs):
        place = bisect_left(ends, value)
        if place == len(ends):
            ends.append(value)
            at.append(number)
        else:
            ends[place], at[place] = value, number
        before.append(at[place - 1] if place else -1)
    found = []
    number = at[-1] if at else -1
    while number >= 0:
        found.append(pairs[number])
        number = before[number]
    return found[::-1]


def _align(ones: Sequence[Node], others: Sequence[Node]) -> list[LayerPair]:
    """The common subsequence of two lists that counts most; the earliest of several."""
    scores = [[_score(one, other) for other in others] for one in ones]
    best = [[0] * (len(others) + 1) for _ in range(len(ones) + 1)]
    for i in reversed(range(len(ones))):
        for k in reversed(range(len(others))):
            own = scores[i][k]
            both = own + best[i + 1][k + 1] if own else 0
            best[i][k] = max(both, best[i + 1][k], best[i][k + 1])
    pairs: list[LayerPair] = []
    i = k = 0
    while i < len(ones) and k < len(others):
        own = scores[i][k]
        if own and best[i][k] == own + best[i + 1][k + 1]:
            reason: MatchReason = "shape" if own >= SAME_SHAPE else "map size"
            reason = "name" if ones[i].name == others[k].name else reason
            pairs.append(LayerPair(ones[i].id, others[k].id, reason))
            i, k = i + 1, k + 1
        elif best[i][k] == best[i + 1][k]:
            i += 1
        else:
            k += 1
    return pairs


def _score(one: Node, other: Node) -> int:
    """What a pair counts; 0 where it cannot be one."""
    shapes = map_shape(one.shape), map_shape(other.shape)
    if _family(one.operation) != _family(other.operation) or shapes[0][1:] != shapes[1][1:]:
        return 0
    size = SAME_SHAPE if shapes[0] == shapes[1] else SAME_SIZE
    return size + (SAME_NAME if one.name == other.name else 0)


def _family(operation: str) -> str:
    """What two operations have in common that can stand for each other, as when quantized."""
    return layer_kind(operation) or ("linear" if "linear" in operation else operation.strip("_"))
