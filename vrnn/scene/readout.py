"""The readout: a line that describes what the pointer is at."""

from __future__ import annotations

import math

import numpy as np

from vrnn.network.layer_pictures import find_layer_picture, layer_picture_names
from vrnn.network.positions import position_text, shape_text, shown_text
from vrnn.scene.linked_networks import linked_text
from vrnn.scene.picking import Hit
from vrnn.scene.primitives import DrawList
from vrnn.scene.relevance_readout import edge_text, layer_text
from vrnn.scene.ribbon_picking import RIBBON_KIND, PointedRibbon, ribbon_text
from vrnn.scene.similarity_readout import similarity_text
from vrnn.scene.state import State
from vrnn.scene.value_range import ValueRange, layer_range, network_range
from vrnn.scene.visuals.distant_pictures import Viewer, picture_parts
from vrnn.scene.visuals.path_lights import path_text
from vrnn.scene.world import World
from vrnn.style.colormap import symmetric_range

MIN_PICTURE_SHARE = 0.3
"""Part of what panels cover of a view that shows layer pictures, where these are explained."""


def distant_picture_text(state: State) -> str:
    """Return what layers show from afar, and what its colors mean; '' where they show maps."""
    kind = state.distant_picture
    if not kind or kind not in layer_picture_names():
        return ""
    return find_layer_picture(kind).legend_text


def hover_text(world: World) -> str:
    """Return layer, shape, channel, position and value at the pointer; '' when there is none."""
    hit = world.hovered
    if hit is not None and hit.kind == "edge":
        return edge_text(world, hit)
    if hit is not None and hit.kind == RIBBON_KIND:
        return _ribbon_text(world, hit)
    if hit is None or hit.layer is None or hit.slot not in world.networks:
        return ""
    node = world.visible_node(hit.slot, hit.node)
    network = world.networks[hit.slot]
    shape = shape_text(node)
    # The label of an input is its shape.
    label = "" if node.label.replace(" ", "") == shape.replace(" ", "") else f"   {node.label}"
    text = f"{node.name}{label}   {shape}"
    choices = world.state.choices.get(hit.slot, ())
    shown = shown_text(node, network.network.choice_counts, choices)
    text += f"   {shown}" if shown else ""
    if hit.kind == "features":
        return f"{node.name}   click: feature visualization"
    relevance = layer_text(world, hit) + similarity_text(world, hit)
    relevance += _path_text(world, hit) + linked_text(world, hit)
    if hit.picture:
        return f"{text}   {find_layer_picture(hit.picture).title.lower()}{relevance}"
    if hit.channel < 0 or network.layer_maps(hit.node) is None:
        return text + relevance
    maps = network.whole_maps(hit.node)
    number = "…"  # as long as it is made again
    if maps is not None:
        value = float(maps.values[hit.channel, hit.row, hit.column]) * maps.scale
        number = f"{value:.4g}" if math.isfinite(value) else "not finite"
    position = position_text(node, hit.row, hit.column, network.info.token_names, choices)
    is_attention = node.presentation == "attention"
    channel = "head" if is_attention else "channel"
    joint = ", " if is_attention else " · "
    space = " " if position.startswith("(") else joint if position else ""
    return f"{text}   {channel} {hit.channel}{space}{position} = {number}{relevance}"


def _ribbon_text(world: World, hit: Hit) -> str:
    shown, ribbon = world.connections, hit.value
    if shown is None or not isinstance(ribbon, PointedRibbon):
        return ""
    if ribbon.part >= len(shown.layer.parts):
        return ""  # of a layer that was shown before
    source = world.networks[hit.slot].network.by_id.get(shown.layer.parts[ribbon.part].source)
    name = "" if source is None else source.name
    return ribbon_text(shown, world.state.connections, ribbon, name)


def _path_text(world: World, hit: Hit) -> str:
    """The strongest sources and targets of the channel at the pointer; '' where none light up."""
    shown = world.channel_paths
    if shown is None or shown[0] != hit.slot:
        return ""
    paths = shown[1]
    if (paths.node, paths.channel) != (hit.node, hit.channel):
        return ""
    network = world.networks[hit.slot].network
    names = {node.id: node.name for node in network.nodes}
    return "".join(f"   {line}" for line in path_text(paths, names))


def are_pictures_seen(draw_list: DrawList, clip_from_world: np.ndarray, viewer: Viewer) -> bool:
    """Return whether layers show pictures in place of their maps on much of a view.

    Args:
        draw_list: The world.
        clip_from_world: (4, 4) of the view.
        viewer: From where it is seen.
    """
    panels = [records for records in draw_list.panels.values() if len(records)]
    if not panels:
        return False
    fields = ("origin", "right", "down", "layer_picture", "picture_fit")
    origin, right, down, picture, fit = (np.concatenate([p[f] for p in panels]) for f in fields)
    corners = origin + np.stack([0 * right, right, down, right + down])  # (4, N, 3)
    clip = np.concatenate([corners, np.ones((*corners.shape[:2], 1))], 2) @ clip_from_world.T
    ahead = (clip[..., 3] > 0).all(0)
    flat = np.clip(clip[..., :2] / np.maximum(clip[..., 3:], 1e-9), -1, 1)
    area = np.ptp(flat, axis=0).prod(1) * ahead
    sides = np.sqrt(np.linalg.norm(right, axis=1) * np.linalg.norm(down, axis=1))
    parts = picture_parts(fit[:, 2], origin + (right + down) / 2, viewer, sides, fit[:, 3])
    shown = area * parts * (picture[:, 0] > 0)
    return bool(shown.sum() > MIN_PICTURE_SHARE * area.sum())


def legend_range(world: World, hit: Hit | None) -> ValueRange | None:
    """Return the values at the ends of the legend.

    Args:
        world: The networks.
        hit: What is pointed at: its map or layer, where each has a range of its own.

    Returns:
        Values of the lowest and the highest color; None where nothing says which map is meant.
    """
    mapping = world.state.color_mapping
    pointed = hit is not None and hit.slot in world.networks
    slot = hit.slot if hit is not None and pointed else min(world.slots, default=-1)
    maps = world.networks[slot].all_maps if slot >= 0 else {}
    if mapping.normalize_by == "network":
        return network_range(maps.values(), mapping) if maps else None
    layer = None if hit is None or hit.kind != "layer" or hit.picture else maps.get(hit.node)
    if hit is None or layer is None or not layer.channels:
        return None
    if mapping.normalize_by == "layer" or layer.height * layer.width == 1:
        low, high = layer_range(layer, mapping)
    elif hit.channel < 0:
        return None
    else:
        low, high = float(layer.low[hit.channel]), float(layer.high[hit.channel])
        low, high = symmetric_range(low, high) if mapping.symmetric else (low, high)
    if low >= high:
        return None  # a single value has no range
    clip = layer.clip_fraction(mapping.clip_percentile) if mapping.clip_percentile < 100 else 1.0
    return low * clip, high * clip
