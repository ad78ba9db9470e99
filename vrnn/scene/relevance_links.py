"""Where the relevance at the pointer came from and went to, in words and marked on neighbors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from vrnn.explanations.conditions import Condition
from vrnn.explanations.links import LinkedLayer, RelevanceLinks
from vrnn.network.feature_maps import map_shape
from vrnn.scene.map_areas import shows_picture
from vrnn.scene.picking import Hit
from vrnn.scene.placement import PlacementFrame
from vrnn.scene.primitives import PickRegion
from vrnn.scene.visuals.distant_pictures import Viewer
from vrnn.scene.world import World
from vrnn.style.relevance_table import relevance_color
from vrnn.style.theme import RGBA

MAX_LAYERS = 3
"""Neighbors that are named on either side."""
MAX_MARKED = 6
"""Neighbors that are marked on either side."""
MAX_PARTS = 3
"""Channels or positions that are named in a neighbor."""
MAX_CELLS = 5
"""Values or positions that are marked in a neighbor."""
MIN_PIXELS, MAX_PIXELS = 1.5, 5.0
"""Width of a frame around what carries nothing, and around what carries all."""


def pointed_part(world: World, hit: Hit | None) -> Condition | None:
    """Return what of a layer is pointed at, while its relevance is shown; None for nothing.

    That is one value of a map, and from afar one position in all maps.

    Args:
        world: The networks.
        hit: What is pointed at.
    """
    if hit is None or hit.kind != "layer" or hit.slot not in world.relevance:
        return None
    relevance = world.relevance[hit.slot]
    node = world.networks[hit.slot].network.by_id.get(hit.node)
    if node is None or relevance.is_stale or hit.node not in relevance.found.pictures:
        return None
    if not relevance.found.explanation.edges:
        return None  # of a method that gives layers alone
    channels, height, width = map_shape(node.shape)
    row, column = min(hit.row, height - 1), min(hit.column, width - 1)
    is_map = 0 <= hit.channel < channels and not hit.picture
    return Condition(
        node.name, (hit.channel,) if is_map else (), (row, column, row + 1, column + 1)
    )  # fmt: skip


def links_at(world: World, hit: Hit | None) -> RelevanceLinks | None:
    """Return where the relevance at the pointer came from and went to, as soon as it is known."""
    known = world.relevance_links
    if known is None or hit is None or known.slot != hit.slot:
        return None
    return known.links if known.part == pointed_part(world, hit) else None


def links_text(world: World, hit: Hit) -> str:
    """Return where the relevance at the pointer came from and went to; parts after three spaces.

    Args:
        world: The networks.
        hit: What is pointed at.
    """
    links = links_at(world, hit)
    if links is None:
        return ""
    what = ""
    if links.part.channels and not links.part.region:
        what = f" of channel {links.part.channels[0]}"
    text = ""
    for title, layers in (("came from", links.came_from), ("went to", links.went_to)):
        if layers:
            text += f"   relevance{what} {title} = " + "; ".join(_layer_texts(layers))
    return text


def _layer_texts(layers: Sequence[LinkedLayer]) -> Iterator[str]:
    whole = sum(abs(layer.amount) for layer in layers) or 1.0
    for layer in layers[:MAX_LAYERS]:
        share = _percent(layer.amount / whole)
        parts = [f"{c} {_percent(s)}" for c, s in layer.strongest_channels(MAX_PARTS)]
        if len(layer.channels) == 1:
            parts = [
                f"{y},{x} {_percent(share)}" for y, x, share in layer.strongest_positions(MAX_PARTS)
            ]
        word = "at" if len(layer.channels) == 1 else "channels"
        inner = f" ({word} {', '.join(parts)})" if parts else ""
        yield f"{layer.name} {share}{inner}"
    if len(layers) > MAX_LAYERS:
        yield "…"


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("-", "−")


def link_marks(world: World, viewer: Viewer) -> list[tuple[PickRegion, float, RGBA]]:
    """Return frames around what the relevance at the pointer came from and went to.

    Args:
        world: The networks.
        viewer: From where they are seen.

    Returns:
        Rectangles with the width of their frames in pixels and their color.
    """
    hit = world.hovered
    links = links_at(world, hit)
    if hit is None or links is None:
        return []
    frame = world.placement_frame(hit.slot)
    marks = []
    for layers in (links.came_from, links.went_to):
        whole = sum(abs(layer.amount) for layer in layers) or 1.0
        for layer in layers[:MAX_MARKED]:
            if layer.node not in frame.index or not layer.amount:
                continue
            panel = _panel(frame, layer.node)
            marks.append(
                (panel, _pixels(layer.amount / whole), relevance_color(np.sign(layer.amount)))
            )
            for cell, share in _cells(world, frame, hit.slot, layer, viewer):
                marks.append((cell, _pixels(share), relevance_color(np.sign(share))))
    return marks


def _pixels(share: float) -> float:
    return MIN_PIXELS + (MAX_PIXELS - MIN_PIXELS) * min(abs(share), 1.0)


def _panel(frame: PlacementFrame, node: int) -> PickRegion:
    x, y, z, width, height = frame.panel_rect(node).tolist()
    return _rectangle(x - width / 2, y + height, z, width, height)


def _rectangle(left: float, top: float, z: float, width: float, height: float) -> PickRegion:
    corner = (left, top, z + 0.012)
    return PickRegion("link", corner, (width, 0.0, 0.0), (0.0, -height, 0.0))


def _cells(
    world: World, frame: PlacementFrame, slot: int, layer: LinkedLayer, viewer: Viewer
) -> Iterator[tuple[PickRegion, float]]:
    """The strongest values of a neighbor's maps, or positions of its one picture, with shares."""
    rows, columns = layer.picture.shape
    if shows_picture(world, slot, layer.node, viewer):
        x, y, z, width, height = frame.panel_rect(layer.node).tolist()
        if rows * columns == 1:
            return  # bars, which have no place for a position
        for row, column, share in layer.strongest_positions(MAX_CELLS):
            cell = width / columns, height / rows
            left, top = x - width / 2 + column * cell[0], y + height - row * cell[1]
            yield _rectangle(left, top, z, *cell), share
        return
    maps = frame.map_placements(layer.node)
    corner = frame.panel_rect(layer.node)[:3]
    whole = float(np.abs(layer.maps).sum(dtype=np.float64)) or 1.0
    for channel, row, column in layer.strongest_values(MAX_CELLS):
        (found,) = np.nonzero(maps.channels == channel)
        if not len(found):
            continue
        x, y, z = (corner + maps.centers[found[0]]).tolist()
        width, height = maps.sizes[found[0]].tolist()
        cell = width / columns, height / rows
        left, top = x - width / 2 + column * cell[0], y + height / 2 - row * cell[1]
        yield _rectangle(left, top, z, *cell), float(layer.maps[channel, row, column]) / whole
