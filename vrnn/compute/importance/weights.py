"""The weights of layers by pairs of channels, and how large those of each channel are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from vrnn.compute.call_arguments import read_arguments
from vrnn.compute.importance.prunable_layers import WEIGHTED, prunable_nodes
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.tracing.simplify import GraphView
from vrnn.network.importance import WeightImportance, normalized
from vrnn.network.layer_kinds import layer_kind


def weight_importance(model: LoadedModel) -> dict[int, WeightImportance]:
    """Return |W| / maximum of each convolution and linear layer, by node id.

    A weight that several layers share is there at each of its uses. Of complex weights the
    magnitude counts. Layers whose weight no one sees, as quantized ones pack theirs, and those with
    a weight that is not finite, are missing.

    Args:
        model: The model.
    """
    found = {}
    single = single_sources(model.view)
    for node, (pairs, groups) in channel_pairs(model).items():
        if np.isfinite(pairs).all():
            found[node] = WeightImportance(node, single.get(node), normalized(pairs), groups)
    return found


def channel_pairs(model: LoadedModel) -> dict[int, tuple[np.ndarray, int]]:
    """Return the sum of |W| over the kernel for each pair of channels, and the groups, by node id.

    Args:
        model: The model.
    """
    pairs: dict[int, tuple[np.ndarray, int]] = {}

    def read(node: int, operation: str, arguments: Mapping[str, Any]) -> None:
        found = _pairs_of(operation, arguments)
        if found is not None:
            pairs[node] = found

    read_arguments(model, read, lambda operation: layer_kind(operation) in WEIGHTED)
    return pairs


def _pairs_of(operation: str, arguments: Mapping[str, Any]) -> tuple[np.ndarray, int] | None:
    weight = arguments.get("weight")
    if not isinstance(weight, torch.Tensor) or weight.dim() < 2:
        return None
    weight = weight.detach()
    if weight.is_quantized or weight.layout != torch.strided:
        weight = weight.dequantize() if weight.is_quantized else weight.to_dense()
    groups = int(arguments.get("groups") or 1)
    is_transposed = "transpose" in operation or bool(arguments.get("transposed"))
    sizes = (
        weight.abs().flatten(2).sum(2, dtype=torch.float32) if weight.dim() > 2 else weight.abs()
    )
    if is_transposed:
        # (C_in, C_out / groups), the inputs of each group one after another.
        inner = sizes.shape[0] // groups
        sizes = sizes.view(groups, inner, -1).transpose(1, 2).reshape(-1, inner)
    return sizes.float().cpu().numpy(), groups


def single_sources(view: GraphView) -> dict[int, int]:
    """Return the node that each node with one source alone takes its data from, by node id."""
    sources: dict[int, set[int]] = {}
    for edge in view.network.edges:
        sources.setdefault(edge.target, set()).add(edge.source)
    return {node: next(iter(own)) for node, own in sources.items() if len(own) == 1}


def channel_magnitudes(model: LoadedModel) -> dict[int, np.ndarray]:
    """Return how large the weights that make each channel are, (C,) float32 by node id.

    The sum of a filter's |W| (Li et al. 2017, https://arxiv.org/abs/1608.08710). Where ways meet,
    the mean of those that have as many channels; a layer whose weights are not known has ones.

    Args:
        model: The model.
    """
    own = {node: pairs.sum(1) for node, (pairs, _) in channel_pairs(model).items()}
    view = model.view
    known: dict[int, np.ndarray] = {}
    for node in view.network.nodes:
        count = view.map_layouts[node.id].shape[0]
        values = own.get(node.id)
        if values is None or len(values) != count or not np.isfinite(values).all():
            given = [known[s] for s in view.network.sources[node.id] if len(known[s]) == count]
            values = np.mean(given, axis=0) if given else np.ones(count, np.float32)
        known[node.id] = normalized(values)
    return {node: known[node] for node in prunable_nodes(view)}
