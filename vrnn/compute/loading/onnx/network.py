"""An ONNX graph as one torch module, whose submodules are its nodes."""

from __future__ import annotations

import inspect
import keyword
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from vrnn.compute.loading.onnx.node_names import module_paths
from vrnn.compute.loading.onnx.operations import OnnxOperation
from vrnn.compute.loading.onnx.runtime import OnnxRuntimeNode
from vrnn.errors import VrnnError

WITHOUT_WEIGHTS = frozenset(
    "Resize Upsample Pad Clip Dropout OneHot Range Slice TopK NonMaxSuppression Expand Tile".split()
)
"""Operators whose constants are settings, such as the scales of a Resize."""


class Scope(nn.Module):
    """A part of the network that other modules are in. It never runs itself."""


class _Call:
    """How one node is called.

    Attributes:
        operation: What runs.
        path: Of its module.
        module: The module.
        sources: Where each argument comes from: the name of a value of the graph; the name of an
            attribute of the module behind a `.`; None for one that is left out.
        last_use: Names of values that no later node reads.
    """

    operation: OnnxOperation
    module: nn.Module

    def __init__(self, path: str) -> None:
        self.path = path
        self.sources: list[str | None] = []
        self.last_use: list[str] = []


class OnnxNetwork(nn.Module):
    """Runs the nodes of an ONNX graph in their order.

    Each node is a submodule, at a path made from what the exporter left of the model's names. Its
    weights are that module's parameters.

    Attributes:
        calls: How each node is called, in order.
        input_names: Names of the graph's inputs.
        output_names: Names of its outputs.
    """

    def __init__(
        self, model: Any, operations: Sequence[OnnxOperation], constants: Mapping[str, np.ndarray]
    ) -> None:
        """Build the modules.

        Args:
            model: The `onnx.ModelProto`, with constants folded.
            operations: Its nodes, as `convert_nodes` gives them.
            constants: Its weights by name.
        """
        super().__init__()
        graph = model.graph
        self.opsets, self.ir_version = tuple(model.opset_import), model.ir_version
        self.input_names = [v.name for v in graph.input if v.name not in constants]
        self.output_names = [v.name for v in graph.output]
        self._constants = constants
        self._tensors: dict[str, torch.Tensor] = {}
        self.calls: list[_Call] = []
        paths = module_paths([operation.nodes[0] for operation in operations], constants)
        for operation, path in zip(operations, paths, strict=True):
            call = _Call(path)
            self._let_run(call, operation)
            self.calls.append(call)
        fixed = [name for name in self.output_names if name in constants]
        self._fixed = {name: self._tensor(name) for name in fixed}
        self._find_last_uses()

    def replace(self, call: _Call) -> None:
        """Let onnxruntime run a node from now on."""
        self._let_run(call, replace(call.operation, module=None))
        self._find_last_uses()

    def finish(self) -> None:
        """Let go of what was needed to build the modules."""
        self._constants, self._tensors = {}, {}

    def runtime_calls(self) -> list[_Call]:
        """Return the nodes that onnxruntime runs."""
        return [call for call in self.calls if isinstance(call.module, OnnxRuntimeNode)]

    def forward(self, *inputs: torch.Tensor) -> Any:
        """Run the graph.

        Args:
            inputs: In the order of `input_names`.

        Returns:
            The output, or a dict of all of them by name.
        """
        values: dict[str, Any] = {**self._fixed, **dict(zip(self.input_names, inputs, strict=True))}
        for call in self.calls:
            given = arguments(call, values)
            for name, value in zip(call.operation.outputs, results_of(call, given), strict=False):
                values[name] = value
            for name in call.last_use:
                values.pop(name, None)
        outputs = {name: values[name] for name in self.output_names}
        return next(iter(outputs.values())) if len(outputs) == 1 else outputs

    def _let_run(self, call: _Call, operation: OnnxOperation) -> None:
        """Let an operation run at a place, by onnxruntime if it has no module."""
        module = operation.module
        if module is None:
            module = OnnxRuntimeNode(operation.nodes, self.opsets, self.ir_version, call.path)
            operation = replace(
                operation, inputs=module.inputs, outputs=module.outputs, gives_several=True
            )
        call.operation, call.module = operation, module
        self._place(call.path, module)
        self._connect(call)

    def _place(self, path: str, module: nn.Module) -> None:
        parent: nn.Module = self
        *scopes, name = path.split(".")
        for scope in scopes:
            if scope not in parent._modules:
                parent.add_module(scope, Scope())
            parent = parent.get_submodule(scope)
        if name in parent._modules:
            del parent._modules[name]
        parent.add_module(name, module)

    def _connect(self, call: _Call) -> None:
        """Find where a node's arguments come from, and give its module the weights among them."""
        names = list(call.operation.inputs)
        while names and not names[-1]:
            names.pop()
        call.sources = []
        for name in names:
            if not name:
                call.sources.append(None)
            elif name in self._constants:
                is_weight = call.operation.nodes[0].op_type not in WITHOUT_WEIGHTS
                call.sources.append(f".{self._hold(call.module, name, is_weight)}")
            else:
                call.sources.append(name)

    def _hold(self, module: nn.Module, name: str, is_weight: bool) -> str:
        """Give a module a constant; return the attribute that holds it."""
        tensor = self._tensor(name, is_weight)
        last = re.sub(r"\W", "_", re.split(r"[./]", name)[-1]) or "constant"
        attribute = last if last.isidentifier() and not keyword.iskeyword(last) else f"c_{last}"
        while hasattr(module, attribute):
            if getattr(module, attribute) is tensor:
                return attribute
            attribute += "_"
        if isinstance(tensor, nn.Parameter):
            module.register_parameter(attribute, tensor)
        else:
            module.register_buffer(attribute, tensor, persistent=False)
        return attribute

    def _tensor(self, name: str, is_weight: bool = False) -> torch.Tensor:
        """A weight as a parameter; numbers that are none, such as shapes, as a tensor."""
        if name not in self._tensors:
            array = self._constants[name]
            try:
                tensor = torch.from_numpy(np.array(array))
            except TypeError as error:
                raise VrnnError(
                    f"the constant '{name}' is of type {array.dtype}, which torch does not have"
                ) from error
            if is_weight and tensor.is_floating_point() and tensor.numel() > 1:
                tensor = nn.Parameter(tensor, requires_grad=True)
            self._tensors[name] = tensor
        return self._tensors[name]

    def _find_last_uses(self) -> None:
        read_later = set(self.output_names)
        for call in reversed(self.calls):
            names = {name for name in call.sources if name and not name.startswith(".")}
            names |= set(call.operation.outputs)
            call.last_use = [name for name in names if name not in read_later]
            read_later |= names


def arguments(call: _Call, values: Mapping[str, Any]) -> list[Any]:
    """Return what a node is called with.

    Args:
        call: The node.
        values: The values of the graph that are known, by name.
    """
    return [
        None if source is None
        else getattr(call.module, source[1:]) if source.startswith(".") else values[source]
        for source in call.sources
    ]  # fmt: skip


def results_of(call: _Call, given: Sequence[Any]) -> list[Any]:
    """Run a node; return its results in the order of its outputs."""
    result = call.module(*given)
    return list(result) if call.operation.gives_several else [result]


def named_forward(network: OnnxNetwork) -> OnnxNetwork:
    """Return a network whose `forward` has the inputs of the graph by name."""
    names = [_identifier(name, i) for i, name in enumerate(network.input_names)]
    if len(set(names)) < len(names):
        names = [f"input_{i}" for i in range(len(names))]

    def forward(self: OnnxNetwork, *inputs: torch.Tensor) -> Any:
        return OnnxNetwork.forward(self, *inputs)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    forward.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, kind) for name in ("self", *names)]
    )
    network.__class__ = type("OnnxNetwork", (OnnxNetwork,), {"forward": forward})
    return network


def _identifier(name: str, index: int) -> str:
    text = re.sub(r"\W", "_", name)
    is_usable = text.isidentifier() and not keyword.iskeyword(text) and text != "self"
    return text if is_usable else f"input_{index}"
