"""The conveyor: data runs along -Z, one depth of the graph behind another, lanes side by side.

This is the arrangement of the published system: the step between two depths is 1.2 times the wider
of the two neighboring stages, at least 1 and at most 20 meters, and panels stand on the floor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vrnn.network.graph import Edge, Network
from vrnn.scene.layout.polyline import Point, round_corners
from vrnn.scene.layout.registry import arrangement
from vrnn.scene.layout.types import LABEL_STRIP, Footprint, Layout, PanelPlacement, Route

LANE_GAP = 1.0
"""Free width between two lanes, meters."""
SWEEPS = 4
"""How often the lanes of all depths are ordered again by their neighbors' lanes."""
MIN_STEP, MAX_STEP = 1.0, 20.0
"""Between two depths, meters."""
STEP_PER_WIDTH = 1.2
"""Step between two depths, as a multiple of the wider one's width."""
ABOVE = 0.02
"""Height of edges over the floor, meters."""
BASE = 0.05
"""Edges end this far in front of their target, and begin as far behind their source, meters."""
TURN = 0.3
"""Edges turn this far behind their source and in front of their target, meters."""
ALLEY_PITCH = 0.08
ALLEYS = 5
"""Distance of the ways between two lanes, meters, and their number to each side of the middle."""


@arrangement("conveyor", title="Conveyor", overview=(-48.0, -24.0))
def conveyor(network: Network, footprints: Mapping[int, Footprint]) -> Layout:
    """Place a network of at least one node as a conveyor."""
    sources: dict[int, list[int]] = {node.id: [] for node in network.nodes}
    targets: dict[int, list[int]] = {node.id: [] for node in network.nodes}
    for edge in network.edges:
        sources[edge.target].append(edge.source)
        targets[edge.source].append(edge.target)
    levels = _levels(network, sources)
    lane_of = _lanes(levels, sources, targets)
    left_of, width_of = _lane_extents(lane_of, footprints)
    zs = _depths(levels, footprints)
    panels, level_of = {}, {}
    for index, level in enumerate(levels):
        for node in level:
            size = footprints[node]
            room = width_of[lane_of[node]] - size.left
            x = left_of[lane_of[node]] + size.left + room / 2
            panels[node] = PanelPlacement(x, 0.0, zs[index], size.width, size.height)
            level_of[node] = index
    floor = _Floor(panels, level_of, lane_of, left_of, footprints)
    routes = tuple(_route(edge, floor) for edge in network.edges)
    high = max(p.y + p.height + LABEL_STRIP + footprints[node].above for node, p in panels.items())
    right = max(left_of[lane] + width_of[lane] for lane in left_of)
    depth = max(footprints[node].depth for node in levels[-1])
    low = (min(left_of.values()) - LANE_GAP, 0.0, zs[-1] - depth)
    return Layout(panels, routes, (), low, (right + LANE_GAP, high, zs[0] + TURN))


@dataclass(frozen=True, eq=False)
class _Floor:
    """What routes have to find their way around.

    Attributes:
        panels: Where each panel is, by node id.
        level_of: Depth of each node in the graph.
        lane_of: Lane of each node, 0 in the middle.
        left_of: x of the left edge of each lane, meters.
        footprints: Room of each node.
    """

    panels: Mapping[int, PanelPlacement]
    level_of: Mapping[int, int]
    lane_of: Mapping[int, int]
    left_of: Mapping[int, float]
    footprints: Mapping[int, Footprint]


def _levels(network: Network, sources: Mapping[int, Sequence[int]]) -> list[list[int]]:
    """Nodes by the length of the longest path to them."""
    depth: dict[int, int] = {}
    levels: list[list[int]] = []
    for node in network.nodes:
        depth[node.id] = max((depth[s] + 1 for s in sources[node.id]), default=0)
        if depth[node.id] == len(levels):
            levels.append([])
        levels[depth[node.id]].append(node.id)
    return levels


def _lanes(
    levels: Sequence[Sequence[int]],
    sources: Mapping[int, Sequence[int]],
    targets: Mapping[int, Sequence[int]],
) -> dict[int, int]:
    """A lane for each node, 0 in the middle, few crossings: by the mean lane of the neighbors."""
    lane = {n: _centered(i, len(level)) for level in levels for i, n in enumerate(level)}
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        neighbors = sources if forward else targets
        for level in levels if forward else reversed(levels):
            if len(level) == 1:
                lane[level[0]] = 0
                continue
            mean = {n: _mean([lane[m] for m in neighbors[n]], lane[n]) for n in level}
            for i, node in enumerate(sorted(level, key=lambda n: (mean[n], lane[n]))):
                lane[node] = _centered(i, len(level))
    return lane


def _centered(index: int, count: int) -> int:
    """The lane of the index-th of this many nodes, the middle ones around lane 0."""
    return index - (count - 1) // 2


def _mean(values: Sequence[int], default: float) -> float:
    return sum(values) / len(values) if values else default


def _lane_extents(
    lane_of: Mapping[int, int], footprints: Mapping[int, Footprint]
) -> tuple[dict[int, float], dict[int, float]]:
    """Left edge and width of every lane, meters; lane 0 has its middle at x = 0."""
    width: dict[int, float] = {}
    for node, lane in lane_of.items():
        needed = footprints[node].width + footprints[node].left
        width[lane] = max(width.get(lane, 0.0), needed)
    left, x = {}, 0.0
    for lane in range(min(width), max(width) + 1):
        left[lane] = x
        x += width.setdefault(lane, 0.0) + LANE_GAP
    middle = left[0] + width[0] / 2
    return {lane: x - middle for lane, x in left.items()}, width


def _depths(levels: Sequence[Sequence[int]], footprints: Mapping[int, Footprint]) -> list[float]:
    """z of every depth, meters."""
    widest = [max(footprints[node].width for node in level) for level in levels]
    deepest = [max(footprints[node].depth for node in level) for level in levels]
    zs = [0.0]
    for before, behind, depth in zip(widest, widest[1:], deepest, strict=False):
        step = min(MAX_STEP, max(MIN_STEP, STEP_PER_WIDTH * max(before, behind)))
        zs.append(zs[-1] - step - depth)
    return zs


def _route(edge: Edge, floor: _Floor) -> Route:
    """Behind the source to an alley between lanes, along it, and in front of the target to it."""
    source, target = floor.panels[edge.source], floor.panels[edge.target]
    leaves = source.z - BASE - floor.footprints[edge.source].depth
    behind, before = leaves - TURN, target.z + TURN
    is_skip = floor.level_of[edge.target] > floor.level_of[edge.source] + 1
    corners: list[Point] = [(source.x, ABOVE, leaves)]
    if is_skip:
        lane = floor.lane_of[edge.target]
        if floor.lane_of[edge.source] > lane:
            lane += 1
        alley = edge.target % (2 * ALLEYS + 1) - ALLEYS
        x = floor.left_of[lane] - LANE_GAP / 2 + ALLEY_PITCH * alley
        corners += [(source.x, ABOVE, behind), (x, ABOVE, behind)]
        corners += [(x, ABOVE, before), (target.x, ABOVE, before)]
    else:
        corners += [(source.x, ABOVE, behind), (target.x, ABOVE, before)]
    corners.append((target.x, ABOVE, target.z + BASE))
    return Route(edge.source, edge.target, round_corners(corners), is_skip)
