"""Where the relevance of a part of a layer came from, and where it went in neighboring layers.

Where it went: only that part of the gradient is sent on from the layer. Where it came from: what a
layer behind gives to the part is linear in the relevance that it has, so the derivative of the one
by the other, times the other, tells how much each of its values gave.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch.autograd.graph import GradientEdge, get_gradient_edge

from vrnn.compute.explain.explain import relevance_request
from vrnn.compute.explain.prepared_input import prepare_input
from vrnn.compute.explain.relevance_flow import condition_mask
from vrnn.compute.explain.relevance_pass import RulePass
from vrnn.compute.explain.results import to_layer
from vrnn.compute.explain.target_values import TargetValue
from vrnn.compute.loaded_model import LoadedModel
from vrnn.errors import VrnnError
from vrnn.explanations.conditions import Condition
from vrnn.explanations.links import LinkedLayer, RelevanceLinks
from vrnn.explanations.settings import GRADIENT_METHODS, ExplanationSettings
from vrnn.media.media import Media


class _Way(NamedTuple):
    """Where relevance arrives at a node from another.

    Attributes:
        edge: Where the gradient arrives: relevance is values · gradient.
        values: The node's values.
        is_carrier: Whether relevance itself arrives there.
    """

    edge: GradientEdge
    values: torch.Tensor
    is_carrier: bool = False

    def relevance(self, gradient: torch.Tensor) -> torch.Tensor:
        """Return the relevance that arrives with a gradient."""
        return gradient if self.is_carrier else self.values * gradient


def find_links(
    model: LoadedModel, media: Media | torch.Tensor | None, settings: ExplanationSettings,
    part: Condition, check_stop: Callable[[], None] = lambda: None,
) -> RelevanceLinks:  # fmt: skip
    """Follow the relevance of a part of a layer one step back and one step on.

    Args:
        model: The model. It is left as it was.
        media: What goes in.
        settings: How it is explained: by a composite.
        part: The layer, and what of it.
        check_stop: Raises what is to end it.

    Raises:
        VrnnError: See `explain`.
        GraphChanged: The model took another way than when it was traced.
    """
    if settings.method in GRADIENT_METHODS:
        raise VrnnError(
            f"{settings.method} gives layers no relevance that could be followed; choose a "
            "composite such as epsilon-plus"
        )
    node = model.network.layer_named(part.layer, model.source.title).id
    edges = model.network.edges
    behind = tuple(dict.fromkeys(e.target for e in edges if e.source == node))
    in_front = tuple(dict.fromkeys(e.source for e in edges if e.target == node))
    given = prepare_input(model, media)
    request = relevance_request(model, given, settings, (), (node, *behind, *in_front))
    rules = RulePass(model, request, lambda node, relevance: None, check_stop)
    tracer = _Tracer(rules, node, part)
    return rules.run(given.inputs, lambda target: tracer.links(target, behind, in_front))


class _Tracer:
    """Follows the relevance of one part of one layer in one pass."""

    def __init__(self, rules: RulePass, node: int, part: Condition) -> None:
        self._rules, self._node, self._part = rules, node, part

    def links(
        self, target: TargetValue, behind: Sequence[int], in_front: Sequence[int]
    ) -> RelevanceLinks:
        """behind, in_front: ids of the neighbors on either side."""
        ends = self._rules.watched.ends
        own = self._ways_at(self._node)
        known = [node for node in behind if node in ends]
        wanted = [way.edge for way in own] + [ends[node].edge for node in known]
        if not own or not target.value.requires_grad:
            return RelevanceLinks(self._node, self._part, 0.0)
        found = torch.autograd.grad(target.value, wanted, retain_graph=True, allow_unused=True)
        layout = self._rules.model.view.map_layouts[self._node]
        mask = condition_mask(own[0].values, layout, self._part)
        amount = sum(
            float((way.relevance(gradient) * mask).sum(dtype=torch.float64))
            for way, gradient in zip(own, found, strict=False)
            if gradient is not None
        )
        came_from = []
        for node, gradient in zip(known, found[len(own) :], strict=True):
            if gradient is not None:
                came_from.append(self._came_from(node, gradient, mask))
        went_to = []
        if self._node in ends and found[0] is not None:
            went_to = self._went_to(found[0] * mask, in_front)
        return RelevanceLinks(
            self._node, self._part, amount, _ordered(came_from), _ordered(went_to)
        )

    def _went_to(self, gradient: torch.Tensor, in_front: Sequence[int]) -> list[LinkedLayer]:
        """What neighbors in front get, if the part alone sends on."""
        start = self._rules.watched.ends[self._node].edge
        ways = [(node, way) for node in in_front for way in self._ways(node, self._node)]
        if not ways:
            return []
        arrived = torch.autograd.grad(
            [start], [way.edge for _, way in ways], grad_outputs=[gradient], retain_graph=True,
            allow_unused=True,
        )  # fmt: skip
        sums: dict[int, torch.Tensor] = {}
        for (node, way), values in zip(ways, arrived, strict=True):
            if values is not None:
                relevance = way.relevance(values)
                sums[node] = sums[node] + relevance if node in sums else relevance
        return [self._linked(node, relevance) for node, relevance in sums.items()]

    def _came_from(
        self, node: int, gradient: torch.Tensor, mask: torch.Tensor
    ) -> LinkedLayer | None:
        """What each value of a neighbor behind gave to the part."""
        end = self._rules.watched.ends[node]
        ways = self._ways(self._node, node)
        given = gradient.detach().clone().requires_grad_()
        arrived = torch.autograd.grad(
            [end.edge], [way.edge for way in ways], grad_outputs=[given], create_graph=True,
            allow_unused=True,
        )  # fmt: skip
        parts = [
            (way.relevance(values) * mask).sum()
            for way, values in zip(ways, arrived, strict=True)
            if values is not None
        ]
        if not parts:
            return None
        total = torch.stack(parts).sum()
        if not total.requires_grad:
            return None
        (by_value,) = torch.autograd.grad(total, given, allow_unused=True, retain_graph=True)
        return None if by_value is None else self._linked(node, (by_value * given).detach())

    def _ways_at(self, node: int) -> list[_Way]:
        """Where all relevance of a node arrives."""
        if node in self._rules.leaves:
            leaf, carrier = self._rules.leaves[node]
            values = leaf.detach()
            return [
                _Way(get_gradient_edge(leaf), values),
                _Way(get_gradient_edge(carrier), values, True),
            ]
        end = self._rules.watched.ends.get(node)
        return [] if end is None else [_Way(end.edge, end.kept.peek())]

    def _ways(self, source: int, target: int) -> list[_Way]:
        """Where relevance arrives at a node that one of its neighbors behind sends to it."""
        taps = self._rules.book.taps.get((source, target))
        if taps is None:
            return self._ways_at(source)
        ways = []
        for tap in taps:
            values = tap.kept.peek()
            ways.append(_Way(tap.edge, values))
            if tap.carrier is not None:
                ways.append(_Way(tap.carrier, values, True))
        return ways

    def _linked(self, node: int, relevance: torch.Tensor) -> LinkedLayer:
        layer = to_layer(self._rules.model, node, torch.nan_to_num(relevance, 0.0, 0.0, 0.0))
        return LinkedLayer(
            node, layer.name, layer.total, layer.channels, layer.picture, layer.maps
        )  # fmt: skip


def _ordered(layers: Sequence[LinkedLayer | None]) -> tuple[LinkedLayer, ...]:
    found = [layer for layer in layers if layer is not None]
    return tuple(sorted(found, key=lambda layer: -abs(layer.amount)))
