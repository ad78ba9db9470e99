"""ONNX graphs and single nodes run by onnxruntime."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.autograd import Function

from vrnn.compute.loading.onnx.graph import outside_names
from vrnn.errors import VrnnError, error_text
from vrnn.storage.terminal import one_line

MAX_PROTO_BYTES = (2 << 30) - (64 << 20)
"""A larger model cannot be handed over in memory."""


class OnnxRuntimeError(Exception):
    """onnxruntime cannot load or run a graph; the text says why."""


def make_session(model: Any, path: Path | None = None, optimize: bool = True) -> Any:
    """Load a graph.

    Args:
        model: An `onnx.ModelProto`.
        path: The file that it is from, for one that is too large to be handed over in memory.
        optimize: Whether nodes may be merged.

    Raises:
        OnnxRuntimeError: onnxruntime does not know an operator or a version, or the graph is wrong.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = max(1, torch.get_num_threads()) if optimize else 1
    if not optimize:
        level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.graph_optimization_level = level
    try:
        size = model.ByteSize()
        source = str(path) if path and size > MAX_PROTO_BYTES else model.SerializeToString()
        providers = ["CPUExecutionProvider"]
        return onnxruntime.InferenceSession(source, options, providers=providers)
    except Exception as error:  # its own classes, without a common base
        raise OnnxRuntimeError(_short(error)) from error


def run_session(session: Any, feeds: Mapping[str, Any], outputs: Sequence[str]) -> list[Any]:
    """Run a graph.

    Args:
        session: As `make_session` gives it.
        feeds: Inputs by name, as NumPy arrays.
        outputs: Names of the values that are wanted.

    Raises:
        OnnxRuntimeError: A node failed.
    """
    try:
        results: list[Any] = session.run(list(outputs), dict(feeds))
    except Exception as error:
        raise OnnxRuntimeError(_short(error)) from error
    return results


def _short(error: Exception) -> str:
    """onnxruntime's own sentence, without its code and the places in its source."""
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", one_line(error_text(error)))
    text = re.sub(r"/\S+\.(?:cc|h):\d+ ", "", text)
    text = re.sub(r"onnxruntime::\S+\([^)]*\) ", "", text)
    return text.strip()[:240]


class OnnxRuntimeNode(nn.Module):
    """A node of an ONNX graph, run by onnxruntime. No gradient flows through it.

    Its session is made in the first pass, when the types of its inputs are known.

    Attributes:
        inputs: Names of the values that it takes, each once.
        outputs: Names of those that it gives.
    """

    def __init__(
        self, nodes: Sequence[Any], opsets: Sequence[Any], ir_version: int, path: str
    ) -> None:
        """Keep the node.

        Args:
            nodes: Its `onnx.NodeProto`, and those that it was merged with.
            opsets: Versions of the operators, as in the model.
            ir_version: Version of the format.
            path: What messages call it.
        """
        super().__init__()
        self.inputs = tuple(outside_names(nodes))
        self.outputs = tuple(name for name in nodes[-1].output if name)
        self.path, self.kind = path, nodes[0].op_type
        self._nodes, self._opsets, self._ir_version = tuple(nodes), tuple(opsets), ir_version
        self._session: Any = None
        members = {"path": path, "__doc__": "A node that onnxruntime runs."}
        self._function: Any = type(self.kind, (_Run,), members)

    def forward(self, *values: torch.Tensor) -> list[torch.Tensor]:
        """Run the node.

        Args:
            values: Its inputs.

        Raises:
            VrnnError: onnxruntime failed.
        """
        results = self._function.apply(self, *values)
        return list(results) if isinstance(results, tuple) else [results]

    def run(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Run the node on arrays, in the order of `forward`."""
        feeds = dict(zip(self.inputs, arrays, strict=True))
        try:
            if self._session is None:
                self._session = self._make_session(feeds)
            found = run_session(self._session, feeds, self.outputs)
        except OnnxRuntimeError as error:
            raise VrnnError(
                f"'{self.path}' ({self.kind}) cannot run in onnxruntime: {error}"
            ) from error
        if not all(isinstance(value, np.ndarray) for value in found):
            raise VrnnError(
                f"'{self.path}' ({self.kind}) gives a sequence or a map, and only tensors "
                "can be shown; export the model without it"
            )
        return found

    def _make_session(self, feeds: Mapping[str, np.ndarray]) -> Any:
        from onnx import helper

        inputs = [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(array.dtype), [None] * array.ndim
            )
            for name, array in feeds.items()
        ]
        outputs = [helper.make_empty_tensor_value_info(name) for name in self.outputs]
        graph = helper.make_graph(self._nodes, "node", inputs, outputs)
        model = helper.make_model(graph, opset_imports=self._opsets)
        model.ir_version = self._ir_version
        return make_session(model, optimize=False)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the session, which is made again."""
        return {**super().__getstate__(), "_session": None}  # type: ignore[misc]


class _Run(Function):
    """Runs a node as one operation of torch, which the tracer sees as a whole."""

    path = ""

    @staticmethod
    def forward(ctx: Any, node: OnnxRuntimeNode, *values: torch.Tensor) -> Any:
        with torch._C.DisableTorchFunction():
            device = values[0].device if values else torch.device("cpu")
            arrays = [_to_numpy(value) for value in values]
            made = tuple(torch.from_numpy(array).to(device) for array in node.run(arrays))
            ctx.mark_non_differentiable(*(t for t in made if not t.is_floating_point()))
        return made if len(made) > 1 else made[0]

    @classmethod
    def backward(cls, ctx: Any, *gradients: Any) -> Any:  # type: ignore[override]
        raise VrnnError(no_gradient(cls.path, cls.__name__))


def _to_numpy(tensor: torch.Tensor) -> np.ndarray:
    """A tensor as NumPy can hold it: bfloat16, in which gradient ascent computes, as float32."""
    tensor = tensor.detach().cpu()
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


def no_gradient(path: str, kind: str) -> str:
    """Return the sentence about a node through which no gradient flows."""
    return (
        f"no gradient flows through '{path}' ({kind}), which onnxruntime runs; occlusion, "
        "ablation, similarity and top activations need none"
    )
