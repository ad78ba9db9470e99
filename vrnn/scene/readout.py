"""The readout: a line that describes what the pointer is at."""

from __future__ import annotations

import math

from vrnn.network.feature_maps import map_shape
from vrnn.scene.world import World


def hover_text(world: World) -> str:
    """Return layer, shape, channel, position and value at the pointer; '' when there is none."""
    hit = world.hovered
    if hit is None or hit.layer is None or hit.slot not in world.networks:
        return ""
    node = world.visible_node(hit.slot, hit.node)
    channels, height, width = map_shape(node.shape)
    text = f"{node.name}   {node.label}   {channels} × {height}×{width}"
    if hit.kind == "features":
        return f"{node.name}   click: feature visualization"
    maps = world.networks[hit.slot].maps.get(hit.node)
    if hit.channel < 0 or maps is None:
        return text
    value = float(maps.values[hit.channel, hit.row, hit.column]) * maps.scale
    number = f"{value:.4g}" if math.isfinite(value) else "not finite"
    position = f" ({hit.row}, {hit.column})" if height * width > 1 else ""
    return f"{text}   channel {hit.channel}{position} = {number}"
