"""Which convolution or linear layer feeds which, found in two ways that know nothing of each other.

One follows the traced graph, the other autograd's own records of a pass with gradients. Nodes are
paths of the modules that own the weights; `input` and `output` are the two ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from vrnn.compute.tracing.tracer import Trace, evaluation_mode, tensors_in

Edges = set[tuple[str, str]]
LAYERS = ("conv", "linear")
PRODUCTS = ("Convolution", "Addmm", "Mm", "Linear", "Bmm", "Mkldnn", "Baddbmm")
KINDS = (nn.modules.conv._ConvNd, nn.Linear)


def compare(model: nn.Module, inputs: tuple[Any, ...], trace: Trace) -> tuple[Edges, Edges]:
    """Edges that the trace misses, and those it has too many."""
    learned = {p for p, m in model.named_modules() if any(_learned(m))}
    traced, closed = of_trace(trace, learned)
    layers = {r.weight_module for r in trace.records if r.operation.startswith(LAYERS)} & learned
    for path, module in model.named_modules():
        hidden = any(path == c or path.startswith(f"{c}.") for c in closed)
        if isinstance(module, KINDS) and path in learned and not hidden:
            layers.add(path)  # a layer that the trace does not know at all has to show
    found = of_autograd(model, inputs, layers)
    return found - traced, traced - found


def _learned(module: nn.Module) -> Iterator[bool]:
    """Whether each of a module's own weights has a gradient: fixed filters have none."""
    return (p.requires_grad for p in module.parameters(recurse=False) if p.dim() > 1)


def of_trace(trace: Trace, learned: set[str]) -> tuple[Edges, set[str]]:
    """Edges between layers in the traced graph; paths of modules it shows as one operation.

    learned: modules whose weights have gradients; only these are layers to autograd.
    """
    needed = set(trace.outputs)  # autograd knows nothing of what leads nowhere
    for record in reversed(trace.records):
        needed.update(record.sources if record.id in needed else ())
    ends: dict[int, set[str]] = {}
    edges: Edges = set()
    closed = {r.module for r in trace.records if r.operation in ("attention", "module")}
    for record in trace.records:
        before = {end for source in record.sources for end in ends[source]}
        if record.operation == "input":
            before = {"input"}
        elif record.operation.startswith(LAYERS) and record.weight_module in learned:
            edges |= {(end, record.weight_module) for end in before if record.id in needed}
            before = {record.weight_module}
        ends[record.id] = before
    return edges | {(end, "output") for out in trace.outputs for end in ends[out]}, closed


def of_autograd(model: nn.Module, inputs: tuple[Any, ...], layers: set[str]) -> Edges:
    """The same edges from a pass with gradients; layers: paths that count as nodes."""
    owners = {
        id(p): path
        for path, m in model.named_modules()
        for p in m.parameters(recurse=False)
        if p.dim() > 1
    }
    given = [t for t in tensors_in(inputs) if t.is_floating_point()]
    for tensor in given:
        tensor.requires_grad_(True)
    with evaluation_mode(model), torch.enable_grad():
        result = model(*inputs)
    roots = [t.grad_fn for t in tensors_in(result) if t.grad_fn is not None]
    return _walk(roots, owners, {id(t) for t in given}, layers)


def _walk(roots: list[Any], owners: dict[int, str], starts: set[int], layers: set[str]) -> Edges:
    data: dict[Any, bool] = {}  # depends on an input
    weights: dict[Any, set[str]] = {}  # layers whose weights it is made of
    ends: dict[Any, set[str]] = {}
    edges: Edges = set()
    for node in _in_order(roots):
        if hasattr(node, "variable"):
            data[node] = id(node.variable) in starts
            weights[node] = {owners.get(id(node.variable), "")} & layers
            ends[node] = {"input"} if data[node] else set()
            continue
        children = [child for child, _ in node.next_functions if child is not None]
        data[node] = any(data[child] for child in children)
        own = {w for child in children if not data[child] for w in weights[child]}
        before = {end for child in children if data[child] for end in ends[child]}
        product = data[node] and own and node.name().startswith(PRODUCTS)
        if product:
            edges |= {(end, weight) for end in before for weight in own}
        weights[node], ends[node] = own, own if product else before
    return edges | {(end, "output") for root in roots for end in ends[root]}


def _in_order(roots: list[Any]) -> list[Any]:
    """Autograd's nodes, each after those it came from."""
    order: list[Any] = []
    seen: set[Any] = set()
    stack: list[tuple[Any, bool]] = [(root, False) for root in roots]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(child, False) for child, _ in node.next_functions if child is not None]
    return order
