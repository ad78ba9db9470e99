"""Connections of convolutions and pools: layers that slide a window over maps."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import torch

from vrnn.compute.connections.read_maps import Reading, node_of, samples_first
from vrnn.compute.connections.source_maps import find_source_maps
from vrnn.compute.connections.tapped_call import TappedCall, float_array, packed_weights_error
from vrnn.errors import VrnnError
from vrnn.network.connections import ConnectionKind, ConnectionPart, SlidingWindow


def read_convolution(call: TappedCall) -> Reading:
    """Read a convolution, also a grouped, dilated, strided, depthwise or transposed one."""
    arguments = call.arguments
    weight, x = arguments.get("weight"), arguments.get("input")
    if not isinstance(weight, torch.Tensor) or not isinstance(x, torch.Tensor):
        raise packed_weights_error(call.name)
    axes = weight.dim() - 2
    is_transposed = "transpose" in call.operation
    groups = int(arguments.get("groups") or 1)
    kernels = float_array(weight)
    if is_transposed:  # (I, O / groups, …) to (O, I / groups, …)
        inner = kernels.reshape(groups, len(kernels) // groups, *kernels.shape[1:])
        kernels = np.ascontiguousarray(inner.swapaxes(1, 2)).reshape(
            groups * kernels.shape[1], len(kernels) // groups, *kernels.shape[2:]
        )
    maps = float_array(samples_first(x, axes)[0])
    window = _convolution_window(arguments, kernels.shape[2:], is_transposed)
    source = call.source
    part = ConnectionPart(
        node_of(source), maps, kernels, window, groups,
        source_maps=find_source_maps(maps, source),
    )  # fmt: skip
    bias = arguments.get("bias")
    kind: ConnectionKind = "transposed convolution" if is_transposed else "convolution"
    return Reading(
        kind, (part,), None if bias is None else float_array(bias),
        lambda record, tensor: float_array(samples_first(tensor, axes)[0]),
    )  # fmt: skip


def read_pool(call: TappedCall) -> Reading:
    """Read an average or a maximum over a window, or over all positions."""
    x, result = _sole_tensor(call), call.result
    axes = int(call.operation[call.operation.index("pool") + 4])
    source = call.source
    maps = float_array(samples_first(x, axes)[0])
    sizes, count = maps.shape[1:], tuple(result.shape[-axes:])
    is_maximum = "max" in call.operation
    gains = None
    if "adaptive" in call.operation:
        ones, zeros = (1,) * axes, (0,) * axes
        window = SlidingWindow(ones, ones, zeros, ones, adaptive=count)
        if not is_maximum:
            gains = _outer([_adaptive_lengths(*pair) for pair in zip(sizes, count, strict=True)])
            gains = (1 / gains)[None]
    else:
        window = _pool_window(call.arguments, axes)
        if not is_maximum:
            gains = _average_gains(call, x, window, axes)
    kernels = np.broadcast_to(np.float32(1), (len(maps), 1, *window.size))
    part = ConnectionPart(
        node_of(source), maps, kernels, window, len(maps), 0, gains,
        is_maximum, source_maps=find_source_maps(maps, source),
    )  # fmt: skip
    kind: ConnectionKind = "max pool" if is_maximum else "average pool"
    return Reading(
        kind, (part,), None, lambda record, tensor: float_array(samples_first(tensor, axes)[0])
    )


def _sole_tensor(call: TappedCall) -> torch.Tensor:
    return call.tensors[0][0]


def _convolution_window(
    arguments: Mapping[str, Any], size: tuple[int, ...], is_transposed: bool
) -> SlidingWindow:
    axes = len(size)
    stride = _each(arguments.get("stride"), axes, 1)
    dilation = _each(arguments.get("dilation"), axes, 1)
    padding = arguments.get("padding")
    if padding == "same":
        reach = [d * (k - 1) for d, k in zip(dilation, size, strict=True)]
        padding = tuple(r // 2 for r in reach)
    elif padding == "valid":
        padding = 0
    return SlidingWindow(tuple(size), stride, _each(padding, axes, 0), dilation, is_transposed)


def _pool_window(arguments: Mapping[str, Any], axes: int) -> SlidingWindow:
    size = _each(arguments.get("kernel_size"), axes, 1)
    stride = arguments.get("stride")
    stride = size if stride is None or stride == [] else _each(stride, axes, 1)
    padding = _each(arguments.get("padding"), axes, 0)
    return SlidingWindow(size, stride, padding, _each(arguments.get("dilation"), axes, 1))


def _average_gains(
    call: TappedCall, x: torch.Tensor, window: SlidingWindow, axes: int
) -> np.ndarray:
    """(1, …) what each value of a window is multiplied by: the pool of ones tells it."""
    ones = torch.ones_like(samples_first(x, axes)[:1, :1])
    args = [ones if isinstance(a, torch.Tensor) else a for a in call.args]
    kwargs = {n: ones if isinstance(a, torch.Tensor) else a for n, a in call.kwargs.items()}
    pooled = float_array(call.record.function(*args, **kwargs)[0])
    sizes = x.shape[-axes:]
    counts = _outer(
        [_counts_inside(window, axis, sizes[axis], pooled.shape[1 + axis]) for axis in range(axes)]
    )
    return pooled / np.maximum(counts, 1)[None]


def _counts_inside(window: SlidingWindow, axis: int, size: int, count: int) -> np.ndarray:
    """(count,) how many places of each window lie inside the input."""
    steps = np.arange(window.size[axis]) * window.dilation[axis]
    places = np.arange(count)[:, None] * window.stride[axis] - window.padding[axis] + steps
    return ((places >= 0) & (places < size)).sum(1)


def _adaptive_lengths(size: int, count: int) -> np.ndarray:
    at = np.arange(count)
    return -(-(at + 1) * size // count) - at * size // count


def _outer(lengths: list[np.ndarray]) -> np.ndarray:
    total = np.ones([len(one) for one in lengths], np.float32)
    for axis, one in enumerate(lengths):
        total *= one.reshape([-1 if i == axis else 1 for i in range(len(lengths))])
    return total


def _each(value: Any, axes: int, default: int) -> tuple[int, ...]:
    """One number for each axis."""
    if value is None:
        return (default,) * axes
    numbers = (int(value),) if isinstance(value, int) else tuple(int(n) for n in value)
    return numbers * axes if len(numbers) == 1 else numbers


def read_mean(call: TappedCall) -> Reading:
    """Read a mean over all positions of each map."""
    x, source = _sole_tensor(call), call.source
    count = call.result.numel() // max(len(call.result), 1) if call.result.dim() > 1 else 0
    if x.dim() != 4 or x.shape[1] != count:
        raise VrnnError(
            f"{call.name} takes a mean over other axes than rows and columns, so it connects no "
            "maps; choose another layer"
        )
    maps = float_array(x[0])
    ones = (1, 1)
    gains = np.full((1, 1, 1), 1 / prod(maps.shape[1:]), np.float32)
    part = ConnectionPart(
        node_of(source), maps,
        np.broadcast_to(np.float32(1), (count, 1, 1, 1)),
        SlidingWindow(ones, ones, (0, 0), ones, adaptive=(1, 1)), count, 0, gains,
        source_maps=find_source_maps(maps, source),
    )  # fmt: skip
    return Reading(
        "average pool", (part,), None,
        lambda record, tensor: float_array(tensor[0].reshape(count, 1, 1)),
    )  # fmt: skip
