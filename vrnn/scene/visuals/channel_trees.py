"""The trees beside layers whose channels stand in groups: which groups are near each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vrnn.network.channel_groups import ChannelGroups
from vrnn.scene.layout.map_grid import TREE_ROOM
from vrnn.scene.placement import PlacementFrame, WalledGroups
from vrnn.scene.primitives import QUAD, TextLabel, Visual, quad
from vrnn.style.theme import STRUCTURE, TEXT

LINE = 0.008
"""Thickness of a line, meters on a panel of its own size."""
CLEAR = 0.06
"""Between the tree and the maps, and between its root and the edge of the panel; meters."""
FORKS = 0.6
"""Part of the tree's room that is between the first and the last fork."""
LETTER = 0.045
"""Height of a capital letter, meters."""
ABOVE = 0.004
"""Meters before the panel."""


def channel_trees(frame: PlacementFrame) -> Visual:
    """Return the trees of all layers of a network that stand in groups.

    Each leaf is a group with the number of its channels; branches join at the distance 1 − r
    between them, the root at the edge of the panel.

    Args:
        frame: Where the layers and their maps are.
    """
    quads, labels = [np.zeros(0, QUAD)], []
    for node in frame.node_ids:
        shape = frame.placement.panel_shapes.get(node)
        if shape is None or shape.groups is None:
            continue
        maps = frame.separate_maps.get(node)
        if maps is None or len(maps.channels) != len(shape.groups.numbers):
            continue  # only the first of them are shown, or they are on their way
        is_line = len(np.unique(np.round(maps.centers[:, 1], 4))) == 1
        x, y, z, width, height = frame.panel_rect(node).tolist()
        tree = _Tree(shape.groups, frame.panel_scale(node), is_line)
        sides = maps.centers[:, 0 if is_line else 1]
        # Maps on their way are in the order of their numbers.
        middles = tree.middles(maps.channels, sides)
        edge = y + height if is_line else x - width / 2
        first = x if is_line else y
        for left, bottom, across, up in tree.lines(middles + first, edge):
            quads.append(quad(left, bottom + up, across, up, z + ABOVE, STRUCTURE))
        labels += tree.labels(middles + first, edge, z + ABOVE)
    return Visual(np.concatenate(quads), tuple(labels))


class _Tree:
    """The tree of one layer: where its lines are along the groups, and away from the maps."""

    def __init__(self, walled: WalledGroups, scale: float, is_line: bool) -> None:
        self._walled, self._scale, self._is_line = walled, scale, is_line
        self._forks = walled.groups.forks(walled.count)
        heights = [fork.height for fork in self._forks] or [1.0]
        self._top, self._span = max(heights), max(max(heights) - min(heights), 1e-6)

    def middles(self, channels: np.ndarray, sides: np.ndarray) -> np.ndarray:
        """(G,) the middle of each group along the tree.

        Args:
            channels: (C,) numbers of the maps.
            sides: (C,) where they are along the tree, meters.
        """
        place = np.zeros(int(channels.max()) + 1)
        place[channels] = sides
        along, numbers = place[self._walled.groups.order], self._walled.numbers
        groups = range(int(numbers[-1]) + 1)
        ends = [(along[numbers == group].min(), along[numbers == group].max()) for group in groups]
        return np.array(ends).mean(1)

    def lines(
        self, middles: np.ndarray, edge: float
    ) -> Iterator[tuple[float, float, float, float]]:
        """Yield left, bottom, width and height of each line.

        Args:
            middles: (G,) of the groups, meters in the world.
            edge: Of the panel, where the root is, meters in the world.
        """
        groups = np.arange(len(middles))
        half = LINE * self._scale / 2
        for fork in self._forks:
            low, high = np.interp([fork.low, fork.high], groups, middles).tolist()
            join = self._away(fork.height, edge)
            yield self._line((low, high), (join, join), half)
            yield self._line((low, low), (join, self._away(fork.low_height, edge)), half)
            yield self._line((high, high), (join, self._away(fork.high_height, edge)), half)
        if not self._forks:
            ends = self._away(0.0, edge), self._away(1.0, edge)
            yield self._line((float(middles[0]),) * 2, ends, half)

    def labels(self, middles: np.ndarray, edge: float, z: float) -> list[TextLabel]:
        """Return the number of channels of each group, at the end of its branch."""
        letter = LETTER * self._scale
        labels = []
        for middle, count in zip(
            middles.tolist(), np.bincount(self._walled.numbers).tolist(), strict=True
        ):
            away = self._away(0.0, edge)
            origin = (away - letter * 1.3, middle + letter * 0.4, z)
            if self._is_line:
                origin = (middle + letter * 0.4, away + letter * 0.4, z)
            labels.append(TextLabel(str(count), origin, letter, TEXT))
        return labels

    def _away(self, height: float, edge: float) -> float:
        """Where a fork at a distance is, from the root to the maps, meters in the world.

        Groups themselves, at 0, end before the maps; the forks share the room before that.
        """
        room = (TREE_ROOM - 2 * CLEAR) * self._scale
        part = 1.0 if not height else FORKS * (self._top - height) / self._span
        from_root = part * room + CLEAR * self._scale
        return edge - from_root if self._is_line else edge + from_root

    def _line(
        self, along: tuple[float, float], away: tuple[float, float], half: float
    ) -> tuple[float, float, float, float]:
        low, high = min(along) - half, max(along) + half
        near, far = min(away) - half, max(away) + half
        if self._is_line:
            return low, near, high - low, far - near
        return near, low, far - near, high - low


def group_rows(groups: ChannelGroups, count: int) -> list[tuple[str, list[int]]]:
    """Return how the channels of each group go together, in words, and which they are.

    Args:
        groups: The comparison.
        count: How many groups; 0 for as many as the tree suggests.
    """
    numbers, order = groups.group_numbers(count), groups.order
    rows = []
    for group, correlation in enumerate(groups.group_correlations(count)):
        channels = order[numbers == group]
        text = f"{len(channels)} channels, r {correlation:.2f}".replace("-", "−")
        rows.append((text if len(channels) > 1 else "1 channel", channels.tolist()))
    return rows
