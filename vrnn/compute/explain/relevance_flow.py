"""What a pass with rules is asked for, and what it finds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import torch

from vrnn.compute.explain.linear_rules import Bounds
from vrnn.compute.explain.target_values import TargetValue
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.operators.tensor_layout import MapLayout, from_maps, to_maps
from vrnn.explanations.composites import Composite
from vrnn.explanations.conditions import Condition
from vrnn.explanations.results import Sink
from vrnn.explanations.targets import Target
from vrnn.network.results import Ablation


@dataclass(frozen=True)
class RelevanceRequest:
    """What a pass is to find.

    Attributes:
        target: What is explained.
        composite: Which rule each operation has.
        conditions: What relevance may flow through, by the id of its node: all that others carry
            is left out (Achtibat et al. 2023, https://arxiv.org/abs/2206.03208).
        bounds: The range of the input's values, for the box rule; None for 0…1.
        nodes: Ids of the nodes whose relevance is handed out; None for all.
        ablations: What is ablated in the pass.
        links: Ids of the nodes between which relevance is to be followed afterwards: the way back
            can be gone several times then.
    """

    target: Target
    composite: Composite
    conditions: Mapping[int, Condition] = field(default_factory=dict)
    bounds: Bounds | None = None
    nodes: Collection[int] | None = None
    ablations: tuple[Ablation, ...] = ()
    links: Collection[int] = ()


@dataclass(frozen=True, eq=False)
class RelevanceFlow:
    """What a pass found.

    Attributes:
        target: What was explained, without its history.
        node: Id of the node that holds it.
        inputs: Relevance of each input tensor with numbers, by the id of its node.
        entries: Relevance of numbers that were made of integers, with the id of their node.
        totals: Sum of the relevance of each node, by its id.
        edges: How much flows along each edge of the graph, by the ids of its ends.
        sinks: Where relevance ends, the greatest first.
        fallbacks: How many calls had no rule or no gradient, by what was done.
    """

    target: TargetValue
    node: int
    inputs: Mapping[int, torch.Tensor]
    entries: Sequence[tuple[int, torch.Tensor]]
    totals: Mapping[int, float]
    edges: Mapping[tuple[int, int], float]
    sinks: tuple[Sink, ...]
    fallbacks: Mapping[str, int]


def all_edges(
    model: LoadedModel, totals: Mapping[int, float], measured: Mapping[tuple[int, int], float]
) -> dict[tuple[int, int], float]:
    """Return how much flows along each edge: all of a node's relevance where it has one edge alone.

    Args:
        model: The model.
        totals: Sum of the relevance of each node, by its id.
        measured: How much flows along edges of nodes that have several.
    """
    edges: dict[tuple[int, int], float] = {}
    by_source: dict[int, list[int]] = {}
    for edge in model.network.edges:
        by_source.setdefault(edge.source, []).append(edge.target)
    for source, targets in by_source.items():
        missing = [target for target in targets if (source, target) not in measured]
        rest = totals.get(source, 0.0) - sum(measured.get((source, t), 0.0) for t in targets)
        for target in targets:
            edges[source, target] = measured.get((source, target), 0.0)
        if len(missing) == 1:
            edges[source, missing[0]] = rest
    return edges


def condition_mask(tensor: torch.Tensor, layout: MapLayout, condition: Condition) -> torch.Tensor:
    """Return 1 where relevance may flow through a node's tensor and 0 elsewhere, of its shape.

    Class and register tokens have no position: a region leaves them out.

    Args:
        tensor: The node's tensor.
        layout: How it is read as maps.
        condition: What may pass.

    Raises:
        VrnnError: The node has no such channel or position.
    """
    channels, height, width = layout.shape
    condition.check_fits(channels, height, width)
    maps = torch.zeros_like(to_maps(tensor.detach(), layout))
    chosen = sorted(condition.channels) if condition.channels else slice(None)
    if condition.region:
        top, left, bottom, right = condition.region
        grid = torch.zeros(height, width, dtype=torch.bool, device=maps.device)
        grid[top:bottom, left:right] = True
        count = maps.shape[-1] - layout.positions
        slices = layout.positions // max(height * width, 1)
        tokens = torch.zeros(count, dtype=torch.bool, device=maps.device)
        places = torch.cat([tokens, grid.flatten().repeat(slices)])
        maps[:, chosen] = places.to(maps.dtype)
    else:
        maps[:, chosen] = 1
    return from_maps(maps, layout, tensor)
