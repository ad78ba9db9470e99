"""Frames around pinned positions, and around the reference that is held."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vrnn.scene.compared_region import Box, input_ends, matching_box
from vrnn.scene.primitives import PickRegion
from vrnn.scene.similarity_state import Region
from vrnn.scene.world import World
from vrnn.style.similarity_colors import PIN_COLORS, POINTER_COLOR
from vrnn.style.srgb import srgb_to_linear
from vrnn.style.theme import RGBA

ABOVE = 0.012
"""Meters before the panel."""


def similarity_marks(world: World) -> Iterator[tuple[PickRegion, RGBA]]:
    """Yield the frames of pins in their colors, and of what is held, on the layer of each.

    With something pointed at, pins are marked on that layer too, at the positions that match them.
    """
    state = world.state.similarity
    if not state.shown:
        return
    pins = [(pin, PIN_COLORS[i % len(PIN_COLORS)]) for i, pin in enumerate(state.pins)]
    if state.reference is not None:
        pins.append((state.reference, POINTER_COLOR))
    for region, color in pins:
        similarity = world.similarity.get(region.network)
        network = world.networks.get(region.network)
        if similarity is None or network is None or region.layer not in network.node_ids:
            continue
        nodes = {network.node_ids[region.layer]}
        if world.hovered is not None and world.hovered.slot == region.network:
            nodes.add(world.hovered.node)
        for node in nodes & similarity.layers.keys():
            own = node == network.node_ids[region.layer]
            box: Box = (region.row, region.column, region.rows, region.columns)
            if not own:
                box = matching_box(input_ends(region, network), node, network)
            found = _frame(world, region, node, box)
            if found is not None:
                red, green, blue = srgb_to_linear(np.array(color, np.uint8)).tolist()
                yield found, (red, green, blue, 1.0)


def _frame(world: World, region: Region, node: int, box: Box) -> PickRegion | None:
    """The rectangle of some positions on the panel of a layer; None where that is folded away."""
    frame = world.placement_frame(region.network)
    if node not in frame.index:
        return None
    height, width = world.similarity[region.network].layers[node].values.shape
    x, y, z, panel_width, panel_height = frame.panel_rect(node).tolist()
    row, column, rows, columns = box
    left = x - panel_width / 2 + column / width * panel_width
    top = y + panel_height - row / height * panel_height
    across, down = columns / width * panel_width, rows / height * panel_height
    return PickRegion("map", (left, top, z + ABOVE), (across, 0.0, 0.0), (0.0, -down, 0.0))
