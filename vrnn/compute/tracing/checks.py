"""What a trace is checked for, and what a person is told of it.

The parameters of all nodes sum to the model's, and the edges between its layers are those that
autograd records in a pass of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn
from torch.autograd.function import BackwardCFunction

from vrnn.compute.model_inputs import Inputs, map_tensors
from vrnn.compute.tracing.gradient_log import GradientLog
from vrnn.compute.tracing.module_stack import kept_values, named_modules
from vrnn.compute.tracing.simplify import GraphView
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.compute.tracing.trace import Trace
from vrnn.compute.tracing.tracer import trace

MAX_NAMED = 3
"""Modules or edges that a note names; of more it tells the number."""
Edge = tuple[int, int]
"""Ids of two records; -1 as the second stands for the result."""


def check_parameters(view: GraphView, model: nn.Module) -> tuple[str, ...]:
    """Compare the parameters of all nodes with the model's.

    Args:
        view: The graph.
        model: What it was traced from.

    Returns:
        A sentence for what is not in the graph: parameters that the pass does not use, those that
        it uses and no node has, and arrays from outside torch that come from nowhere.
    """
    notes = [*_notes_on_registration(view.trace, model), *_notes_on_gaps(view.trace)]
    if view.trace.tracked:
        return tuple(notes)  # only what trackers saw is shown
    parameters, used = view.trace.parameters, view.trace.used_parameters
    shown = {id(p) for members in view.members.values() for r in members for p in r.own_parameters}
    unused = [path for path in parameters if path not in used]
    lost = [path for path in used if id(parameters[path]) not in shown]
    replaced = [path for path in unused if _ran_with_others(path, view.trace, model)]
    unused = [path for path in unused if path not in replaced]
    if replaced:
        notes.append(
            f"{_amount(view.trace, replaced)} not used in this pass: their layers run with other"
            " tensors in their place, which are not parameters of the model"
        )
    if unused:
        notes.append(f"{_amount(view.trace, unused)} not used in this pass")
    if lost:
        notes.append(f"{_amount(view.trace, lost)} used but lead to no layer that is shown")
    return tuple(notes)


def _ran_with_others(path: str, traced: Trace, model: nn.Module) -> bool:
    """Whether the layer of an unused parameter ran, as `torch.func.functional_call` lets it."""
    owner = path.rpartition(".")[0]
    if not any(r.module == owner and r.is_leaf_module for r in traced.records):
        return False
    layer = dict(named_modules(model)).get(owner)
    return isinstance(layer, _ALL_PARAMETERS_USED)


_ALL_PARAMETERS_USED = (
    nn.Linear, nn.modules.conv._ConvNd, nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm,
)  # fmt: skip
"""Layers that use all of their parameters whenever they run."""


def _amount(traced: Trace, paths: list[str]) -> str:
    """`1,234 parameters in aux_head are`."""
    count = sum(traced.parameters[path].numel() for path in paths)
    names = _common_modules(traced, paths)
    listed = ", ".join(names[:MAX_NAMED])
    if len(names) > MAX_NAMED:
        listed += f" and {len(names) - MAX_NAMED} more modules"
    noun, verb = ("parameter", "is") if count == 1 else ("parameters", "are")
    return f"{count:,} {noun} in {listed} {verb}"


def _common_modules(traced: Trace, paths: Iterable[str]) -> list[str]:
    """The largest modules all of whose parameters are among these, else the parameters."""
    total, among = Counter[str](), Counter[str]()
    chosen = set(paths)
    for path in traced.parameters:
        parts = path.split(".")
        prefixes = [".".join(parts[:i]) for i in range(1, len(parts) + 1)]
        total.update(prefixes)
        if path in chosen:
            among.update(prefixes)
    names: dict[str, None] = {}
    for path in traced.parameters:
        if path in chosen:
            parts = path.split(".")
            prefixes = [".".join(parts[:i]) for i in range(1, len(parts) + 1)]
            names[next(p for p in prefixes if total[p] == among[p])] = None
    return list(names)


def _notes_on_registration(traced: Trace, model: nn.Module) -> list[str]:
    registered = {id(m) for m in nn.Module.modules(model)}
    loose = [
        path for path, m in named_modules(model) if id(m) not in registered and any(
            p.startswith(f"{path}.") for p in traced.parameters
        )
    ]  # fmt: skip
    if not loose:
        return []
    listed = ", ".join(loose[:MAX_NAMED]) + (", …" if len(loose) > MAX_NAMED else "")
    return [f"{listed} stand in a plain list: training and saving pass them over"]


def _notes_on_gaps(traced: Trace) -> list[str]:
    count = traced.unmatched_entries
    if not count:
        return []
    arrays = "an array comes" if count == 1 else f"{count} arrays come"
    return [f"{arrays} from outside torch, and what it was computed from is not known"]


def check_edges(
    model: nn.Module, inputs: Inputs, on_call: Callable[[], None] = lambda: None
) -> tuple[str, ...]:
    """Compare the edges between layers with those that autograd records.

    A pass with gradients is traced; what no gradient passes through is not compared. Nothing is
    told of a model that cannot run with gradients.

    Args:
        model: The model.
        inputs: Its arguments.
        on_call: Called before each operation; what it raises ends the check.

    Returns:
        A sentence if they differ.
    """
    is_stopped = False

    def check_stop() -> None:
        nonlocal is_stopped
        is_stopped = True
        on_call()
        is_stopped = False

    try:
        missing, extra = compare_with_autograd(model, inputs, check_stop)
    except Exception:  # a pass with gradients is the check's wish, not the user's
        if is_stopped:
            raise
        return ()
    parts = []
    for what, edges in (("lacks", missing), ("invents", extra)):
        if edges:
            listed = ", ".join(f"{a} → {b}" for a, b in edges[:MAX_NAMED])
            more = f" and {len(edges) - MAX_NAMED} more" if len(edges) > MAX_NAMED else ""
            parts.append(f"{what} {listed}{more}")
    return (f"the graph disagrees with autograd: it {' and '.join(parts)}",) if parts else ()


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
        expected, found = _edges_of_autograd(traced, log, outputs), _edges_of_trace(traced, log)
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
    for record in traced.records:
        sources = log.sources.get(record.id, ())
        before = frozenset(end for s in sources for end in ends.get(s, ()))
        if not _is_layer(record):
            ends[record.id] = before
        elif record.id in log.sources or record.operation == "input":
            edges |= {(end, record.id) for end in before}
            ends[record.id] = frozenset({record.id})
    grown = {o for t in tensors_in(traced.result) if t.grad_fn for o in log.records_of(t)}
    return _leading_to(edges | {(end, -1) for o in grown for end in ends.get(o, ())})


def _edges_of_autograd(traced: Trace, log: GradientLog, outputs: list[Any]) -> set[Edge]:
    layers = {record.id for record in traced.records if _is_layer(record)}
    edges: set[Edge] = set()
    for target, roots in (*log.nodes_of_records(layers), (-1, outputs)):
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
    needed, size = {-1}, 0
    while len(needed) != size:
        size = len(needed)
        needed |= {a for a, b in edges if b in needed}
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
