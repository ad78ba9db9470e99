"""What a cell of the board with CKA stands for: two layers, which are marked and described."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from vrnn.scene.map_areas import panel_area
from vrnn.scene.picking import Hit
from vrnn.scene.primitives import PickRegion
from vrnn.scene.visuals.cka_board import CKA_KIND, cell_at
from vrnn.scene.world_contents import WorldContents


class PointedPair(NamedTuple):
    """Two layers that a cell stands for.

    Attributes:
        layers: Network and name of each.
        value: Their CKA; NaN where there is none.
    """

    layers: tuple[tuple[int, str], tuple[int, str]]
    value: float


def pointed_pair(hit: Hit | None) -> PointedPair | None:
    """Return the layers of the cell that is pointed at; None where none is."""
    if hit is None or hit.kind != CKA_KIND:
        return None
    matrix, slots = hit.value
    row, column = cell_at(matrix, hit.across, hit.down)
    layers = (slots[0], matrix.rows[row]), (slots[1], matrix.columns[column])
    return PointedPair(layers, float(matrix.values[row, column]))


def pair_lines(pair: PointedPair) -> tuple[str, ...]:
    """Return what is said of a cell."""
    is_known = pair.value == pair.value
    number = f"{pair.value:.3f}".replace("-", "−") if is_known else "not known"
    why = () if is_known else ("a layer is not finite, or the same for all images",)
    names = tuple(f"network {slot}: {name}" for slot, name in pair.layers)
    return (f"CKA = {number}", *names, *why)


def pair_marks(world: WorldContents) -> Iterator[PickRegion]:
    """Yield the rectangles of both layers of the cell that is pointed at."""
    pair = pointed_pair(world.hovered)
    for slot, name in () if pair is None else pair.layers:
        network = world.networks.get(slot)
        node = None if network is None else network.node_ids.get(name)
        if node is not None and node in world.placement_frame(slot).index:
            yield panel_area(world, slot, node)
