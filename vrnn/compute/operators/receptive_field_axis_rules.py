"""Receptive fields of what mixes, joins or repeats along axes. See `receptive_field_rules`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from vrnn.compute.operators.receptive_field import (
    PixelField,
    WindowSpan,
    apply_windows,
    broadcast_field,
    join_fields,
    mix_along,
)
from vrnn.compute.operators.receptive_field_rules import (
    Call,
    Rule,
    pointwise,
    rule,
    shares_storage,
)
from vrnn.compute.operators.receptive_field_views import (
    Geometry,
    lies_within,
    pull_back,
)


def along_axis(index: int, default: int | None = None) -> Rule:
    """Make the rule of an operation that mixes the positions along one axis, or a few.

    Args:
        index: Index of the positional argument that names the axis or axes; as a keyword it is
            `dim` or `dims`.
        default: The axis where nothing names it.
    """

    def mixes(call: Call, result: torch.Tensor) -> PixelField:
        dim = call.kwargs.get("dim", call.kwargs.get("dims"))
        if dim is None:
            dim = call.args[index] if len(call.args) > index else default
        tensor = call.tensors[0]
        field = call.sole_source(tensor)
        axes = _from_end(dim, tensor.dim())
        others = [a for a in range(-tensor.dim(), 0) if a not in axes]
        if tensor.dim() != result.dim() or any(tensor.shape[a] != result.shape[a] for a in others):
            raise ValueError("the other axes have changed")
        return mix_along(field, axes)

    return mixes


rule(
    "softmax", "log_softmax", "softmin", "cumsum", "cumprod", "logcumsumexp", "flip",
    "index_select",
)(along_axis(1))  # fmt: skip
rule("sort", "glu")(along_axis(1, -1))
rule("roll")(along_axis(2))
rule("normalize")(along_axis(2, 1))
rule("local_response_norm")(along_axis(9, 1))  # its channels: no argument names them
rule("gumbel_softmax")(along_axis(9, -1))  # the axis is a keyword only


def _from_end(axes: Any, dims: int) -> list[int]:
    """Axes counted from the end."""
    values = [axes] if isinstance(axes, int) else list(axes)
    return [value - dims if value >= 0 else value for value in values]


@rule(
    *"""
    mean sum prod amax amin max min std var median nanmean nansum logsumexp argmax argmin any all
    norm count_nonzero
    """.split()
)
def _reduction(call: Call, result: torch.Tensor) -> PixelField:
    """Sums, means and the like over some axes."""
    if call.operation in ("max", "min") and len(call.tensors) == 2:
        return pointwise(call, result)
    tensor = call.tensors[0]
    field = call.sole_source(tensor)
    index = 2 if call.operation == "norm" else 1
    dim = call.kwargs.get("dim", call.kwargs.get("axis"))
    if dim is None and len(call.args) > index:
        dim = call.args[index]
    if dim is None or isinstance(dim, bool):
        return field.as_global()
    axes = _from_end(dim, tensor.dim())
    keeps_dims = tensor.dim() == result.dim()
    expected = [
        1 if a in axes else tensor.shape[a]
        for a in range(-tensor.dim(), 0)
        if keeps_dims or a not in axes
    ]
    if expected != list(result.shape):
        raise ValueError("the result does not have the expected shape")
    field = mix_along(field, axes)
    if keeps_dims:
        return field
    row, column = (
        None if axis is None else axis + sum(other > axis for other in axes) for axis in field.axes
    )
    return field._replace(axes=(row, column))


@rule("cat")
def _concatenate(call: Call, result: torch.Tensor) -> PixelField:
    """Tensors one after another along an axis, or stacked along a new one."""
    tensors = call.args[0] if call.args else call.kwargs["tensors"]
    dim = call.kwargs.get("dim", call.kwargs.get("axis"))
    if dim is None:
        dim = call.args[1] if len(call.args) > 1 else 0
    shape = tuple(result.shape)
    (axis,) = _from_end(int(dim), len(shape))
    if call.function_name not in ("cat", "concat", "concatenate", "stack"):
        raise ValueError("an unknown kind of concatenation")
    fields, offset = [], 0
    for tensor in tensors:
        field = call.fields.get(id(tensor))
        if call.function_name == "stack":
            field = field and _with_new_axis(field, axis, len(shape))
        elif field is not None:
            field = _shifted(field, axis, offset, shape)
        if field is not None:
            fields.append(field)
        offset += 1 if call.function_name == "stack" else tensor.shape[axis]
    if offset != shape[axis]:
        raise ValueError("the result does not have the expected size")
    return join_fields(fields, shape)


def _with_new_axis(field: PixelField, new: int, dims: int) -> PixelField:
    """The field after an axis was inserted. new, dims: of the result, new from its end."""
    row, column = (
        None if axis is None else axis - (axis + dims - 1 < new + dims) for axis in field.axes
    )
    return field._replace(axes=(row, column))


def _shifted(field: PixelField, axis: int, offset: int, shape: Sequence[int]) -> PixelField:
    """The field of a part that begins at an offset along an axis of a result of this shape."""
    if axis not in field.axes:
        return field
    if field.grid:
        prefix, height, width = field.grid
        return field._replace(grid=(prefix + offset, height, width))
    return apply_windows(field, {axis: WindowSpan(1, -offset, -offset)}, shape)


@rule("repeat", "repeat_interleave", "tile")
def _repeat(call: Call, result: torch.Tensor) -> PixelField:
    """Repeated along axes without pixels only."""
    tensor = call.tensors[0]
    field, shape = call.sole_source(tensor), tensor.shape
    for axis in field.axes:
        if axis is not None and (-axis > result.dim() or shape[axis] != result.shape[axis]):
            field = field.as_global()
    return field


@rule("linear")
def _linear(call: Call, result: torch.Tensor) -> PixelField:
    tensor = call.arguments["input"]
    if tensor.dim() != result.dim():
        raise ValueError("a matrix times a vector")
    return mix_along(call.sole_source(tensor), [-1])


@rule("matmul")
def _matrix_product(call: Call, result: torch.Tensor) -> PixelField:
    """Each row of the first with each column of the second."""
    a, b = call.tensors
    if call.function_name == "rmatmul" or a.dim() < 2 or b.dim() < 2:
        raise ValueError("not a product of two matrices in this order")
    shape = tuple(result.shape)
    fields = []
    for tensor, inner in ((a, -1), (b, -2)):
        if id(tensor) in call.fields:
            field = mix_along(call.fields[id(tensor)], [inner])
            fields.append(broadcast_field(field, tensor.shape, shape))
    return join_fields(fields, shape)


@rule("batch_norm")
def _batch_norm(call: Call, result: torch.Tensor) -> PixelField:
    field = call.sole_source(call.arguments["input"])
    return field.as_global() if call.arguments.get("training") else field


@rule("instance_norm")
def _instance_norm(call: Call, result: torch.Tensor) -> PixelField:
    field = call.sole_source(call.arguments["input"])
    return field.as_global() if call.arguments.get("use_input_stats", True) else field


@rule("layer_norm", "rms_norm")
def _layer_norm(call: Call, result: torch.Tensor) -> PixelField:
    field = call.sole_source(call.arguments["input"])
    return mix_along(field, range(-len(call.arguments["normalized_shape"]), 0))


@rule("set")
def _write(call: Call, result: torch.Tensor) -> PixelField:
    """`target[index] = value` and `target.copy_(value)`: what was there, and what was written."""
    target = result
    fields = [call.fields[id(target)]] if id(target) in call.fields else []
    if call.function_name == "copy":
        return pointwise(call, result)
    index, value = call.args[1], call.args[2]
    part = target[index]
    if any(t is not target and t is not value for t, _ in call.sources):
        raise ValueError("the index depends on the input")
    if id(value) in call.fields:
        is_view = shares_storage(part, target)
        if not is_view or not lies_within(Geometry.of(part), Geometry.of(target)):
            raise ValueError("the index is not that of a rectangular part")
        written = broadcast_field(call.fields[id(value)], value.shape, part.shape)
        fields.append(pull_back(written, Geometry.of(part), Geometry.of(target)))
    return join_fields(fields, result.shape)
