"""The columns of a block: its nodes from left to right, its branches in lanes above each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from vrnn.scene.layout.types import LABEL_STRIP, Footprint

LANE_GAP = 0.15
"""Free height between a lane's label strip and the lane above it, meters."""
MAX_LANES = 4
"""More nodes than this side by side in a block take another column."""
EVENNESS = 0.75
"""Power of the tallest panel's height beside a panel's own with which that one grows."""
LANE_EVENNESS = 0.9
"""The same for panels in lanes, beside the tallest one of all of them."""
MAX_GROWTH = 2.2
"""A panel grows at most so many times to be as high as others in its block."""

Sources = Mapping[int, Sequence[int]]
"""Ids of the nodes that each node takes data from."""


@dataclass(frozen=True)
class Column:
    """Panels above each other, meters.

    Attributes:
        nodes: Their ids, from the lowest.
        heights: Of each one's base over the step.
        panel_heights: Of each panel.
        panel_widths: Of each panel.
        above: Kept free over each panel's label strip.
        width: Of the widest panel.
        left: Kept free beside them.
        right: Kept free at their other side.
        depth: Kept free behind them.
    """

    nodes: tuple[int, ...]
    heights: tuple[float, ...]
    panel_heights: tuple[float, ...]
    panel_widths: tuple[float, ...]
    above: tuple[float, ...]
    width: float
    left: float
    right: float
    depth: float

    @property
    def height(self) -> float:
        """Of all together, with their labels."""
        parts = zip(self.heights, self.panel_heights, self.above, strict=True)
        return max(base + panel + LABEL_STRIP + above for base, panel, above in parts)

    @property
    def extent(self) -> float:
        """Width of the panels and of what is kept free beside them."""
        return self.left + self.width + self.right

    @property
    def panel_area(self) -> float:
        """Of all panels, square meters."""
        sides = zip(self.panel_widths, self.panel_heights, strict=True)
        return sum(width * height for width, height in sides)

    def scaled(self, factor: float) -> Column:
        """Return the column so many times as large, but for the strips with labels."""
        return replace(
            self,
            heights=tuple(base * factor for base in self.heights),
            panel_heights=tuple(height * factor for height in self.panel_heights),
            panel_widths=tuple(width * factor for width in self.panel_widths),
            above=tuple(room * factor for room in self.above),
            width=self.width * factor, left=self.left * factor, right=self.right * factor,
        )  # fmt: skip


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
    in_lanes = [node for node in ids if node not in joints]
    if max(lane.values()):
        footprints = {**footprints, **_evened_lanes(in_lanes, footprints)}
    bases = _lane_bases(in_lanes, lane, footprints)
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


def even_out(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Return the columns of a block with panels that stand alone grown nearer to the tallest one.

    The input and the last output stay as large as what is beside them.

    Args:
        columns: Of the block.
    """
    tallest = max(height for column in columns for height in column.panel_heights)
    if any(len(column.nodes) > 1 for column in columns):  # lanes: a joint may be higher than one
        tallest = min(max(column.height for column in columns), MAX_GROWTH * tallest)
    return tuple(_grown(column, tallest) for column in columns)


def _grown(column: Column, tallest: float) -> Column:
    if len(column.nodes) > 1 or column.left or column.right:
        return column
    height = column.panel_heights[0]
    factor = _growth(height, tallest, EVENNESS)
    base = max(0.0, column.heights[0] - (factor - 1) * height / 2)  # its middle stays where it is
    return replace(column.scaled(factor), heights=(base,))


def _growth(height: float, tallest: float, evenness: float) -> float:
    return min((tallest / height) ** evenness, MAX_GROWTH)


def _evened_lanes(ids: Sequence[int], footprints: Mapping[int, Footprint]) -> dict[int, Footprint]:
    """The room of panels in lanes, each grown nearer to the tallest one of them."""
    alone = [node for node in ids if not (footprints[node].left or footprints[node].right)]
    tallest = max((footprints[node].height for node in alone), default=0.0)
    evened = {}
    for node in alone:
        size = footprints[node]
        factor = _growth(size.height, tallest, LANE_EVENNESS)
        width, height = size.width * factor, size.height * factor
        evened[node] = replace(size, width=width, height=height, above=size.above * factor)
    return evened


def side_nodes(ids: Sequence[int], sources: Sources) -> int:
    """Return how many of a block's nodes are beside its longest path."""
    return len(ids) - len(_by_depth(ids, sources))


def _column(
    nodes: Sequence[int], heights: Sequence[float], footprints: Mapping[int, Footprint]
) -> Column:
    sizes = [footprints[node] for node in nodes]
    return Column(
        nodes=tuple(nodes),
        heights=tuple(heights),
        panel_heights=tuple(p.height for p in sizes),
        panel_widths=tuple(p.width for p in sizes),
        above=tuple(p.above for p in sizes),
        width=max(p.width for p in sizes),
        left=max(p.left for p in sizes),
        right=max(p.right for p in sizes),
        depth=max(p.depth for p in sizes),
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
