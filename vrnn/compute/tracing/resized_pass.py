"""A second pass at other sizes, on tensors without numbers: which axes move with which.

Where no operation told what an axis holds, the model is run again for inputs with one axis longer.
Tensors on torch's "meta" device have shapes only, so the pass costs little, and weights and buffers
are neither copied nor changed: in each call a meta tensor takes their place.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map_only

from vrnn.compute.model_inputs import Inputs, call_model, map_tensors
from vrnn.compute.operators.axis_factors import Axes, AxisFactor, Evidence, expanded
from vrnn.compute.tracing.axis_assumptions import unknown_units
from vrnn.compute.tracing.calls import watch_calls
from vrnn.compute.tracing.map_layouts import units_of
from vrnn.compute.tracing.module_stack import named_modules
from vrnn.compute.tracing.tensors import tensors_in


class TracedTensor(Protocol):
    """What is needed of the record of an operation, see `trace.OpRecord`."""

    id: int
    call_index: int
    output_index: int
    shape: tuple[int, ...]
    axes: Axes
    is_attention: bool


MAX_PASSES = 4
"""Most other sizes that are tried."""


class Resizing(NamedTuple):
    """Which axes of the inputs get another length.

    Attributes:
        old: Their length.
        new: Their length in the second pass.
        factors: What they are.
        axes: Numbers of the axes, for each tensor of the inputs.
    """

    old: int
    new: int
    factors: tuple[AxisFactor, ...]
    axes: tuple[frozenset[int], ...]


def measure_roles(
    model: nn.Module, inputs: Inputs, records: Sequence[TracedTensor],
    input_ids: Sequence[int], output_ids: Sequence[int], call_count: int,
) -> int:  # fmt: skip
    """Find roles of axes of which no operation told anything; nothing happens where that fails.

    Args:
        model: The model, in evaluation mode.
        inputs: Its arguments.
        records: What was traced; the axes get roles.
        input_ids: Which of these are inputs.
        output_ids: Which of these are results.
        call_count: Number of calls in the traced pass.

    Returns:
        At how many other sizes the model was run.
    """
    different = {id(record.axes): record.axes for record in records}
    unknown = {key for key, axes in different.items() if unknown_units(axes)}
    unsure = [record for record in records if id(record.axes) in unknown]
    if not unsure:
        return 0
    traced_inputs = [records[i] for i in input_ids]
    moved: dict[tuple[int, int], AxisFactor] = {}
    resizings = _resizings(traced_inputs)[:MAX_PASSES]
    for resizing in resizings:
        shapes = _shapes_of_calls(model, inputs, resizing)
        if shapes is None or len(shapes) != call_count:
            continue
        _claim_samples(traced_inputs[0], [records[i] for i in output_ids], resizing, shapes)
        for record in unsure:
            shape = _shape_of(record, shapes)
            if shape is None or len(shape) != len(record.shape):
                continue
            for place, (before, after) in enumerate(zip(record.shape, shape, strict=True)):
                if before != after:
                    moved.setdefault((record.id, place), resizing.factors[0])
    for record in unsure:
        _learn(record, moved)
    return len(resizings)


def _claim_samples(
    first: TracedTensor, outputs: Sequence[TracedTensor], resizing: Resizing,
    shapes: Sequence[Sequence[Any]],
) -> None:  # fmt: skip
    """Rows of a table are samples if the model takes any number of them and gives as many."""
    is_table = len(first.shape) == 2 and all(axes <= {0} for axes in resizing.axes)
    found = [(record, _shape_of(record, shapes)) for record in outputs]
    if is_table and all(
        shape is not None and shape[:1] == (resizing.new,) and record.shape[0] == resizing.old
        for record, shape in found
    ):
        for factor in resizing.factors:
            factor.claim("batch", Evidence.MEASURED)


def _learn(record: TracedTensor, moved: Mapping[tuple[int, int], AxisFactor]) -> None:
    """Give unknown axes the role of the input's axis that they move with."""
    units = units_of(record.axes)
    for unit in unknown_units(record.axes):
        is_alone = sum(other.place == unit.place for other in units) == 1
        cause = moved.get((record.id, unit.place))
        if cause is None or not is_alone or cause.root is unit.factor.root:
            continue
        if any(factor.root is cause.root for factor in expanded(record.axes[unit.place])):
            continue  # frames that are folded into the samples move with these, and are none
        role = cause.role
        if role is not None:
            unit.factor.claim(role, Evidence.MEASURED)
        else:
            cause.roles.join(unit.factor.roles)


def _resizings(traced_inputs: Sequence[TracedTensor]) -> list[Resizing]:
    """Samples first, then each other length; axes of the same length belong together."""
    inputs = [record.axes for record in traced_inputs]
    groups: dict[tuple[bool, int], list[tuple[int, int, AxisFactor]]] = {}
    for number, axes in enumerate(inputs):
        for place, axis in enumerate(axes):
            factor = axis[0].root
            if factor.role == "channel" or (factor.size == 1 and place):
                continue
            is_first = place == 0 and len(axes) > 1
            groups.setdefault((not is_first, factor.size), []).append((number, place, factor))
    resizings = []
    for (_, size), members in sorted(groups.items(), key=lambda item: item[0]):
        changed = [frozenset(p for n, p, _ in members if n == i) for i in range(len(inputs))]
        factors = tuple(factor for *_, factor in members)
        resizings.append(Resizing(size, size * 2, factors, tuple(changed)))
    return resizings


def _shape_of(record: TracedTensor, shapes: Sequence[Sequence[Any]]) -> Sequence[int] | None:
    if not 0 <= record.call_index < len(shapes) or record.output_index < 0 or record.is_attention:
        return None
    results = shapes[record.call_index]
    return results[record.output_index] if record.output_index < len(results) else None


def _shapes_of_calls(
    model: nn.Module, inputs: Inputs, resizing: Resizing
) -> list[Sequence[Any]] | None:
    """The shapes of each call's results for other inputs; None if the model does not take them."""
    numbers = iter(resizing.axes)

    def resized(tensor: torch.Tensor) -> torch.Tensor:
        axes = next(numbers)
        shape = [resizing.new if i in axes else n for i, n in enumerate(tensor.shape)]
        return torch.empty(shape, dtype=tensor.dtype, device="meta")

    try:
        others = map_tensors(inputs, resized)
        mode = _ShapesMode()
        with (
            _unchanged(model), torch.no_grad(), torch.device("meta"), watch_calls(mode, False)
        ):  # fmt: skip
            call_model(model, others)
    except Exception:  # whatever it is: these sizes, or tensors without numbers, do not fit
        return None
    return mode.shapes


class _ShapesMode(TorchFunctionMode):
    """Notes the shapes of all results, and lets all calls work on tensors without numbers.

    Attributes:
        shapes: For each call the shapes of its results.
    """

    def __init__(self) -> None:
        super().__init__()
        self.shapes: list[Sequence[Any]] = []
        self._metas: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        args, kwargs = tree_map_only(torch.Tensor, self._meta, (args, kwargs or {}))
        result = func(*args, **kwargs)
        self.shapes.append([tuple(t.shape) for t in tensors_in(result)])
        return result

    def _meta(self, tensor: torch.Tensor) -> torch.Tensor:
        if tensor.is_meta:
            return tensor
        known = self._metas.get(id(tensor))
        if known is None:
            meta = torch.empty_strided(
                tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta"
            )
            if isinstance(tensor, nn.Parameter):
                meta = nn.Parameter(meta, requires_grad=False)
            known = self._metas[id(tensor)] = tensor, meta  # the tensor is kept: ids are reused
        return known[1]


@contextmanager
def _unchanged(model: nn.Module) -> Iterator[None]:
    """Put back what modules remember of a pass, and the states of random number generators."""
    before = [(m, _copied(vars(m))) for _, m in named_modules(model)]
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        for module, attributes in before:
            _put_back(vars(module), attributes)
        torch.set_rng_state(states[0])
        random.setstate(states[1])
        np.random.set_state(states[2])


def _copied(attributes: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Each attribute, and a copy of what is in it if it is a container."""
    return {
        name: (value, type(value)(value) if type(value) in (list, dict, set) else None)
        for name, value in attributes.items()
    }


def _put_back(attributes: dict[str, Any], before: Mapping[str, tuple[Any, Any]]) -> None:
    for name in attributes.keys() - before.keys():
        del attributes[name]
    for name, (value, content) in before.items():
        attributes[name] = value
        if isinstance(content, list):
            value[:] = content
        elif content is not None and not _is_same(value, content):
            value.clear()
            value.update(content)


def _is_same(one: Any, other: Any) -> bool:
    """Whether two dicts or sets hold the very same objects."""
    if isinstance(one, set):
        return one == other
    return list(one) == list(other) and all(a is b for a, b in zip(
        one.values(), other.values(), strict=True
    ))  # fmt: skip
