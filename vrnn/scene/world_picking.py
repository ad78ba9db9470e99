"""What a ray hits first in the world, or the small thing that it passes close to."""

from __future__ import annotations

import numpy as np

from vrnn.scene.edge_picking import pick_edge
from vrnn.scene.picking import Hit, PickRegions, pick_layer
from vrnn.scene.picture_picking import hit_in_picture
from vrnn.scene.ribbon_picking import pick_ribbon
from vrnn.scene.world_contents import WorldContents

NEAR_BEFORE = 0.3
"""Meters: a small thing that a ray passes close to is so much before what it hits."""


def pick_world(
    world: WorldContents, regions: PickRegions, origin: np.ndarray, direction: np.ndarray
) -> Hit | None:
    """Return what a ray hits first, or the small thing that it passes close to.

    Args:
        world: The world.
        regions: What can be clicked in it apart from the layers.
        origin: (3,) meters.
        direction: (3,) unit vector.
    """
    nearest = regions.pick(origin, direction)
    if world.image_cloud is not None:
        pixels = 0.0 if world.viewer is None else world.viewer.pixels_per_unit
        image = world.image_cloud.pick(origin, direction, pixels)
        if image is not None and (nearest is None or image.distance < nearest.distance):
            nearest = image
    for slot in world.slots:
        frame = world.placement_frame(slot)
        nodes = world.networks[slot].visible_nodes(frame)
        hit = pick_layer(frame, nodes, slot, origin, direction)
        if hit is not None and (nearest is None or hit.distance < nearest.distance):
            nearest = hit
    near = _pick_near(
        world, regions, origin, direction, np.inf if nearest is None else nearest.distance
    )
    if near is not None:
        return near
    if world.connections is not None:
        opening = world.connection_opening
        hit = pick_ribbon(world.connections, world.state.connections, opening, origin, direction)
        if hit is not None and (nearest is None or hit.distance < nearest.distance):
            nearest = hit
    for slot in world.relevance:
        hit = pick_edge(world.placement_frame(slot), slot, origin, direction)
        if hit is not None and (nearest is None or hit.distance < nearest.distance):
            nearest = hit
    if nearest is None:
        return None
    return hit_in_picture(world, nearest)


def _pick_near(
    world: WorldContents,
    regions: PickRegions,
    origin: np.ndarray,
    direction: np.ndarray,
    hit_distance: float,
) -> Hit | None:
    """The small thing that a ray passes close to, before what it hits at a distance.

    Before something else, only a bracket counts, or what belongs to the layer pointed at.
    """
    if world.viewer is None:
        return None
    per_unit = world.viewer.pixels_per_unit
    near = regions.pick_near(origin, direction, per_unit, world.highlight)
    if near is None or near.distance > hit_distance - NEAR_BEFORE:
        return None
    counts = near.kind == "bracket" or near.layer is not None
    return near if counts or np.isinf(hit_distance) else None
