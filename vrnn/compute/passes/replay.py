"""Repeated passes through a traced model, and what opaque modules give in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as hooks

from vrnn.compute.model_inputs import Inputs, call_model, own_inputs
from vrnn.compute.passes.ablation import apply_ablations, group_by_node
from vrnn.compute.passes.capture_mode import (
    CaptureMode,
    GraphChanged,
    NodeRecords,
    OnOutput,
    tensor_of_record,
)
from vrnn.compute.passes.nested_tensors import with_tensor
from vrnn.compute.passes.pass_pace import PassPace
from vrnn.compute.tracing.calls import watch_calls
from vrnn.compute.tracing.evaluation_mode import evaluation_mode
from vrnn.compute.tracing.module_stack import ModuleStack
from vrnn.compute.tracing.simplify import GraphView
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.network.results import Ablation

MakeMode = Callable[[dict[int, NodeRecords], OnOutput], CaptureMode]


class Replay:
    """Runs a traced model again and hands out the tensors of all nodes of a view."""

    def __init__(self, model: nn.Module, view: GraphView, pace: PassPace | None = None) -> None:
        """Prepare to run a model.

        Args:
            model: The model.
            view: The graph of it whose nodes are handed out.
            pace: Lets passes wait between layers; None: they never do.
        """
        self._model, self._view, self._pace = model, view, pace
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
        if self._pace is not None:
            on_output = self._pace.after_each(on_output)
        by_node = group_by_node(self._view.network, ablations)
        inputs = own_inputs(inputs, self._view.trace.changes_inputs, gradients)
        tensors = list(tensors_in(inputs))
        for index, (node, tensor) in enumerate(zip(self._view.trace.inputs, tensors, strict=True)):
            if node in by_node:
                tensor = apply_ablations(tensor, self._view.map_layouts[node], by_node[node])
                inputs = with_tensor(inputs, index, tensor)
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
                        result = replaced = with_tensor(result, record.output_index, tensor)
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
