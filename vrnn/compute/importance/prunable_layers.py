"""The layers whose channels have an importance, and factors for these channels."""

from __future__ import annotations

import torch

from vrnn.compute.operators.tensor_layout import MapLayout
from vrnn.compute.tracing.simplify import GraphView
from vrnn.network.graph import Node
from vrnn.network.layer_kinds import layer_kind

WEIGHTED = ("convolution", "linear")
"""Kinds of layers whose channels are made by weights."""


def prunable_nodes(view: GraphView) -> dict[int, MapLayout]:
    """Return the hidden layers with channels of their own, in the order they run, by node id.

    These are convolutions and linear layers, with the norms and activations that are folded into
    them, and where ways meet. Pooling and the like passes on channels that are counted already;
    inputs and outputs are no part of a network that can be left out.

    Args:
        view: The graph.
    """
    sources: dict[int, set[int]] = {}
    for edge in view.network.edges:
        sources.setdefault(edge.target, set()).add(edge.source)
    fixed = {*view.network.inputs, *view.network.outputs}
    return {
        node.id: view.map_layouts[node.id]
        for node in view.network.nodes
        if node.id not in fixed
        and _makes_channels(view, node, len(sources.get(node.id, ())))
        and _has_channels(view, node.id)
    }


def _makes_channels(view: GraphView, node: Node, source_count: int) -> bool:
    kinds = {layer_kind(record.operation) for record in view.members[node.id]}
    return bool(kinds & set(WEIGHTED)) or (source_count > 1 and "merge" in kinds)


def _has_channels(view: GraphView, node: int) -> bool:
    record, layout = view.records[node], view.map_layouts[node]
    if record.call_index < 0 or record.output_index < 0 or record.is_attention:
        return False
    if not layout.channels or layout.shape[0] < 2:
        return False
    inside = range(*layout.grid) if layout.grid is not None else ()
    return not any(axis in inside for axis in layout.channels)


def scale_channels(tensor: torch.Tensor, layout: MapLayout, factors: torch.Tensor) -> torch.Tensor:
    """Return a tensor times a factor for each channel, differentiable in both.

    Args:
        tensor: The tensor.
        layout: How it is read as maps; its channels lie in no grid.
        factors: (C,) or, for each sample, (N, C).
    """
    sizes = layout.folded_sizes
    known = [layout.sample_count(tensor.shape) if n == -1 else n for n in sizes]
    folded = tensor if list(tensor.shape) == known else tensor.reshape(known)
    shift = 0 if layout.grid is None else layout.grid[1] - layout.grid[0] - 1
    last = len(layout.sizes) if layout.grid is None else layout.grid[1]
    channels = [axis if axis < last else axis - shift for axis in layout.channels]
    samples = [axis for axis, size in enumerate(sizes) if size == -1]
    axes = [*(samples if factors.dim() > 1 else ()), *channels]
    lengths = [known[axis] for axis in axes]
    given = factors.reshape(lengths)
    order = sorted(range(len(axes)), key=axes.__getitem__)
    shape = [known[axis] if axis in axes else 1 for axis in range(len(known))]
    scaled = folded * given.permute(order).reshape(shape)
    return scaled if scaled.shape == tensor.shape else scaled.reshape(tensor.shape)
