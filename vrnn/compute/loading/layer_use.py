"""Calls of torch that take data of inputs as layers do: what they need it to be."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import torch
from torch.nn.parameter import is_lazy

from vrnn.compute.tracing.tensors import tensors_in

LayerKind = Literal[
    "conv", "linear", "embedding", "recurrent", "attention", "norm", "broadcast", "view", "other"
]
"""What kind of call took data. `broadcast`: an elementwise operation with a tensor of a fixed size,
such as learned positions; `view`: a reshape to a fixed size."""
MARK = "_vrnn_leaves"
"""Attribute of a tensor: the numbers of the inputs that it comes from."""
_CONV = {f"conv{n}d": n for n in (1, 2, 3)}
_CONV_TRANSPOSED = {f"conv_transpose{n}d": n for n in (1, 2, 3)}
_ELEMENTWISE = frozenset("add sub mul div __add__ __radd__ __iadd__ add_ where".split())
_ELEMENTWISE |= frozenset("__sub__ __mul__ __rmul__ __imul__ __truediv__ sub_ mul_".split())
_VIEWS = frozenset("view reshape unflatten".split())
_PRODUCTS = frozenset("matmul __matmul__ mm bmm".split())


@dataclass(frozen=True, eq=False)
class LayerUse:
    """A call that took data which comes from inputs.

    Attributes:
        kind: Kind of the call.
        name: Of the function, such as `conv2d`, or of the module's class.
        shape: Of the tensor that it took.
        leaves: Numbers of the inputs that this comes from, as `leaves_in` counts them.
        size: How many channels or features it takes; the vocabulary of an embedding; 0 if unknown.
        axis: The axis of `shape` that `size` is of.
        rank: Axes that the tensor has to have, with those of samples; 0 for any number.
        dtype: Of its weight; None without one.
        other: Shape of what was to be combined with the tensor, for `broadcast` and `view`.
        batch_first: Whether samples come before steps, for `recurrent`.
    """

    kind: LayerKind
    name: str
    shape: tuple[int, ...]
    leaves: frozenset[int]
    size: int = 0
    axis: int = -1
    rank: int = 0
    dtype: torch.dtype | None = None
    other: tuple[int, ...] = ()
    batch_first: bool = True


def marked_leaves(tensor: torch.Tensor) -> frozenset[int]:
    """Return the numbers of the inputs that a tensor comes from."""
    return getattr(tensor, MARK, frozenset())


def first_shape(args: Any) -> tuple[int, ...]:
    """Return the shape of the first tensor among arguments."""
    first = next(tensors_in(args, 3), None)
    return () if first is None or is_lazy(first) else tuple(first.shape)


def layer_use(name: str, args: Any, kwargs: Any, leaves: frozenset[int]) -> LayerUse | None:
    """Return what a call takes, if it is one of a layer.

    Args:
        name: Of the function.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        leaves: Numbers of the inputs that they come from.
    """
    values = list(args)
    taken = values[0] if values else kwargs.get("input", kwargs.get("query"))
    if not isinstance(taken, torch.Tensor) or is_lazy(taken):
        return None
    shape = tuple(taken.shape)

    def argument(position: int, key: str) -> Any:
        return values[position] if len(values) > position else kwargs.get(key)

    def use(kind: LayerKind, size: int, axis: int, rank: int, weight: Any) -> LayerUse:
        dtype = weight.dtype if isinstance(weight, torch.Tensor) else None
        return LayerUse(kind, name, shape, leaves, size, axis, rank, dtype)

    weight = argument(1, "weight")
    is_weight = isinstance(weight, torch.Tensor)
    if name in _CONV and is_weight:
        groups = int(argument(6, "groups") or 1)
        rank = weight.dim()
        return use("conv", weight.shape[1] * groups, 1 - rank, rank, weight)
    if name in _CONV_TRANSPOSED and is_weight:
        return use("conv", weight.shape[0], 1 - weight.dim(), weight.dim(), weight)
    if name == "linear" and is_weight:
        return use("linear", weight.shape[-1], -1, 0, weight)
    if name in ("embedding", "embedding_bag") and is_weight:
        return use("embedding", weight.shape[0], -1, 0, weight)
    if name == "layer_norm":
        return use("norm", int(argument(1, "normalized_shape")[-1]), -1, 0, argument(2, "weight"))
    if name == "batch_norm" and is_weight:
        return use("norm", weight.numel(), 1, 0, argument(3, "weight"))
    if name == "multi_head_attention_forward":
        return use("attention", int(argument(3, "embed_dim_to_check")), -1, 3, argument(5, ""))
    if name == "scaled_dot_product_attention":
        return use("attention", 0, -1, 0, None)
    return _pair_use(name, args, leaves) or _view_use(name, args, leaves)


def _pair_use(name: str, args: Any, leaves: frozenset[int]) -> LayerUse | None:
    """A product or sum of what comes from the input with what does not."""
    if len(args) < 2 or not all(isinstance(a, torch.Tensor) for a in args[:2]):
        return None
    first, second = args[:2]
    comes_from = bool(marked_leaves(first)), bool(marked_leaves(second))
    if name in _PRODUCTS and comes_from == (True, False) and second.dim() >= 2:
        return LayerUse(
            "linear", name, tuple(first.shape), leaves, second.shape[-2], -1, 0, second.dtype
        )
    if name in _ELEMENTWISE and comes_from[0] != comes_from[1]:
        from_input, fixed = (first, second) if marked_leaves(first) else (second, first)
        return LayerUse(
            "broadcast", name, tuple(from_input.shape), leaves, other=tuple(fixed.shape)
        )
    return None


def _view_use(name: str, args: Any, leaves: frozenset[int]) -> LayerUse | None:
    """A reshape; its `size` is how many values a sample has to have."""
    if name not in _VIEWS or not leaves:
        return None
    sizes = [n for a in args[1:] for n in (a if isinstance(a, list | tuple) else (a,))]
    if not all(isinstance(n, int) for n in sizes):
        return None
    return LayerUse(
        "view", name, tuple(args[0].shape), leaves, prod(n for n in sizes if n > 1),
        other=tuple(sizes),
    )  # fmt: skip
