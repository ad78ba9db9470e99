"""What layers, norms, pools and reductions do to axes, and say of them. See `axis_rules`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import torch

from vrnn.compute.operators.axis_factors import (
    Axes,
    AxisFactor,
    Evidence,
    FactoredAxis,
    axis_size,
    new_axes,
    unify,
)
from vrnn.compute.operators.axis_rules import (
    AxisCall,
    axes_by_shape,
    axis_rule,
    claim,
    has_role,
    is_positional,
    new_axis,
    resized_axis,
)
from vrnn.network.axes import AxisRole

CERTAIN, LIKELY, ASSUMED = Evidence.CERTAIN, Evidence.LIKELY, Evidence.ASSUMED
PLACES: tuple[tuple[AxisRole, ...], ...] = (
    ("time",), ("height", "width"), ("depth", "height", "width"),
)  # fmt: skip
"""Roles of the axes that operations in one, two and three dimensions slide along."""
VIDEO_CHANNELS = 3
"""Channels of what a 3-d convolution takes if its depth is taken for frames of a video."""


@cache
def _places(operation: str) -> tuple[AxisRole, ...]:
    """The roles of the axes that an operation such as `conv2d` slides along."""
    digits = [int(c) for c in operation if c in "123"]
    return PLACES[digits[-1] - 1]


def claim_places(axes: Axes, places: Sequence[AxisRole], evidence: Evidence = CERTAIN) -> None:
    """Say that a tensor has samples, channels, and places along its last axes.

    Length and depth are less sure than height and width: they may be time.
    """
    count = len(places)
    for axis, role in zip(axes[len(axes) - count :], places, strict=True):
        claim(axis, role, evidence if role in ("height", "width") else min(evidence, LIKELY))
    if len(axes) > count:
        claim(axes[-count - 1], "channel", evidence)
    if len(axes) > count + 1:
        claim(axes[-count - 2], "batch", LIKELY)


def _slid(axes: Axes, places: Sequence[AxisRole], shape: Sequence[int]) -> list[FactoredAxis]:
    """The axes of places after an operation has slid along them."""
    result = []
    for axis, size, role in zip(axes[-len(places) :], shape[-len(places) :], places, strict=True):
        if axis_size(axis) == size:
            result.append(axis)
        elif len(axis) == 1 or has_role(axis, role):
            result.append(resized_axis(axis, int(size)))
        else:
            result.append(new_axis(size, role))
    return result


@axis_rule(*(f"conv{kind}{n}d" for kind in ("", "_transpose") for n in (1, 2, 3)))
def _convolution(call: AxisCall, result: torch.Tensor) -> Axes:
    arguments = call.arguments
    axes = call.axes(arguments["input"])
    weight, places = arguments["weight"], _places(call.operation)
    if len(places) == 3:
        is_video = weight.shape[1] == VIDEO_CHANNELS and "transpose" not in call.operation
        if is_video:
            claim(axes[-3], "time", ASSUMED)
        elif not has_role(axes[-3], "time"):  # frames remain frames in deeper layers
            claim(axes[-3], "depth", LIKELY)
        claim(axes[-2], "height", CERTAIN)
        claim(axes[-1], "width", CERTAIN)
    elif len(places) == 1 and weight.shape[-1] == 1:
        claim(axes[-1], "node", ASSUMED)  # it looks at each place alone: maybe points of a set
    elif len(places) == 2 and weight.shape[-2:] == (1, 1):
        # It looks at each place alone: pixels, or else points and their neighbors.
        if all(f.root.source >= 0 for axis in axes[-2:] for f in axis):
            claim_places(axes[-2:], places, LIKELY)
    else:
        claim_places(axes[-len(places) :], places)
    claim(axes[-len(places) - 1], "channel", CERTAIN)
    if len(axes) > len(places) + 1:
        claim(axes[-len(places) - 2], "batch", LIKELY)
    _claim_kernels(call.axes(weight), places)
    channels = new_axis(result.shape[-len(places) - 1], "channel")
    samples = axes[: len(axes) - len(places) - 1]
    return (*samples, channels, *_slid(axes, places, result.shape))


def _claim_kernels(axes: Axes, places: Sequence[AxisRole]) -> None:
    """Say what a weight holds, for one that is computed: kernels for pairs of channels."""
    for axis, role in zip(axes[-len(places) :], places, strict=True):
        if axis_size(axis) > 1:
            claim(axis, role, LIKELY)
    claim(axes[1], "channel", LIKELY)
    claim(tuple(f for f in axes[0] if f.size > 1), "other", LIKELY)


@axis_rule(
    *(f"{kind}_pool{n}d" for kind in ("max", "avg", "lp", "fractional_max", "adaptive_max",
      "adaptive_avg") for n in (1, 2, 3)),
    *(f"max_unpool{n}d" for n in (1, 2, 3)),
    *(f"adaptive_max_pool{n}d_with_indices" for n in (1, 2, 3)),
    *(f"max_pool{n}d_with_indices" for n in (1, 2, 3)),
)  # fmt: skip
def _pool(call: AxisCall, result: torch.Tensor) -> Axes:
    axes = call.axes(call.tensors[0])
    places = _places(call.operation)
    if len(places) > 1:
        claim_places(axes, places, CERTAIN if len(places) == 2 else LIKELY)
    return (*axes[: len(axes) - len(places)], *_slid(axes, places, result.shape))


@axis_rule("interpolate", "grid_sample", "upsample_nearest", "upsample_bilinear")
def _resize(call: AxisCall, result: torch.Tensor) -> Axes:
    axes = call.axes(call.tensors[0])
    places = PLACES[len(axes) - 3]
    claim_places(axes, places)
    return (*axes[: len(axes) - len(places)], *_slid(axes, places, result.shape))


@axis_rule("pixel_shuffle", "pixel_unshuffle")
def _pixel_shuffle(call: AxisCall, result: torch.Tensor) -> Axes:
    axes = call.axes(call.tensors[0])
    claim_places(axes, ("height", "width"))
    channels = new_axis(result.shape[-3], "channel")
    return (*axes[:-3], channels, *_slid(axes, ("height", "width"), result.shape))


@axis_rule("unfold")
def _unfold(call: AxisCall, result: torch.Tensor) -> Axes:
    """`F.unfold`: columns of windows; `Tensor.unfold`: windows along one axis."""
    tensor = call.tensors[0]
    axes = call.axes(tensor)
    if result.dim() == tensor.dim() + 1:
        dim = call.value(1, "dimension") % len(axes)
        inner = AxisFactor(result.shape[-1])  # that it has channels says nothing of the axis
        inner.roles.fallback = axes[dim][0].roles
        return (*axes[:dim], resized_axis(axes[dim], result.shape[dim]), *axes[dim + 1 :], (inner,))
    claim_places(axes, ("height", "width"))
    sizes = []
    for i in range(2):
        kernel = _pair(call.value(1, "kernel_size"))[i]
        stride, padding, dilation = (
            _pair(call.kwargs[name])[i] for name in ("stride", "padding", "dilation")
        )
        reach = axis_size(axes[-2 + i]) + 2 * padding - dilation * (kernel - 1) - 1
        sizes.append(reach // stride + 1)
    grid = [resized_axis(axis, n) for axis, n in zip(axes[-2:], sizes, strict=True)]
    return (*axes[:-3], new_axis(result.shape[-2], "channel"), (*grid[0], *grid[1]))


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[-1]))


@axis_rule("fold")
def _fold(call: AxisCall, result: torch.Tensor) -> Axes:
    axes = call.axes(call.tensors[0])
    roles: tuple[AxisRole, ...] = ("channel", "height", "width")
    sizes = result.shape[-3:]
    return (*axes[:-2], *(new_axis(n, role) for n, role in zip(sizes, roles, strict=True)))


@axis_rule("batch_norm", "instance_norm", "group_norm", "local_response_norm", "prelu",
           "channel_shuffle", "native_batch_norm")  # fmt: skip
def _channels_second(call: AxisCall, result: torch.Tensor) -> Axes:
    axes = call.axes(call.tensors[0])
    if result is not call.results[0]:
        raise LookupError("a statistic")
    if len(axes) >= 2 and not (call.operation == "prelu" and call.tensors[1].numel() == 1):
        claim(axes[1], "channel", CERTAIN)
        claim(axes[0], "batch", LIKELY)
    return axes


@axis_rule("layer_norm", "rms_norm", "native_layer_norm")
def _channels_last(call: AxisCall, result: torch.Tensor) -> Axes:
    axes = call.axes(call.tensors[0])
    if result is not call.results[0]:
        raise LookupError("a statistic")
    shape = call.value(1, "normalized_shape")
    if isinstance(shape, int) or len(shape) == 1:
        claim(axes[-1], "channel", LIKELY)
    return axes


@axis_rule("linear", "bilinear")
def _linear(call: AxisCall, result: torch.Tensor) -> Axes:
    is_product = call.name == "addmm"  # of a bias, an input and a weight
    axes = call.axes(call.tensor(1, "mat1") if is_product else call.tensors[0])
    last = axes[-1]
    if is_positional(last) and any(has_role(axis, "channel") for axis in axes[:-1]):
        # It mixes places: channels are where they were.
        mixed = (
            last
            if result.shape[-1] == axis_size(last)
            else new_axis(result.shape[-1], "token", LIKELY)
        )
        return (*axes[:-1], mixed)
    weight = call.arguments.get("weight")
    if isinstance(weight, torch.Tensor) and not isinstance(weight, torch.nn.Parameter):
        made = call.axes(weight)  # by the model: a row of it is no sample
        claim(made[-1], "channel", LIKELY)
        if len(made) > 1:
            claim(made[0], "other", LIKELY)
    evidence = LIKELY if is_positional(last) else CERTAIN  # frequencies may become others
    claim(last, "channel", LIKELY)
    return (*axes[:-1], new_axis(result.shape[-1], "channel", evidence))


@axis_rule("embedding", "one_hot", "embedding_bag")
def _embedding(call: AxisCall, result: torch.Tensor) -> Axes:
    index = call.tensors[0]
    if call.tensors[0].is_floating_point():
        index = call.tensors[1]
    axes = call.axes(index)
    if call.operation != "one_hot" and index.dim():
        # A single axis of numbers may be a text, or the class or time of each sample; a square
        # table may be the kinds of edges between nodes.
        is_text = index.dim() > 1 and (index.dim() > 2 or index.shape[0] != index.shape[1])
        if is_text:
            claim(axes[0], "batch", LIKELY)
        claim(axes[-1], "token", LIKELY if is_text else ASSUMED)
    if call.operation == "embedding_bag":
        axes = axes[:1]
    return (*axes, new_axis(result.shape[-1], "channel"))


REDUCTIONS = """
mean sum prod amax amin max min std var median nanmean nansum logsumexp argmax argmin any all norm
count_nonzero std_mean var_mean vector_norm mode kthvalue quantile nanquantile aminmax cummax
""".split()  # fmt: skip


@axis_rule(*REDUCTIONS)
def _reduction(call: AxisCall, result: torch.Tensor) -> Axes:
    tensor = call.tensors[0]
    axes = call.axes(tensor)
    index = 2 if call.operation in ("norm", "vector_norm", "kthvalue", "quantile") else 1
    dim = call.kwargs.get("dim", call.kwargs.get("axis"))
    if dim is None and len(call.args) > index:
        dim = call.args[index]
    if dim is None or isinstance(dim, torch.Tensor | bool):
        raise ValueError("no axes named")
    dims = [dim] if isinstance(dim, int) else list(dim)
    reduced = {d % len(axes) for d in dims}
    if len(axes) == 2 and reduced == {0} and axis_size(axes[0]) > 1:
        # Members of one set, such as points or a graph's nodes: samples stay apart.
        claim(axes[0], "node", ASSUMED)
    if result.dim() == len(axes):
        return tuple(_left_of(axis) if i in reduced else axis for i, axis in enumerate(axes))
    return tuple(axis for i, axis in enumerate(axes) if i not in reduced)


def _left_of(axis: FactoredAxis) -> FactoredAxis:
    """What is left of an axis that is reduced: what is said of it later need not hold before.

    The mean over disparities is one channel for the convolution that takes it.
    """
    left = AxisFactor(1)
    left.roles.fallback = axis[0].roles
    return (left,)


@axis_rule("nonzero", "argwhere")
def _found(call: AxisCall, result: torch.Tensor) -> Axes:
    """As many as there are, by chance as many as an axis is long."""
    return new_axes(result.shape)


@axis_rule("where")
def _where(call: AxisCall, result: torch.Tensor) -> Axes:
    if len(call.tensors) == 1 and len(call.args) + len(call.kwargs) == 1:
        return new_axes(result.shape)
    return axes_by_shape(call, result.shape)


@axis_rule("gather", "take_along_dim", "scatter", "scatter_add", "scatter_reduce", "topk", "sort",
           "argsort", "index_add", "index_copy", "index_fill", "index_reduce", "index_select",
           "cumsum", "masked_scatter", "msort")  # fmt: skip
def _picked(call: AxisCall, result: torch.Tensor) -> Axes:
    axes = call.axes(call.tensors[0])
    if call.operation.startswith(("index_add", "index_red", "scatter_add", "scatter_red")):
        dim = call.value(1, "dim") % len(axes)
        claim(axes[dim], "node", ASSUMED)
        source = call.axes(call.tensors[-1])
        for index, axis in enumerate(axes):
            if index != dim and len(source) == len(axes):
                unify(axis, source[index])
        indices = call.axes(call.tensors[1])
        if len(indices) == 1 and axis_size(indices[0]) == axis_size(source[dim]):
            unify(source[dim], indices[0])  # where each goes
        return axes
    if len(axes) != result.dim():
        raise ValueError("another number of axes")
    return tuple(
        axis if axis_size(axis) == size else resized_axis(axis, int(size))
        for axis, size in zip(axes, result.shape, strict=True)
    )


@axis_rule("stft")
def _stft(call: AxisCall, result: torch.Tensor) -> Axes:
    axes = call.axes(call.tensors[0])
    claim(axes[-1], "time", CERTAIN)
    if len(axes) > 1:
        claim(axes[0], "batch", LIKELY)
    rest = [(AxisFactor(n),) for n in result.shape[len(axes) + 1 :]]
    frames = new_axis(result.shape[len(axes)], "time", LIKELY)
    frequencies = new_axis(result.shape[len(axes) - 1], "height", LIKELY)
    return (*axes[:-1], frequencies, frames, *rest)


@axis_rule("fft2", "ifft2", "rfft2", "irfft2", "fft_fft2", "fft_ifft2", "fft_rfft2", "fft_irfft2")
def _fft2(call: AxisCall, result: torch.Tensor) -> Axes:
    axes = call.axes(call.tensors[0])
    first, second = (d % len(axes) for d in call.value(2, "dim", (-2, -1)))
    claim(axes[first], "height", LIKELY)
    claim(axes[second], "width", LIKELY)
    return tuple(
        resized_axis(axis, int(size)) for axis, size in zip(axes, result.shape, strict=True)
    )


@axis_rule("cdist")
def _distances(call: AxisCall, result: torch.Tensor) -> Axes:
    one, other = (call.axes(t) for t in call.tensors[:2])
    for axes in (one, other):
        claim(axes[-2], "node", LIKELY)
        claim(axes[-1], "channel", LIKELY)
    return (*one[:-2], one[-2], other[-2])


@axis_rule("istft")
def _istft(call: AxisCall, result: torch.Tensor) -> Axes:
    axes = call.axes(call.tensors[0])
    return (*axes[: result.dim() - 1], new_axis(result.shape[-1], "time"))
