"""The mode of a repeated pass: it counts calls, and captures and ablates the tensors of nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from vrnn.compute.operators import catalog
from vrnn.compute.operators.attention import compute_head_weights
from vrnn.compute.passes.ablation import apply_ablations, apply_attention_ablations
from vrnn.compute.passes.nested_tensors import with_tensor
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


class GraphChanged(VrnnError):
    """The model did something else than when it was traced, as it may for another image."""

    def __init__(self, what: str) -> None:
        """Say what happened, in a few words."""
        super().__init__(
            f"the model takes another path than the one that is shown ({what}); show this image in "
            "the network first, then try again"
        )


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
            result, tensor = with_tensor(result, record.output_index, new), new
        self.call_count += 1
        self._on_output(node, tensor)
        return result

    def _ablate_argument(self, node: int, view: GraphView, arguments: Any) -> Any:
        """The arguments of a call with one replaced that was made outside torch."""
        record = view.records[node]
        tensor = _argument_of_record(arguments, record)
        new = apply_ablations(tensor, view.map_layouts[node], self._ablated_nodes[node])
        self.on_ablated(tensor, new)
        return with_tensor(arguments, -2 - record.output_index, new)

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
