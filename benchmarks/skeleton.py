"""Which convolution or linear layer feeds which, found by two independent methods.

One follows the traced graph, the other autograd's own records of a pass with gradients. Nodes are
paths of the modules that own the weights; `input` and `output` are the two ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from vrnn.compute.tracing.evaluation_mode import evaluation_mode, without_saved_tensors
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.compute.tracing.trace import OpRecord, Trace

Edges = set[tuple[str, str]]
"""Paths of the source and the target of each edge."""
LAYER_OPERATIONS = ("conv", "linear")
"""Beginnings of the names of operations that count as layers."""
PRODUCTS = ("Convolution", "Addmm", "Mm", "Linear", "Bmm", "Mkldnn", "Baddbmm")
"""Beginnings of the names of autograd's nodes that multiply by weights."""
LAYER_TYPES = (nn.modules.conv._ConvNd, nn.Linear)


def compare(model: nn.Module, inputs: tuple[Any, ...], trace: Trace) -> tuple[Edges, Edges]:
    """Compare the traced graph with autograd's.

    Args:
        model: What was traced.
        inputs: Of a pass.
        trace: The traced graph.

    Returns:
        Edges that the trace misses, and those that it has too many.
    """
    trainable = {p for p, m in model.named_modules() if any(_trainable_weights(m))}
    traced, opaque = edges_of_trace(trace, trainable)
    layers = {r.weight_module for r in trace.records if _is_layer(r)} & trainable
    for path, module in model.named_modules():
        hidden = any(path == o or path.startswith(f"{o}.") for o in opaque)
        if isinstance(module, LAYER_TYPES) and path in trainable and not hidden:
            layers.add(path)  # a layer that the trace does not know at all has to show
    expected = edges_of_autograd(model, inputs, layers)
    return expected - traced, traced - expected


def _trainable_weights(module: nn.Module) -> Iterator[bool]:
    """Yield whether each of a module's own weights has a gradient: fixed filters have none."""
    return (p.requires_grad for p in module.parameters(recurse=False) if p.dim() > 1)


def _is_layer(record: OpRecord) -> bool:
    return record.operation.startswith(LAYER_OPERATIONS) and bool(record.parameters)


def edges_of_trace(trace: Trace, trainable: set[str]) -> tuple[Edges, set[str]]:
    """Find the edges between layers in the traced graph.

    Args:
        trace: The traced graph.
        trainable: Paths of modules whose weights have gradients; only these are layers to autograd.

    Returns:
        The edges, and the paths of modules that the graph shows as one operation.
    """
    needed = set(trace.outputs)  # autograd knows nothing of what leads nowhere
    for record in reversed(trace.records):
        needed.update(record.sources if record.id in needed else ())
    ends: dict[int, set[str]] = {}
    edges: Edges = set()
    opaque = {r.module for r in trace.records if r.operation in ("attention", "module")}
    for record in trace.records:
        before = {end for source in record.sources for end in ends[source]}
        if record.operation == "input":
            before = {"input"}
        elif _is_layer(record) and record.weight_module in trainable:
            edges |= {
                (end, record.weight_module)
                for end in before - {record.weight_module} if record.id in needed
            }  # fmt: skip
            before = {record.weight_module}
        ends[record.id] = before
    return edges | {(end, "output") for out in trace.outputs for end in ends[out]}, opaque


def edges_of_autograd(model: nn.Module, inputs: tuple[Any, ...], layers: set[str]) -> Edges:
    """Find the same edges in a pass with gradients.

    Args:
        model: What to run.
        inputs: Of the pass.
        layers: Paths of modules that count as layers.
    """
    owners = {
        id(p): path
        for path, m in model.named_modules()
        for p in m.parameters(recurse=False)
        if p.dim() > 1
    }
    sources = [t for t in tensors_in(inputs) if t.is_floating_point()]
    for tensor in sources:
        tensor.requires_grad_(True)
    with evaluation_mode(model), torch.enable_grad(), without_saved_tensors(True):
        outputs = model(*inputs)
    roots = [t.grad_fn for t in tensors_in(outputs) if t.grad_fn is not None]
    return _walk(roots, owners, {id(t) for t in sources}, layers)


def _walk(roots: list[Any], owners: dict[int, str], starts: set[int], layers: set[str]) -> Edges:
    weights: dict[Any, set[str]] = {}  # layers of whose weights alone the node is computed
    ends: dict[Any, set[str]] = {}  # the nearest layers whose results the node is computed from
    edges: Edges = set()
    for node in _topological_order(roots):
        if hasattr(node, "variable"):
            is_start = id(node.variable) in starts
            weights[node] = set() if is_start else {owners.get(id(node.variable), "")} & layers
            ends[node] = {"input"} if is_start else set()
            continue
        children = [child for child, _ in node.next_functions if child is not None]
        before = {end for child in children for end in ends[child]}
        own = {weight for child in children if not ends[child] for weight in weights[child]}
        is_product = own and node.name().startswith(PRODUCTS)
        if is_product:
            edges |= {(end, weight) for end in before for weight in own if end != weight}
        weights[node], ends[node] = own, own if is_product else before
    return edges | {(end, "output") for root in roots for end in ends[root]}


def _topological_order(roots: list[Any]) -> list[Any]:
    """Return autograd's nodes, each after those it was computed from."""
    order: list[Any] = []
    visited: set[Any] = set()
    stack: list[tuple[Any, bool]] = [(root, False) for root in roots]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node not in visited:
            visited.add(node)
            stack.append((node, True))
            stack += [(child, False) for child, _ in node.next_functions if child is not None]
    return order
