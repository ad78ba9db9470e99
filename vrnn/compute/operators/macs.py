"""How many multiply-adds an operation takes, told from its arguments and its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import torch

from vrnn.compute.operators import catalog as ops

RECURRENT = frozenset({"lstm", "gru", "rnn_tanh", "rnn_relu"})


def macs(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], result: Any
) -> int:
    """Of one call of a torch function, over its whole batch.

    Counted are convolutions, linear layers, matrix products, attention and recurrent layers; all
    else is 0, biases too.
    """
    operation = ops.operation_name(function)
    name = getattr(function, "__name__", "").strip("_")
    if operation == "attention":
        return _attention(ops.bind_arguments(function, operation, args, kwargs))
    first = next((a for a in (*args, *kwargs.values()) if isinstance(a, torch.Tensor)), None)
    if operation in RECURRENT and first is not None:
        return _recurrent(first, args)
    if not isinstance(result, torch.Tensor) or first is None:
        return 0
    if name == "einsum":
        return _einsum(args)
    if name in ("addmm", "baddbmm", "addbmm", "addmv"):
        return result.numel() * _tensor(args, kwargs, 1, "mat1", "batch1", "mat").shape[-1]
    if operation == "matmul":
        other = args[1] if name == "rmatmul" else first
        return result.numel() * int(other.shape[-1])
    weight = ops.bind_arguments(function, operation, args, kwargs).get("weight")
    if not isinstance(weight, torch.Tensor):
        return 0
    if operation.startswith("conv_transpose"):
        return first.numel() * prod(weight.shape[1:])
    if operation.startswith("conv"):
        return result.numel() * prod(weight.shape[1:])
    return result.numel() * weight.shape[-1] if operation == "linear" else 0


def _tensor(
    args: Sequence[Any], kwargs: Mapping[str, Any], place: int, *names: str
) -> torch.Tensor:
    if len(args) > place:
        found: torch.Tensor = args[place]
        return found
    return next(kwargs[name] for name in names if name in kwargs)


def _attention(arguments: Mapping[str, Any]) -> int:
    """QKᵀ and the weighted sum of V, and where the function has them the projections around it."""
    query, key, value = (arguments.get(name) for name in ("query", "key", "value"))
    if not (
        isinstance(query, torch.Tensor)
        and isinstance(key, torch.Tensor)
        and isinstance(value, torch.Tensor)
    ):
        return 0
    if "num_heads" not in arguments:
        return prod(query.shape[:-1]) * key.shape[-2] * (query.shape[-1] + value.shape[-1])
    width = query.shape[-1]
    projections = (query.numel() * 2 + key.numel() + value.numel()) * width
    return projections + query.numel() * key.shape[0] * 2


def _recurrent(first: torch.Tensor, args: Sequence[Any]) -> int:
    """Every weight matrix once for each step of each sequence."""
    weights = next((a for a in args if isinstance(a, list | tuple) and len(a) > 3), ())
    matrices = [w for w in weights if isinstance(w, torch.Tensor) and w.dim() == 2]
    return first.numel() // max(first.shape[-1], 1) * sum(w.numel() for w in matrices)


def _einsum(args: Sequence[Any]) -> int:
    """The size of the space of all indices, for each product but the first operand's."""
    if not args or not isinstance(args[0], str):
        return 0
    operands = list(args[1]) if isinstance(args[1], list | tuple) else list(args[1:])
    sizes: dict[str, int] = {}
    for term, tensor in zip(args[0].split("->")[0].split(","), operands, strict=False):
        before, dots, after = term.replace(" ", "").partition("...")
        shape = tuple(tensor.shape)
        if dots:
            middle = shape[len(before) : len(shape) - len(after)]
            sizes.update({f".{i}": n for i, n in enumerate(reversed(middle))})
            shape = shape[: len(before)] + shape[len(shape) - len(after) :]
        sizes.update(zip(before + after, shape, strict=True))
    return prod(sizes.values()) * (len(operands) - 1)
