"""Which arguments of a call give numbers, and which only a type, a shape or a place to write to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from vrnn.compute.operators import catalog
from vrnn.compute.tracing.tensors import tensors_in

PAIRWISE_VIEWS = frozenset(
    "broadcast_tensors meshgrid atleast_1d atleast_2d atleast_3d align_tensors".split()
)
"""Views of several tensors at once: each result is of the argument in the same place."""
OVERWRITES = frozenset(
    "copy fill zero normal uniform random exponential geometric cauchy log_normal set_data".split()
)
"""Own names, without underscores, of functions that keep nothing of what they write over."""
LAYERS = frozenset(
    """
    conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d linear bilinear
    embedding embedding_bag attention lstm gru rnn_tanh rnn_relu lstm_cell gru_cell rnn_tanh_cell
    rnn_relu_cell
    """.split()
)
"""Operations that are shown even where all they take are parameters and constants."""
PRODUCTS = frozenset("matmul einsum linear tensordot".split())


def sources_of_views(
    operation: str, args: Sequence[Any], taken: Sequence[torch.Tensor], made: int
) -> list[int]:
    """Return for each result of a view which of the tensors that the call took it shows.

    Other tensors among the arguments lend a type or a shape: `x.type_as(y)`, `x.expand_as(y)`.

    Args:
        operation: Canonical name of the view.
        args: Positional arguments of the call.
        taken: All tensors among the arguments.
        made: Number of results.

    Returns:
        Indices in `taken`.
    """
    if operation in PAIRWISE_VIEWS and made == len(taken):
        return list(range(made))
    if operation == "new_tensor" and len(taken) > 1:
        return [1] * made
    return [0] * made


def has_tensor_index(operation: str, args: Sequence[Any]) -> bool:
    """Return whether a call is `x[index]` with a tensor in the index."""
    return operation == "getitem" and len(args) > 1 and any(True for _ in tensors_in(args[1]))


def overwritten(
    function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> torch.Tensor | None:
    """Return the tensor of which a call keeps nothing: it writes over all of its storage."""
    target = kwargs.get("out")
    name = catalog.own_name(function)
    if target is None and name.endswith("_") and name.strip("_") in OVERWRITES:
        target = args[0] if args else kwargs.get("self")
    if target is None and name == "__setitem__" and (
        args[1] is Ellipsis or args[1] == slice(None) if not _is_tensor(args[1]) else False
    ):  # fmt: skip
        target = args[0]
    if not isinstance(target, torch.Tensor):
        return None
    try:
        size = target.untyped_storage().nbytes()
    except (RuntimeError, NotImplementedError):
        return None
    return target if size == target.numel() * target.element_size() else None


def _is_tensor(value: Any) -> bool:
    return isinstance(value, torch.Tensor) or any(True for _ in tensors_in(value))


def is_constant_layer(
    operation: str, arguments: Mapping[str, Any], module: str, is_curved: bool
) -> bool:
    """Return whether a call that takes nothing but parameters and constants is shown.

    Layers are, as those of a hypernetwork or of learned queries are. What makes a weight ready for
    use is not: a view, a norm of the weight, a product of two low-rank factors.

    Args:
        operation: Canonical name of the operation.
        arguments: Its arguments by name.
        module: Path of the module that it ran in.
        is_curved: Whether an activation was applied to what it takes.
    """
    if "parametrizations" in module.split("."):
        return False
    if operation in LAYERS:
        return True
    if catalog.lookup(operation).role == "norm":
        return isinstance(arguments.get("weight"), nn.Parameter)
    return is_curved and operation in PRODUCTS
