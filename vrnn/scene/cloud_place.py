"""Where a cloud of images is in the world, and along which layers one slides."""

from __future__ import annotations

import numpy as np

from vrnn.network.cut_layers import cut_layers
from vrnn.network.graph import Network
from vrnn.network.image_cloud import PIXELS
from vrnn.scene.image_cloud import CloudPlace
from vrnn.scene.world_contents import WorldContents

SIZES = (4.0, 60.0)
"""Meters of a cloud, at least and at most."""
SIZE_OF_32 = 6.5
"""Meters of a cloud of 32 images; it grows with the fourth root of their number."""
FILL = 1.5
"""From one image to the next in a cloud that is filled evenly, in sides of a thumbnail."""
SHARE_OF_HEIGHT = 0.6
"""Size of a cloud beside a network that is high, as a part of its height."""
MIN_THUMBNAIL, MAX_SHARE = 0.07, 9.0
"""Meters of a thumbnail at least; times that one fits into a cloud at least."""
DEPTH_GROWTH = 1.3
"""How many times as large a thumbnail is in three dimensions, where there is more room."""
GAP, FLOOR = 1.5, 0.7
"""Meters between the last network and what stands around a cloud, and below the cloud."""
GAP_SHARE = 0.12
"""More of a gap, as a part of its size: seen from before it, what stands further
back comes nearer."""
LEGEND_ROOM = 0.42
"""Width that is kept for the legend at the left of a cloud, as a part of its size."""


def cloud_place(world: WorldContents, count: int, dimensions: int) -> CloudPlace:
    """Return where a cloud of so many images is: at the right of all networks.

    Args:
        world: The networks.
        count: Number of images.
        dimensions: 2 or 3.
    """
    right = height = 0.0
    for slot in world.slots:
        frame = world.placement_frame(slot)
        high = frame.placement.layout.high
        right = max(right, float(high[0] + frame.offset[0]))
        height = max(height, float(high[1]))
    size = max(SIZE_OF_32 * (max(count, 1) / 32) ** 0.25, height * SHARE_OF_HEIGHT)
    size = float(np.clip(size, *SIZES))
    side = size / (FILL * max(count, 1) ** 0.5) * (DEPTH_GROWTH if dimensions == 3 else 1.0)
    thumbnail = float(np.clip(side, MIN_THUMBNAIL, size / MAX_SHARE))
    center = (
        right + GAP + GAP_SHARE * size + size * (0.5 + LEGEND_ROOM),
        size / 2 * 1.1 + FLOOR,
        0.0,
    )
    return CloudPlace(center, size, thumbnail)


def cloud_layers(network: Network, anchor: str = PIXELS) -> tuple[str, ...]:
    """Return the layers that one slides along, in the order they run, the pixels first.

    Args:
        network: The network.
        anchor: A layer that is always there.
    """
    order = {node.name: place for place, node in enumerate(network.nodes)}
    names = {node.name for node in cut_layers(network)}
    if anchor in order:
        names.add(anchor)
    found = sorted(names, key=lambda name: order[name])
    return tuple(found) if PIXELS in order else (PIXELS, *found)


def cloud_chain(network: Network, anchor: str, layer: str) -> tuple[str, ...]:
    """Return the layers from one to another along which clouds are placed."""
    if anchor == layer:
        return (layer,)
    layers = cloud_layers(network, anchor)
    if layer not in layers or anchor not in layers:
        return (layer,)
    first, last = layers.index(anchor), layers.index(layer)
    step = 1 if last > first else -1
    return layers[first : None if last + step < 0 else last + step : step]
