"""The gradients of a model's kernels at a step, small enough to be kept at each recorded step."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from vrnn.recordings.gradient_files import LEVELS, SCALE
from vrnn.recordings.kernel_sample import kernel_slices

Gradients = dict[str, torch.Tensor]
"""(filters, kernels, …) on the CPU, by the weight's name."""


@dataclass(frozen=True)
class _Sampled:
    """A weight, and which of its kernels are kept."""

    weight: nn.Parameter
    is_transposed: bool
    groups: int


class GradientSampler:
    """Copies the gradients of kernels and matrices, of large ones a part."""

    def __init__(self, model: nn.Module, names: str = "*") -> None:
        """Find the weights.

        Args:
            model: The model.
            names: A pattern that names of recorded weights fit.
        """
        self._weights: dict[str, _Sampled] = {}
        for path, module in model.named_modules():
            is_transposed = isinstance(module, nn.modules.conv._ConvTransposeNd)
            groups = int(getattr(module, "groups", 1)) if is_transposed else 1
            for own, weight in module.named_parameters(recurse=False):
                name = f"{path}.{own}" if path else own
                if weight.ndim > 1 and fnmatch.fnmatchcase(name, names):
                    self._weights[name] = _Sampled(weight, is_transposed, groups)

    def copy(self, buffers: Mapping[str, torch.Tensor]) -> Gradients:
        """Copy the gradients as they are now.

        Args:
            buffers: Memory of an earlier copy that may be written over.
        """
        found: Gradients = {}
        for name, sampled in self._weights.items():
            gradient = sampled.weight.grad
            if gradient is None or gradient.layout != torch.strided:
                continue
            if hasattr(gradient, "full_tensor") or not gradient.is_floating_point():
                continue  # a part of one that is spread over processes
            kept = kernels_of(gradient.detach(), sampled.is_transposed, sampled.groups)
            buffer = buffers.get(name)
            if buffer is None or buffer.shape != kept.shape or buffer.dtype != kept.dtype:
                buffer = torch.empty(kept.shape, dtype=kept.dtype, device="cpu")
            found[name] = buffer.copy_(kept)
        return found


def kernels_of(weight: torch.Tensor, is_transposed: bool, groups: int) -> torch.Tensor:
    """Return those kernels of a layer that stand for all, (filters, kernels, …).

    Args:
        weight: All of them, as torch holds them.
        is_transposed: Whether they are of a transposed convolution, which has filters second.
        groups: Of such a convolution.
    """
    if is_transposed and weight.ndim > 2:
        inner, own = weight.shape[0] // groups, weight.shape[1]
        weight = weight.reshape(groups, inner, own, *weight.shape[2:]).transpose(1, 2)
        weight = weight.reshape(groups * own, inner, *weight.shape[3:])
    return weight[kernel_slices(tuple(weight.shape))]


def packed(gradients: Gradients) -> dict[str, torch.Tensor]:
    """Return gradients as they are written, see `vrnn.recordings.gradient_files`."""
    tensors: dict[str, torch.Tensor] = {}
    for name, gradient in gradients.items():
        values = gradient.float().reshape(len(gradient), -1)
        if not values.numel():
            continue
        largest = values.abs().amax(1)
        scale = largest / LEVELS
        usable = torch.where(torch.isfinite(scale) & (scale > 0), scale, torch.ones_like(scale))
        levels = torch.nan_to_num(values / usable[:, None]).round().clamp(-LEVELS, LEVELS)
        tensors[name] = levels.to(torch.int8).reshape(gradient.shape).contiguous()
        tensors[SCALE + name] = torch.where(torch.isfinite(scale), scale, torch.nan)
    return tensors
