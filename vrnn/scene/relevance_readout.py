"""What is said of relevance: where the pointer is, and in the legend."""

from __future__ import annotations

import numpy as np

from vrnn.network.graph import Network
from vrnn.scene.picking import Hit
from vrnn.scene.relevance import NetworkRelevance, edge_flows, incoming_shares, shares_in
from vrnn.scene.relevance_links import links_text
from vrnn.scene.world import World
from vrnn.style.text import number_text

MAX_SOURCES = 3
"""Layers that are named of those that relevance goes on to."""


def edge_text(world: World, hit: Hit) -> str:
    """Return what flows along the edge that is pointed at; parts are separated by three spaces."""
    relevance = world.relevance.get(hit.slot)
    if relevance is None or hit.edge is None:
        return ""
    placement = world.placement_frame(hit.slot).placement
    shares = shares_in(placement, relevance)
    if shares is None:
        return ""
    network = placement.network
    edges = [(edge.source, edge.target) for edge in network.edges]
    if hit.edge not in edges:
        return ""
    share = float(shares[edges.index(hit.edge)])
    flows = edge_flows(relevance.found.explanation.edges, placement.folded.representative)
    source, target = (network.by_id[node].name for node in hit.edge)
    amount = flows.get(hit.edge, 0.0)
    return (
        f"{source} to {target}   relevance = {number_text(amount)}   "
        f"{abs(share):.1%} of what flows past here"
    )


def layer_text(world: World, hit: Hit) -> str:
    """Return the relevance at the pointer and of its layer; '' where there is none.

    Args:
        world: The networks.
        hit: A layer that is pointed at.

    Returns:
        Parts, each after three spaces.
    """
    relevance = world.relevance.get(hit.slot)
    if relevance is None or hit.node not in relevance.found.pictures:
        return ""
    found = relevance.found
    total = relevance.totals[hit.node]
    maps = found.pictures[hit.node]
    what, channel = "here, all channels", 0
    if hit.channel >= 0 and hit.node in found.maps and not hit.picture:
        maps, what, channel = found.maps[hit.node], f"of channel {hit.channel} here", hit.channel
    row, column = min(hit.row, maps.height - 1), min(hit.column, maps.width - 1)
    value = float(maps.values[channel, row, column]) * maps.scale
    text = f"   relevance {what} = {number_text(value)}   relevance of the layer = "
    text += number_text(total)
    if links := links_text(world, hit):
        return text + links
    if sources := source_text(world, hit.slot, hit.node, relevance):
        text += f"   passes on = {sources}"
    return text


def source_text(world: World, slot: int, node: int, relevance: NetworkRelevance) -> str:
    """Return which part of a layer's relevance goes on to which layer; '' for one layer alone."""
    placement = world.placement_frame(slot).placement
    shares = shares_in(placement, relevance)
    if shares is None:
        return ""
    return _parts(placement.network, incoming_shares(placement.network, node, shares.tolist()))


def _parts(network: Network, sources: list[tuple[int, float]]) -> str:
    if len(sources) < 2:
        return ""
    whole = float(np.abs([share for _, share in sources]).sum()) or 1.0
    parts = [f"{network.by_id[n].name} {share / whole:.0%}" for n, share in sources[:MAX_SOURCES]]
    return ", ".join(parts) + (", …" if len(sources) > MAX_SOURCES else "")


def legend_texts(world: World, hit: Hit | None) -> tuple[str, str, str, str] | None:
    """Return what the legend says while an answer is explained; None while none is.

    Args:
        world: The networks.
        hit: What is pointed at: its layer, where each has a scale of its own.

    Returns:
        What is explained; what the colors span; the ends of the color bar.
    """
    state = world.state.relevance
    relevance = world.relevance.get(state.network)
    if relevance is None:
        return None
    explanation = relevance.found.explanation
    title = f"relevance for {explanation.target} = {number_text(explanation.value)}"
    title += f" · {explanation.method}"
    if relevance.is_stale:
        title += " · updating"
    span = (
        "each layer scaled to its own max"
        if state.normalize_by == "layer"
        else "one scale, per area"
    )
    scale = None
    if hit is not None and hit.kind == "layer" and hit.slot == state.network:
        scale = relevance.scale(hit.node, state.normalize_by)
    if scale is None or hit is None:
        return title, span, "against it", "for it"
    is_map = hit.node in relevance.found.maps and not hit.picture
    peak = scale.maps if is_map else scale.picture
    return title, span, f"−{peak:.3g}", f"{peak:.3g}"
