"""The way of one network from one placement to another."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vrnn.network.feature_maps import map_shape
from vrnn.scene.layout.picture_aspect import PICTURE_ASPECT
from vrnn.scene.layout.pushing import push_aside
from vrnn.scene.network_object import NetworkObject
from vrnn.scene.placement import (
    ROUTE_POINTS,
    MapPlacements,
    PanelShape,
    PlacementFrame,
    grid_placements,
    resample_route,
)
from vrnn.scene.state import State

FOLDED_SCALE = 0.12
"""A layer that goes into a fold ends as this part of the fold's size."""


def frame_at_rest(
    network_object: NetworkObject, state: State, slot: int, offset: np.ndarray,
    aspect: float = PICTURE_ASPECT,
) -> PlacementFrame:  # fmt: skip
    """Return where everything of a network is once nothing moves any more.

    Args:
        network_object: The network.
        state: The state of the world.
        slot: The network's slot.
        offset: (3,) of the network in the world, meters.
        aspect: Width / height of the picture that it is to fill.
    """
    placement = network_object.placement(state, slot, aspect)
    rects = placement.panel_rects.copy()
    rects[:, :3] += offset
    moves = np.zeros((len(rects), 3), np.float32)
    touched = np.zeros(len(rects), bool)
    for i, node in enumerate(placement.network.nodes):
        layer = state.layers.get((slot, node.name))
        if layer is not None:
            moves[i] = layer.offset
            rects[i, :3] += moves[i]
            rects[i, 3:] *= layer.size
            touched[i] = bool(np.any(moves[i])) or layer.size > 1
    index = placement.index
    if touched.any():
        margin = network_object.input_margin
        beside = np.zeros(len(rects), np.float32)
        if margin.node in index:
            beside[index[margin.node]] = margin.gap + margin.width
        at_first = placement.panel_rects.copy()
        at_first[:, :3] += offset
        aside = push_aside(at_first, rects, touched, beside, placement.layout.turn)
        rects[:, :3] += aside
        moves += aside
    routes: list[np.ndarray] = []
    ways, resampled = placement.routes, placement.resampled_routes
    bundles = network_object.bundled_edges(placement) if state.edge_bundling else None
    if bundles is not None:
        ways = bundles.at(state.edge_bundling)
    for number, (points, edge) in enumerate(zip(ways, placement.network.edges, strict=True)):
        begin, end = moves[index[edge.source]], moves[index[edge.target]]
        moved = points + offset
        if begin.any() or end.any():
            way = resampled[number] if bundles is None else resample_route(points)
            moved = _move_ends(way + offset, begin, end)
        routes.append(moved)
    maps = {
        node.id: _map_placements(placement.panel_shapes[node.id], map_shape(node.shape), rects[i])
        for i, node in enumerate(placement.network.nodes)
        if placement.panel_shapes[node.id].map_grid is not None
    }
    node_ids = tuple(node.id for node in placement.network.nodes)
    return PlacementFrame(placement, node_ids, rects, routes, maps, offset, index)


def interpolate_frames(
    before: PlacementFrame, after: PlacementFrame, network_object: NetworkObject, t: float
) -> PlacementFrame:
    """Return the frame part of the way from one to another, eased at both ends.

    Args:
        before: Where everything was when the transition began.
        after: Where everything will be.
        network_object: The network of both.
        t: Time that has passed, 0…1.
    """
    if t >= 1:
        return after
    t = t * t * (3 - 2 * t)
    node_ids = list(dict.fromkeys((*after.node_ids, *before.node_ids)))
    rects = np.array(
        [_rect_in(before, n) * (1 - t) + _rect_in(after, n) * t for n in node_ids], np.float32
    )
    index = {node: i for i, node in enumerate(node_ids)}
    return PlacementFrame(
        after.placement,
        tuple(node_ids),
        rects.reshape(-1, 5),
        _interpolate_routes(before, after, rects, index, t),
        _interpolate_separate_maps(before, after, node_ids, network_object, t),
        before.offset * (1 - t) + after.offset * t,
        index,
    )


def _move_ends(route: np.ndarray, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """A route whose ends were moved: its points follow by how near they are to each end."""
    t = np.linspace(0, 1, len(route), dtype=np.float32)[:, None]
    return route + begin * (1 - t) + end * t


def _map_placements(
    shape: PanelShape, maps_shape: tuple[int, int, int], rect: np.ndarray
) -> MapPlacements:
    """Where the maps of a panel of any shape are."""
    factor = float(rect[3]) / shape.grid.width
    if shape.map_grid is not None:
        grid = shape.map_grid
        size = np.array(grid.cell_size, np.float32) * factor
        sizes = np.broadcast_to(size, (len(grid.centers), 2))
        return MapPlacements(grid.channels, grid.centers * factor, sizes)
    count = maps_shape[0]
    if shape.shows_one_map:
        centers = np.tile(np.array([0, rect[4] / 2, 0], np.float32), (count, 1))
        return MapPlacements(np.arange(count), centers, np.tile(rect[3:5], (count, 1)))
    return grid_placements(shape.grid, maps_shape, rect)


def _rect_in(frame: PlacementFrame, node: int) -> np.ndarray:
    """(5,) of a layer's panel; of one that is folded away: small, in the middle of its fold."""
    if node in frame.index:
        return frame.panel_rect(node)
    fold = frame.placement.folded.representative[node]
    x, y, z, width, height = frame.panel_rect(fold).tolist()
    bottom = y + height * (0.5 - FOLDED_SCALE / 2)
    return np.array([x, bottom, z - 0.02, width * FOLDED_SCALE, height * FOLDED_SCALE], np.float32)


def _interpolate_separate_maps(
    before: PlacementFrame,
    after: PlacementFrame,
    node_ids: list[int],
    network_object: NetworkObject,
    t: float,
) -> dict[int, MapPlacements]:
    maps = {}
    for node in node_ids:
        old, new = _panel_shape(before, node), _panel_shape(after, node)
        if old is new or old is None or new is None or old.shows_one_map or new.shows_one_map:
            if node in after.separate_maps and (old is new or old is None):
                maps[node] = after.separate_maps[node]
            continue
        if old.map_grid is None and new.map_grid is None:
            continue
        shape = map_shape(network_object.network.by_id[node].shape)
        first = before.separate_maps.get(node) or _map_placements(
            old, shape, before.panel_rect(node)
        )
        second = after.separate_maps.get(node) or _map_placements(
            new, shape, after.panel_rect(node)
        )
        maps[node] = _interpolate_maps(first, second, shape[0], t)
    return maps


def _panel_shape(frame: PlacementFrame, node: int) -> PanelShape | None:
    return frame.placement.panel_shapes.get(node)


def _interpolate_maps(
    before: MapPlacements, after: MapPlacements, count: int, t: float
) -> MapPlacements:
    dense = []
    for maps in (before, after):
        centers, sizes = np.full((count, 3), np.nan, np.float32), np.zeros((count, 2), np.float32)
        centers[maps.channels], sizes[maps.channels] = maps.centers, maps.sizes
        dense.append((centers, sizes))
    (old, old_sizes), (new, new_sizes) = dense
    # A map that is not in one of them grows, or shrinks, where it is in the other.
    old, new = np.where(np.isnan(old), new, old), np.where(np.isnan(new), old, new)
    shown = np.flatnonzero(~np.isnan(old[:, 0]))
    centers, sizes = old * (1 - t) + new * t, old_sizes * (1 - t) + new_sizes * t
    return MapPlacements(shown, centers[shown], sizes[shown])


def _interpolate_routes(
    before: PlacementFrame,
    after: PlacementFrame,
    rects: np.ndarray,
    index: Mapping[int, int],
    t: float,
) -> list[np.ndarray]:
    old_routes = {
        (e.source, e.target): points
        for e, points in zip(before.placement.network.edges, before.routes, strict=False)
    }
    routes = []
    for edge, points in zip(after.placement.network.edges, after.routes, strict=True):
        old = old_routes.get((edge.source, edge.target))
        if old is None:
            ends = rects[[index[edge.source], index[edge.target]], :3]
            old = np.linspace(ends[0], ends[1], ROUTE_POINTS)
            old[:, 1] = np.linspace(points[0][1], points[-1][1], ROUTE_POINTS)
        routes.append(
            (resample_route(old) * (1 - t) + resample_route(points) * t).astype(np.float32)
        )
    return routes
