"""What a trace is checked for, and what a person is told of it.

The parameters of all nodes sum to the model's, and the edges between its layers are those that
autograd records in a pass of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from torch import nn

from vrnn.compute.model_inputs import Inputs
from vrnn.compute.tracing.autograd_edges import (
    MAX_STEPS,
    TooManySteps,
    compare_with_autograd,
)
from vrnn.compute.tracing.module_stack import named_modules
from vrnn.compute.tracing.simplify import GraphView
from vrnn.compute.tracing.trace import Trace

MAX_NAMED = 3
"""Modules or edges that a note names; of more it tells the number."""
NOT_COMPARED = (
    "the edges of the graph are not compared with autograd's: the layers feed one another in more "
    f"than {MAX_STEPS:,} ways"
)


def check_parameters(view: GraphView, model: nn.Module) -> tuple[str, ...]:
    """Compare the parameters of all nodes with the model's.

    Args:
        view: The graph.
        model: What it was traced from.

    Returns:
        A sentence for what is not in the graph: parameters that the pass does not use, those that
        it uses and no node has, and arrays from outside torch that come from nowhere; and for what
        makes the next pass give other values.
    """
    notes = [*_notes_on_registration(view.trace, model), *_notes_on_gaps(view.trace)]
    notes += _notes_on_effects(view.trace)
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


def _notes_on_effects(traced: Trace) -> list[str]:
    """What makes the next pass with the same input give other values."""
    notes = []
    if traced.draws_numbers:
        notes.append("it draws random numbers, so its values differ from pass to pass")
    if changed := traced.changed_tensors:
        listed = ", ".join(changed[:MAX_NAMED]) + (", …" if len(changed) > MAX_NAMED else "")
        notes.append(f"each pass changes {listed} in the model, and with that the next pass")
    return notes


def check_edges(
    model: nn.Module, inputs: Inputs, on_call: Callable[[], None] = lambda: None
) -> tuple[str, ...]:
    """Compare the edges between layers with those that autograd records.

    A pass with gradients is traced; what no gradient passes through is not compared. Nothing is
    told of a model that cannot run with gradients. One whose layers feed one another in very many
    ways is not compared: along the skips of a residual network every layer feeds every later one.

    Args:
        model: The model.
        inputs: Its arguments.
        on_call: Called before each operation; what it raises ends the check.

    Returns:
        A sentence if they differ, or are not compared.
    """
    is_stopped = False

    def check_stop() -> None:
        nonlocal is_stopped
        is_stopped = True
        on_call()
        is_stopped = False

    try:
        missing, extra = compare_with_autograd(model, inputs, check_stop)
    except TooManySteps:
        return (NOT_COMPARED,)
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
