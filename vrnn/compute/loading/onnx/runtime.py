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

from vrnn.compute.loading.onnx.graph import outer_names
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
    """One node of an ONNX graph, run by onnxruntime. No gradient flows through it.

    Its session is made in the first pass, when the types of its inputs are known.
    """

    def __init__(self, node: Any, opsets: Sequence[Any], ir_version: int, path: str) -> None:
        """Keep the node.

        Args:
            node: An `onnx.NodeProto`.
            opsets: Versions of the operators, as in the model.
            ir_version: Version of the format.
            path: What messages call it.
        """
        super().__init__()
        self.outer = [name for name in outer_names(node) if name not in node.input]
        self.path = path
        self._node, self._opsets, self._ir_version = node, tuple(opsets), ir_version
        self._session: Any = None
        kind = {"path": path, "__doc__": "A node that onnxruntime runs."}
        self._function: Any = type(node.op_type, (_Run,), kind)

    def forward(self, *values: torch.Tensor | None) -> list[torch.Tensor]:
        """Run the node.

        Args:
            values: Its inputs, None for one that is left out; then those of the graphs inside it.

        Raises:
            VrnnError: onnxruntime failed.
        """
        results = self._function.apply(self, *values)
        return list(results) if isinstance(results, tuple) else [results]

    def run(self, arrays: Sequence[np.ndarray | None]) -> list[np.ndarray]:
        """Run the node on arrays, in the order of `forward`."""
        names = [*self._node.input, *self.outer]
        feeds = {n: a for n, a in zip(names, arrays, strict=True) if n and a is not None}
        try:
            if self._session is None:
                self._session = self._make_session(feeds)
            found = run_session(self._session, feeds, [n for n in self._node.output if n])
        except OnnxRuntimeError as error:
            kind = self._node.op_type
            raise VrnnError(f"'{self.path}' ({kind}) cannot run in onnxruntime: {error}") from error
        if not all(isinstance(value, np.ndarray) for value in found):
            raise VrnnError(
                f"'{self.path}' ({self._node.op_type}) gives a sequence or a map, and only tensors "
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
        outputs = [helper.make_empty_tensor_value_info(name) for name in self._node.output if name]
        graph = helper.make_graph([self._node], "node", inputs, outputs)
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
    def forward(ctx: Any, node: OnnxRuntimeNode, *values: torch.Tensor | None) -> Any:
        with torch._C.DisableTorchFunction():
            given = [v for v in values if v is not None]
            device = given[0].device if given else torch.device("cpu")
            arrays = [None if v is None else _to_numpy(v) for v in values]
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
