"""The readout: a line that describes what the pointer is at."""

from __future__ import annotations

import math

from vrnn.network.positions import position_text, shape_text, shown_text
from vrnn.scene.world import World


def hover_text(world: World) -> str:
    """Return layer, shape, channel, position and value at the pointer; '' when there is none."""
    hit = world.hovered
    if hit is None or hit.layer is None or hit.slot not in world.networks:
        return ""
    node = world.visible_node(hit.slot, hit.node)
    network = world.networks[hit.slot]
    text = f"{node.name}   {node.label}   {shape_text(node)}"
    choices = world.state.choices.get(hit.slot, ())
    shown = shown_text(node, network.network.choice_counts, choices)
    text += f"   {shown}" if shown else ""
    if hit.kind == "features":
        return f"{node.name}   click: feature visualization"
    maps = network.maps.get(hit.node)
    if hit.channel < 0 or maps is None:
        return text
    value = float(maps.values[hit.channel, hit.row, hit.column]) * maps.scale
    number = f"{value:.4g}" if math.isfinite(value) else "not finite"
    position = position_text(node, hit.row, hit.column, network.info.token_names, choices)
    channel = "head" if node.presentation == "attention" else "channel"
    space = " " if position.startswith("(") else " · " if position else ""
    return f"{text}   {channel} {hit.channel}{space}{position} = {number}"
