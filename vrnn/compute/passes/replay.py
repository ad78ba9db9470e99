"""Repeated passes: a lean mode that counts function calls and takes the tensors that are shown."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as hooks
from torch.overrides import TorchFunctionMode

from vrnn.compute.operators import catalog as ops
from vrnn.compute.operators.attention import compute_head_weights
from vrnn.compute.passes.ablation import apply_ablations, apply_attention_ablations, group_by_node
from vrnn.compute.tracing.simplify import GraphView
from vrnn.compute.tracing.tracer import OpRecord, evaluation_mode, tensors_in, version_of
from vrnn.network.results import Ablation

OnOutput = Callable[[int, torch.Tensor], None]
"""Takes a node's id and its tensor, at once: a later operation may write over it."""


class GraphChanged(Exception):
    """The model did something else than when it was traced, as it may for another image."""


class Replay:
    """Runs a traced model again and hands out the tensors of all nodes of a view."""

    def __init__(self, model: nn.Module, view: GraphView) -> None:
        self._model, self._view = model, view
        self._calls = view.trace.call_count
        self._wanted: dict[int, list[tuple[int, OpRecord]]] = {}
        self._modules: dict[tuple[str, int], list[tuple[int, OpRecord]]] = {}
        for node, record in view.records.items():
            if record.operation == "input":
                continue
            if record.call_index >= 0:
                self._wanted.setdefault(record.call_index, []).append((node, record))
            else:
                self._modules.setdefault((record.module, record.module_call), []).append(
                    (node, record)
                )

    def run(
        self, inputs: tuple[Any, ...], on_output: OnOutput, ablations: Iterable[Ablation] = (),
        gradients: bool = False,
    ) -> Any:  # fmt: skip
        """One pass. keep: called for each node as soon as its tensor is there; what it raises ends
        the pass. ablations: what is switched off in it, so that all that follows changes; `keep`
        gets the changed tensors. gradients: it can be differentiated afterwards. Returns the
        model's result.

        Raises GraphChanged, and VrnnError for an ablation that does not fit the network.
        """
        changes = group_by_node(self._view.network, ablations)
        given = list(tensors_in(inputs))
        for number, (node, tensor) in enumerate(zip(self._view.trace.inputs, given, strict=True)):
            if node in changes:
                tensor = apply_ablations(tensor, self._view.map_layouts[node], changes[node])
                inputs = _with_tensor(inputs, number, tensor)
            if node in self._view.records:
                on_output(node, tensor)
        mode = _CaptureMode(self._wanted, on_output)
        if changes:
            mode = _AblationMode(self._wanted, on_output, self._view, changes)
        with (
            evaluation_mode(self._model),
            self._hooks(on_output, changes),
            torch.set_grad_enabled(gradients),
            mode,
        ):
            result = self._model(*inputs)
        if mode.position != self._calls:
            raise GraphChanged(f"{mode.position} calls instead of {self._calls}")
        return result

    @contextmanager
    def _hooks(self, keep: OnOutput, changes: Mapping[int, list[Ablation]]) -> Iterator[None]:
        """A hook for modules that work out of sight; none is needed otherwise."""
        if not self._modules:
            yield
            return

        def after(path: str, call: int, result: Any) -> Any:
            replaced = None
            for node, record in self._modules.get((path, call), ()):
                with torch._C.DisableTorchFunction():
                    tensor = tensor_of_record(result, record, ())
                    if node in changes:
                        tensor = apply_ablations(
                            tensor, self._view.map_layouts[node], changes[node]
                        )
                        result = replaced = _with_tensor(result, record.output_index, tensor)
                    keep(node, tensor)
            return replaced

        with after_each_module(self._model, after):
            yield


@contextmanager
def after_each_module(model: nn.Module, after: Callable[[str, int, Any], Any]) -> Iterator[None]:
    """Calls `after` behind each call of each module, with the module's path, the number of the
    call, 0, 1, …, and its result. What `after` returns takes the result's place, unless None."""
    paths = {id(m): path for path, m in model.named_modules()}
    counts: dict[str, int] = {}

    def hook(module: nn.Module, args: Any, result: Any) -> Any:
        path = paths.get(id(module))
        if path is None:
            return None
        call = counts.get(path, 0)
        counts[path] = call + 1
        return after(path, call, result)

    handle = hooks.register_module_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


class _CaptureMode(TorchFunctionMode):
    def __init__(self, wanted: dict[int, list[tuple[int, OpRecord]]], keep: OnOutput) -> None:
        super().__init__()
        self.position = 0
        self._wanted, self._keep = wanted, keep

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **kwargs) if kwargs else func(*args)
        wanted = self._wanted.get(self.position)
        self.position += 1
        if wanted is not None:
            self._take(wanted, func, args, kwargs or {}, result)
        return result

    def _take(
        self, wanted: list[tuple[int, OpRecord]], func: Any, args: Any, kwargs: Any, result: Any
    ) -> None:
        for node, record in wanted:
            if func != record.function:
                raise GraphChanged(f"{ops.operation_name(func)} instead of {record.operation}")
            tensor: torch.Tensor | None
            if record.is_attention and record.operation == "attention":
                tensor = compute_head_weights(
                    ops.bind_arguments(func, record.operation, args, kwargs)
                )
                tensor = None if tensor is None else tensor[None]
            else:
                tensor = tensor_of_record(result, record, args)
            if tensor is None or tuple(tensor.shape) != record.shape:
                raise GraphChanged(f"{record.operation} gave another shape")
            self._keep(node, tensor)


class _AblationMode(_CaptureMode):
    """Switches channels off as soon as they are there."""

    def __init__(
        self,
        wanted: dict[int, list[tuple[int, OpRecord]]],
        keep: OnOutput,
        view: GraphView,
        changes: Mapping[int, list[Ablation]],
    ) -> None:
        super().__init__(wanted, keep)
        self._view, self._changes = view, changes
        self._positions = {view.records[node].call_index: node for node in changes}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        node = self._positions.get(self.position)
        if node is None:
            return super().__torch_function__(func, types, args, kwargs)
        self.position += 1
        kwargs = kwargs or {}
        taken = list(tensors_in((args, kwargs)))
        versions = [version_of(t) for t in taken]
        result = func(*args, **kwargs)
        record = self._view.records[node]
        if func != record.function:
            raise GraphChanged(f"{ops.operation_name(func)} instead of {record.operation}")
        form, changes = self._view.map_layouts[node], self._changes[node]
        if record.is_attention and record.operation == "attention":
            arguments = ops.bind_arguments(func, record.operation, args, kwargs)
            changed = apply_attention_ablations(result, arguments, form, changes)
            if changed is None or tuple(changed[1].shape) != record.shape:
                raise GraphChanged(f"{record.operation} gave another shape")
            self._keep(node, changed[1])
            return changed[0]
        tensor = tensor_of_record(result, record, args)
        if tuple(tensor.shape) != record.shape:
            raise GraphChanged(f"{record.operation} gave another shape")
        new = apply_ablations(tensor, form, changes)
        # What was written into is known under other names too: these must see the change.
        written = any(version_of(t) != v for t, v in zip(taken, versions, strict=True))
        if written or any(tensor is t for t in taken):
            tensor.copy_(new)
        else:
            result, tensor = _with_tensor(result, record.output_index, new), new
        self._keep(node, tensor)
        return result


def _with_tensor(value: Any, number: int, new: torch.Tensor) -> Any:
    """A copy of nested values in which another tensor stands in the place of one of them.

    number: the place, counted as `tensors_in` does.
    """
    if isinstance(value, torch.Tensor):
        return new
    items: Iterable[tuple[Any, Any]]
    if isinstance(value, list | tuple | set):
        items = enumerate(value)
    elif isinstance(value, Mapping):
        items = value.items()
    else:
        items = vars(value).items()
    for key, item in items:
        count = sum(1 for _ in tensors_in(item))
        if number < count:
            return _with_item(value, key, _with_tensor(item, number, new))
        number -= count
    raise IndexError(number)


def _with_item(value: Any, key: Any, item: Any) -> Any:
    if isinstance(value, list | tuple | set):
        items = [item if i == key else old for i, old in enumerate(value)]
        # Named tuples take their fields one by one, all others a list.
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    changed = copy.copy(value)
    if isinstance(value, Mapping):
        changed[key] = item
    else:
        object.__setattr__(changed, key, item)
    return changed


def tensor_of_record(result: Any, record: OpRecord, args: Any) -> torch.Tensor:
    """The tensor that a record stands for, of what its call gave and took."""
    if record.output_index == 0 and isinstance(result, torch.Tensor):
        return result
    if record.output_index < 0:  # written into, not returned
        return next(tensors_in(args))
    return list(tensors_in(result))[record.output_index]
