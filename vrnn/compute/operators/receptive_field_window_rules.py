"""Receptive fields of what slides windows over positions. See `receptive_field_rules`."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import torch

from vrnn.compute.operators.receptive_field import (
    PixelField,
    WindowSpan,
    apply_windows,
    mix_along,
    rounding_slack,
)
from vrnn.compute.operators.receptive_field_rules import (
    Call,
    rule,
)


def _per_axis(value: Any, count: int) -> list[int]:
    """A number for each axis: from `3`, `(3,)` or `(3, 5)`."""
    values = [int(value)] if isinstance(value, int) else [int(v) for v in value]
    if len(values) == 1:
        values *= count
    if len(values) != count:
        raise ValueError("neither one number nor one for each axis")
    return values


def _spatial_dims(operation: str) -> int:
    """2 for `conv2d`."""
    return int(operation.rstrip("d")[-1])


@rule("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def _convolution(call: Call, result: torch.Tensor) -> PixelField:
    arguments, count = call.arguments, _spatial_dims(call.operation)
    field = call.sole_source(arguments["input"])
    kernel = arguments["weight"].shape[2:]
    stride = _per_axis(arguments.get("stride", 1), count)
    dilation = _per_axis(arguments.get("dilation", 1), count)
    reach = [(k - 1) * d for k, d in zip(kernel, dilation, strict=True)]
    padding = arguments.get("padding", 0)
    if padding == "same":
        before = [r // 2 for r in reach]
    else:
        before = [0] * count if padding == "valid" else _per_axis(padding, count)
    spans = {}
    for i in range(count):
        if "transpose" in call.operation:
            step = 1 / stride[i]
            spans[i - count] = WindowSpan(step, (before[i] - reach[i]) * step, before[i] * step)
        else:
            spans[i - count] = WindowSpan(stride[i], -before[i], reach[i] - before[i])
    return apply_windows(mix_along(field, [-count - 1]), spans, result.shape)


@rule(*(f"{kind}_pool{n}d" for kind in ("max", "avg", "lp") for n in (1, 2, 3)))
def _pool(call: Call, result: torch.Tensor) -> PixelField:
    arguments, count = call.arguments, _spatial_dims(call.operation)
    field = call.sole_source(arguments["input"])
    kernel = _per_axis(arguments["kernel_size"], count)
    stride = arguments.get("stride")
    steps = kernel if stride is None or stride == [] or stride == () else _per_axis(stride, count)
    before = _per_axis(arguments.get("padding", 0), count)
    dilation = _per_axis(arguments.get("dilation", 1), count)
    spans = {
        i - count: WindowSpan(steps[i], -before[i], dilation[i] * (kernel[i] - 1) - before[i])
        for i in range(count)
    }
    return apply_windows(field, spans, result.shape)


@rule(*(f"adaptive_{kind}_pool{n}d" for kind in ("max", "avg") for n in (1, 2, 3)))
def _adaptive_pool(call: Call, result: torch.Tensor) -> PixelField:
    """Position o of m takes floor(o·n/m) to ceil((o + 1)·n/m) - 1 of n."""
    tensor = call.arguments["input"]
    spans = _area_spans(tensor, result, _spatial_dims(call.operation))
    return apply_windows(call.sole_source(tensor), spans, result.shape)


def _area_spans(tensor: torch.Tensor, result: torch.Tensor, count: int) -> dict[int, WindowSpan]:
    spans = {}
    for axis in range(-count, 0):
        step = Fraction(tensor.shape[axis], result.shape[axis])
        part = 1 - 1 / step.denominator
        spans[axis] = WindowSpan(float(step), -part, float(step) - 1 + part)
    return spans


@rule("interpolate")
def _interpolate(call: Call, result: torch.Tensor) -> PixelField:
    """Where a position lies among the old ones, and which of these it weighs."""
    arguments = call.arguments
    tensor = arguments["input"]
    field, mode = call.sole_source(tensor), str(arguments.get("mode") or "nearest")
    count = tensor.dim() - 2
    if mode == "area":
        return apply_windows(field, _area_spans(tensor, result, count), result.shape)
    recomputes = arguments.get("recompute_scale_factor")
    factor = None if recomputes else arguments.get("scale_factor")
    factors = list(factor) if isinstance(factor, list | tuple) else [factor] * count
    spans = {}
    for axis in range(-count, 0):
        old, new, factor = tensor.shape[axis], result.shape[axis], factors[axis]
        step = Fraction(old, new) if factor is None else 1 / Fraction(float(factor))
        if arguments.get("align_corners"):
            step, shift = Fraction(old - 1, max(new - 1, 1)), Fraction(0)
        else:
            shift = Fraction(0) if mode == "nearest" else step / 2 - Fraction(1, 2)
        spans[axis] = _resampling_span(mode, step, shift, bool(arguments.get("antialias")))
    return apply_windows(field, spans, result.shape)


def _resampling_span(mode: str, step: Fraction, shift: Fraction, antialias: bool) -> WindowSpan:
    """Which old positions are taken by position o, which lies at step·o + shift.

    An antialiasing filter is as wide as the step.
    """
    if mode == "nearest-exact":
        shift += Fraction(1, 2)
    slack = rounding_slack(step, shift)
    if antialias:
        radius = max(step, Fraction(1)) * (2 if mode == "bicubic" else 1)
        return WindowSpan(float(step), float(shift - radius - 1), float(shift + radius + 1))
    before, after = {"nearest": (0, 0), "nearest-exact": (0, 0), "bicubic": (1, 2)}.get(
        mode, (0, 1)
    )
    return WindowSpan(float(step), float(shift) - slack - before, float(shift) + after)


@rule("pad")
def _pad(call: Call, result: torch.Tensor) -> PixelField:
    arguments = call.arguments
    tensor, amounts = arguments["input"], [int(n) for n in arguments["pad"]]
    field, mode = call.sole_source(tensor), str(arguments.get("mode") or "constant")
    spans, circular_axes = {}, []
    for side in range(len(amounts) // 2):
        left, right = amounts[2 * side : 2 * side + 2]
        axis = -1 - side
        if mode == "circular" and (left or right):
            circular_axes.append(axis)
        # What lies beyond a border comes from within it: from its edge, or mirrored.
        reach = {"reflect": 2, "replicate": 1}.get(mode, 0)
        spans[axis] = WindowSpan(1, -left - reach * max(right, 0), -left + reach * max(left, 0))
    return apply_windows(mix_along(field, circular_axes), spans, result.shape)


@rule("pixel_shuffle", "pixel_unshuffle")
def _pixel_shuffle(call: Call, result: torch.Tensor) -> PixelField:
    """Channels become pixels or the other way round."""
    tensor = call.arguments["input"]
    field = mix_along(call.sole_source(tensor), [-3])
    if call.operation == "pixel_shuffle":
        factor = int(call.arguments["upscale_factor"])
        span = WindowSpan(1 / factor, -(factor - 1) / factor, 0)
    else:
        factor = int(call.arguments["downscale_factor"])
        span = WindowSpan(factor, 0, factor - 1)
    return apply_windows(field, {-2: span, -1: span}, result.shape)
