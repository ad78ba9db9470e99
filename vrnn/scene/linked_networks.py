"""One pointer for all networks: what matches the thing that is pointed at, marked and described."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from vrnn.scene.compared_region import input_ends, matching_box
from vrnn.scene.map_areas import is_one_picture, map_area, panel_area
from vrnn.scene.picking import Hit
from vrnn.scene.primitives import PickRegion
from vrnn.scene.similarity_state import Region
from vrnn.scene.world_contents import WorldContents


def matched_layers(world: WorldContents, slot: int, node: int) -> dict[int, int]:
    """Return the node of each other network that matches a layer, by slot.

    Args:
        world: The networks.
        slot: The network of the layer.
        node: The layer.
    """
    found = {}
    for other in world.slots:
        if other != slot and slot in world.networks:
            matching = world.matcher.matching(world.networks, slot, other)
            if node in matching.to_second:
                found[other] = matching.to_second[node]
    return found


def matched_hits(world: WorldContents, hit: Hit | None) -> tuple[Hit, ...]:
    """Return what matches in other networks what is pointed at, while they are linked.

    It is the channel of the same number, at the position whose receptive field has its middle
    nearest to that of the position that is pointed at. A layer with fewer channels has none.

    Args:
        world: The networks.
        hit: What is pointed at.
    """
    if not world.state.comparison.linked or hit is None or hit.kind != "layer":
        return ()
    found = []
    own = world.networks.get(hit.slot)
    for slot, node in matched_layers(world, hit.slot, hit.node).items():
        network, frame = world.networks[slot], world.placement_frame(slot)
        maps = network.layer_maps(node)
        if node not in frame.index:
            continue
        channel, row, column = -1, 0, 0
        before = None if own is None else own.layer_maps(hit.node)
        if own is not None and maps is not None and before is not None:
            row, column = min(hit.row, before.height - 1), min(hit.column, before.width - 1)
            region = Region(hit.slot, own.network.by_id[hit.node].name, row, column)
            row, column, _, _ = matching_box(input_ends(region, own), node, network)
            channel = hit.channel if hit.channel < maps.channels else -1
        found.append(
            replace(hit, slot=slot, node=node, channel=channel, row=row, column=column, region=None)
        )
    return tuple(found)


def linked_marks(world: WorldContents) -> Iterator[PickRegion]:
    """Yield the rectangles that mark in other networks what matches what is pointed at."""
    for hit in matched_hits(world, world.hovered):
        area = None
        if hit.channel >= 0 and not is_one_picture(world, hit):
            area = map_area(world, hit.slot, hit.node, hit.channel)
        area = panel_area(world, hit.slot, hit.node) if area is None else area
        yield area
        maps = world.networks[hit.slot].layer_maps(hit.node)
        if maps is not None and maps.height * maps.width > 1 and hit.channel >= 0:
            yield _position(area, (hit.row, hit.column), (maps.height, maps.width))


def linked_text(world: WorldContents, hit: Hit) -> str:
    """Return the values of other networks at the pointer, each after three spaces.

    With each stands how much it is more or less than the value that is pointed at.
    """
    own = world.networks[hit.slot].whole_maps(hit.node) if hit.slot in world.networks else None
    text = ""
    for other in matched_hits(world, hit):
        network = world.networks[other.slot]
        name = f"network {other.slot}, {network.network.by_id[other.node].name}"
        maps = network.whole_maps(other.node)
        if hit.channel < 0 or hit.picture or own is None or maps is None:
            text += f"   in {name}"
            continue
        if other.channel < 0:
            text += f"   in {name}: {maps.channels} channels, no {hit.channel}"
            continue
        value = float(maps.values[other.channel, other.row, other.column]) * maps.scale
        before = float(own.values[hit.channel, hit.row, hit.column]) * own.scale
        where = "" if maps.height * maps.width == 1 else f" ({other.row}, {other.column})"
        text += f"   in {name}{where} = {_number(value)}, {_change(value - before)}"
    return text


def _number(value: float) -> str:
    return f"{value:.4g}".replace("-", "−") if math.isfinite(value) else "not finite"


def _change(change: float) -> str:
    if not math.isfinite(change):
        return "no difference known"
    return f"{change:+.3g}".replace("-", "−") if change else "the same"


def _position(area: PickRegion, at: tuple[int, int], shape: tuple[int, int]) -> PickRegion:
    """The rectangle of one position of a map that fills an area."""
    x, y, z = area.origin
    width, height = area.right[0] / shape[1], area.down[1] / shape[0]
    corner = (x + at[1] * width, y + at[0] * height, z)
    return PickRegion("map", corner, (width, 0.0, 0.0), (0.0, height, 0.0))
