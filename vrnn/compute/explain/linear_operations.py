"""Linear operations as what rules need of them: their weight, what they do forward, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

LinearFunction = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""From an input and a weight to the result without bias; linear in both."""


@dataclass(frozen=True, eq=False)
class LinearOperation:
    """A linear operation with a weight that does not depend on the input.

    Attributes:
        function: What it computes.
        weight: Its weight.
        bias: Of each output channel, in a shape that is broadcast to the result; None for none.
        transpose: From what comes back, a weight and an input to what goes on to the input; None
            where autograd has to find it.
        channel_axis: The axis of the result's channels, from its end.
        weight_axes: (outermost axis, length) where output channels lie in the weight, the axis
            being split in groups for a transposed convolution.
        groups: Of a transposed convolution, whose weight has output channels in its second axis.
    """

    function: LinearFunction
    weight: torch.Tensor
    bias: torch.Tensor | None
    transpose: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor] | None
    channel_axis: int
    weight_axis: int | None
    groups: int = 1

    def folded(self, scale: torch.Tensor, shift: torch.Tensor | None) -> LinearOperation | None:
        """Return the operation followed by a factor and a shift of each output channel.

        Args:
            scale: (C,) factors.
            shift: (C,) shifts; None for none.

        Returns:
            One operation; None where its weight does not tell output channels apart.
        """
        if self.weight_axis is None:
            return None
        dims = self.weight.dim()
        if self.groups > 1:
            inner = self.weight.shape[0] // self.groups
            factors = scale.view(self.groups, 1, -1).expand(-1, inner, -1).flatten(0, 1)
            weight = self.weight * factors.view(*factors.shape, *[1] * (dims - 2))
        else:
            shape = [1] * dims
            shape[self.weight_axis] = -1
            weight = self.weight * scale.view(shape)
        wide = [-1, *[1] * (-self.channel_axis - 1)]
        bias = None if self.bias is None else self.bias * scale.view(wide)
        if shift is not None:
            bias = shift.view(wide) if bias is None else bias + shift.view(wide)
        return replace(self, weight=weight, bias=bias)

    def back(self, values: torch.Tensor, weight: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Apply the transposed operation.

        Args:
            values: Of the result's shape.
            weight: The weight to use.
            x: The input, which gives the shape.
        """
        if self.transpose is not None:
            return self.transpose(values, weight, x)
        is_followed = torch.is_grad_enabled() and values.requires_grad
        with torch.enable_grad():
            leaf = torch.zeros_like(x).requires_grad_()
            result = self.function(leaf, weight)
            return torch.autograd.grad(result, leaf, values, create_graph=is_followed)[0]


def convolution(arguments: Mapping[str, Any], axes: int, transposed: bool) -> LinearOperation:
    """Return a convolution.

    Args:
        arguments: Of torch's function or of `aten.convolution`, by name.
        axes: 1, 2 or 3.
        transposed: Whether it is a transposed one.
    """
    weight, bias = arguments["weight"], arguments.get("bias")
    names = ["stride", "padding", "output_padding", "groups", "dilation"]
    if not transposed:
        names.remove("output_padding")
    options = {name: arguments[name] for name in names if arguments.get(name) is not None}
    kind = f"conv_transpose{axes}d" if transposed else f"conv{axes}d"
    own = getattr(torch, kind)
    groups = int(options.get("groups", 1))

    def function(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = own(x, w, **options)
        return result

    transpose = None
    if not isinstance(options.get("padding"), str):
        stride, padding, dilation = (
            _each(options.get(name, default), axes)
            for name, default in (("stride", 1), ("padding", 0), ("dilation", 1))
        )
        output_padding = _each(options.get("output_padding", 0), axes)

        def transpose(values: torch.Tensor, w: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
            is_single = x.dim() == axes + 1
            given = (values[None], x[None]) if is_single else (values, x)
            back: torch.Tensor = torch.ops.aten.convolution_backward(
                *given, w, None, stride, padding, dilation, transposed, output_padding, groups,
                [True, False, False],
            )[0]  # fmt: skip
            return back[0] if is_single else back

    wide = None if bias is None else bias.view(-1, *[1] * axes)
    return LinearOperation(
        function, weight, wide, transpose, -axes - 1, 1 if transposed else 0,
        groups if transposed else 1,
    )  # fmt: skip


def _each(value: Any, axes: int) -> list[int]:
    numbers = [value] if isinstance(value, int) else list(value)
    return numbers * axes if len(numbers) == 1 else numbers


def linear(weight: torch.Tensor, bias: torch.Tensor | None) -> LinearOperation:
    """Return x Wᵀ + b.

    Args:
        weight: (outputs, inputs).
        bias: (outputs,) or None.
    """
    return LinearOperation(
        torch.nn.functional.linear, weight, bias, lambda values, w, x: values @ w, -1,
        0 if weight.dim() == 2 else None,
    )  # fmt: skip


def product(
    function: LinearFunction, weight: torch.Tensor, bias: torch.Tensor | None = None,
    weight_axis: int | None = None,
) -> LinearOperation:  # fmt: skip
    """Return a product with a constant of which only the function is known, such as an einsum.

    Args:
        function: What it computes.
        weight: The constant.
        bias: What is added, broadcast to the result; None for nothing.
        weight_axis: The axis of the weight that is the result's last one; None if unknown.
    """
    return LinearOperation(function, weight, bias, None, -1, weight_axis)


def scaling(scale: torch.Tensor, shift: torch.Tensor, dims: int) -> LinearOperation:
    """Return a factor and a shift of each channel, as a norm with fixed statistics has them.

    Args:
        scale: (C,).
        shift: (C,).
        dims: Axes of the input, of which the second holds channels.
    """
    wide = [-1, *[1] * (dims - 2)]
    return LinearOperation(
        torch.mul, scale.view(wide), shift.view(wide), lambda values, w, x: values * w, 1 - dims,
        None,
    )  # fmt: skip
