"""The axes of all tensors of a traced pass, followed from operation to operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from vrnn.compute.operators import (  # with the rules of all operations
    axis_layer_rules,
    axis_product_rules,
    axis_view_rules,
    catalog,
)
from vrnn.compute.operators.axis_factors import (
    Axes,
    AxisFactor,
    Evidence,
    axis_size,
    fits,
    new_axes,
)
from vrnn.compute.operators.axis_product_rules import attention_axes
from vrnn.compute.operators.axis_rules import AxisCall, axes_by_shape, axes_of_result
from vrnn.compute.tracing.tensor_table import TensorTable
from vrnn.network.axes import AxisRole

__all__ = ["AxisFollower", "axis_layer_rules", "axis_product_rules", "axis_view_rules"]


class AxisFollower:
    """Knows the axes of each tensor that exists in a pass."""

    def __init__(self) -> None:
        self._axes: TensorTable[Axes] = TensorTable()
        self._input_count = 0

    def axes_of(self, tensor: torch.Tensor) -> Axes:
        """Return the axes of a tensor; new ones if it has not been seen."""
        axes = self._axes.get(tensor)
        shape = tensor.shape
        if axes is None or not fits(axes, shape):
            axes = new_axes(shape)
            self._axes[tensor] = axes
        return axes

    def follow_gap(self, left: Sequence[torch.Tensor], tensor: torch.Tensor) -> Axes:
        """Note that a tensor was computed outside torch.

        As long as nothing else is known, an axis holds what the axis in the same place held, or in
        a tensor of another shape the only one of that length.

        Args:
            left: What it was computed from.
            tensor: The tensor.
        """
        axes = self.axes_of(tensor)
        if len(left) != 1:
            return axes
        before = self.axes_of(left[0])
        sizes = [[axis_size(axis) for axis in each] for each in (before, axes)]
        for place, axis in enumerate(axes):
            size = sizes[1][place]
            if sizes[0] == sizes[1]:
                source = before[place]
            elif size > 1 and sizes[0].count(size) == sizes[1].count(size) == 1:
                source = before[sizes[0].index(size)]
            else:
                continue
            if len(axis) == len(source) == 1 and axis[0].root is not source[0].root:
                axis[0].roles.fallback = axis[0].roles.fallback or source[0].roles
        return axes

    def add_input(self, tensor: torch.Tensor, roles: Sequence[AxisRole] = ()) -> Axes:
        """Note that a tensor goes into the model.

        Args:
            tensor: The tensor.
            roles: What its axes hold, as the user says; () if nothing is said.
        """
        axes = self._axes[tensor] = new_axes(tensor.shape)
        for place, axis in enumerate(axes):
            axis[0].source = self._input_count
            axis[0].roles.places = {self._input_count: place}
        for axis, role in zip(axes, roles, strict=bool(roles)):
            axis[0].claim(role, Evidence.GIVEN)
        if not tensor.is_floating_point() and not tensor.is_complex():
            _assume_indices(axes)
        self._input_count += 1
        return axes

    def follow(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        taken: Sequence[torch.Tensor],
        results: Sequence[torch.Tensor],
    ) -> AxisCall:
        """Find the axes of what an operation made or wrote into, after it has run.

        Args:
            function: The torch function.
            args: Its positional arguments.
            kwargs: Its keyword arguments.
            taken: All tensors among its arguments.
            results: All tensors that it returned or wrote into.
        """
        operation, arguments = catalog.identify(function, args, kwargs)
        name = catalog.own_name(function).strip("_")
        if name == "get":  # of a property such as `x.mT`
            name = getattr(getattr(function, "__self__", None), "__name__", name)
        known = _AxesBefore(self, taken)
        call = AxisCall(name, operation, args, kwargs, arguments, taken, known, results)
        for result in results:
            self._axes[result] = axes_of_result(call, result)
        return call

    def known_axes(self, tensor: torch.Tensor) -> Axes | None:
        """Return the axes of a tensor as they were last told; None if it has not been seen."""
        return self._axes.get(tensor)

    def follow_module(self, taken: Sequence[torch.Tensor], made: Sequence[torch.Tensor]) -> None:
        """Guess the axes of what a module made in which no operation was seen."""
        known = {id(t): self.axes_of(t) for t in taken}
        call = AxisCall("", "module", (), {}, {}, taken, known, made)
        for tensor in made:
            axes = self._axes[tensor] = axes_by_shape(call, tensor.shape)
            if tensor.dim() == 4:
                roles: Sequence[AxisRole] = ("batch", "channel", "height", "width")
                for axis, role in zip(axes, roles, strict=True):
                    if len(axis) == 1:
                        axis[0].claim(role, Evidence.ASSUMED)

    def attention_axes(self, call: AxisCall, shape: Sequence[int]) -> Axes:
        """Return the axes of the weights inside a fused attention."""
        return attention_axes(call, shape)


class _AxesBefore(dict[int, Axes]):
    """The axes of what a call took, by `id`, as they were before it: it may change the shape.

    Tensors that no one has seen, as most weights, get axes when a rule asks for theirs.
    """

    def __init__(self, follower: AxisFollower, taken: Sequence[torch.Tensor]) -> None:
        super().__init__()
        self._follower, self._taken = follower, taken
        for tensor in taken:
            axes = follower.known_axes(tensor)
            if axes is not None:
                self[id(tensor)] = axes

    def __missing__(self, key: int) -> Axes:
        for tensor in self._taken:
            if id(tensor) == key:
                axes = self[key] = self._follower.axes_of(tensor)
                return axes
        raise KeyError(key)


def _assume_indices(axes: Axes) -> None:
    """Whole numbers are token ids, or two ends for each edge of a graph, or a table of nodes."""
    if not axes or _is_square(axes):
        return
    is_edges = len(axes) == 2 and axis_size(axes[0]) == 2 and axis_size(axes[1]) > 2
    axes[-1][0].claim("other" if is_edges else "token", Evidence.ASSUMED)
    if len(axes) > 1:
        axes[0][0].claim("channel" if is_edges else "batch", Evidence.ASSUMED)


def _is_square(axes: Axes) -> bool:
    return len(axes) == 2 and axis_size(axes[0]) == axis_size(axes[1]) > 2


def is_attention_map(call: AxisCall, axes: Axes) -> bool:
    """Return whether a softmax over keys makes attention weights, written out by hand.

    Args:
        call: The call.
        axes: The axes of its result.
    """
    if call.operation != "softmax" or len(axes) < 2 or axis_size(axes[-1]) < 2:
        return False
    dim = call.value(1, "dim")
    if dim is None or dim % len(axes) != len(axes) - 1:
        return False
    queries, keys = axes[-2:]
    if any(_is(axis, "channel") or _is(axis, "head") for axis in (queries, keys)):
        return False
    if len(axes) < 4 and _is(queries, "batch"):
        return False
    return len(axes) >= 4 or _same(queries, keys) or (len(axes) == 3 and not _is(keys, "time"))


def _is(axis: tuple[AxisFactor, ...], role: AxisRole) -> bool:
    return bool(axis) and any(factor.role == role for factor in axis if factor.size > 1)


def _same(one: tuple[AxisFactor, ...], other: tuple[AxisFactor, ...]) -> bool:
    return [f.root for f in one] == [f.root for f in other]
