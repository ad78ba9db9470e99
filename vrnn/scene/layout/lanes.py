"""The columns of a block: its nodes from left to right, its branches in lanes above each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vrnn.scene.layout.types import LABEL_STRIP, Footprint

LANE_GAP = 0.3
"""Free height between a lane's label strip and the lane above it, meters."""
MAX_LANES = 4
"""More nodes than this side by side in a block take another column."""

Sources = Mapping[int, Sequence[int]]
"""Ids of the nodes that each node takes data from."""


@dataclass(frozen=True)
class Column:
    """Panels above each other, meters.

    Attributes:
        nodes: Their ids, from the lowest.
        heights: Of each one's base over the step.
        width: Of the widest panel.
        left: Kept free beside them.
        depth: Kept free behind them.
        height: Of all together.
    """

    nodes: tuple[int, ...]
    heights: tuple[float, ...]
    width: float
    left: float
    depth: float
    height: float


def columns_of(
    ids: Sequence[int], sources: Sources, footprints: Mapping[int, Footprint], lanes: bool
) -> tuple[Column, ...]:
    """Return the columns of one block.

    Args:
        ids: Its nodes, in run order.
        sources: Of every node.
        footprints: Room of every node.
        lanes: Whether branches are above each other, and a node in which they meet at their middle;
            otherwise every node has a column of its own.
    """
    if not lanes:
        return tuple(_column([node], [0.0], footprints) for node in ids)
    levels = _levels(ids, sources)
    lane = _lanes(levels, sources)
    joints = {
        level[0] for level in levels
        if len(level) == 1 and len({lane[s] for s in sources[level[0]] if s in lane}) > 1
    }  # fmt: skip
    bases = _lane_bases([node for node in ids if node not in joints], lane, footprints)
    columns = []
    middle: dict[int, float] = {}
    for level in levels:
        base = {node: bases[lane[node]] for node in level}
        for node in joints.intersection(level):
            met = [middle[source] for source in sources[node] if source in middle]
            base[node] = max(0.0, (min(met) + max(met) - footprints[node].height) / 2)
        for node in level:
            middle[node] = base[node] + footprints[node].height / 2
        ordered = sorted(level, key=lambda node: base[node])
        columns.append(_column(ordered, [base[node] for node in ordered], footprints))
    return tuple(columns)


def side_nodes(ids: Sequence[int], sources: Sources) -> int:
    """Return how many of a block's nodes are beside its longest path."""
    return len(ids) - len(_by_depth(ids, sources))


def _column(
    nodes: Sequence[int], heights: Sequence[float], footprints: Mapping[int, Footprint]
) -> Column:
    sizes = [footprints[node] for node in nodes]
    tops = [h + p.height + LABEL_STRIP + p.above for h, p in zip(heights, sizes, strict=True)]
    return Column(
        nodes=tuple(nodes),
        heights=tuple(heights),
        width=max(p.width for p in sizes),
        left=max(p.left for p in sizes),
        depth=max(p.depth for p in sizes),
        height=max(tops),
    )


def _by_depth(ids: Sequence[int], sources: Sources) -> list[list[int]]:
    """The nodes at each length of the longest path to them inside the block."""
    depth: dict[int, int] = {}
    levels: list[list[int]] = []
    for node in ids:
        depth[node] = max((depth[s] + 1 for s in sources[node] if s in depth), default=0)
        if depth[node] == len(levels):
            levels.append([])
        levels[depth[node]].append(node)
    return levels


def _levels(ids: Sequence[int], sources: Sources) -> list[list[int]]:
    """The nodes of each column; none holds more than MOST_LANES."""
    levels = _by_depth(ids, sources)
    return [
        level[start : start + MAX_LANES]
        for level in levels
        for start in range(0, len(level), MAX_LANES)
    ]


def _lanes(levels: Sequence[Sequence[int]], sources: Sources) -> dict[int, int]:
    """A lane for each node: its source's own where that is free, else the lowest free one."""
    lane: dict[int, int] = {}
    for level in levels:
        taken: set[int] = set()
        wanted = {n: min((lane[s] for s in sources[n] if s in lane), default=0) for n in level}
        for node in sorted(level, key=lambda n: wanted[n]):
            choices = (wanted[node], *range(MAX_LANES))
            lane[node] = next(choice for choice in choices if choice not in taken)
            taken.add(lane[node])
    return lane


def _lane_bases(
    ids: Sequence[int], lane: Mapping[int, int], footprints: Mapping[int, Footprint]
) -> list[float]:
    """Height of each lane's floor over the step, meters."""
    tallest = [0.0] * (max(lane.values()) + 1)
    for node in ids:
        room = footprints[node].height + LABEL_STRIP + footprints[node].above + LANE_GAP
        tallest[lane[node]] = max(tallest[lane[node]], room)
    return [sum(tallest[:index]) for index in range(len(tallest))]
