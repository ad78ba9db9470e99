"""What each operation of torch does to the field of what it takes (see `field`).

A field is never too small. What is not known here, or is given arguments of a kind not known here,
lets each position see all that any position of its sources sees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import torch

from vrnn.compute.operators import catalog as ops
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

POINTWISE = frozenset(
    [
        *(ops.ACTIVATIONS.keys() - {"glu"}),
        *ops.ARITHMETIC,
        *"""
        neg negative abs absolute sign sgn exp exp2 expm1 log log2 log10 log1p sqrt rsqrt square
        reciprocal floor ceil round trunc frac sin cos tan asin acos atan atan2 sinh cosh asinh
        acosh atanh erf erfc erfinv sinc logit nan_to_num where maximum minimum fmax fmin lerp
        addcmul addcdiv remainder fmod floor_divide floordiv rfloordiv mod rmod eq ne lt le gt ge
        logical_and logical_or logical_not logical_xor and or xor invert bitwise_not isnan isinf
        isfinite masked_fill hypot copysign heaviside logaddexp xlogy zero fill bernoulli ldexp
        channel_shuffle celu deg2rad rad2deg float_power
        """.split(),
    ]
)
"""Each position takes only the one at its place; sizes may be broadcast."""
COPIES = frozenset("reshape reshape_as flatten ravel unflatten view view_as".split())
"""They keep the row-major order of the numbers and may copy them."""
REDUCTIONS = frozenset(
    "mean sum prod amax amin max min std var median nanmean nansum logsumexp argmax argmin any all "
    "norm count_nonzero".split()
)
ALONG = {
    "softmax": (1, None), "log_softmax": (1, None), "softmin": (1, None), "cumsum": (1, None),
    "cumprod": (1, None), "logcumsumexp": (1, None), "flip": (1, None), "roll": (2, None),
    "index_select": (1, None), "sort": (1, -1), "normalize": (2, 1), "glu": (1, -1),
    "local_response_norm": (9, 1), "gumbel_softmax": (9, -1),
}  # fmt: skip
"""Operations that mix positions along one axis: which argument names it, and its default."""


@dataclass(frozen=True)
class Call:
    """One call as it ran. names: arguments by name as far as known (`ops.named`); fields: of the
    tensors among them that depend on the input, by `id`; taken: all tensors among them."""

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
        return str(getattr(self.function, "__name__", "")).strip("_")

    @property
    def sources(self) -> list[tuple[torch.Tensor, PixelField]]:
        """The tensors that depend on the input, and how."""
        return [(t, self.fields[id(t)]) for t in self.tensors if id(t) in self.fields]

    def sole_source(self, tensor: Any) -> PixelField:
        """The field of a tensor that alone depends on the input. Raises LookupError."""
        if any(t is not tensor for t, _ in self.sources):
            raise LookupError("another tensor depends on the input too")
        return self.fields[id(tensor)]


def field_of_result(call: Call, result: torch.Tensor) -> PixelField:
    """The field of one result of an operation, or of a tensor that it wrote into."""
    try:
        if call.operation in POINTWISE:
            return _pointwise(call, result)
        rule = _rule(call.operation)
        return rule(call, result) if rule else _other(call, result)
    except (TypeError, ValueError, LookupError, ArithmeticError):
        return global_field([field for _, field in call.sources])


def field_of_view(
    operation: str, old: torch.Tensor, before: Sequence[int], field: PixelField, new: torch.Tensor
) -> PixelField:
    """The field of a tensor that holds the same numbers as another, seen in another way.

    before: shape of the old one before the call, which may have changed it.
    """
    if tuple(old.shape) != tuple(before):
        return field.as_global()
    if new is old:
        return field
    shared = old.dtype == new.dtype and shares_storage(old, new)
    if shared:
        geometry, seen = Geometry.of(old), Geometry.of(new)
        return field if geometry == seen else push_through_view(field, geometry, seen)
    if operation != "getitem" and old.shape == new.shape:
        return field
    if operation in COPIES and old.numel() == new.numel():
        return push_through_view(
            field, Geometry.contiguous(old.shape), Geometry.contiguous(new.shape)
        )
    return field.as_global()


def global_field(fields: Sequence[PixelField]) -> PixelField:
    """All that any position of any of these sees, for each position."""
    return join_fields([field.as_global() for field in fields], ())


def shares_storage(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors look at the same memory."""
    try:
        return bool(one.untyped_storage()._cdata == other.untyped_storage()._cdata)
    except (RuntimeError, NotImplementedError):  # sparse and other tensors without a storage
        return False


def field_of_input(shape: Sequence[int], size: tuple[int, int]) -> PixelField:
    """Of an input tensor of this shape. size: (height, width) of the first input in pixels."""
    rows, columns = (AxisInterval(1, 0, 0, 0, n - 1) for n in size)
    if tuple(shape[-2:]) == size:
        return PixelField(rows, columns, (-2, -1))
    if size[0] == 1 and len(shape) == 3 and shape[-1] == size[1]:  # a signal
        return PixelField(rows.as_global(), columns, (None, -1))
    return PixelField(rows, columns, (None, None)).as_global()


Rule = Callable[[Call, torch.Tensor], PixelField]


def _rule(operation: str) -> Rule | None:
    if operation in RULES:
        return RULES[operation]
    if operation in REDUCTIONS:
        return _reduced
    if operation in ALONG:
        return _along
    for start, rule in STARTS.items():
        if operation.startswith(start):
            return rule
    return None


def _other(call: Call, result: torch.Tensor) -> PixelField:
    """An operation without a rule: a view, or anything."""
    sources = call.sources
    if len(sources) == 1 and result is not sources[0][0]:
        old, field = sources[0]
        if old.dtype == result.dtype and shares_storage(old, result):
            return push_through_view(field, Geometry.of(old), Geometry.of(result))
    return global_field([field for _, field in sources])


def _pointwise(call: Call, result: torch.Tensor) -> PixelField:
    shape = tuple(result.shape)
    tensors = [tuple(t.shape) for t in call.tensors if call.operation != "prelu"]
    if call.operation != "prelu" and np.broadcast_shapes(*tensors) != shape:
        raise ValueError("not the sizes of its arguments")
    return join_fields([broadcast_field(field, t.shape, shape) for t, field in call.sources], shape)


def _along(call: Call, result: torch.Tensor) -> PixelField:
    place, default = ALONG[call.operation]
    given = call.kwargs.get("dim", call.kwargs.get("dims"))
    if given is None:
        given = call.args[place] if len(call.args) > place else default
    tensor = call.tensors[0]
    field = call.sole_source(tensor)
    axes = _axes(given, tensor.dim())
    kept = [tensor.shape[a] == result.shape[a] for a in range(-tensor.dim(), 0) if a not in axes]
    if tensor.dim() != result.dim() or not all(kept):
        raise ValueError("sizes that were not expected")
    return mix_along(field, axes)


def _axes(given: Any, dims: int) -> list[int]:
    """Axes counted from the end."""
    values = [given] if isinstance(given, int) else list(given)
    return [value - dims if value >= 0 else value for value in values]


def _reduced(call: Call, result: torch.Tensor) -> PixelField:
    """Sums, means and the like over some axes."""
    if call.operation in ("max", "min") and len(call.tensors) == 2:
        return _pointwise(call, result)
    tensor = call.tensors[0]
    field = call.sole_source(tensor)
    place = 2 if call.operation == "norm" else 1
    given = call.kwargs.get("dim", call.kwargs.get("axis"))
    if given is None and len(call.args) > place:
        given = call.args[place]
    if given is None or isinstance(given, bool):
        return field.as_global()
    axes = _axes(given, tensor.dim())
    keep = tensor.dim() == result.dim()
    left = [(1 if a in axes else n) for a, n in _sizes(tensor) if keep or a not in axes]
    if left != list(result.shape):
        raise ValueError("sizes that were not expected")
    field = mix_along(field, axes)
    if keep:
        return field
    row, column = (
        None if axis is None else axis + sum(other > axis for other in axes) for axis in field.axes
    )
    return field._replace(axes=(row, column))


def _sizes(tensor: torch.Tensor) -> list[tuple[int, int]]:
    return [(a, tensor.shape[a]) for a in range(-tensor.dim(), 0)]


def _many(value: Any, count: int) -> list[int]:
    """A number for each side: `3`, `(3,)` or `(3, 5)`."""
    values = [int(value)] if isinstance(value, int) else [int(v) for v in value]
    if len(values) == 1:
        values *= count
    if len(values) != count:
        raise ValueError("neither one number nor one for each side")
    return values


def _sides(operation: str) -> int:
    """2 for `conv2d`."""
    return int(operation.rstrip("d")[-1])


def _conv(call: Call, result: torch.Tensor) -> PixelField:
    names, count = call.arguments, _sides(call.operation)
    field = call.sole_source(names["input"])
    size = names["weight"].shape[2:]
    step = _many(names.get("stride", 1), count)
    apart = _many(names.get("dilation", 1), count)
    reach = [(k - 1) * d for k, d in zip(size, apart, strict=True)]
    given = names.get("padding", 0)
    if given == "same":
        before = [r // 2 for r in reach]
    else:
        before = [0] * count if given == "valid" else _many(given, count)
    spans = {}
    for i in range(count):
        if "transpose" in call.operation:
            gain = 1 / step[i]
            spans[i - count] = WindowSpan(gain, (before[i] - reach[i]) * gain, before[i] * gain)
        else:
            spans[i - count] = WindowSpan(step[i], -before[i], reach[i] - before[i])
    return apply_windows(mix_along(field, [-count - 1]), spans, result.shape)


def _pool(call: Call, result: torch.Tensor) -> PixelField:
    names, count = call.arguments, _sides(call.operation)
    field = call.sole_source(names["input"])
    size = _many(names["kernel_size"], count)
    stride = names.get("stride")
    step = size if stride is None or stride == [] or stride == () else _many(stride, count)
    before = _many(names.get("padding", 0), count)
    apart = _many(names.get("dilation", 1), count)
    spans = {
        i - count: WindowSpan(step[i], -before[i], apart[i] * (size[i] - 1) - before[i])
        for i in range(count)
    }
    return apply_windows(field, spans, result.shape)


def _adaptive(call: Call, result: torch.Tensor) -> PixelField:
    """Position o of m takes floor(o·n/m) to ceil((o + 1)·n/m) - 1 of n."""
    tensor = call.arguments["input"]
    spans = _areas(tensor, result, _sides(call.operation))
    return apply_windows(call.sole_source(tensor), spans, result.shape)


def _areas(tensor: torch.Tensor, result: torch.Tensor, count: int) -> dict[int, WindowSpan]:
    spans = {}
    for axis in range(-count, 0):
        gain = Fraction(tensor.shape[axis], result.shape[axis])
        part = 1 - 1 / gain.denominator
        spans[axis] = WindowSpan(float(gain), -part, float(gain) - 1 + part)
    return spans


def _resized(call: Call, result: torch.Tensor) -> PixelField:
    """Interpolation: where a position lies among the old ones, and which of these it weighs."""
    names = call.arguments
    tensor = names["input"]
    field, mode = call.sole_source(tensor), str(names.get("mode") or "nearest")
    count = tensor.dim() - 2
    if mode == "area":
        return apply_windows(field, _areas(tensor, result, count), result.shape)
    factor = None if names.get("recompute_scale_factor") else names.get("scale_factor")
    factors = list(factor) if isinstance(factor, list | tuple) else [factor] * count
    spans = {}
    for axis in range(-count, 0):
        old, new, factor = tensor.shape[axis], result.shape[axis], factors[axis]
        gain = Fraction(old, new) if factor is None else 1 / Fraction(float(factor))
        if names.get("align_corners"):
            gain, shift = Fraction(old - 1, max(new - 1, 1)), Fraction(0)
        else:
            shift = Fraction(0) if mode == "nearest" else gain / 2 - Fraction(1, 2)
        spans[axis] = _taps(mode, gain, shift, bool(names.get("antialias")))
    return apply_windows(field, spans, result.shape)


def _taps(mode: str, gain: Fraction, shift: Fraction, wide: bool) -> WindowSpan:
    """Position o lies at gain·o + shift; which old positions around that it takes.

    wide: as with antialias=True, whose filter is as wide as the gain.
    """
    if mode == "nearest-exact":
        shift += Fraction(1, 2)
    down = rounding_slack(gain, shift)
    if wide:
        radius = max(gain, Fraction(1)) * (2 if mode == "bicubic" else 1)
        return WindowSpan(float(gain), float(shift - radius - 1), float(shift + radius + 1))
    before, after = {"nearest": (0, 0), "nearest-exact": (0, 0), "bicubic": (1, 2)}.get(
        mode, (0, 1)
    )
    return WindowSpan(float(gain), float(shift) - down - before, float(shift) + after)


def _padded(call: Call, result: torch.Tensor) -> PixelField:
    names = call.arguments
    tensor, amounts = names["input"], [int(n) for n in names["pad"]]
    field, mode = call.sole_source(tensor), str(names.get("mode") or "constant")
    spans, around = {}, []
    for side in range(len(amounts) // 2):
        left, right = amounts[2 * side : 2 * side + 2]
        axis = -1 - side
        if mode == "circular" and (left or right):
            around.append(axis)
        # What lies beyond a border comes from within it: from its edge, or mirrored.
        most = {"reflect": 2, "replicate": 1}.get(mode, 0)
        spans[axis] = WindowSpan(1, -left - most * max(right, 0), -left + most * max(left, 0))
    return apply_windows(mix_along(field, around), spans, result.shape)


def _shuffled(call: Call, result: torch.Tensor) -> PixelField:
    """Channels become pixels or the other way round."""
    tensor = call.arguments["input"]
    field = mix_along(call.sole_source(tensor), [-3])
    if call.operation == "pixel_shuffle":
        times = int(call.arguments["upscale_factor"])
        span = WindowSpan(1 / times, -(times - 1) / times, 0)
    else:
        times = int(call.arguments["downscale_factor"])
        span = WindowSpan(times, 0, times - 1)
    return apply_windows(field, {-2: span, -1: span}, result.shape)


def _joined(call: Call, result: torch.Tensor) -> PixelField:
    """Tensors one after another along an axis, or stacked on a new one."""
    tensors = call.args[0] if call.args else call.kwargs["tensors"]
    given = call.kwargs.get("dim", call.kwargs.get("axis"))
    if given is None:
        given = call.args[1] if len(call.args) > 1 else 0
    shape = tuple(result.shape)
    (axis,) = _axes(int(given), len(shape))
    if call.function_name not in ("cat", "concat", "concatenate", "stack"):
        raise ValueError("a way of joining that is not known")
    fields, offset = [], 0
    for tensor in tensors:
        field = call.fields.get(id(tensor))
        if call.function_name == "stack":
            field = field and _stacked(field, axis, len(shape))
        elif field is not None:
            field = _shifted(field, axis, offset, shape)
        if field is not None:
            fields.append(field)
        offset += 1 if call.function_name == "stack" else tensor.shape[axis]
    if offset != shape[axis]:
        raise ValueError("sizes that were not expected")
    return join_fields(fields, shape)


def _stacked(field: PixelField, new: int, dims: int) -> PixelField:
    """With another axis put in."""
    row, column = (
        None if axis is None else axis - (axis + dims - 1 < new + dims) for axis in field.axes
    )
    return field._replace(axes=(row, column))


def _shifted(field: PixelField, axis: int, offset: int, shape: Sequence[int]) -> PixelField:
    if axis not in field.axes:
        return field
    if field.grid:
        extra, height, width = field.grid
        return field._replace(grid=(extra + offset, height, width))
    return apply_windows(field, {axis: WindowSpan(1, -offset, -offset)}, shape)


def _tiled(call: Call, result: torch.Tensor) -> PixelField:
    """Repeated along axes without pixels only."""
    tensor = call.tensors[0]
    field, shape = call.sole_source(tensor), tensor.shape
    for axis in field.axes:
        if axis is not None and (-axis > result.dim() or shape[axis] != result.shape[axis]):
            field = field.as_global()
    return field


def _linear(call: Call, result: torch.Tensor) -> PixelField:
    tensor = call.tensors[1] if call.function_name == "addmm" else call.tensors[0]
    return mix_along(call.sole_source(tensor), [-1])


def _product(call: Call, result: torch.Tensor) -> PixelField:
    """Each row of the first with each column of the second."""
    a, b = call.tensors
    if call.function_name == "rmatmul" or a.dim() < 2 or b.dim() < 2:
        raise ValueError("a product of another form")
    shape = tuple(result.shape)
    fields = []
    for tensor, inner in ((a, -1), (b, -2)):
        if id(tensor) in call.fields:
            field = mix_along(call.fields[id(tensor)], [inner])
            fields.append(broadcast_field(field, tensor.shape, shape))
    return join_fields(fields, shape)


def _batch_norm(call: Call, result: torch.Tensor) -> PixelField:
    field = call.sole_source(call.arguments["input"])
    return field.as_global() if call.arguments.get("training") else field


def _instance_norm(call: Call, result: torch.Tensor) -> PixelField:
    field = call.sole_source(call.arguments["input"])
    return field.as_global() if call.arguments.get("use_input_stats", True) else field


def _layer_norm(call: Call, result: torch.Tensor) -> PixelField:
    return mix_along(
        call.sole_source(call.arguments["input"]),
        range(-len(call.arguments["normalized_shape"]), 0),
    )


def _written(call: Call, result: torch.Tensor) -> PixelField:
    """`target[index] = value` and `target.copy_(value)`: what was there, and what came."""
    target = result
    fields = [call.fields[id(target)]] if id(target) in call.fields else []
    if call.function_name == "copy":
        return _pointwise(call, result)
    index, value = call.args[1], call.args[2]
    part = target[index]
    if any(t is not target and t is not value for t, _ in call.sources):
        raise ValueError("the place depends on the input")
    if id(value) in call.fields:
        within = shares_storage(part, target)
        if not within or not lies_within(Geometry.of(part), Geometry.of(target)):
            raise ValueError("a place that is not a part")
        came = broadcast_field(call.fields[id(value)], value.shape, part.shape)
        fields.append(pull_back(came, Geometry.of(part), Geometry.of(target)))
    return join_fields(fields, result.shape)


RULES: dict[str, Rule] = {
    "interpolate": _resized, "pad": _padded, "pixel_shuffle": _shuffled,
    "pixel_unshuffle": _shuffled, "cat": _joined, "linear": _linear, "matmul": _product,
    "batch_norm": _batch_norm, "instance_norm": _instance_norm, "layer_norm": _layer_norm,
    "rms_norm": _layer_norm, "set": _written, "repeat": _tiled, "repeat_interleave": _tiled,
    "tile": _tiled,
}  # fmt: skip
STARTS: dict[str, Rule] = {
    "conv1d": _conv, "conv2d": _conv, "conv3d": _conv, "conv_transpose": _conv,
    "max_pool": _pool, "avg_pool": _pool, "lp_pool": _pool, "adaptive": _adaptive,
}  # fmt: skip
