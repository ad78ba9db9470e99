"""Where things are at one moment: in a standing, or on the way from one to another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vrnn.network.feature_maps import map_shape
from vrnn.scene.layout.panel_size import PanelGrid
from vrnn.scene.network_object import (
    ROUTE_POINTS,
    NetworkObject,
    PanelShape,
    Placement,
    resample_route,
)
from vrnn.scene.state import State

FOLDED_SCALE = 0.12
"""A layer that goes into a fold ends as this part of the fold's size."""


@dataclass(frozen=True, eq=False)
class MapPlacements:
    """Single maps of one layer. channels: (K,); middle: (K, 3) meters from the middle of the
    layer's lower edge; size: (K, 2) meters."""

    channels: np.ndarray
    centers: np.ndarray
    sizes: np.ndarray


@dataclass(frozen=True, eq=False)
class PlacementFrame:
    """ids: layers that are seen; places: (K, 5) x center, y bottom, z, width, height of each;
    routes: of the edges of `standing.network`, (P, 3) each; maps: layers whose maps stand on their
    own; offset: of the network in the world; standing: what it is or becomes."""

    placement: Placement
    node_ids: tuple[int, ...]
    panel_rects: np.ndarray
    routes: list[np.ndarray]
    maps: Mapping[int, MapPlacements]
    offset: np.ndarray
    index: Mapping[int, int]

    def panel_rect(self, node: int) -> np.ndarray:
        """(5,) of one layer."""
        return self.panel_rects[self.index[node]]


def frame_at_rest(
    stand: NetworkObject, state: State, slot: int, offset: np.ndarray
) -> PlacementFrame:
    """Everything where a state has it."""
    standing = stand.placement(state, slot)
    places = standing.panel_rects.copy()
    places[:, :3] += offset
    moves = np.zeros((len(places), 3), np.float32)
    for i, node in enumerate(standing.network.nodes):
        layer = state.layers.get((slot, node.name))
        if layer is not None:
            moves[i] = layer.offset
            places[i, :3] += moves[i]
            places[i, 3:] *= layer.size
    index = standing.index
    routes: list[np.ndarray] = []
    for points, edge in zip(standing.routes, standing.network.edges, strict=True):
        begin, end = moves[index[edge.source]], moves[index[edge.target]]
        moved = points + offset
        if begin.any() or end.any():
            moved = _along(standing.resampled_routes[len(routes)] + offset, begin, end)
        routes.append(moved)
    maps = {
        node.id: _maps(standing.panel_shapes[node.id], map_shape(node.shape), places[i])
        for i, node in enumerate(standing.network.nodes)
        if standing.panel_shapes[node.id].map_grid is not None
    }
    ids = tuple(node.id for node in standing.network.nodes)
    return PlacementFrame(standing, ids, places, routes, maps, offset, index)


def _along(route: np.ndarray, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """A route whose ends were moved: its points follow by how near they are to each end."""
    t = np.linspace(0, 1, len(route), dtype=np.float32)[:, None]
    return route + begin * (1 - t) + end * t


def _maps(face: PanelShape, shape: tuple[int, int, int], place: np.ndarray) -> MapPlacements:
    """The single maps of any face."""
    factor = float(place[3]) / face.grid.width
    if face.map_grid is not None:
        found = face.map_grid
        size = np.broadcast_to(
            np.array(found.cell_size, np.float32) * factor, (len(found.centers), 2)
        )
        return MapPlacements(found.channels, found.centers * factor, size)
    if face.shows_one_map:
        middle = np.tile(np.array([0, place[4] / 2, 0], np.float32), (shape[0], 1))
        return MapPlacements(np.arange(shape[0]), middle, np.tile(place[3:5], (shape[0], 1)))
    return grid_placements(face.grid, shape, place)


def grid_placements(
    grid: PanelGrid, shape: tuple[int, int, int], place: np.ndarray
) -> MapPlacements:
    """The single maps of a layer that stand in its usual grid."""
    index = np.arange(shape[0])
    cell = np.array([place[3] / grid.columns, place[4] / grid.rows], np.float32)
    x = (index % grid.columns + 0.5) * cell[0] - place[3] / 2
    y = place[4] - (index // grid.columns + 0.5) * cell[1]
    middle = np.stack([x, y, np.zeros(len(index))], 1).astype(np.float32)
    return MapPlacements(index, middle, np.tile(cell, (len(index), 1)))


def interpolate_frames(
    before: PlacementFrame, after: PlacementFrame, stand: NetworkObject, t: float
) -> PlacementFrame:
    """Part of the way, t from 0 to 1."""
    if t >= 1:
        return after
    t = t * t * (3 - 2 * t)
    ids = list(dict.fromkeys((*after.node_ids, *before.node_ids)))
    places = np.array([_at(before, n) * (1 - t) + _at(after, n) * t for n in ids], np.float32)
    index = {node: i for i, node in enumerate(ids)}
    maps = {}
    for node in ids:
        one, two = _face(before, node), _face(after, node)
        if one is two or one is None or two is None or one.shows_one_map or two.shows_one_map:
            if node in after.maps and (one is two or one is None):
                maps[node] = after.maps[node]
            continue
        if one.map_grid is None and two.map_grid is None:
            continue
        shape = map_shape(stand.network.by_id[node].shape)
        first = before.maps.get(node) or _maps(one, shape, before.panel_rect(node))
        second = after.maps.get(node) or _maps(two, shape, after.panel_rect(node))
        maps[node] = _between_maps(first, second, shape[0], t)
    return PlacementFrame(
        after.placement,
        tuple(ids),
        places.reshape(-1, 5),
        _routes(before, after, places, index, t),
        maps,
        before.offset * (1 - t) + after.offset * t,
        index,
    )


def _at(pose: PlacementFrame, node: int) -> np.ndarray:
    """(5,) of a layer; of one that is folded away: small, in the middle of its fold."""
    if node in pose.index:
        return pose.panel_rect(node)
    x, y, z, width, height = pose.panel_rect(pose.placement.folded.representative[node]).tolist()
    middle = y + height * (0.5 - FOLDED_SCALE / 2)
    return np.array([x, middle, z - 0.02, width * FOLDED_SCALE, height * FOLDED_SCALE], np.float32)


def _face(pose: PlacementFrame, node: int) -> PanelShape | None:
    return pose.placement.panel_shapes.get(node)


def _between_maps(one: MapPlacements, two: MapPlacements, count: int, t: float) -> MapPlacements:
    dense = []
    for maps in (one, two):
        middle, size = np.full((count, 3), np.nan, np.float32), np.zeros((count, 2), np.float32)
        middle[maps.channels], size[maps.channels] = maps.centers, maps.sizes
        dense.append((middle, size))
    (a, a_size), (b, b_size) = dense
    # A map that is not in one of them grows, or shrinks, where it stands in the other.
    a, b = np.where(np.isnan(a), b, a), np.where(np.isnan(b), a, b)
    shown = np.flatnonzero(~np.isnan(a[:, 0]))
    middle, size = a * (1 - t) + b * t, a_size * (1 - t) + b_size * t
    return MapPlacements(shown, middle[shown], size[shown])


def _routes(
    before: PlacementFrame,
    after: PlacementFrame,
    places: np.ndarray,
    index: Mapping[int, int],
    t: float,
) -> list[np.ndarray]:
    old = {
        (e.source, e.target): points
        for e, points in zip(before.placement.network.edges, before.routes, strict=False)
    }
    routes = []
    for edge, points in zip(after.placement.network.edges, after.routes, strict=True):
        begun = old.get((edge.source, edge.target))
        if begun is None:
            ends = places[[index[edge.source], index[edge.target]], :3]
            begun = np.linspace(ends[0], ends[1], ROUTE_POINTS)
            begun[:, 1] = np.linspace(points[0][1], points[-1][1], ROUTE_POINTS)
        routes.append(
            (resample_route(begun) * (1 - t) + resample_route(points) * t).astype(np.float32)
        )
    return routes
