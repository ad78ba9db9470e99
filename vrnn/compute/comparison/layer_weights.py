"""The weights of layers as they are used in a pass, with those that quantized modules pack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from vrnn.compute.call_arguments import read_arguments
from vrnn.compute.loaded_model import LoadedModel


def layer_weights(model: LoadedModel) -> dict[int, np.ndarray]:
    """Return the weight of each layer that has one, (C_out, …) float32 by node id.

    Of a transposed convolution the output channels come first, too. Quantized weights are given as
    the numbers that they stand for; complex ones as their real and imaginary parts.

    Args:
        model: The model.
    """
    weights: dict[int, np.ndarray] = {}

    def read(node: int, operation: str, arguments: Mapping[str, Any]) -> None:
        weight, known = arguments.get("weight"), weights.get(node)
        if not isinstance(weight, torch.Tensor) or weight.dim() < 2:
            return
        if known is None or known.size < weight.numel():  # of each node, the largest
            weights[node] = _plain(_outputs_first(weight, operation, arguments))

    read_arguments(model, read)
    for layer in model.view.network.nodes:
        if layer.id not in weights:
            packed = _packed_weight(model.source.model, layer.scope)
            if packed is not None:
                weights[layer.id] = _plain(packed)
    return weights


def _outputs_first(
    weight: torch.Tensor, operation: str, arguments: Mapping[str, Any]
) -> torch.Tensor:
    if "transpose" not in operation and not arguments.get("transposed"):
        return weight
    # (C_in, C_out / groups, …), the inputs of each group one after another.
    groups = int(arguments.get("groups") or 1)
    inner = weight.shape[0] // groups
    return weight.detach().unflatten(0, (groups, inner)).transpose(1, 2).flatten(0, 1)


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
