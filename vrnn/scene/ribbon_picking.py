"""Which ribbon a ray points at, and what it connects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vrnn.network.connection_sums import ConnectionValues
from vrnn.network.strongest_pairs import StrongestPairs
from vrnn.scene.connection_state import ConnectionState
from vrnn.scene.connections import ShownConnections
from vrnn.scene.edge_picking import closest_on_segments
from vrnn.scene.picking import Hit
from vrnn.scene.ribbon_net import PIECES
from vrnn.scene.visuals.connection_ribbons import ribbon_widths
from vrnn.scene.visuals.connections import ribbon_width, smooth_part
from vrnn.style.text import number_text

RIBBON_KIND = "ribbon"
"""What `Hit.kind` is for one."""
FILTER_OPENING = 1.5
"""Opening from which on the ribbons of one filter are pointed at."""
MIN_REACH_ANGLE = 0.002
"""Meters around the middle of a thin ribbon that belong to it, as a part of the distance."""
FREE_ENDS = 2
"""Pieces at either end of a ribbon that leave the map behind them to be pointed at."""
VALUE_TEXT: dict[ConnectionValues, str] = {
    "weight": "weight", "contribution": "weight × activation",
}  # fmt: skip


@dataclass(frozen=True)
class PointedRibbon:
    """A ribbon that is pointed at, the strongest of those that run there.

    Attributes:
        part: Number of the layer's part.
        input: Map of the part's input.
        output: Map of the layer.
        value: What it shows, with sign.
        count: How many ribbons run there.
        total: What all of these show together.
        of_filter: Whether it is one of a filter that is opened.
    """

    part: int
    input: int
    output: int
    value: float
    count: int
    total: float
    of_filter: bool


def pick_ribbon(
    shown: ShownConnections, state: ConnectionState, opening: float, origin: np.ndarray,
    direction: np.ndarray,
) -> Hit | None:  # fmt: skip
    """Return the ribbon that a ray hits.

    Args:
        shown: The connections.
        state: How they are shown.
        opening: How far they are opened now, 0…3.
        origin: (3,) meters.
        direction: (3,) unit vector.
    """
    of_filter = opening > FILTER_OPENING
    net = shown.filter_net if of_filter else shown.net
    pairs = shown.filter_pairs if of_filter else shown.pairs
    which = shown.filter_which if of_filter else shown.which
    if not state.shown or net is None or not len(net.first):
        return None
    places = net.places(smooth_part(opening)).astype(np.float64)
    along, distance = closest_on_segments(places[net.first], places[net.second], origin, direction)
    reach = np.maximum(ribbon_widths(net, ribbon_width(shown)) / 2, MIN_REACH_ANGLE * along)
    is_hit = (along > 0.05) & (distance < reach)
    if net.is_separate:
        place = np.arange(len(net.first)) % PIECES
        is_hit &= (place >= FREE_ENDS) & (place < PIECES - FREE_ENDS)
    found = np.flatnonzero(is_hit)
    if not len(found):
        return None
    piece = int(found[np.argmin(distance[found] / reach[found])])
    number = int(which[net.strongest[piece]])
    ribbon = _pointed(pairs, number, int(net.counts[piece]), float(net.values[piece]), of_filter)
    return Hit(RIBBON_KIND, float(along[piece]), shown.slot, value=ribbon)


def _pointed(
    pairs: StrongestPairs, number: int, count: int, total: float, of_filter: bool
) -> PointedRibbon:
    return PointedRibbon(
        int(pairs.parts[number]), int(pairs.inputs[number]), int(pairs.outputs[number]),
        float(pairs.values[number]), count, total, of_filter,
    )  # fmt: skip


def ribbon_text(
    shown: ShownConnections, state: ConnectionState, ribbon: PointedRibbon, source_name: str
) -> str:
    """Return what a ribbon connects and shows; parts are separated by three spaces.

    Args:
        shown: The connections.
        state: How they are shown.
        ribbon: The one that is pointed at.
        source_name: Name of the layer that it comes from; '' for none that is shown.
    """
    layer = shown.layer
    part = layer.parts[ribbon.part]
    source = int(part.source_maps[ribbon.input]) if len(part.source_maps) else ribbon.input
    begin = f"map {source if source >= 0 else ribbon.input}"
    begin += f" of {source_name}" if source_name else " of its input"
    what = VALUE_TEXT[state.values]
    summed = " (sum)" if part.kernels[0, 0].size > 1 and state.values == "weight" else ""
    text = f"{begin} to map {ribbon.output} of {layer.name}   {what}{summed}"
    text += f" = {number_text(ribbon.value)}"
    if ribbon.count > 1:
        others = f"{ribbon.count:,} run here, together {number_text(ribbon.total)}"
        text += f"   the strongest of those here: {others}"
    click = "all its calculations" if ribbon.of_filter else f"the kernels of map {ribbon.output}"
    return f"{text}   click: {click}"
