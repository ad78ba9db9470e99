"""The weights of layers as they are used in a pass, with those that quantized modules pack."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.model_inputs import call_model
from vrnn.compute.operators import catalog
from vrnn.compute.tracing.calls import watch_calls
from vrnn.compute.tracing.evaluation_mode import evaluation_mode
from vrnn.compute.tracing.simplify import GraphView


def layer_weights(model: LoadedModel) -> dict[int, np.ndarray]:
    """Return the weight of each layer that has one, (C_out, …) float32 by node id.

    Of a transposed convolution the output channels come first, too. Quantized weights are given as
    the numbers that they stand for; complex ones as their real and imaginary parts.

    Args:
        model: The model.
    """
    view = model.view
    mode = _WeightMode(view)
    with (
        evaluation_mode(model.source.model),
        torch.set_grad_enabled(view.trace.gradients),
        watch_calls(mode, view.trace.inside_scripts),
    ):
        call_model(model.source.model, model.inputs)
    for node in view.network.nodes:
        if node.id not in mode.weights:
            packed = _packed_weight(model.source.model, node.scope)
            if packed is not None:
                mode.weights[node.id] = _plain(packed)
    return mode.weights


class _WeightMode(TorchFunctionMode):
    """Reads the weights of calls in a pass: of each node, the largest."""

    def __init__(self, view: GraphView) -> None:
        super().__init__()
        self.weights: dict[int, np.ndarray] = {}
        self._count = 0
        self._nodes = {
            record.call_index: (node, record.operation)
            for node, members in view.members.items()
            for record in members
            if record.call_index >= 0
        }

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        node, operation = self._nodes.get(self._count, (-1, ""))
        self._count += 1
        if node >= 0:
            with torch._C.DisableTorchFunction():
                arguments = catalog.bind_arguments(func, operation, args, kwargs or {})
                weight = arguments.get("weight")
                if isinstance(weight, torch.Tensor) and weight.dim() > 1:
                    self._keep(node, weight, _is_transposed(operation, arguments), arguments)
        return func(*args, **(kwargs or {}))

    def _keep(self, node: int, weight: torch.Tensor, transposed: bool, arguments: Any) -> None:
        known = self.weights.get(node)
        if known is not None and known.size >= weight.numel():
            return
        if transposed:
            # (C_in, C_out / groups, …), the inputs of each group one after another.
            groups = int(arguments.get("groups") or 1)
            inner = weight.shape[0] // groups
            weight = weight.detach().unflatten(0, (groups, inner)).transpose(1, 2).flatten(0, 1)
        self.weights[node] = _plain(weight)


def _is_transposed(operation: str, arguments: Any) -> bool:
    return "transpose" in operation or bool(arguments.get("transposed"))


def _packed_weight(model: nn.Module, path: str) -> torch.Tensor | None:
    """The weight that a quantized module gives when it is asked; None where there is none."""
    try:
        module = model.get_submodule(path) if path else None
    except AttributeError:
        return None
    ask = getattr(module, "weight", None)
    if module is None or isinstance(ask, torch.Tensor) or not callable(ask):
        return None
    if not type(module).__module__.startswith("torch."):
        return None
    weight = ask()
    return weight if isinstance(weight, torch.Tensor) and weight.dim() > 1 else None


def _plain(weight: torch.Tensor) -> np.ndarray:
    weight = weight.detach()
    if weight.is_quantized:
        weight = weight.dequantize()
    if weight.layout != torch.strided:
        weight = weight.to_dense()
    if weight.is_complex():
        weight = torch.view_as_real(weight)
    values: np.ndarray = weight.to(torch.float32).cpu().numpy().copy()
    return values
