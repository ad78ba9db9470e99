"""The nodes of an ONNX graph as torch modules, each converted alone by onnx2pytorch."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from vrnn.compute.loading.torchvision_compat import allow_torchvision

CONTROL_FLOW = frozenset({"If", "Loop", "Scan", "SequenceMap"})
"""Nodes with graphs inside of them, which onnxruntime runs."""


@dataclass(frozen=True, eq=False)
class OnnxOperation:
    """A node of an ONNX graph that can run, or a product with the sum of its bias.

    Attributes:
        nodes: The `onnx.NodeProto`.
        module: What runs it; None for what onnxruntime has to run.
        inputs: Names of the values that the module takes, '' for one that is left out.
        outputs: Names of the values that it gives.
        gives_several: Whether the module gives a list of values.
    """

    nodes: tuple[Any, ...]
    module: nn.Module | None
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    gives_several: bool = False


class ListFunction(nn.Module):
    """A function of a list of tensors as a module."""

    def __init__(self, function: Any) -> None:
        """Keep a function."""
        super().__init__()
        self.function = function

    def forward(self, *tensors: torch.Tensor) -> Any:
        """Return what the function makes of the list."""
        return self.function(list(tensors))


class LayerNorm(nn.Module):
    """Layer normalization as one operation, with weights that are given."""

    def __init__(self, axis: int, eps: float) -> None:
        """Keep what is normalized.

        Args:
            axis: The first of the axes that are normalized together.
            eps: Is added to the variance.
        """
        super().__init__()
        self.axis, self.eps = axis, eps

    def forward(
        self, values: torch.Tensor, weight: torch.Tensor | None = None,
        bias: torch.Tensor | None = None,
    ) -> torch.Tensor:  # fmt: skip
        """Normalize."""
        return functional.layer_norm(values, values.shape[self.axis :], weight, bias, self.eps)


class Slice(nn.Module):
    """A part of a tensor, in steps that may go backwards."""

    def forward(
        self, data: torch.Tensor, starts: torch.Tensor, ends: torch.Tensor,
        axes: torch.Tensor | None = None, steps: torch.Tensor | None = None,
    ) -> torch.Tensor:  # fmt: skip
        """Cut out a part, as ONNX's operator Slice does since its version 10."""
        chosen = range(len(starts)) if axes is None else axes.tolist()
        strides = [1] * len(starts) if steps is None else steps.tolist()
        parts = [slice(None)] * data.dim()
        for axis, start, end, step in zip(
            chosen, starts.tolist(), ends.tolist(), strides, strict=True
        ):
            if step > 0:
                parts[axis] = slice(start, end, step)
            else:  # torch has no negative steps: the same positions of the tensor turned around
                length = data.shape[axis]
                first, last, _ = slice(start, end, step).indices(length)
                parts[axis] = slice(length - 1 - first, length - 1 - last, -step)
                data = data.flip(axis)
        return data[tuple(parts)]


class Gather(nn.Module):
    """Entries of a tensor along one axis, by their numbers."""

    def __init__(self, axis: int) -> None:
        """Keep the axis."""
        super().__init__()
        self.axis = axis

    def forward(self, data: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
        """Take the entries, as ONNX's operator Gather does; negative numbers count from behind."""
        before = self.axis % data.dim()
        index: tuple[slice | torch.Tensor, ...] = (*(slice(None),) * before, indices)
        return data[index]


def convert_nodes(
    nodes: Sequence[Any], constants: Mapping[str, np.ndarray], outputs: Sequence[str], opset: int
) -> list[OnnxOperation]:
    """Convert the nodes of a graph.

    A product with a matrix and the sum with its bias become one linear layer.

    Args:
        nodes: In the order in which they run.
        constants: The weights by name.
        outputs: Names of the values that the graph gives.
        opset: Version of the standard operators.

    Returns:
        Operations in that order; a node that cannot be converted is one without a module.
    """
    allow_torchvision()  # onnx2pytorch imports it
    readers: dict[str, int] = {}
    for node in nodes:
        for name in node.input:
            readers[name] = readers.get(name, 0) + 1
    operations = []
    merged = -1
    for index, node in enumerate(nodes):
        if index == merged:
            continue
        following = nodes[index + 1] if index + 1 < len(nodes) else None
        group: tuple[Any, ...] = (node,)
        if following is not None and _is_bias(node, following, constants):
            product = node.output[0]
            if readers[product] == 1 and product not in outputs:
                group, merged = (node, following), index + 1
        operations.append(_convert(group, constants, opset))
    return operations


def _in_evaluation(node: Any) -> Any:
    """A node without the attribute that says that it does not train, which is not converted."""
    names = [a.name for a in node.attribute if a.name == "training_mode" and not a.i]
    if not names:
        return node
    copy = type(node)()
    copy.CopyFrom(node)
    del copy.attribute[:]
    copy.attribute.extend(a for a in node.attribute if a.name not in names)
    return copy


def _is_bias(node: Any, following: Any, constants: Mapping[str, np.ndarray]) -> bool:
    """Whether a node multiplies by a matrix of weights, and the next one adds a bias."""
    if node.op_type != "MatMul" or following.op_type != "Add" or not _has_matrix(node, constants):
        return False
    others = [name for name in following.input if name != node.output[0]]
    bias = constants.get(others[0]) if len(others) == 1 else None
    return bias is not None and bias.shape == constants[node.input[1]].shape[1:]


def _has_matrix(node: Any, constants: Mapping[str, np.ndarray]) -> bool:
    matrix = constants.get(node.input[1])
    return matrix is not None and matrix.ndim == 2 and node.input[0] not in constants


def _convert(
    nodes: tuple[Any, ...], constants: Mapping[str, np.ndarray], opset: int
) -> OnnxOperation:
    """Convert one node, or a product and the sum with its bias."""
    from onnx import helper, numpy_helper
    from onnx2pytorch.constants import COMPOSITE_LAYERS, MULTIOUTPUT_LAYERS, STANDARD_LAYERS
    from onnx2pytorch.convert.operations import convert_operations

    node = nodes[0]
    inputs, outputs = tuple(node.input), tuple(nodes[-1].output)
    if node.domain not in ("", "ai.onnx") or node.op_type in CONTROL_FLOW:
        return OnnxOperation(nodes, None, inputs, outputs)
    given = {name for part in nodes for name in part.input if name in constants}
    if node.op_type == "MatMul" and not _has_matrix(node, constants):
        given = set()
    graph = helper.make_graph(
        [_in_evaluation(part) for part in nodes], "node", [],
        [helper.make_empty_tensor_value_info(outputs[0])],
        [numpy_helper.from_array(np.ascontiguousarray(constants[name]), name) for name in given],
    )  # fmt: skip
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # What is only guessed from an operation's name is not taken.
            warnings.filterwarnings("error", message="No explicit conversion")
            ((_, _, made),) = convert_operations(graph, opset, enable_pruning=False)
    except Exception:  # whatever a node holds that the library does not expect
        return OnnxOperation(nodes, None, inputs, outputs)
    module: Any = made if isinstance(made, nn.Module) else ListFunction(made)
    parts = list(module.modules()) if isinstance(module, COMPOSITE_LAYERS) else [module]
    if any(isinstance(part, STANDARD_LAYERS) for part in parts):
        inputs = tuple(name for name in inputs if name and name not in constants)
    elif node.op_type == "Reshape" and len(inputs) > 1 and inputs[1] in constants:
        inputs = inputs[:1]  # the module holds the shape
    elif node.op_type == "Identity":
        inputs = inputs[:1]
    several = any(isinstance(part, MULTIOUTPUT_LAYERS) for part in parts)
    if node.op_type == "BatchNormalization" and not module.has_lazy:
        module = module.bnu  # the layer inside of the wrapper
    elif node.op_type == "LayerNormalization" and len(outputs) == 1:
        module, several = LayerNorm(module.axis, module.eps), False
    elif node.op_type == "Gather":
        module = Gather(next((a.i for a in node.attribute if a.name == "axis"), 0))
    elif node.op_type == "Slice" and opset >= 10:
        module = Slice()
    module.eval()
    return OnnxOperation(nodes, module, inputs, outputs, several)
