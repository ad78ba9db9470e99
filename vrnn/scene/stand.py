"""One network in the world: its panels' sizes, and where each arrangement puts them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from vrnn.network import Edge, FeatureMaps, Frame, Network, NetworkInfo, map_shape
from vrnn.scene.answers import Attachment, attachment
from vrnn.scene.layout import LABEL_STRIP, Footprint, Layout, Row, arrange
from vrnn.scene.panel import PanelGrid, panel_size

ROUTE_POINTS = 32


@dataclass(frozen=True, eq=False)
class Standing:
    """An arrangement in arrays. places: (N, 5) float32: x centre, y bottom, z, width, height, in
    the order of `Network.nodes`; lines: each edge's points as they are, (P, 3) float32; routes:
    the same resampled, (R, ROUTE_POINTS, 3) float32, in the order of `Network.edges`; name_rooms:
    metres free for the name of each row.
    """

    layout: Layout
    places: np.ndarray
    lines: list[np.ndarray]
    routes: np.ndarray
    name_rooms: tuple[float, ...]


@dataclass(eq=False)
class Stand:
    """A network, what is known of it, and its arrangements, each made when first asked for."""

    network: Network
    info: NetworkInfo
    addresses: dict[int, tuple[int, int]] = field(default_factory=dict)
    maps: dict[int, FeatureMaps] = field(default_factory=dict)
    frame: Frame | None = None
    grids: list[PanelGrid] = field(init=False)
    index: dict[int, int] = field(init=False)
    attachment: Attachment = field(init=False)
    _standings: dict[str, Standing] = field(default_factory=dict)
    _skips: set[tuple[int, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.grids = [panel_size(map_shape(node.shape)) for node in self.network.nodes]
        self.index = {node.id: i for i, node in enumerate(self.network.nodes)}
        self.attachment = attachment(self.network)

    def standing(self, arrangement: str) -> Standing:
        """Where everything is in an arrangement, before the network's own offset in the world."""
        if arrangement not in self._standings:
            layout = arrange(self.network, self._footprints(), arrangement)
            places = [layout.places[node.id] for node in self.network.nodes]
            rows = [(p.x, p.y + _lift(p.height), p.z, p.width, p.height) for p in places]
            by_edge = {(r.source, r.target): r.points for r in layout.routes}
            lines = [by_edge[e.source, e.target] for e in self.network.edges]
            self._standings[arrangement] = Standing(
                layout,
                np.array(rows, np.float32).reshape(-1, 5),
                lines,
                np.array([resample(p) for p in lines], np.float32).reshape(-1, ROUTE_POINTS, 3),
                tuple(self._name_room(row, layout) for row in layout.rows),
            )
            self._skips = {(r.source, r.target) for r in layout.routes if r.skip}
        return self._standings[arrangement]

    def _name_room(self, row: Row, layout: Layout) -> float:
        first = min(
            (layout.places[n] for n in row.node_ids), key=lambda place: place.x - place.width / 2
        )
        attached = self.attachment.node in row.node_ids
        beside = self.attachment.width + self.attachment.gap if attached else 0.0
        return first.x - first.width / 2 - beside - row.left

    @cached_property
    def arrivals(self) -> tuple[int, ...]:
        """For each layer that data arrives at, the index of the last edge that leads to it."""
        last = {edge.target: i for i, edge in enumerate(self.network.edges)}
        return tuple(sorted(last.values()))

    def skip(self, edge: Edge) -> bool:
        """Whether an edge passes by other layers."""
        return (edge.source, edge.target) in self._skips

    def _footprints(self) -> dict[int, Footprint]:
        prints = {}
        for node, grid in zip(self.network.nodes, self.grids, strict=True):
            left = above = 0.0
            if node.id == self.attachment.node:
                left = self.attachment.width + self.attachment.gap
                above = max(0.0, self.attachment.height - grid.height - LABEL_STRIP)
            prints[node.id] = Footprint(grid.width, grid.height, above=above, left=left)
        return prints


def _lift(height: float) -> float:
    """Metres a panel hangs above its place: low strips higher, clear of the step's edge."""
    return 0.38 if height < 0.6 else 0.1


def resample(points: np.ndarray, count: int = ROUTE_POINTS) -> np.ndarray:
    """(count, 3) points, evenly along a line of any number of points (N, 3)."""
    points = np.asarray(points, np.float64)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0.0, along[-1], count)
    return np.stack([np.interp(wanted, along, points[:, i]) for i in range(3)], 1).astype(
        np.float32
    )
