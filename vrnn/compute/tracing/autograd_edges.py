"""The edges between the layers of a trace, beside those that autograd records in a pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.autograd.function import BackwardCFunction

from vrnn.compute.model_inputs import Inputs, map_tensors
from vrnn.compute.tracing.gradient_log import GradientLog
from vrnn.compute.tracing.module_stack import kept_values, named_modules
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.compute.tracing.trace import Trace
from vrnn.compute.tracing.tracer import trace

MAX_STEPS = 300_000
"""Steps from layer to layer that a comparison may take: as many as 750 layers need of which each
feeds all later ones. Those of 10,000 such layers would take gigabytes."""
Edge = tuple[int, int]
"""Ids of two records; -1 as the second stands for the result."""


class TooManySteps(Exception):
    """The comparison takes more than MAX_STEPS."""


def compare_with_autograd(
    model: nn.Module, inputs: Inputs, on_call: Callable[[], None] = lambda: None
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Find the edges between layers that a trace misses, and those that it invents.

    Args:
        model: The model.
        inputs: Its arguments.
        on_call: Called before each operation.

    Returns:
        Names of the source and the target of each edge.

    Raises:
        TooManySteps: The layers feed one another in too many ways.
    """

    def with_gradient(tensor: torch.Tensor) -> torch.Tensor:
        if not (tensor.is_floating_point() or tensor.is_complex()):
            return tensor
        return tensor.detach().requires_grad_(True).clone()  # no leaf: it may be written to

    log = GradientLog(on_call)
    try:
        with torch.random.fork_rng(devices=[]):
            traced = trace(model, map_tensors(inputs, with_gradient), "check", log=log)
        if traced.has_unseen_calls:  # what is shown was found in another way
            return [], []
        if log.has_derivatives:  # a tangent hangs on other nodes of autograd than its value
            return [], []
        outputs = [t.grad_fn for t in tensors_in(traced.result) if t.grad_fn is not None]
        if _has_own_gradients(outputs):
            return [], []
        found = _edges_of_trace(traced, log)
        expected = _edges_of_autograd(traced, log, outputs, on_call)
    finally:
        _detach_held(model)
    names = {record.id: _name(record) for record in traced.records} | {-1: "the result"}
    return tuple(  # type: ignore[return-value]
        sorted({(names[a], names[b]) for a, b in edges})
        for edges in (expected - found, found - expected)
    )


def _has_own_gradients(outputs: list[Any]) -> bool:
    """Whether a `torch.autograd.Function` made something: autograd sees nothing of its inside."""
    waiting, seen = list(outputs), set(outputs)
    while waiting:
        node = waiting.pop()
        if isinstance(node, BackwardCFunction):
            return True
        before = {source for source, _ in node.next_functions if source is not None} - seen
        seen |= before
        waiting += before
    return False


def _name(record: Any) -> str:
    is_whole = record.is_leaf_module or record.operation == "input"
    return str(record.module if is_whole and record.module else
               f"{record.module}.{record.operation}".lstrip("."))  # fmt: skip


def _is_layer(record: Any) -> bool:
    return record.operation in ("input", "gap", "module") or bool(record.parameters)


def _edges_of_trace(traced: Trace, log: GradientLog) -> set[Edge]:
    """Which layer feeds which, along what passes a gradient."""
    ends: dict[int, frozenset[int]] = {}
    edges: set[Edge] = set()
    steps = 0
    for record in traced.records:
        sources = log.sources.get(record.id, ())
        steps += sum(len(ends.get(s, ())) for s in sources)
        if steps > MAX_STEPS:
            raise TooManySteps
        before = frozenset(end for s in sources for end in ends.get(s, ()))
        if not _is_layer(record):
            ends[record.id] = before
        elif record.id in log.sources or record.operation == "input":
            edges |= {(end, record.id) for end in before}
            ends[record.id] = frozenset({record.id})
    grown = {o for t in tensors_in(traced.result) if t.grad_fn for o in log.records_of(t)}
    return _leading_to(edges | {(end, -1) for o in grown for end in ends.get(o, ())})


def _edges_of_autograd(
    traced: Trace, log: GradientLog, outputs: list[Any], on_call: Callable[[], None]
) -> set[Edge]:
    """The same as autograd has recorded it."""
    layers = {record.id for record in traced.records if _is_layer(record)}
    edges: set[Edge] = set()
    steps = 0
    for target, roots in (*log.nodes_of_records(layers), (-1, outputs)):
        on_call()
        waiting = list(roots) if target == -1 else [
            child for root in roots for child in _sources_of(root)
        ]  # fmt: skip
        seen: set[Any] = set()
        while waiting:
            node = waiting.pop()
            if node in seen:
                continue
            seen.add(node)
            source = log.record_of.get(node)
            if source is not None and source in layers and source != target:
                edges.add((source, target))
            else:
                waiting += _sources_of(node)
        steps += len(seen)
        if steps > MAX_STEPS:
            raise TooManySteps
    return _leading_to(edges)


def _sources_of(node: Any) -> list[Any]:
    """Autograd's nodes that a node takes numbers from; what is written over gives none."""
    children = [child for child, _ in node.next_functions]
    if node.name().rpartition("::")[2].startswith(_OVERWRITING):
        children = children[1:]
    return [child for child in children if child is not None]


_OVERWRITING = tuple(f"{name}Backward" for name in ("Copy", "Zero", "Fill", "Normal", "Uniform"))
"""Beginnings of the names of autograd's nodes of functions that keep nothing of what they write
over, which is the first that they list."""


def _leading_to(edges: set[Edge]) -> set[Edge]:
    """The edges from which a way leads to the result: autograd knows nothing of the others."""
    sources: dict[int, list[int]] = {}
    for source, target in edges:
        sources.setdefault(target, []).append(source)
    needed, waiting = {-1}, [-1]
    while waiting:
        new = [one for one in sources.get(waiting.pop(), ()) if one not in needed]
        needed.update(new)
        waiting += new
    return {(a, b) for a, b in edges if b in needed}


def _detach_held(model: nn.Module) -> None:
    """Cut the gradients of what modules have kept of a pass: a later one must not meet them."""
    for _, module in named_modules(model):
        for tensor in tensors_in(kept_values(module), 3):
            if tensor.grad_fn is not None:
                try:
                    tensor.detach_()
                except RuntimeError:  # a view
                    tensor.requires_grad_(False) if tensor.is_leaf else None
