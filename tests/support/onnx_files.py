"""Small ONNX files, made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17


def save_graph(
    path: Path, nodes: Sequence[Any], constants: Mapping[str, np.ndarray],
    shape: Sequence[int | str | None] = (1, 3, 8, 8), opset: int = OPSET,
    domains: Sequence[str] = (), metadata: Mapping[str, str] | None = None,
    kind: int = TensorProto.FLOAT, outputs: Sequence[str] = ("y",), ir_version: int = 8,
) -> Path:  # fmt: skip
    """Write a graph from `x` to `y`."""
    graph = helper.make_graph(
        list(nodes), "graph", [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_empty_tensor_value_info(name) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )  # fmt: skip
    imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)]
    model = helper.make_model(graph, opset_imports=imports)
    model.ir_version = ir_version
    helper.set_model_props(model, dict(metadata or {}))
    onnx.save(model, str(path))
    return path


def conv_weights(inputs: int = 3, outputs: int = 4) -> np.ndarray:
    """(outputs, inputs, 3, 3) float32, the same each time."""
    generator = np.random.default_rng(1)
    return generator.standard_normal((outputs, inputs, 3, 3)).astype(np.float32)


def conv_nodes(last: str = "y") -> list[Any]:
    """A convolution, a ReLU and a mean over all positions."""
    return [
        helper.make_node("Conv", ["x", "features.0.weight"], ["a"], "Conv_0", pads=[1] * 4),
        helper.make_node("Relu", ["a"], ["b"], "Relu_1"),
        helper.make_node("GlobalAveragePool", ["b"], [last], "GlobalAveragePool_2"),
    ]


def branch_node(source: str, target: str) -> Any:
    """An If that adds to a value, or takes from it, by its sum; read from outside its branches."""

    def branch(kind: str) -> Any:
        node = helper.make_node(kind, [source, "one"], [f"{kind}_out"])
        out = helper.make_tensor_value_info(f"{kind}_out", TensorProto.FLOAT, None)
        return helper.make_graph([node], kind, [], [out])

    return helper.make_node(
        "If", ["positive"], [target], "branch", then_branch=branch("Add"), else_branch=branch("Sub")
    )


def save_branching(path: Path) -> Path:
    """A network with an If in its middle, which is not converted."""
    nodes = [
        helper.make_node("Conv", ["x", "conv1.weight"], ["a"], pads=[1] * 4),
        helper.make_node("ReduceMax", ["a"], ["m"], keepdims=0),
        helper.make_node("Greater", ["m", "zero"], ["positive"]),
        branch_node("a", "b"),
        helper.make_node("Conv", ["b", "conv2.weight"], ["c"], pads=[1] * 4),
        helper.make_node("GlobalAveragePool", ["c"], ["y"]),
    ]
    return save_graph(path, nodes, {
        "conv1.weight": conv_weights(), "conv2.weight": conv_weights(4, 5),
        "one": np.ones((), np.float32), "zero": np.zeros((), np.float32),
    })  # fmt: skip
