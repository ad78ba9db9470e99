"""What views, folds, concatenations and indexing do to axes. See `axis_rules`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from vrnn.compute.operators.axis_factors import (
    Axes,
    AxisFactor,
    Evidence,
    FactoredAxis,
    axis_size,
    compacted,
    fits,
    new_axes,
    reshaped,
    unify,
)
from vrnn.compute.operators.axis_rules import (
    AxisCall,
    axis_rule,
    broadcast_axes,
    claim,
    common_role,
    has_role,
    resized_axis,
)


def _numbers(call: AxisCall, first: int, *names: str) -> list[int]:
    """Numbers given one by one, as a tuple, or by one of several names."""
    for name in names:
        if name in call.kwargs:
            value = call.kwargs[name]
            return [int(value)] if isinstance(value, int) else [int(v) for v in value]
    values = list(call.args[first:])
    if len(values) == 1 and not isinstance(values[0], int):
        values = list(values[0])
    return [int(v) for v in values]


@axis_rule("permute")
def _permute(call: AxisCall, result: torch.Tensor) -> Axes:
    axes = call.axes(call.tensor(0))
    return tuple(axes[i] for i in _numbers(call, 1, "dims"))


@axis_rule("transpose", "swapaxes", "swapdims")
def _transpose(call: AxisCall, result: torch.Tensor) -> Axes:
    axes = list(call.axes(call.tensor(0)))
    one = call.value(1, "dim0", call.kwargs.get("axis0"))
    two = call.value(2, "dim1", call.kwargs.get("axis1"))
    axes[one], axes[two] = axes[two], axes[one]
    return tuple(axes)


@axis_rule("t", "T", "mT", "H", "mH", "adjoint")
def _swap_last(call: AxisCall, result: torch.Tensor) -> Axes:
    axes = call.axes(call.tensors[0])
    if call.name == "T":
        return axes[::-1]
    return (*axes[:-2], axes[-1], axes[-2]) if len(axes) > 1 else axes


@axis_rule("movedim", "moveaxis")
def _movedim(call: AxisCall, result: torch.Tensor) -> Axes:
    axes = call.axes(call.tensor(0))
    pairs = []
    for index, name in ((1, "source"), (2, "destination")):
        value = call.value(index, name)
        numbers = [value] if isinstance(value, int) else list(value)
        pairs.append([int(n) % len(axes) for n in numbers])
    sources, targets = pairs
    rest = [axis for i, axis in enumerate(axes) if i not in sources]
    moved = dict(zip(targets, sources, strict=True))
    return tuple(axes[moved[i]] if i in moved else rest.pop(0) for i in range(len(axes)))


@axis_rule(
    "view", "view_as", "reshape", "reshape_as", "flatten", "ravel", "unflatten", "squeeze",
    "unsqueeze", "rearrange", "atleast_1d", "atleast_2d", "atleast_3d", "contiguous", "clone",
)  # fmt: skip
def reshape(call: AxisCall, result: torch.Tensor) -> Axes:
    """Return the axes after a change of shape that keeps the elements' order."""
    tensor = call.tensors[0]
    axes = call.axes(tensor)
    if call.operation == "unsqueeze":
        return _unsqueezed(axes, call.value(1, "dim"))
    if call.operation == "squeeze":
        return _squeezed(axes, call, result.dim())
    if call.operation in ("flatten", "unflatten"):
        return _reshaped_between(axes, call, result)
    return reshaped(axes, tuple(result.shape))


def _unsqueezed(axes: Axes, dim: int) -> Axes:
    dim = dim % (len(axes) + 1)
    return (*axes[:dim], (AxisFactor(1),), *axes[dim:])


def _squeezed(axes: Axes, call: AxisCall, dims: int) -> Axes:
    if len(axes) == dims:
        return axes
    dim = call.value(1, "dim")
    if dim is None:
        return tuple(axis for axis in axes if axis_size(axis) != 1)
    numbers = {d % len(axes) for d in ([dim] if isinstance(dim, int) else dim)}
    return tuple(a for i, a in enumerate(axes) if i not in numbers or axis_size(a) != 1)


def _reshaped_between(axes: Axes, call: AxisCall, result: torch.Tensor) -> Axes:
    """Only the axes from the first to the last that is named take another shape."""
    if call.operation == "flatten":
        first = call.value(1, "start_dim", 0) % max(len(axes), 1)
        last = call.value(2, "end_dim", -1) % max(len(axes), 1)
    else:
        first = last = call.value(1, "dim") % len(axes)
    behind = len(axes) - 1 - last
    shape = tuple(result.shape)
    middle = reshaped(axes[first : last + 1], shape[first : len(shape) - behind])
    return (*axes[:first], *middle, *axes[last + 1 :])


@axis_rule("expand", "broadcast_to")
def _expand(call: AxisCall, result: torch.Tensor) -> Axes:
    axes = broadcast_axes([call.axes(call.tensors[0])], tuple(result.shape))
    if axes is None:
        raise ValueError("not broadcast")
    return axes


@axis_rule("expand_as")
def _expand_as(call: AxisCall, result: torch.Tensor) -> Axes:
    """What is repeated runs along the axes of the other tensor."""
    own, other = (call.axes(tensor) for tensor in call.tensors)
    added = len(other) - len(own)
    pairs = zip(own, other[added:], strict=True)
    return (*other[:added], *(b if axis_size(a) == 1 else a for a, b in pairs))


@axis_rule("new_zeros", "new_ones", "new_empty", "new_full", "new_empty_strided")
def _new_tensor(call: AxisCall, result: torch.Tensor) -> Axes:
    """Only a type is taken from the tensor, and at most its whole shape."""
    axes = call.axes(call.tensor(0))
    return axes if fits(axes, result.shape) else new_axes(result.shape)


@axis_rule("broadcast_tensors", "meshgrid")
def _broadcast_tensors(call: AxisCall, result: torch.Tensor) -> Axes:
    if call.operation == "meshgrid":
        axes = [call.axes(t)[0] if t.dim() else (AxisFactor(1),) for t in call.tensors]
        if call.kwargs.get("indexing") == "xy" and len(axes) > 1:
            axes[:2] = axes[1::-1]
        return tuple(axes)
    joined = broadcast_axes([call.axes(t) for t in call.tensors], tuple(result.shape))
    if joined is None:
        raise ValueError("not broadcast")
    return joined


@axis_rule("repeat", "tile")
def _repeat(call: AxisCall, result: torch.Tensor) -> Axes:
    axes = call.axes(call.tensors[0])
    added = result.dim() - len(axes)
    repeated: list[FactoredAxis] = []
    for index, size in enumerate(result.shape):
        axis = axes[index - added] if index >= added else ()
        count = size // max(axis_size(axis), 1)
        if count == 1:
            repeated.append(axis or (AxisFactor(1),))
        elif axis_size(axis) == 1:
            repeated.append((AxisFactor(size, axis[0].root if axis else None),))
        else:
            repeated.append((_samples(count, axis), *axis))
    return tuple(repeated)


def _samples(count: int, axis: FactoredAxis) -> AxisFactor:
    """A factor that counts repetitions of an axis; of samples they are samples again."""
    factor = AxisFactor(count)
    factor.roles.fallback = axis[0].roles
    return factor


@axis_rule("cat")
def _concatenate(call: AxisCall, result: torch.Tensor) -> Axes:
    tensors = [t for t in call.value(0, "tensors") if t.numel() or t.dim() > 1]
    sources = [call.axes(t) for t in tensors]
    if call.name == "stack":
        return _stack(sources, call.value(1, "dim", 0) % result.dim())
    if call.name in ("hstack", "vstack"):
        dim = 0 if call.name == "vstack" or result.dim() == 1 else 1
        sources = [axes for axes in sources if len(axes) == result.dim()]
    else:
        dim = call.value(1, "dim", call.kwargs.get("axis", 0)) % result.dim()
    others = list(sources[0])
    for axes in sources[1:]:
        for index, axis in enumerate(axes):
            if index != dim:
                others[index] = unify(others[index], axis)
    others[dim] = concatenated([axes[dim] for axes in sources], is_first=dim == 0)
    return tuple(others)


def _stack(sources: Sequence[Axes], dim: int) -> Axes:
    axes = list(sources[0])
    for other in sources[1:]:
        axes = [unify(a, b) for a, b in zip(axes, other, strict=True)]
    axes.insert(dim, (AxisFactor(len(sources)),))
    return tuple(axes)


def concatenated(parts: Sequence[FactoredAxis], is_first: bool = False) -> FactoredAxis:
    """Return the axis that others were joined to, one after the other.

    Args:
        parts: The others.
        is_first: Whether it is the tensor's first axis, which may have samples.
    """
    parts = [part for part in parts if axis_size(part)]
    if len(parts) == 1:
        return parts[0]
    size = sum(axis_size(part) for part in parts)
    first = parts[0]
    is_batch = common_role(first) == "batch" or (is_first and common_role(first) is None)
    if is_batch and all(part == first for part in parts):
        # The same samples several times over: several of each.
        return (_samples(len(parts), first), *first)
    whole = AxisFactor(size)
    whole.segments = tuple(parts)
    simple = [p[0] for p in parts if len(p) == 1]
    if len(simple) == len(parts):
        roles = {f.role for f in simple} - {None}
        if len(roles) <= 1:
            for factor in simple:
                whole.roles.join(factor.roles)
        else:
            whole.claim("token", Evidence.LIKELY)
    else:  # such as a class token and the tokens of a map
        is_known = any(f.settled[1] >= Evidence.LIKELY for part in parts for f in part)
        evidence = Evidence.LIKELY if is_known else Evidence.ASSUMED
        whole.claim(common_role([*simple, AxisFactor(1)]) or "token", evidence)  # type: ignore[arg-type]
    return (whole,)


def narrowed(axis: FactoredAxis, start: int, size: int) -> FactoredAxis:
    """Return a part of an axis."""
    if size == axis_size(axis):
        return axis
    if len(axis) == 1 and axis[0].root.segments:
        parts, position = [], 0
        for segment in axis[0].root.segments:
            length = axis_size(segment)
            if start <= position and position + length <= start + size:
                parts.append(segment)
            position += length
        if sum(axis_size(part) for part in parts) == size:
            return concatenated(parts)
    factors = [f for f in axis if f.size > 1]
    if len(factors) > 1:
        inner = axis_size(axis) // factors[0].size
        if size == inner and start % inner == 0:
            return compacted(factors[1:])  # one of the outermost: one sample of several
    return resized_axis(axis, size)


@axis_rule("narrow", "select", "chunk", "split", "split_with_sizes", "tensor_split", "unbind",
           "unsafe_chunk", "unsafe_split", "hsplit", "vsplit", "dsplit")  # fmt: skip
def _split(call: AxisCall, result: torch.Tensor) -> Axes:
    axes = call.axes(call.tensors[0])
    if call.operation in ("hsplit", "vsplit", "dsplit"):
        dim = {"vsplit": 0, "hsplit": min(1, len(axes) - 1), "dsplit": 2}[call.operation]
    else:
        place = 1 if call.operation in ("narrow", "select", "unbind") else 2
        dim = call.value(place, "dim", 0) % len(axes)
    if call.operation in ("select", "unbind"):
        return (*axes[:dim], *axes[dim + 1 :])
    if call.operation == "narrow":
        start = int(call.value(2, "start")) % max(axis_size(axes[dim]), 1)
    else:
        start = sum(r.shape[dim] for r in call.results[: call.index_of(result)])
    return (*axes[:dim], narrowed(axes[dim], start, result.shape[dim]), *axes[dim + 1 :])


@axis_rule("set")
def _write(call: AxisCall, result: torch.Tensor) -> Axes:
    """What is written into a part of a tensor has the axes of that part."""
    axes = call.axes(call.tensors[0])
    if call.name == "setitem":
        value = call.args[2]
        if isinstance(value, torch.Tensor):
            part = _indexed(call, axes, call.args[1], None)
            broadcast_axes([part, call.axes(value)], [axis_size(axis) for axis in part])
    elif len(call.tensors) > 1:
        broadcast_axes([axes, call.axes(call.tensors[1])], tuple(result.shape))
    return axes


@axis_rule("getitem")
def _getitem(call: AxisCall, result: torch.Tensor) -> Axes:
    return _indexed(call, call.axes(call.tensor(0)), call.args[1], result)


def _indexed(call: AxisCall, axes: Axes, index: Any, result: torch.Tensor | None) -> Axes:
    """The axes of `x[index]`; without a result only for integers and slices."""
    items: list[Any] = list(index) if isinstance(index, tuple) else [index]
    used = sum(_axes_used(item) for item in items)
    if Ellipsis not in [i for i in items if not isinstance(i, torch.Tensor)]:
        items.append(Ellipsis)
    made: list[FactoredAxis] = []
    arrays: list[Any] = []
    places: list[int] = []
    position = 0
    for item in items:
        if item is None:
            made.append((AxisFactor(1),))
        elif item is Ellipsis:
            count = len(axes) - used
            made += axes[position : position + count]
            position += count
        elif isinstance(item, slice):
            size = axis_size(axes[position])
            start, stop, step = item.indices(size)
            length = len(range(start, stop, step))
            part = (
                narrowed(axes[position], start, length)
                if step == 1
                else (resized_axis(axes[position], length))
            )
            made.append(part)
            position += 1
        elif isinstance(item, int) and not isinstance(item, bool):
            position += 1
        else:
            arrays.append((item, axes[position : position + _axes_used(item)]))
            places.append(len(made))
            position += _axes_used(item)
    if arrays:
        if result is None:
            raise ValueError("an array as index")
        chosen = _chosen_axes(call, arrays, len(result.shape) - len(made), result, places)
        is_together = places[0] == places[-1]
        made[places[0] if is_together else 0 : places[0] if is_together else 0] = chosen
    return tuple(made)


def _axes_used(item: Any) -> int:
    if item is None or item is Ellipsis:
        return 0
    if isinstance(item, torch.Tensor) and item.dtype in (torch.bool, torch.uint8):
        return item.dim()
    return 1


def _chosen_axes(
    call: AxisCall, arrays: Sequence[Any], count: int, result: torch.Tensor, places: Sequence[int]
) -> list[FactoredAxis]:
    """The axes that index arrays make in place of those that they choose from."""
    first = places[0] if places[0] == places[-1] else 0
    shape = result.shape[first : first + count]
    tensors = [t for t, _ in arrays if isinstance(t, torch.Tensor) and t.dtype != torch.bool]
    indexed = [axis for _, chosen in arrays for axis in chosen]
    if len(tensors) == len(arrays) == 1 and len(indexed) == 1:
        return indexed_axes(indexed[0], call.axes(tensors[0]), shape)
    if tensors:
        axes = broadcast_axes([call.axes(t) for t in tensors], tuple(shape))
        if axes is not None:
            return list(axes)
    if count == 1 and len(indexed) == 1:
        return [resized_axis(indexed[0], int(shape[0]))]
    return [(AxisFactor(int(size)),) for size in shape]


def indexed_axes(axis: FactoredAxis, index: Axes, shape: Sequence[int]) -> list[FactoredAxis]:
    """Return the axes of what was picked along an axis.

    Args:
        axis: The axis that was picked from.
        index: Axes of the index.
        shape: Lengths of the axes of the index.
    """
    if len(index) == 1 and index[0][0].role in (None, "batch"):
        # Some samples, tokens or channels: they remain that.
        return [
            (AxisFactor(int(shape[0]), axis[0].root),)
            if len(axis) == 1
            else (resized_axis(axis, int(shape[0])))
        ]
    if len(index) == 1 and index[0][0].role == "other":  # the ends of a graph's edges
        claim(axis, "node", Evidence.CERTAIN)
    elif has_role(index[-1], "token") and all(f.root.source < 0 for f in axis):
        claim(index[-1], "token", Evidence.LIKELY)  # rows of a table, as an embedding picks them
    return list(index)
