"""One network in the world: what is seen of it, how large, and where each arrangement puts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from vrnn.network.feature_maps import FeatureMaps, block_size, map_shape
from vrnn.network.graph import Edge, Network, NetworkInfo, Node
from vrnn.network.receptive_field import ReceptiveField
from vrnn.network.results import ForwardResult
from vrnn.scene.layout.folding import FoldedNetwork, fold_modules, modules
from vrnn.scene.layout.input_margin import InputMargin, input_margin
from vrnn.scene.layout.map_grid import (
    FOLDED_LAYER_SIDE,
    FOLDED_MODULE_SIDE,
    MapGrid,
    has_default_layout,
    map_grid,
    single_map_grid,
)
from vrnn.scene.layout.panel_size import PanelGrid, panel_size
from vrnn.scene.layout.registry import LABEL_STRIP, Footprint, Layout, TerraceRow, arrange
from vrnn.scene.state import LayerState, State
from vrnn.style import font

if TYPE_CHECKING:
    from vrnn.scene.transition import PlacementFrame

ROUTE_POINTS = 32
ROW_NAME_HEIGHT = 0.55
"""Capital height of a row's name, meters."""


@dataclass(frozen=True, eq=False)
class PanelShape:
    """What a layer looks like: one map for all (`one`), maps that stand on their own (`cells`), or
    a grid of all maps."""

    grid: PanelGrid
    shows_one_map: bool = False
    map_grid: MapGrid | None = None


@dataclass(frozen=True, eq=False)
class Placement:
    """What is seen, and where.

    places: (N, 5) float32: x center, y bottom, z, width, height, in the order of `network.nodes`;
    lines: each edge's points as they are, (P, 3) float32; routes: the same resampled,
    (R, ROUTE_POINTS, 3) float32, in the order of `network.edges`; name_rooms: meters free for the
    name of each row; arrivals: for each layer that data arrives at, the last edge that leads to it.
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

    def left_of_row_name(self, node: int) -> float:
        """Left end, meters, of the row that a layer stands on and of the row's name."""
        for row, room in zip(self.layout.rows, self.row_name_widths, strict=True):
            if node in row.node_ids:
                return min(
                    row.left, row.left + room - 0.7 - font.text_width(row.name) * ROW_NAME_HEIGHT
                )
        return float("inf")

    @property
    def network(self) -> Network:
        """What is left to see."""
        return self.folded.network


@dataclass(eq=False)
class NetworkObject:
    """A network, what is known of it, and its standings, each made when first asked for."""

    network: Network
    info: NetworkInfo
    addresses: dict[int, tuple[int, int]] = field(default_factory=dict)
    maps: dict[int, FeatureMaps] = field(default_factory=dict)
    result: ForwardResult | None = None
    attributions: dict[int, np.ndarray] = field(default_factory=dict)
    receptive_fields: Mapping[int, ReceptiveField] = field(default_factory=dict)
    input_margin: InputMargin = field(init=False)
    modules: Mapping[str, tuple[int, ...]] = field(init=False)
    node_ids: dict[str, int] = field(init=False)
    _placements: dict[tuple[object, ...], Placement] = field(default_factory=dict)
    _folds: dict[frozenset[str], FoldedNetwork] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.input_margin = input_margin(self.network)
        self.modules = modules(self.network)
        self.node_ids = {node.name: node.id for node in self.network.nodes}

    def block_sizes(self) -> dict[int, int]:
        """Half floats that each node's maps need, and under `fold_id` those of a folded one."""
        found = {}
        for node in self.network.nodes:
            channels, height, width = map_shape(node.shape)
            found[node.id] = block_size(channels, height, width)
            found[folded_map_id(node.id)] = block_size(1, height, width)
        return found

    def placement(self, state: State, slot: int) -> Placement:
        """Where everything is in a state, before the network's own offset in the world, and before
        layers are moved by hand."""
        folds = frozenset(name for s, name in state.folds if s == slot)
        shown = {
            name: replace(layer, offset=(0.0, 0.0, 0.0), size=1.0)
            for (s, name), layer in state.layers.items()
            if s == slot
        }
        # Another order changes no size, but a face keeps it.
        key = (state.arrangement, folds, *(sorted(shown.items(), key=lambda item: item[0])))
        if key not in self._placements:
            if len(self._placements) > 24:
                self._placements.clear()
            self._placements[key] = self._stand(state.arrangement, folds, shown)
        return self._placements[key]

    def reorder_channels(self) -> None:
        """Maps have changed: what is ordered by them has to be looked at again."""
        self._placements = {
            key: standing
            for key, standing in self._placements.items()
            if not any(face.map_grid is not None for face in standing.panel_shapes.values())
        }

    def folded_network(self, folds: frozenset[str]) -> FoldedNetwork:
        """The network with modules folded."""
        if folds not in self._folds:
            self._folds[folds] = fold_modules(self.network, folds)
        return self._folds[folds]

    def _stand(
        self, arrangement: str, folds: frozenset[str], shown: Mapping[str, LayerState]
    ) -> Placement:
        folded = self.folded_network(folds)
        network = folded.network
        faces = {
            node.id: self._face(
                node, node.id in folded.folded_modules, shown.get(node.name, LayerState())
            )
            for node in network.nodes
        }
        layout = arrange(network, self._footprints(network, faces), arrangement)
        places = [layout.panels[node.id] for node in network.nodes]
        rows = [(p.x, p.y + _lift(p.height), p.z, p.width, p.height) for p in places]
        by_edge = {(r.source, r.target): r.points for r in layout.routes}
        lines = [by_edge[e.source, e.target] for e in network.edges]
        return Placement(
            folded,
            faces,
            layout,
            {node.id: i for i, node in enumerate(network.nodes)},
            np.array(rows, np.float32).reshape(-1, 5),
            lines,
            np.array([resample_route(p) for p in lines], np.float32).reshape(-1, ROUTE_POINTS, 3),
            tuple(self._name_room(row, layout) for row in layout.rows),
            frozenset((r.source, r.target) for r in layout.routes if r.is_skip),
            _arrivals(network.edges),
        )

    def _face(self, node: Node, box: bool, layer: LayerState) -> PanelShape:
        shape = map_shape(node.shape)
        if layer.features is not None and not layer.features.is_whole_layer:
            shape = (shape[0], *self._input_size)  # pictures are as large as the input
        if box or (layer.folded and shape[0] > 1):
            return PanelShape(
                single_map_grid(shape, FOLDED_MODULE_SIDE if box else FOLDED_LAYER_SIDE),
                shows_one_map=True,
            )
        if has_default_layout(layer):
            return PanelShape(panel_size(shape))
        found = map_grid(shape, layer, self.channel_order(node, layer.order))
        return PanelShape(PanelGrid(1, 1, found.width, found.height), map_grid=found)

    @property
    def _input_size(self) -> tuple[int, int]:
        _, height, width = map_shape(self.network.by_id[self.network.inputs[0]].shape)
        return height, width

    def channel_order(self, node: Node, by: str) -> np.ndarray | None:
        """(C,) channels of a layer, the first first; None while its maps are not there."""
        maps = self.maps.get(node.id)
        if by == "index" or maps is None:
            return None
        if by == "evidence":
            known = self.attributions.get(node.id)
            return None if known is None else np.argsort(-known, kind="stable")
        from vrnn.network.statistics import channel_order

        return channel_order(maps, by)

    def visible_nodes(self, pose: PlacementFrame) -> Mapping[int, Node]:
        """The layers of a pose by id: folded ones, and those that are on their way into a fold."""
        return {**self.network.by_id, **pose.placement.network.by_id}

    def default_grid(self, node: int) -> PanelGrid:
        """The panel of a layer as it is when nothing was done to it."""
        return panel_size(map_shape(self.network.by_id[node].shape))

    def _name_room(self, row: TerraceRow, layout: Layout) -> float:
        first = min(
            (layout.panels[n] for n in row.node_ids), key=lambda place: place.x - place.width / 2
        )
        attached = self.input_margin.node in row.node_ids
        beside = self.input_margin.width + self.input_margin.gap if attached else 0.0
        return first.x - first.width / 2 - beside - row.left

    def _footprints(
        self, network: Network, faces: Mapping[int, PanelShape]
    ) -> dict[int, Footprint]:
        prints = {}
        for node in network.nodes:
            grid = faces[node.id].grid
            left = above = 0.0
            if node.id == self.input_margin.node:
                left = self.input_margin.width + self.input_margin.gap
                above = max(0.0, self.input_margin.height - grid.height - LABEL_STRIP)
            prints[node.id] = Footprint(grid.width, grid.height, above=above, left=left)
        return prints


def folded_map_id(node: int) -> int:
    """Under which a layer's one map, for all of them, is stored."""
    return -1 - node


def _arrivals(edges: tuple[Edge, ...]) -> tuple[int, ...]:
    last = {edge.target: i for i, edge in enumerate(edges)}
    return tuple(sorted(last.values()))


def _lift(height: float) -> float:
    """Meters a panel hangs above its place: low strips higher, clear of the step's edge."""
    return 0.38 if height < 0.6 else 0.1


def resample_route(points: np.ndarray, count: int = ROUTE_POINTS) -> np.ndarray:
    """(count, 3) points, evenly along a line of any number of points (N, 3)."""
    points = np.asarray(points, np.float64)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0.0, along[-1], count)
    return np.stack([np.interp(wanted, along, points[:, i]) for i in range(3)], 1).astype(
        np.float32
    )
