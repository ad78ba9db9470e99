"""The readout: a line that describes what the pointer is at."""

from __future__ import annotations

import math

from vrnn.network.layer_pictures import find_layer_picture, layer_picture_names
from vrnn.network.positions import position_text, shape_text, shown_text
from vrnn.scene.state import State
from vrnn.scene.world import World


def distant_picture_text(state: State) -> str:
    """Return what layers show from afar, and what its colors mean; '' where they show maps."""
    kind = state.distant_picture
    if not kind or kind not in layer_picture_names():
        return ""
    return f"from afar: {find_layer_picture(kind).legend_text}"


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
    if hit.picture:
        return f"{text}   {find_layer_picture(hit.picture).legend_text}"
    maps = network.maps.get(hit.node)
    if hit.channel < 0 or maps is None:
        return text
    value = float(maps.values[hit.channel, hit.row, hit.column]) * maps.scale
    number = f"{value:.4g}" if math.isfinite(value) else "not finite"
    position = position_text(node, hit.row, hit.column, network.info.token_names, choices)
    channel = "head" if node.presentation == "attention" else "channel"
    space = " " if position.startswith("(") else " · " if position else ""
    return f"{text}   {channel} {hit.channel}{space}{position} = {number}"
