"""How each layer takes the channels of those that feed it, by its weights."""

from __future__ import annotations

import numpy as np

from vrnn.compute.importance.weights import channel_pairs
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.tracing.simplify import GraphView
from vrnn.network.channel_paths import ChannelLink, ChannelLinks
from vrnn.network.graph import Node
from vrnn.network.layer_kinds import layer_kind

Pairs = tuple[np.ndarray, int]
"""Sums of |w| by pairs of channels, and the number of groups."""


def find_links(model: LoadedModel) -> ChannelLinks:
    """Return how the channels of all layers are linked, in one pass that reads the weights.

    Args:
        model: The model; its edited weights count where they are active.
    """
    view = model.view
    pairs = channel_pairs(model)
    nodes = view.network.by_id
    channels = {node.id: node.shape[0] if node.shape else 0 for node in view.network.nodes}
    links: list[ChannelLink] = []
    unknown: list[str] = []
    for node in view.network.nodes:
        own = list(dict.fromkeys(view.network.sources[node.id]))
        if not own:
            continue
        found = _links_of(view, node, [nodes[s] for s in own], pairs.get(node.id))
        if found is None:
            unknown.append(node.name)
        else:
            links += found
    return ChannelLinks(channels, tuple(links), tuple(unknown))


def _links_of(
    view: GraphView, node: Node, sources: list[Node], pairs: Pairs | None
) -> list[ChannelLink] | None:
    """The links to a layer; None where it takes channels in another way."""
    if not node.shape or any(not source.shape for source in sources):
        return None
    if pairs is not None:
        weighted = [(s, _weights(s, node, pairs)) for s in sources]
        fitting = [(s, w) for s, w in weighted if w is not None]
        if len(fitting) != 1:
            return None
        source, weights = fitting[0]
        return [ChannelLink(source.id, node.id, weights, pairs[1])]
    kinds = {layer_kind(record.operation) for record in view.members[node.id]}
    if kinds & {"attention", "linear", "convolution"}:
        return None
    operations = {record.operation.strip("_") for record in view.members[node.id]}
    if operations & {"cat", "concat", "concatenate"}:
        if sum(source.shape[0] for source in sources) != node.shape[0]:
            return None
        ordered = _in_call_order(view, node, sources)
        firsts = np.cumsum([0, *(source.shape[0] for source in ordered[:-1])]).tolist()
        return [
            ChannelLink(source.id, node.id, first=first)
            for source, first in zip(ordered, firsts, strict=True)
        ]
    fitting_sources = [s for s in sources if s.shape[0] == node.shape[0]]
    if not fitting_sources:
        return None
    return [ChannelLink(source.id, node.id) for source in fitting_sources]


def _weights(source: Node, node: Node, pairs: Pairs) -> np.ndarray | None:
    """|w| (O, J) of the source's channels; None where they are not its channels."""
    weights, groups = pairs
    inputs, count = weights.shape[1] * groups, source.shape[0]
    if weights.shape[0] != node.shape[0] or not np.isfinite(weights).all():
        return None
    if inputs == count:
        return weights
    positions = int(np.prod(source.shape[1:]))
    if groups == 1 and inputs == count * positions:  # maps that were laid out in a row
        summed: np.ndarray = weights.reshape(len(weights), count, positions).sum(2)
        return summed
    return None


def _in_call_order(view: GraphView, node: Node, sources: list[Node]) -> list[Node]:
    """The sources of a concatenation in the order in which it takes them."""
    record = next(r for r in view.members[node.id] if r.operation.strip("_").startswith("c"))
    owner = {member.id: n for n, members in view.members.items() for member in members}
    records = view.trace.records
    places: dict[int, int] = {}
    for place, source in enumerate(record.sources):
        at = source
        # Views and what else is not shown lead to the layer that made their data.
        while at not in owner and records[at].sources:
            at = records[at].sources[0]
        places.setdefault(owner.get(at, -1), place)
    return sorted(sources, key=lambda one: places.get(one.id, len(places)))
