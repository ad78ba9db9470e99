"""How each of torch's operations changes the receptive field of what it takes.

A field is never too small. An operation without a rule, or with arguments of a kind that its rule
does not know, lets each position see all that any position of its sources sees. Activations work
position by position, unless they have a rule of their own. Others are added with `rule`:

    @rule("my_blur")
    def blur(call: Call, result: torch.Tensor) -> PixelField:
        field = call.sole_source(call.tensors[0])
        return apply_windows(field, {-1: WindowSpan(1, -2, 2)}, result.shape)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import torch

from vrnn.compute.operators import catalog
from vrnn.compute.operators.receptive_field import (
    AxisInterval,
    Geometry,
    PixelField,
    WindowSpan,
    apply_windows,
    broadcast_field,
    join_fields,
    lies_within,
    mix_along,
    pull_back,
    push_through_view,
    rounding_slack,
)
from vrnn.compute.operators.rule_table import RuleTable

RESHAPES = frozenset("reshape reshape_as flatten ravel unflatten view view_as".split())
"""Views that keep the row-major order of the elements and may copy them."""


class Call(NamedTuple):
    """One call of an operation as it ran.

    Attributes:
        function: The function that was called.
        operation: Its canonical name.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        arguments: Arguments by name, as far as known (`catalog.bind_arguments`).
        tensors: All tensors among the arguments, in order.
        fields: The fields of those that depend on the input, by `id`.
    """

    function: Callable[..., Any]
    operation: str
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    arguments: Mapping[str, Any]
    tensors: Sequence[torch.Tensor]
    fields: Mapping[int, PixelField]

    @property
    def function_name(self) -> str:
        """The function's own name without underscores."""
        return catalog.own_name(self.function).strip("_")

    @property
    def sources(self) -> list[tuple[torch.Tensor, PixelField]]:
        """The tensors that depend on the input, with their fields."""
        return [(t, self.fields[id(t)]) for t in self.tensors if id(t) in self.fields]

    def sole_source(self, tensor: Any) -> PixelField:
        """Return the field of the only tensor that depends on the input.

        Raises:
            LookupError: Another tensor depends on it too, or this one does not.
        """
        if any(t is not tensor for t, _ in self.sources):
            raise LookupError("another tensor depends on the input too")
        return self.fields[id(tensor)]


Rule = Callable[[Call, torch.Tensor], PixelField]
"""Returns the field of a result of a call. It may raise TypeError, ValueError, LookupError or
ArithmeticError for arguments that it does not know."""
rule = RuleTable[Rule]()
"""Decorator that registers the rule of some operations, by canonical name."""


def field_of_result(call: Call, result: torch.Tensor) -> PixelField:
    """Return the field of one result of an operation, or of a tensor that it wrote into."""
    apply = rule.get(call.operation)
    if apply is None:
        is_activation = catalog.lookup(call.operation).role == "activation"
        apply = pointwise if is_activation else _without_rule
    try:
        return apply(call, result)
    except (TypeError, ValueError, LookupError, ArithmeticError):
        return global_field([field for _, field in call.sources])


def field_of_view(
    operation: str, old: torch.Tensor, before: Sequence[int], field: PixelField, new: torch.Tensor
) -> PixelField:
    """Return the field of a tensor that shows the elements of another in another way.

    Args:
        operation: Canonical name of the operation.
        old: The tensor that it took.
        before: Shape of that tensor before the call, which may have changed it.
        field: Field of that tensor.
        new: The view, or a copy of one.
    """
    if tuple(old.shape) != tuple(before):
        return field.as_global()
    if new is old:
        return field
    if old.dtype == new.dtype and shares_storage(old, new):
        old_geometry, new_geometry = Geometry.of(old), Geometry.of(new)
        if old_geometry == new_geometry:
            return field
        return push_through_view(field, old_geometry, new_geometry)
    if operation != "getitem" and old.shape == new.shape:
        return field
    if operation in RESHAPES and old.numel() == new.numel():
        return push_through_view(
            field, Geometry.contiguous(old.shape), Geometry.contiguous(new.shape)
        )
    return field.as_global()


def global_field(fields: Sequence[PixelField]) -> PixelField:
    """Return the field in which each position sees all that any position of these fields sees."""
    return join_fields([field.as_global() for field in fields], ())


def shares_storage(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Return whether two tensors view the same memory."""
    try:
        return bool(one.untyped_storage()._cdata == other.untyped_storage()._cdata)
    except (RuntimeError, NotImplementedError):  # sparse and other tensors without a storage
        return False


def field_of_input(
    shape: Sequence[int], size: tuple[int, int], places: tuple[int | None, int | None]
) -> PixelField:
    """Return the field of an input tensor.

    Args:
        shape: Its shape.
        size: (height, width) of the first input in pixels.
        places: Its axes of rows and columns, counted from the end; None where it has none.
    """
    rows, columns = (AxisInterval(1, 0, 0, 0, n - 1) for n in size)
    own = tuple(1 if axis is None else shape[axis] for axis in places)
    if own != size:
        return PixelField(rows, columns, (None, None)).as_global()
    row, column = places
    if row is None:
        rows = rows.as_global()
    if column is None:
        columns = columns.as_global()
    return PixelField(rows, columns, (row, column))


def _without_rule(call: Call, result: torch.Tensor) -> PixelField:
    """A view where it is one, else global."""
    sources = call.sources
    if len(sources) == 1 and result is not sources[0][0]:
        old, field = sources[0]
        if old.dtype == result.dtype and shares_storage(old, result):
            return push_through_view(field, Geometry.of(old), Geometry.of(result))
    return global_field([field for _, field in sources])


@rule(
    *"""
    add sub mul div pow neg negative abs absolute sign sgn exp exp2 expm1 log log2 log10 log1p sqrt
    rsqrt square reciprocal floor ceil round trunc frac sin cos tan asin acos atan atan2 sinh cosh
    asinh acosh atanh erf erfc erfinv sinc logit nan_to_num where maximum minimum fmax fmin lerp
    addcmul addcdiv remainder fmod floor_divide floordiv rfloordiv mod rmod eq ne lt le gt ge
    logical_and logical_or logical_not logical_xor and or xor invert bitwise_not isnan isinf
    isfinite masked_fill hypot copysign heaviside logaddexp xlogy zero fill bernoulli ldexp
    channel_shuffle deg2rad rad2deg float_power
    """.split()
)
def pointwise(call: Call, result: torch.Tensor) -> PixelField:
    """Return the field where each position takes the same one of each broadcast argument."""
    shape = tuple(result.shape)
    shapes = [tuple(t.shape) for t in call.tensors if call.operation != "prelu"]
    if call.operation != "prelu" and np.broadcast_shapes(*shapes) != shape:
        raise ValueError("the result does not have the broadcast shape of the arguments")
    return join_fields([broadcast_field(field, t.shape, shape) for t, field in call.sources], shape)


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
