"""Where all positions of a layer are seen: on a map, on a picture of the layer, on the input."""

from __future__ import annotations

from math import sqrt

import numpy as np

from vrnn.scene.dragged_region import DraggedRegion
from vrnn.scene.picking import Hit
from vrnn.scene.primitives import PickRegion
from vrnn.scene.visuals.distant_pictures import (
    Viewer,
    detail_size,
    dissolve_size,
    overview_distance,
    picture_part,
)
from vrnn.scene.world_contents import WorldContents

ABOVE = 0.01
"""Meters before the panel that marks are drawn."""


def pointed_area(world: WorldContents, hit: Hit) -> PickRegion | None:
    """Return the rectangle of the map, or of the picture, that is pointed at.

    Args:
        world: The layers.
        hit: What is pointed at.

    Returns:
        None between maps, and where nothing with rows and columns is pointed at.
    """
    if hit.kind == "input":
        return hit.region
    if hit.kind != "layer" or hit.slot not in world.networks:
        return None
    frame = world.placement_frame(hit.slot)
    if hit.node not in frame.index or hit.node not in frame.placement.panel_shapes:
        return None
    if is_one_picture(world, hit):
        return _picture_area(world, hit)
    return None if hit.channel < 0 else map_area(world, hit.slot, hit.node, hit.channel)


def map_area(world: WorldContents, slot: int, node: int, channel: int) -> PickRegion | None:
    """Return the rectangle of one map of a layer; None where the map is not shown."""
    frame = world.placement_frame(slot)
    maps = frame.map_placements(node)
    (found,) = np.nonzero(maps.channels == channel)
    if not len(found):
        return None
    center = frame.panel_rect(node)[:3] + maps.centers[found[0]]
    width, height = maps.sizes[found[0]].tolist()
    x, y, z = center.tolist()
    return _upright(x - width / 2, y + height / 2, z, width, height)


def panel_area(world: WorldContents, slot: int, node: int) -> PickRegion:
    """Return the rectangle of the panel of a layer."""
    x, y, z, width, height = world.placement_frame(slot).panel_rect(node).tolist()
    return _upright(x - width / 2, y + height, z, width, height)


def is_one_picture(world: WorldContents, hit: Hit) -> bool:
    """Return whether the panel that is pointed at shows one picture, not map beside map."""
    similarity = world.similarity.get(hit.slot)
    if hit.picture or (similarity is not None and hit.node in similarity.layers):
        return True
    shape = world.placement_frame(hit.slot).placement.panel_shapes.get(hit.node)
    return shape is not None and shape.shows_one_map


def shows_picture(world: WorldContents, slot: int, node: int, viewer: Viewer) -> bool:
    """Return whether a layer is seen as one picture in place of its maps.

    Args:
        world: The layers.
        slot: The network.
        node: The layer.
        viewer: From where it is seen.
    """
    frame = world.placement_frame(slot)
    shape = frame.placement.panel_shapes.get(node)
    if shape is None or shape.shows_one_map:
        return True
    if node in frame.separate_maps or node not in world.distant_pictures.get(slot, {}):
        return False
    x, y, z, width, height = frame.panel_rect(node).tolist()
    detail = detail_size(
        world.visible_node(slot, node), (width, height), shape.grid.columns, shape.grid.rows
    )
    side = sqrt(width * height)
    size = dissolve_size(side, overview_distance(frame.panel_rects))
    middle = np.array([x, y + height / 2, z])
    return picture_part(detail, middle, viewer, side, size) >= 0.5


def begin_region(world: WorldContents, hit: Hit | None) -> DraggedRegion | None:
    """Return the position at which a drag begins; None where there are no positions to choose from.

    Args:
        world: The layers.
        hit: What is pointed at.
    """
    if hit is None or hit.slot not in world.networks:
        return None
    network = world.networks[hit.slot]
    node = network.network.inputs[0] if hit.kind == "input" else hit.node
    maps = network.layer_maps(node)
    area = pointed_area(world, hit)
    if maps is None or area is None or network.network.by_id[node].presentation == "nodes":
        return None
    shape = maps.height, maps.width
    if shape[0] * shape[1] < 2:
        return None
    row, column = hit.row, hit.column
    if hit.kind == "input":
        row, column = int(hit.down * maps.height), int(hit.across * maps.width)
    start = min(row, shape[0] - 1), min(column, shape[1] - 1)
    return DraggedRegion(hit.slot, network.network.by_id[node].name, area, shape, start, start)


def _picture_area(world: WorldContents, hit: Hit) -> PickRegion:
    """The panel, or the one of several maps of a layer picture that is pointed at."""
    whole = panel_area(world, hit.slot, hit.node)
    uploaded = world.uploaded_pictures.get((hit.slot, hit.node))
    if hit.picture or uploaded is None:
        return whole
    width, height = whole.right[0], -whole.down[1]
    columns, rows = uploaded.cells(width / height)
    left = whole.origin[0] + int(hit.across * columns) * width / columns
    top = whole.origin[1] - int(hit.down * rows) * height / rows
    cell = width / columns, height / rows
    return PickRegion(
        "map", (left, top, whole.origin[2]), (cell[0], 0.0, 0.0), (0.0, -cell[1], 0.0)
    )


def _upright(left: float, top: float, z: float, width: float, height: float) -> PickRegion:
    return PickRegion("map", (left, top, z + ABOVE), (width, 0.0, 0.0), (0.0, -height, 0.0))
