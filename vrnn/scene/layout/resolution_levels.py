"""Levels of equal resolution: which layers are side by side in a network that is drawn by size.

A level holds the layers whose maps are about as large; each further one has about half the rows and
columns. A leg is a part of the network on which the levels go one way: a classifier has one leg, a
U-Net goes down one and up another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2, prod

from vrnn.network.axes import places_text
from vrnn.network.feature_maps import map_shape
from vrnn.network.graph import Network, Node
from vrnn.network.positions import LINE_PRESENTATIONS, column_role
from vrnn.scene.layout.stages import Stage, StageBlock, find_stages

MAX_LEGS = 4
"""A network that turns round more often, as HRNet does, is drawn in one leg."""
VECTORS = "vectors"
"""Name of the level of layers without positions."""

Size = tuple[int, ...]
"""Lengths of the axes that positions lie along; () of a vector."""


@dataclass(frozen=True)
class LevelPart:
    """The layers of one leg on one level.

    Attributes:
        level: From 0 for the highest resolution.
        leg: From 0 in run order.
        stage: Its layers, in the blocks of their modules.
    """

    level: int
    leg: int
    stage: Stage


@dataclass(frozen=True)
class ResolutionLevels:
    """A network by resolution.

    Attributes:
        parts: By level, and on a level by leg.
        goes_down: Of each leg, whether its resolution falls.
    """

    parts: tuple[LevelPart, ...]
    goes_down: tuple[bool, ...]


def find_levels(network: Network) -> ResolutionLevels:
    """Return the levels and legs of a network of at least one node."""
    levels = _levels(network)
    numbers = {level: i for i, level in enumerate(sorted(set(levels.values())))}
    level_of = {node: numbers[level] for node, level in levels.items()}
    leg_of, goes_down = _legs(network, level_of)
    members: dict[tuple[int, int], list[StageBlock]] = {}
    for stage in find_stages(network):
        for block in stage.blocks:
            split: dict[tuple[int, int], list[Node]] = {}
            for node in block.nodes:
                split.setdefault((level_of[node.id], leg_of[node.id]), []).append(node)
            for key, nodes in split.items():
                members.setdefault(key, []).append(StageBlock(block.name, tuple(nodes)))
    by_level: dict[int, list[Node]] = {}
    for (level, _), blocks in members.items():
        by_level.setdefault(level, []).extend(node for block in blocks for node in block.nodes)
    names = {level: _level_name(nodes) for level, nodes in by_level.items()}
    parts = []
    for level, leg in sorted(members):
        name = names[level] if leg == 0 else _part_name(names[level], goes_down[leg])
        parts.append(LevelPart(level, leg, Stage(name, tuple(members[level, leg]))))
    return ResolutionLevels(tuple(parts), goes_down)


def _part_name(name: str, goes_down: bool) -> str:
    return f"{name} {'down' if goes_down else 'up'}"


def _size(node: Node) -> Size | None:
    """Lengths of the axes that positions lie along; None for attention weights, which are no maps
    of positions."""
    if node.presentation == "attention":
        return None
    _, height, width = map_shape(node.shape)
    if height * width <= 1 or node.presentation == "vector":
        return ()
    if height == 1 and node.presentation in LINE_PRESENTATIONS:
        return (width,)
    slices = [axis.size for axis in node.axes if axis.role in ("depth", "time") and axis.size > 1]
    return (*slices, height, width) if node.presentation == "volume" else (height, width)


def _halvings(large: Size, small: Size) -> int:
    """How many times resolution is halved from one size to another, negative where it grows."""
    if len(large) == len(small):
        return round(log2(prod(large) / prod(small)) / len(large))
    return round(log2(prod(large) / prod(small)) / 2)


def _levels(network: Network) -> dict[int, int]:
    """A level for each node, larger for lower resolution.

    Sizes are compared along the edges: a convolution without padding, which makes maps a little
    smaller, stays on its level however often it does so.
    """
    sources = network.sources
    targets: dict[int, list[int]] = {node.id: [] for node in network.nodes}
    for edge in network.edges:
        targets[edge.source].append(edge.target)
    sizes = {node.id: _size(node) for node in network.nodes}
    level_of: dict[int, int] = {}
    level_of_size: dict[Size, int] = {}
    carriers: dict[int, list[int]] = {}  # nearest nodes with positions that data comes from
    for node in network.nodes:
        size = sizes[node.id]
        before = [c for s in sources[node.id] for c in carriers[s]]
        if not size:
            carriers[node.id] = list(dict.fromkeys(before))
            continue
        carriers[node.id] = [node.id]
        if size not in level_of_size:
            known = {sizes[c] or (): level_of[c] for c in before} or level_of_size
            near = min(known, key=lambda s, to=size: (abs(_halvings(s, to)), s), default=None)  # type: ignore[misc]
            level_of_size[size] = 0 if near is None else known[near] + _halvings(near, size)
        level_of[node.id] = level_of_size[size]
    lowest = max(level_of.values(), default=-1) + 1
    anchors = _anchors(network, sizes, targets)
    for node in network.nodes:
        if node.id in level_of:
            continue
        if node.id in anchors:
            level_of[node.id] = level_of[anchors[node.id]]
        elif sizes[node.id] is None and carriers[node.id]:
            level_of[node.id] = level_of[carriers[node.id][-1]]
        else:
            level_of[node.id] = lowest
    return level_of


def _anchors(
    network: Network, sizes: Mapping[int, Size | None], targets: Mapping[int, Sequence[int]]
) -> dict[int, int]:
    """For each node without positions that only adds to what has some, the first that it adds to.

    So squeeze-and-excitation and the embedding of a time step stay in their block. What all data
    has to pass, as the code of an autoencoder, is none of these.
    """
    rank = {node.id: i for i, node in enumerate(network.nodes)}
    first: dict[int, int] = {}
    reach: dict[int, int] = {}  # bits of the nodes that data goes to
    for node in reversed(network.nodes):
        bits = 1 << rank[node.id]
        found = []
        for target in targets[node.id]:
            bits |= reach[target]
            found += [target] if sizes[target] else [first[target]] if target in first else []
        reach[node.id] = bits
        if not sizes[node.id] and found:
            first[node.id] = min(found, key=lambda n: rank[n])
    ends = [  # by rank: the last node that takes data of one with positions
        max((rank[t] for t in targets[node.id]), default=-1) if sizes[node.id] else -1
        for node in network.nodes
    ]
    return {
        node: anchor
        for node, anchor in first.items()
        if sizes[node] is None
        or any(
            end >= rank[anchor] and not reach[node] >> before & 1 for before, end in enumerate(ends)
        )
    }


def _legs(network: Network, level_of: Mapping[int, int]) -> tuple[dict[int, int], tuple[bool, ...]]:
    """The leg of each node, and whether each leg goes down.

    They are those of the longest path; what is beside it is on the leg that its data is from. A leg
    ends where the levels go back by half of all levels; what goes back less is a detour.
    """
    sources = network.sources
    path = _longest_path(network, sources)
    levels = [level_of[node] for node in path]
    height = max(levels) - min(levels)
    for least in range(max(1, (height + 1) // 2), height + 1):
        ends, goes_down = _turns(levels, least)
        if len(goes_down) <= MAX_LEGS:
            break
    else:
        ends, goes_down = [], (levels[-1] >= levels[0],)
    leg_of = {node: sum(end <= i for end in ends) for i, node in enumerate(path)}
    for node in network.nodes:
        before = [leg_of[source] for source in sources[node.id]]
        leg_of.setdefault(node.id, max(before, default=0))
    return leg_of, goes_down


def _longest_path(network: Network, sources: Mapping[int, Sequence[int]]) -> list[int]:
    """The nodes of the longest way through a network."""
    depth: dict[int, int] = {}
    before: dict[int, int] = {}
    for node in network.nodes:
        depth[node.id] = max((depth[s] + 1 for s in sources[node.id]), default=0)
        if sources[node.id]:
            before[node.id] = max(sources[node.id], key=lambda s: depth[s])
    path = [max(depth, key=lambda n: depth[n])]
    while path[-1] in before:
        path.append(before[path[-1]])
    return path[::-1]


def _turns(levels: Sequence[int], least: int) -> tuple[list[int], tuple[bool, ...]]:
    """Where each leg but the last ends, and the direction of each; least: levels of a leg."""
    ends: list[int] = []
    down: bool | None = None
    last = {True: 0, False: 0}  # the last node at the lowest, at the highest level of this leg
    for i, level in enumerate(levels):
        for goes_down in (True, False):
            sign = 1 if goes_down else -1
            if sign * (level - levels[last[goes_down]]) >= 0:
                last[goes_down] = i
        for goes_down in (True, False):
            sign = 1 if goes_down else -1
            if down is not goes_down and sign * (level - levels[last[not goes_down]]) >= least:
                if down is not None:
                    ends.append(last[not goes_down] + 1)
                down, last[goes_down] = goes_down, i
    directions = [down is not False]
    for _ in ends:
        directions.append(not directions[-1])
    return ends, tuple(reversed(directions))


def _level_name(nodes: Sequence[Node]) -> str:
    """What a level is called, by the size that most of its layers have: `56×56`, `16 tokens`."""
    counts = Counter(_size(node) for node in nodes)
    size = max(counts, key=lambda s: (bool(s), counts[s]))
    if not size:
        return VECTORS
    node = next(node for node in nodes if _size(node) == size)
    if len(size) == 1:
        role = column_role(node)
        count = next((axis.size for axis in node.axes if axis.role == role), size[0])
        return places_text(role, count)
    return "×".join(map(str, size))
