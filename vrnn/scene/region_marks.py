"""Frames around the box that is being dragged, and around what relevance may flow through."""

from __future__ import annotations

from collections.abc import Iterator

from vrnn.network.feature_maps import map_shape
from vrnn.scene.dragged_region import positions_frame
from vrnn.scene.map_areas import panel_area, pointed_area, shows_picture
from vrnn.scene.primitives import PickRegion
from vrnn.scene.visuals.distant_pictures import Viewer
from vrnn.scene.world import World


def region_marks(world: World, viewer: Viewer) -> Iterator[PickRegion]:
    """Yield the rectangle that is being dragged, and those of the regions of relevance.

    A region is marked on the one picture that its layer shows, as from afar, or on the map that is
    pointed at.

    Args:
        world: The world, with what is pointed at.
        viewer: From where it is seen.
    """
    if world.dragged_region is not None:
        yield world.dragged_region.frame
    state, hit = world.state.relevance, world.hovered
    network = world.networks.get(state.network)
    if not state.shown or network is None:
        return
    frame = world.placement_frame(state.network)
    for condition in state.conditions:
        node = network.node_ids.get(condition.layer)
        if not condition.region or node is None or node not in frame.index:
            continue
        area = None
        if shows_picture(world, state.network, node, viewer):
            area = panel_area(world, state.network, node)
        elif hit is not None and hit.layer == (state.network, node):
            area = pointed_area(world, hit)
        if area is None:
            continue
        top, left, bottom, right = condition.region
        box = top, left, bottom - top, right - left
        shape = map_shape(network.network.by_id[node].shape)[1:]
        yield positions_frame(area, box, shape)
