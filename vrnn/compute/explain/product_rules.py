"""Rules of linear operations and of products of tensors, as calls of torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from vrnn.compute.explain import linear_operations
from vrnn.compute.explain.activation_rules import share_product
from vrnn.compute.explain.call_rules import LiveCall, call_rule
from vrnn.compute.explain.linear_operations import LinearOperation
from vrnn.compute.explain.rule_steps import LinearStep, share


def run_linear(
    call: LiveCall, operation: LinearOperation, x: torch.Tensor,
    compute: Callable[[], torch.Tensor], name: str = "",
) -> torch.Tensor:  # fmt: skip
    """Do a linear operation with the rule that the composite gives it.

    Args:
        call: The call that does it.
        operation: The operation.
        x: Its input.
        compute: Returns its result, bias included.
        name: Its canonical name, where it is a part of the call's own.
    """
    rule = call.book.composite.rule_of(call.module, name or call.operation, call.depth)
    call.is_linear = True
    if rule.rule == "gradient":
        result = operation.function(x, operation.weight)
        if operation.bias is not None:
            result = result + call.constant(operation.bias, "bias")
        return result
    step = LinearStep(call.book, operation, rule, x, call.node, compute)
    call.step = step
    return step.run()


def _share_weight(call: LiveCall, weight: torch.Tensor) -> Any:
    """A linear operation whose weight depends on the input: a product of two activations."""
    if not call.is_live(call.arguments.get("input")):
        return NotImplemented  # linear in its weight alone
    x = call.arguments["input"]
    taken = dict(zip((id(x), id(weight)), share_product(call, x, weight), strict=True))
    args = [taken.get(id(value), value) for value in call.args]
    kwargs = {name: taken.get(id(value), value) for name, value in call.kwargs.items()}
    return call.func(*args, **kwargs)


@call_rule("conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d")
def convolve(call: LiveCall) -> Any:
    """A convolution."""
    arguments = call.arguments
    weight, x = arguments["weight"], arguments["input"]
    if call.is_live(weight) or call.is_live(arguments.get("bias")):
        return _share_weight(call, weight) if call.is_live(weight) else NotImplemented
    axes = weight.dim() - 2
    operation = linear_operations.convolution(arguments, axes, "transpose" in call.operation)
    return run_linear(call, operation, x, call.compute)


@call_rule("linear")
def linear(call: LiveCall) -> Any:
    """A linear layer; also `addmm`, whose arguments are read as one."""
    arguments = call.arguments
    weight, bias, x = arguments.get("weight"), arguments.get("bias"), arguments.get("input")
    if not isinstance(weight, torch.Tensor) or not isinstance(x, torch.Tensor):
        return NotImplemented
    if call.is_live(bias) or not {"alpha", "beta"}.isdisjoint(call.kwargs):
        return NotImplemented
    if call.is_live(weight):
        return _share_weight(call, weight)
    if weight.dim() == 2 and x.shape[-1:] == weight.shape[1:]:
        return run_linear(call, linear_operations.linear(weight, bias), x, call.compute)
    return NotImplemented


@call_rule("matmul")
def matmul(call: LiveCall) -> Any:
    """A product with a constant, which is linear, or of two activations."""
    if len(call.args) != 2 or call.kwargs.keys() - {"out"}:
        return NotImplemented
    a, b = call.args if call.func.__name__ != "__rmatmul__" else call.args[::-1]
    if call.is_live(a) and call.is_live(b):
        if a is b:
            b = b.view_as(b)
        return torch.matmul(*share_product(call, a, b))
    if call.is_live(a):
        operation = linear_operations.product(
            torch.matmul, b, weight_axis=1 if b.dim() == 2 and a.dim() > 1 else None
        )
        return run_linear(call, operation, a, call.compute)
    operation = linear_operations.product(lambda x, w: torch.matmul(w, x), a)
    return run_linear(call, operation, b, call.compute)


@call_rule("einsum")
def einsum(call: LiveCall) -> Any:
    """A product with one constant is linear; several activations share relevance equally."""
    if not call.args or not isinstance(call.args[0], str):
        return NotImplemented
    equation, *operands = call.args
    if len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = list(operands[0])
    live = [i for i, operand in enumerate(operands) if call.is_live(operand)]
    if len(live) == 1 and len(operands) == 2:
        place = live[0]

        def function(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
            return torch.einsum(equation, *((x, w) if place == 0 else (w, x)))

        operation = linear_operations.product(function, operands[1 - place])
        return run_linear(call, operation, operands[place], call.compute)
    if len(live) == 1:
        return NotImplemented  # proportional
    if len(live) == 2 and len(operands) == 2:
        return torch.einsum(equation, *share_product(call, *operands))
    shared = [share(t, len(live)) if i in live else t for i, t in enumerate(operands)]
    return torch.einsum(equation, *shared)


@call_rule("bilinear")
def bilinear(call: LiveCall) -> Any:
    """A product of two activations and a weight."""
    names = ("input1", "input2", "weight", "bias")
    named = dict(zip(names, call.args, strict=False)) | dict(call.kwargs)
    a, b = named["input1"], named["input2"]
    if call.is_live(a) and call.is_live(b):
        a, b = share_product(call, a, b)
    bias = named.get("bias")
    result = torch.nn.functional.bilinear(a, b, named["weight"].detach())
    return result if bias is None else result + call.constant(bias, "bias")
