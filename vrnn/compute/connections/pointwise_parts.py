"""Connections of layers that look at one position: linear, norm, add and concatenate."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from vrnn.compute.connections.read_maps import (
    Reading,
    first_maps,
    layout_of,
    layout_with_channels,
    node_of,
)
from vrnn.compute.connections.source_maps import find_source_maps
from vrnn.compute.connections.tapped_call import (
    CallSource,
    TappedCall,
    float_array,
    packed_weights_error,
)
from vrnn.compute.operators import catalog
from vrnn.compute.passes.partial_forward import BATCH_NORM_PARAMETERS
from vrnn.compute.tracing.trace import OpRecord
from vrnn.errors import VrnnError
from vrnn.network.connections import ConnectionPart, SlidingWindow

NORM_PARAMETERS = {
    "layer_norm": ("input", "normalized_shape", "weight", "bias", "eps"),
    "rms_norm": ("input", "normalized_shape", "weight", "eps"),
    "group_norm": ("input", "num_groups", "weight", "bias", "eps"),
    "instance_norm": (
        "input", "running_mean", "running_var", "weight", "bias", "use_input_stats", "momentum",
        "eps",
    ),
    "batch_norm": BATCH_NORM_PARAMETERS,
}  # fmt: skip
"""Names of all positional arguments of torch's functions."""


def _read_first(record: OpRecord, tensor: torch.Tensor) -> np.ndarray:
    return first_maps(tensor, layout_of(record))


def read_linear(call: TappedCall) -> Reading:
    """Read a linear layer: of maps that were flattened its rows are kernels as large as a map."""
    arguments = call.arguments
    weight, x, bias = (arguments.get(name) for name in ("weight", "input", "bias"))
    if not isinstance(weight, torch.Tensor) or not isinstance(x, torch.Tensor) or weight.dim() != 2:
        raise packed_weights_error(call.name)
    source, kernels, outputs = call.source, float_array(weight), weight.shape[0]
    layout = layout_with_channels(layout_of(call.record), weight.shape[1])
    is_last = layout is not None and layout.channels == (len(layout.sizes) - 1,)
    if layout is None or not is_last or x.shape[-1] != weight.shape[1]:
        raise VrnnError(
            f"{call.name} mixes positions within each map, not maps; choose a layer that mixes maps"
        )
    maps = first_maps(x, layout)
    shape = _unflattened(source, maps)
    if shape is None:
        window = SlidingWindow.pointwise(2)
        kernels = kernels[:, :, None, None]
    else:
        maps, kernels = maps.reshape(shape), kernels.reshape(outputs, *shape)
        window = SlidingWindow(shape[1:], (1, 1), (0, 0), (1, 1))
    part = ConnectionPart(
        node_of(source), maps, kernels, window, source_maps=find_source_maps(maps, source)
    )
    return Reading("linear", (part,), None if bias is None else float_array(bias), _read_first)


def _unflattened(source: CallSource | None, maps: np.ndarray) -> tuple[int, int, int] | None:
    """(C, H, W) of the maps that were flattened into a vector; None where none were."""
    if source is None or source.maps is None or maps.shape[1:] != (1, 1):
        return None
    channels, count = source.maps.shape
    if count < 2 or channels * count != len(maps):
        return None
    if not np.array_equal(source.maps.reshape(-1), maps.reshape(-1), equal_nan=True):
        return None
    side = round(count**0.5)
    rows = side if side * side == count else 1
    return channels, rows, count // rows


def read_add(call: TappedCall) -> Reading:
    """Read a sum or a difference of tensors; what does not depend on the input is a bias."""
    layout, shape = layout_of(call.record), call.result.shape
    sources = iter(call.sources_of_tensors())
    parts: list[ConnectionPart] = []
    bias: np.ndarray = np.zeros((), np.float32)
    values = [*call.args, *(v for n, v in call.kwargs.items() if n not in ("alpha", "out"))]
    for value, factor in zip(values, _factors(call), strict=False):
        if not isinstance(value, torch.Tensor):
            bias = bias + np.float32(factor * value)
            continue
        maps, source = first_maps(value.broadcast_to(shape), layout), next(sources)
        if source is None:
            bias = bias + factor * maps
            continue
        kernels = np.full((len(maps), 1, 1, 1), factor, np.float32)
        parts.append(
            ConnectionPart(
                source.node, maps, kernels, SlidingWindow.pointwise(2), len(maps),
                source_maps=find_source_maps(maps, source),
            )
        )  # fmt: skip
    own = None if not bias.any() else np.broadcast_to(bias, first_maps(call.result, layout).shape)
    return Reading("add", tuple(parts), own, _read_first)


def _factors(call: TappedCall) -> tuple[float, ...]:
    alpha = float(call.kwargs.get("alpha", 1))
    if call.operation == "add":
        return 1.0, alpha
    name = catalog.own_name(call.record.function).strip("_")
    return (-1.0, 1.0) if name == "rsub" else (1.0, -alpha)


def read_cat(call: TappedCall) -> Reading:
    """Read maps put behind each other."""
    parts: list[ConnectionPart] = []
    first, layout = 0, layout_of(call.record)
    result = first_maps(call.result, layout)
    for (tensor, _), source in zip(call.tensors, call.sources_of_tensors(), strict=True):
        count = tensor.numel() * len(result) // max(call.result.numel(), 1)
        own = layout_with_channels(layout, count)
        is_alike = own is not None and tensor.dim() == call.result.dim() and (
            sum(a != b for a, b in zip(tensor.shape, call.result.shape, strict=True)) < 2
        )  # fmt: skip
        maps = first_maps(tensor, own) if own is not None and is_alike else None
        if maps is None or maps.shape[1:] != result.shape[1:]:
            raise _no_maps_joined(call)
        part = ConnectionPart(
            node_of(source), maps, np.ones((count, 1, 1, 1), np.float32),
            SlidingWindow.pointwise(2), count, first, source_maps=find_source_maps(maps, source),
        )  # fmt: skip
        parts.append(part)
        first += count
    if first != len(result):
        raise _no_maps_joined(call)
    return Reading("concatenate", tuple(parts), None, _read_first)


def _no_maps_joined(call: TappedCall) -> VrnnError:
    return VrnnError(
        f"{call.name} puts positions behind each other, not maps, so it connects no pairs of maps; "
        "choose another layer"
    )


def read_norm(call: TappedCall) -> Reading:
    """Read a norm: a factor and a shift of each map, which may depend on the position."""
    names = NORM_PARAMETERS[call.operation]
    named = {**dict(zip(names, call.args, strict=False)), **call.kwargs}
    x, source = named["input"], call.source
    layout = layout_of(call.record)
    maps = first_maps(x, layout)
    mean, spread = _statistics(call, named, maps)
    weight, bias = (
        None if named.get(name) is None else float_array(named[name]) for name in ("weight", "bias")
    )
    for values in (weight, bias):
        if values is not None and values.shape != (len(maps),):
            raise VrnnError(
                f"{call.name} has a factor for each position, not for each map, so it connects no "
                "maps; choose another layer"
            )
    factors = np.ones(len(maps), np.float32) if weight is None else weight
    wide = factors[:, None, None]
    shift = -mean * wide / spread
    if bias is not None:
        shift = shift + bias[:, None, None]
    gains = np.broadcast_to(1 / spread, np.broadcast_shapes(spread.shape, (1, *maps.shape[1:])))
    part = ConnectionPart(
        node_of(source), maps, factors[:, None, None, None],
        SlidingWindow.pointwise(2), len(maps), 0, gains.astype(np.float32),
        source_maps=find_source_maps(maps, source),
    )  # fmt: skip
    own = np.broadcast_to(shift, maps.shape).astype(np.float32)
    return Reading("norm", (part,), own, lambda record, tensor: first_maps(tensor, layout))


def _statistics(
    call: TappedCall, named: dict[str, Any], maps: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation, broadcast to the maps."""
    eps = named.get("eps")
    eps = 1e-5 if eps is None else float(eps)
    values = maps.astype(np.float64)
    if call.operation in ("batch_norm", "instance_norm"):
        is_batch = call.operation == "batch_norm"
        from_input = bool(named.get("training" if is_batch else "use_input_stats"))
        if named.get("running_mean") is not None and not from_input:
            mean, variance = (
                float_array(named[n]).astype(np.float64)[:, None, None]
                for n in ("running_mean", "running_var")
            )
            return mean, np.sqrt(variance + eps)
        if is_batch and len(named["input"]) > 1:
            raise VrnnError(
                f"{call.name} takes its statistics from all samples; put it into evaluation mode"
            )
        axes: tuple[int, ...] = (1, 2)
    elif call.operation == "group_norm":
        groups = int(named["num_groups"])
        grouped = values.reshape(groups, -1)
        mean, variance = grouped.mean(1), grouped.var(1)
        repeats = len(maps) // groups
        mean, variance = (np.repeat(v, repeats)[:, None, None] for v in (mean, variance))
        return mean, np.sqrt(variance + eps)
    else:
        axes = (0,)
    if call.operation == "rms_norm":
        given = named.get("eps")
        small = float(np.finfo(np.float32).eps) if given is None else float(given)
        square = (values**2).mean(axes, keepdims=True)
        return np.zeros_like(square), np.sqrt(square + small)
    return values.mean(axes, keepdims=True), np.sqrt(values.var(axes, keepdims=True) + eps)
