"""Where the panels, maps and edges of one network are: in an arrangement, and at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vrnn.network.channel_groups import ChannelGroups
from vrnn.network.feature_maps import map_shape
from vrnn.network.graph import Network
from vrnn.scene.layout.answer_room import AnswerRoom
from vrnn.scene.layout.folding import FoldedNetwork
from vrnn.scene.layout.map_grid import MapGrid
from vrnn.scene.layout.panel_size import PanelGrid
from vrnn.scene.layout.types import Layout

ROUTE_POINTS = 32
"""Points of a resampled route."""
ROW_NAME_HEIGHT = 0.46
"""Capital height of a row's name, meters."""


@dataclass(frozen=True, eq=False)
class WalledGroups:
    """Groups of channels between which a layer has walls.

    Attributes:
        groups: The comparison that gave them.
        count: How many were asked for; 0 for as many as the tree suggests.
        numbers: (C,) number of the group of each channel, in the order of the maps.
    """

    groups: ChannelGroups
    count: int
    numbers: np.ndarray


@dataclass(frozen=True, eq=False)
class PanelShape:
    """What the panel of a layer looks like.

    Attributes:
        grid: Columns, rows and size of the panel.
        shows_one_map: Whether one map stands for all channels, as in a folded layer, or a layer
            picture for all maps.
        map_grid: Where the maps are that are drawn as panels of their own; None where one panel
            holds them all.
        picture: Kind of the layer picture that is shown in place of the maps, '' for none.
        groups: Groups of maps with walls between them; None for none.
    """

    grid: PanelGrid
    shows_one_map: bool = False
    map_grid: MapGrid | None = None
    picture: str = ""
    groups: WalledGroups | None = None


@dataclass(frozen=True, eq=False)
class MapPlacements:
    """Where the maps of one layer are.

    Attributes:
        channels: (K,) channel numbers.
        centers: (K, 3) float32, meters from the middle of the panel's lower edge.
        sizes: (K, 2) float32, width and height in meters.
    """

    channels: np.ndarray
    centers: np.ndarray
    sizes: np.ndarray


@dataclass(frozen=True, eq=False)
class Placement:
    """What is visible of a network in one arrangement, and where.

    It knows neither the network's offset in the world nor how far layers were moved by hand.

    Attributes:
        folded: The network with its folded modules.
        panel_shapes: Shape of each panel by node id.
        layout: What the arrangement gave.
        index: Row of each node id in `panel_rects`.
        panel_rects: (N, 5) float32: x of the center, y of the bottom, z, width and height, in
            meters, in the order of `network.nodes`.
        routes: The points of each edge, (P, 3) float32 each, in the order of `network.edges`.
        resampled_routes: The same as (R, ROUTE_POINTS, 3) float32.
        row_name_widths: Meters free for the name of each row.
        skip_edges: Source and target of the edges that pass other panels.
        labeled_edges: Indices of the edges that are labeled: for each layer that data arrives at,
            the last edge that leads to it.
        answer: Room beside the last output for the board with the answer.
    """

    folded: FoldedNetwork
    panel_shapes: Mapping[int, PanelShape]
    layout: Layout
    index: Mapping[int, int]
    panel_rects: np.ndarray
    routes: list[np.ndarray]
    resampled_routes: np.ndarray
    row_name_widths: tuple[float, ...]
    skip_edges: frozenset[tuple[int, int]]
    labeled_edges: tuple[int, ...]
    answer: AnswerRoom

    @property
    def network(self) -> Network:
        """The visible network, in which a folded module is one node."""
        return self.folded.network


@dataclass(frozen=True, eq=False)
class BundledEdges:
    """The edges of a placement, and how they run where the long ones are bundled.

    Attributes:
        routes: The points of each edge, (P, 3) float32 meters, as many as it has bundled.
        bundled: The same where long edges run together.
    """

    routes: list[np.ndarray]
    bundled: list[np.ndarray]

    def at(self, bundling: float) -> list[np.ndarray]:
        """Return the points of each edge. bundling: 0 for its own way, 1 for its bundle."""
        part = np.float32(bundling)
        pairs = zip(self.routes, self.bundled, strict=True)
        return [way if way is last else way + (last - way) * part for way, last in pairs]


@dataclass(frozen=True, eq=False)
class PlacementFrame:
    """Where everything of one network is at one moment, which may be within a transition.

    Attributes:
        placement: The placement that the network has or moves to.
        node_ids: (K) ids of the visible layers.
        panel_rects: (K, 5) float32: x of the center, y of the bottom, z, width and height, in
            meters in the world.
        routes: The points of the edges of `placement.network`, (P, 3) float32 each.
        separate_maps: Maps that are drawn as panels of their own, by node id.
        offset: (3,) of the network in the world, meters.
        index: Row of each node id in `panel_rects`.
    """

    placement: Placement
    node_ids: tuple[int, ...]
    panel_rects: np.ndarray
    routes: list[np.ndarray]
    separate_maps: Mapping[int, MapPlacements]
    offset: np.ndarray
    index: Mapping[int, int]

    def panel_rect(self, node: int) -> np.ndarray:
        """Return the (5,) rectangle of one layer's panel, see `panel_rects`."""
        return self.panel_rects[self.index[node]]

    def panel_scale(self, node: int) -> float:
        """Return how many times as large as usual a layer's panel is."""
        shape = self.placement.panel_shapes.get(node)
        return 1.0 if shape is None else float(self.panel_rect(node)[3]) / shape.grid.width

    def map_placements(self, node: int) -> MapPlacements:
        """Return where the maps of a layer are, whether drawn separately or on one panel."""
        separate = self.separate_maps.get(node)
        if separate is not None:
            return separate
        shape = map_shape(self.placement.network.by_id[node].shape)
        grid = self.placement.panel_shapes[node].grid
        return grid_placements(grid, shape, self.panel_rect(node))


def grid_placements(
    grid: PanelGrid, shape: tuple[int, int, int], rect: np.ndarray
) -> MapPlacements:
    """Return where the maps of a panel are that holds them all in its grid.

    Args:
        grid: Columns and rows of the panel.
        shape: (C, H, W) of the layer.
        rect: (5,) of the panel, see `PlacementFrame.panel_rects`.
    """
    index = np.arange(shape[0])
    cell = np.array([rect[3] / grid.columns, rect[4] / grid.rows], np.float32)
    x = (index % grid.columns + 0.5) * cell[0] - rect[3] / 2
    y = rect[4] - (index // grid.columns + 0.5) * cell[1]
    centers = np.stack([x, y, np.zeros(len(index))], 1).astype(np.float32)
    return MapPlacements(index, centers, np.tile(cell, (len(index), 1)))


def resample_route(points: np.ndarray, count: int = ROUTE_POINTS) -> np.ndarray:
    """Return (count, 3) float32 points that are evenly spaced along a polyline (N, 3)."""
    points = np.asarray(points, np.float64)
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    reached = np.concatenate([[0.0], np.cumsum(lengths)])
    wanted = np.linspace(0.0, reached[-1], count)
    return np.stack([np.interp(wanted, reached, points[:, i]) for i in range(3)], 1).astype(
        np.float32
    )
