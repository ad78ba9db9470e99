"""How many multiply-accumulate operations (MACs) a call of a torch function takes.

torch.utils.flop_counter is not used, though the tests compare with it. On a CPU it counts nothing
for scaled dot-product attention, whole multi-head attention, LSTMs and matrix-vector products
(torch 2.13), as its registry has no formula for the kernels that run there. It counts below
autograd, so that it cannot share a timed pass: under it a small transformer takes 13.2 ms for
2.0 ms, with the count made here 2.7 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import torch

from vrnn.compute.operators import catalog

RECURRENT = frozenset({"lstm", "gru", "rnn_tanh", "rnn_relu"})


def macs(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], result: Any
) -> int:
    """Count the MACs of one call over its whole batch.

    Convolutions, linear layers, matrix products, attention and recurrent layers are counted;
    everything else is 0, biases too.

    Args:
        function: The torch function that was called.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        result: What it returned.
    """
    operation = catalog.operation_name(function)
    name = catalog.own_name(function).strip("_")
    if operation == "attention":
        return _attention_macs(catalog.bind_arguments(function, operation, args, kwargs))
    first = next((a for a in (*args, *kwargs.values()) if isinstance(a, torch.Tensor)), None)
    if operation in RECURRENT and first is not None:
        return _recurrent_macs(first, args)
    if name == "einsum":
        return _einsum_macs(args)
    if not isinstance(result, torch.Tensor) or first is None:
        return 0
    if name in ("addmm", "baddbmm", "addbmm", "addmv"):
        matrix = args[1] if len(args) > 1 else _keyword(kwargs, "mat1", "batch1", "mat")
        return result.numel() * int(matrix.shape[-1])
    if operation == "matmul":
        left = args[1] if name == "rmatmul" else first
        return result.numel() * int(left.shape[-1])
    operation, arguments = catalog.identify(function, args, kwargs)
    weight = arguments.get("weight")
    if not isinstance(weight, torch.Tensor):
        return 0
    if operation.startswith("conv_transpose"):
        return first.numel() * prod(weight.shape[1:])
    if operation.startswith("conv"):
        return result.numel() * prod(weight.shape[1:])
    return result.numel() * weight.shape[-1] if operation == "linear" else 0


def _keyword(kwargs: Mapping[str, Any], *names: str) -> Any:
    return next(kwargs[name] for name in names if name in kwargs)


def _attention_macs(arguments: Mapping[str, Any]) -> int:
    """QKᵀ and the weighted sum of V, and for a whole attention layer the projections around it."""
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


def _recurrent_macs(first: torch.Tensor, args: Sequence[Any]) -> int:
    """Every weight matrix once for each step of each sequence."""
    weights = next((a for a in reversed(args) if isinstance(a, list | tuple)), ())
    matrices = [w for w in weights if isinstance(w, torch.Tensor) and w.dim() == 2]
    return first.numel() // max(first.shape[-1], 1) * sum(w.numel() for w in matrices)


def _einsum_macs(args: Sequence[Any]) -> int:
    """The size of the space of all indices, once for each operand but the first."""
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
