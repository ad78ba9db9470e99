"""Repeated passes through a traced model: a lean mode that counts calls and captures tensors."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as hooks
from torch.overrides import TorchFunctionMode

from vrnn.compute.model_inputs import Inputs, call_model
from vrnn.compute.operators import catalog
from vrnn.compute.operators.attention import compute_head_weights
from vrnn.compute.passes.ablation import (
    apply_ablations,
    apply_attention_ablations,
    group_by_node,
)
from vrnn.compute.tracing.calls import watch_calls
from vrnn.compute.tracing.evaluation_mode import evaluation_mode
from vrnn.compute.tracing.module_stack import ModuleStack
from vrnn.compute.tracing.simplify import GraphView
from vrnn.compute.tracing.tensors import (
    outside_transforms,
    plain_tensor,
    tensors_in,
    version_of,
)
from vrnn.compute.tracing.trace import OpRecord
from vrnn.errors import VrnnError
from vrnn.network.results import Ablation

OnOutput = Callable[[int, torch.Tensor], None]
"""Takes a node's id and its tensor, which is to be used at once: a later operation may write over
it. What it raises ends the pass."""
NodeRecords = list[tuple[int, OpRecord]]
"""Nodes that show results of the same call, each with its record."""
MakeMode = Callable[[dict[int, NodeRecords], OnOutput], "CaptureMode"]


class GraphChanged(VrnnError):
    """The model did something else than when it was traced, as it may for another image."""

    def __init__(self, what: str) -> None:
        """Say what happened, in a few words."""
        super().__init__(
            f"the model takes another path than the one that is shown ({what}); show this image in "
            "the network first, then try again"
        )


class Replay:
    """Runs a traced model again and hands out the tensors of all nodes of a view."""

    def __init__(self, model: nn.Module, view: GraphView) -> None:
        """Prepare to run a model.

        Args:
            model: The model.
            view: The graph of it whose nodes are handed out.
        """
        self._model, self._view = model, view
        self._by_call: dict[int, NodeRecords] = {}
        self._by_module: dict[tuple[str, int], NodeRecords] = {}
        for node, record in view.records.items():
            if record.operation == "input":
                continue
            if record.call_index >= 0:
                self._by_call.setdefault(record.call_index, []).append((node, record))
            else:
                key = record.module, record.module_call
                self._by_module.setdefault(key, []).append((node, record))

    def run(
        self, inputs: Inputs, on_output: OnOutput, ablations: Iterable[Ablation] = (),
        gradients: bool = False, make_mode: MakeMode | None = None,
    ) -> Any:  # fmt: skip
        """Run one pass.

        Args:
            inputs: The model's arguments.
            on_output: Called for each node as soon as its tensor is there, with the ablated one
                where the node is ablated.
            ablations: What is ablated in the pass, so that all that follows changes.
            gradients: Whether the pass can be differentiated afterwards.
            make_mode: Makes what does the calls, of the records of each call and of what takes
                outputs.

        Returns:
            The model's result.

        Raises:
            GraphChanged: The model took another way than when it was traced.
            VrnnError: An ablation does not fit the network.
        """
        by_node = group_by_node(self._view.network, ablations)
        tensors = list(tensors_in(inputs))
        for index, (node, tensor) in enumerate(zip(self._view.trace.inputs, tensors, strict=True)):
            if node in by_node:
                tensor = apply_ablations(tensor, self._view.map_layouts[node], by_node[node])
                inputs = _with_tensor(inputs, index, tensor)
            if node in self._view.records:
                on_output(node, tensor)
        mode = (make_mode or CaptureMode)(self._by_call, on_output)
        mode.ablate(self._view, by_node)
        with (
            evaluation_mode(self._model),
            self._opaque_module_hooks(on_output, by_node),
            torch.set_grad_enabled(gradients or self._view.trace.gradients),
            watch_calls(mode, self._view.trace.inside_scripts),
        ):
            result = call_model(self._model, inputs)
        if mode.call_count != self._view.trace.call_count:
            raise GraphChanged(f"{mode.call_count} calls instead of {self._view.trace.call_count}")
        return result

    @contextmanager
    def _opaque_module_hooks(
        self, on_output: OnOutput, by_node: Mapping[int, list[Ablation]]
    ) -> Iterator[None]:
        """Capture what opaque modules return; without such modules no hook is installed."""
        if not self._by_module:
            yield
            return

        def after(path: str, call: int, result: Any) -> Any:
            replaced = None
            for node, record in self._by_module.get((path, call), ()):
                with torch._C.DisableTorchFunction():
                    tensor = tensor_of_record(result, record, ())
                    if node in by_node:
                        layout = self._view.map_layouts[node]
                        tensor = apply_ablations(tensor, layout, by_node[node])
                        result = replaced = _with_tensor(result, record.output_index, tensor)
                    on_output(node, tensor)
            return replaced

        with after_each_module(self._model, after):
            yield


@contextmanager
def after_each_module(model: nn.Module, callback: Callable[[str, int, Any], Any]) -> Iterator[None]:
    """Call a function after each call of each module of a model.

    Args:
        model: The model.
        callback: Takes the module's path, the number of its call, 0, 1, …, and its result. What it
            returns replaces the result, unless it is None.
    """
    modules = ModuleStack(model)

    def enter(module: nn.Module, args: Any) -> None:
        modules.enter(module)

    def leave(module: nn.Module, args: Any, result: Any) -> Any:
        if id(module) not in modules.paths:
            return None
        path, call = modules.current
        modules.leave(module)
        return callback(path, call, result)

    before = hooks.register_module_forward_pre_hook(enter)
    after = hooks.register_module_forward_hook(leave, always_call=True)
    try:
        yield
    finally:
        before.remove()
        after.remove()


class CaptureMode(TorchFunctionMode):
    """Counts calls, and hands out the tensors of those that nodes show.

    Attributes:
        call_count: Function calls so far.
    """

    def __init__(self, by_call: dict[int, NodeRecords], on_output: OnOutput) -> None:
        super().__init__()
        self.call_count = 0
        self._by_call, self._on_output = by_call, outside_transforms(on_output)
        self._before = {
            call: taken for call, several in by_call.items()
            if (taken := [(node, r) for node, r in several if r.is_argument])
        }  # fmt: skip
        self._view: GraphView | None = None
        self._ablated_nodes: Mapping[int, list[Ablation]] = {}
        self._ablated_calls: dict[int, int] = {}

    def ablate(self, view: GraphView, by_node: Mapping[int, list[Ablation]]) -> None:
        """Ablate channels as soon as they are there.

        Args:
            view: The graph.
            by_node: What is ablated, by the id of its node.
        """
        self._view, self._ablated_nodes = view, by_node
        self._ablated_calls = {
            view.records[node].call_index: node
            for node in by_node
            if view.records[node].call_index >= 0
        }

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        node = self._ablated_calls.get(self.call_count) if self._ablated_calls else None
        if node is not None and self._view is not None:
            if not self._view.records[node].is_argument:
                return self._run_ablated(node, self._view, func, (args, kwargs or {}))
            args, kwargs = self._ablate_argument(node, self._view, (args, kwargs or {}))
        if self._before:
            self._capture_arguments((args, kwargs or {}))
        result = self.run_call(func, args, kwargs)
        node_records = self._by_call.get(self.call_count)
        self.call_count += 1
        if node_records is not None:
            self._capture(node_records, func, args, kwargs or {}, result)
        return result

    def run_call(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Do a call; subclasses may do it in another way. kwargs: None for none."""
        return func(*args, **kwargs) if kwargs else func(*args)

    def before_write(self, tensor: torch.Tensor) -> None:
        """Be told that an ablation is about to write over a tensor."""

    def on_ablated(self, old: torch.Tensor, new: torch.Tensor) -> None:
        """Be told that an ablated tensor takes the place of another."""

    def attention_arguments(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the arguments of a fused attention of which the weights are to be ablated."""
        return arguments

    def _run_ablated(self, node: int, view: GraphView, func: Any, arguments: Any) -> Any:
        """Do a call, and ablate what it gives."""
        args, kwargs = arguments
        taken = list(tensors_in((args, kwargs)))
        versions = [version_of(t) for t in taken]
        result = self.run_call(func, args, kwargs)
        record = view.records[node]
        if func != record.function:
            name = catalog.operation_name(func)
            raise GraphChanged(f"{name} instead of {record.operation}")
        layout, ablations = view.map_layouts[node], self._ablated_nodes[node]
        if record.is_attention and record.operation == "attention":
            named = self.attention_arguments(
                catalog.bind_arguments(func, record.operation, args, kwargs)
            )
            ablated = apply_attention_ablations(result, named, layout, ablations)
            if ablated is None or tuple(ablated[1].shape) != record.shape:
                raise GraphChanged(f"{record.operation} gave another shape")
            for old, new in zip(tensors_in(result), tensors_in(ablated[0]), strict=False):
                self.on_ablated(old, new)
            self.call_count += 1
            self._on_output(node, ablated[1])
            return ablated[0]
        tensor = tensor_of_record(result, record, args)
        if tuple(tensor.shape) != record.shape:
            raise GraphChanged(f"{record.operation} gave another shape")
        new = apply_ablations(tensor, layout, ablations)
        # What was written into is known under other names too: these must see the change.
        is_written = any(version_of(t) != v for t, v in zip(taken, versions, strict=True))
        if is_written or any(tensor is t for t in taken):
            self.before_write(tensor)
            tensor.copy_(new)
        else:
            self.on_ablated(tensor, new)
            result, tensor = _with_tensor(result, record.output_index, new), new
        self.call_count += 1
        self._on_output(node, tensor)
        return result

    def _ablate_argument(self, node: int, view: GraphView, arguments: Any) -> Any:
        """The arguments of a call with one replaced that was made outside torch."""
        record = view.records[node]
        tensor = _argument_of_record(arguments, record)
        new = apply_ablations(tensor, view.map_layouts[node], self._ablated_nodes[node])
        self.on_ablated(tensor, new)
        return _with_tensor(arguments, -2 - record.output_index, new)

    def _capture(
        self, node_records: NodeRecords, func: Any, args: Any, kwargs: Any, result: Any
    ) -> None:
        for node, record in node_records:
            if record.is_argument:
                continue
            if func != record.function:
                name = catalog.operation_name(func)
                raise GraphChanged(f"{name} instead of {record.operation}")
            tensor: torch.Tensor | None
            if record.is_attention and record.operation == "attention":
                tensor = self.head_weights(record, func, args, kwargs)
            else:
                tensor = plain_tensor(tensor_of_record(result, record, args))
            if tensor is None or tuple(tensor.shape) != record.shape:
                raise GraphChanged(f"{record.operation} gave another shape")
            self._on_output(node, tensor)

    def head_weights(
        self, record: OpRecord, func: Any, args: Any, kwargs: Any
    ) -> torch.Tensor | None:
        """Return the attention weights of a call that has just been done; None if unknown."""
        return compute_head_weights(catalog.bind_arguments(func, record.operation, args, kwargs))

    def _capture_arguments(self, arguments: Any) -> None:
        """Hand out the tensors that the next call takes and that were made outside torch."""
        for node, record in self._before.get(self.call_count, ()):
            self._on_output(node, _argument_of_record(arguments, record))


def _argument_of_record(arguments: Any, record: OpRecord) -> torch.Tensor:
    taken = list(tensors_in(arguments))
    index = -2 - record.output_index
    tensor = plain_tensor(taken[index]) if index < len(taken) else None
    if tensor is None or tuple(tensor.shape) != record.shape:
        raise GraphChanged("what came from outside torch has another shape")
    return tensor


def _with_tensor(value: Any, index: int, new: torch.Tensor) -> Any:
    """A copy of nested values with one tensor replaced. index: as `tensors_in` counts."""
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
        if index < count:
            return _with_item(value, key, _with_tensor(item, index, new))
        index -= count
    raise IndexError(index)


def _with_item(value: Any, key: Any, item: Any) -> Any:
    """A copy of a container or object with one item replaced."""
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
    """Return the tensor that a record is of.

    Args:
        result: What its call returned.
        record: The record.
        args: Positional arguments of the call.
    """
    if record.output_index == 0 and isinstance(result, torch.Tensor):
        return result
    if record.output_index < 0:  # written into, not returned
        return next(tensors_in(args))
    return list(tensors_in(result))[record.output_index]
