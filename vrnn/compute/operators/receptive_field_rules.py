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
from typing import Any, NamedTuple

import numpy as np
import torch

from vrnn.compute.operators import catalog
from vrnn.compute.operators.receptive_field import (
    AxisInterval,
    PixelField,
    broadcast_field,
    join_fields,
)
from vrnn.compute.operators.receptive_field_views import (
    Geometry,
    push_through_view,
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
