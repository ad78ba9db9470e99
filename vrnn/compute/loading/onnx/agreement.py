"""Whether a converted network gives what onnxruntime gives, and which nodes do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from vrnn.compute.loading.onnx.network import OnnxNetwork, arguments, results_of
from vrnn.compute.loading.onnx.runtime import make_session, run_session
from vrnn.errors import VrnnError

TOLERANCE = 1e-4
"""Largest difference of two results, as a share of the largest value, that rounding explains."""


def difference(found: Any, expected: Any) -> float:
    """Return the largest difference of two results, as a share of the largest expected value.

    Infinite if shapes differ, or one is finite where the other is not.

    Args:
        found: A tensor.
        expected: A NumPy array.
    """
    if not isinstance(found, torch.Tensor) or not isinstance(expected, np.ndarray):
        return float("inf")
    if tuple(found.shape) != expected.shape:
        return float("inf")
    if not expected.size:
        return 0.0
    one: np.ndarray = found.detach().cpu().double().numpy()
    other: np.ndarray = expected.astype(np.float64)
    finite = np.isfinite(other)
    if not np.array_equal(finite, np.isfinite(one)):
        return float("inf")
    if not finite.any():
        return 0.0
    scale = max(float(np.abs(other[finite]).max()), float(np.finfo(np.float32).tiny))
    return float(np.abs(one[finite] - other[finite]).max()) / scale


def output_difference(
    network: OnnxNetwork, inputs: Sequence[np.ndarray], expected: Mapping[str, Any]
) -> float:
    """Return the largest difference of a network's outputs; infinite if it fails.

    Args:
        network: The network.
        inputs: What goes in.
        expected: What onnxruntime gives, by the name of the output.
    """
    try:
        with torch.no_grad():
            result = network(*(torch.from_numpy(array) for array in inputs))
    except VrnnError:
        raise
    except Exception:  # a node that was converted wrongly may fail in any way
        return float("inf")
    found = result if isinstance(result, dict) else {network.output_names[0]: result}
    return max(difference(found[name], expected[name]) for name in network.output_names)


def replace_differing_nodes(network: OnnxNetwork, model: Any, inputs: Sequence[np.ndarray]) -> None:
    """Let onnxruntime run each node that does not give what it gives.

    Each is run on what onnxruntime has put into it, so that one node's fault is not another's.

    Args:
        network: The converted network.
        model: The `onnx.ModelProto` that it is of.
        inputs: What goes in.

    Raises:
        OnnxRuntimeError: The graph with all of its values as outputs cannot run.
    """
    values = _all_values(network, model, inputs)
    for call in network.calls:
        if call.operation.module is None:
            continue
        try:
            with torch.no_grad():
                results = results_of(call, arguments(call, values))
        except Exception:  # as above
            results = []
        pairs = [
            (results[i] if i < len(results) else None, values.get(name))
            for i, name in enumerate(call.operation.outputs)
            if name in values
        ]
        if any(_differs(found, expected) for found, expected in pairs):
            network.replace(call)


def _differs(found: Any, expected: Any) -> bool:
    return difference(found, expected.numpy()) > TOLERANCE


def _all_values(
    network: OnnxNetwork, model: Any, inputs: Sequence[np.ndarray]
) -> dict[str, torch.Tensor]:
    """Every value of a graph that is a tensor, by onnxruntime."""
    import onnx

    graph = onnx.ModelProto()
    graph.CopyFrom(model)
    known = {value.name for value in graph.graph.output}
    for call in network.calls:
        for name in call.operation.outputs:
            if name and name not in known:
                known.add(name)
                graph.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    session = make_session(graph, optimize=False)
    feeds = dict(zip(network.input_names, inputs, strict=True))
    names = [value.name for value in session.get_outputs() if value.type.startswith("tensor(")]
    found = dict(zip(names, run_session(session, feeds, names), strict=True))
    return {
        name: torch.from_numpy(np.asarray(value))
        for name, value in {**found, **feeds}.items()
        if np.asarray(value).dtype.kind in "fiub"
    }
