"""An ONNX graph made simpler: constants are weights, and what only hands on a value is gone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


def fold_constants(model: Any) -> dict[str, np.ndarray]:
    """Turn Constant nodes into initializers and remove Identity nodes, in place.

    Where an output of the graph is handed on by an Identity node, the node stays.

    Args:
        model: An `onnx.ModelProto`.

    Returns:
        All initializers by name.
    """
    from onnx import numpy_helper

    graph = model.graph
    constants = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    for sparse in graph.sparse_initializer:
        constants[sparse.values.name] = _dense(sparse)
    outputs = {value.name for value in graph.output}
    renamed: dict[str, str] = {}
    kept = []
    for node in graph.node:
        _rename_inputs(node, renamed)
        if node.op_type == "Constant" and not node.domain:
            value = _constant(node)
            if value is not None:
                constants[node.output[0]] = value
                continue
        if node.op_type == "Identity" and not node.domain:
            source, target = node.input[0], node.output[0]
            if source in constants:
                constants[target] = constants[source]
            if source in constants or target not in outputs:
                renamed[target] = source
                continue
        kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)
    return constants


def _rename_inputs(node: Any, renamed: dict[str, str]) -> None:
    """Let a node, and the graphs inside of it, read values under their first names."""
    if not renamed:
        return
    for index, name in enumerate(node.input):
        node.input[index] = renamed.get(name, name)
    for attribute in node.attribute:
        graphs = [attribute.g] if attribute.HasField("g") else list(attribute.graphs)
        for graph in graphs:
            own = {name for inner in graph.node for name in inner.output}
            own |= {value.name for value in graph.input}
            visible = {k: v for k, v in renamed.items() if k not in own}
            for inner in graph.node:
                _rename_inputs(inner, visible)
            for value in graph.output:
                value.name = visible.get(value.name, value.name)


def _constant(node: Any) -> np.ndarray | None:
    """The value of a Constant node; None for text and what is no array."""
    from onnx import numpy_helper

    for attribute in node.attribute:
        if attribute.name == "value":
            return numpy_helper.to_array(attribute.t)
        if attribute.name == "sparse_value":
            return _dense(attribute.sparse_tensor)
        if attribute.name == "value_float":
            return np.array(attribute.f, np.float32)
        if attribute.name == "value_floats":
            return np.array(attribute.floats, np.float32)
        if attribute.name == "value_int":
            return np.array(attribute.i, np.int64)
        if attribute.name == "value_ints":
            return np.array(attribute.ints, np.int64)
    return None


def _dense(sparse: Any) -> np.ndarray:
    from onnx import numpy_helper

    values = numpy_helper.to_array(sparse.values)
    indices = numpy_helper.to_array(sparse.indices)
    dense = np.zeros(tuple(sparse.dims), values.dtype)
    if indices.ndim == 1:
        dense.reshape(-1)[indices] = values
    else:
        dense[tuple(indices.T)] = values
    return dense


def outside_names(nodes: Iterable[Any]) -> list[str]:
    """Return the values that some nodes read from outside, each once.

    Those that the graphs inside of the nodes read are among them.

    Args:
        nodes: In the order in which they run.
    """
    found: dict[str, None] = {}
    made: set[str] = set()
    for node in nodes:
        for name in (*node.input, *_outer_names(node)):
            if name and name not in made:
                found[name] = None
        made |= set(node.output)
    return list(found)


def _outer_names(node: Any) -> list[str]:
    """What the graphs inside of a node read from outside of them, in order."""
    found: dict[str, None] = {}
    for attribute in node.attribute:
        graphs = [attribute.g] if attribute.HasField("g") else list(attribute.graphs)
        for graph in graphs:
            own = {value.name for value in graph.input} | {t.name for t in graph.initializer}
            for inner in graph.node:
                for name in (*inner.input, *_outer_names(inner)):
                    if name and name not in own:
                        found[name] = None
                own |= set(inner.output)
            found.update((v.name, None) for v in graph.output if v.name not in own)
    return list(found)
