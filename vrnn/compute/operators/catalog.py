"""What torch's operations are called, how they are labeled, and what role they play in a graph.

All of it lies in one registry, to which `register_operation` adds; `known_operations.py` beside
this adds those of torch. An operation that is not registered is called by the name of its function,
labeled by that name, and is a node of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import torch

Role = Literal["view", "factory", "activation", "norm", "minor"]
"""What an operation is to a graph: a `view` shows the same numbers in another way and is no node; a
`factory` takes a tensor's shape and dtype, not its numbers; an `activation` or a `norm` is folded
into the layer before it; so is a `minor` operation on one tensor."""
Channels = Literal["first", "last"]
"""Where a result has its channels: behind the batch axis, or last."""
Label = str | Callable[[Mapping[str, Any], torch.Tensor], str]
"""A text, or a function that makes one from the arguments by name (see `bind_arguments`) and the
result."""


@dataclass(frozen=True)
class Operation:
    """What is known of an operation.

    Attributes:
        name: Its canonical name, such as `conv2d`.
        label: What people read; None for the name without underscores.
        role: Its role in a graph; None for a node of its own.
        channels: Where its result has channels; None if that depends on what it takes.
        parameters: Names of its positional arguments, as far as labels, receptive fields and
            costs need them.
    """

    name: str
    label: Label | None = None
    role: Role | None = None
    channels: Channels | None = None
    parameters: tuple[str, ...] = ()


_OPERATIONS: dict[str, Operation] = {}
_CANONICAL_NAMES: dict[str, str] = {}


def register_operation(
    name: str,
    label: Label | None = None,
    role: Role | None = None,
    channels: Channels | None = None,
    parameters: Iterable[str] = (),
    aliases: Iterable[str] = (),
) -> None:
    """Add an operation to the catalog, or replace the one of the same name.

    Args:
        name: Its canonical name.
        label: See `Operation`.
        role: See `Operation`.
        channels: See `Operation`.
        parameters: See `Operation`.
        aliases: Other function names that mean the same operation.
    """
    _OPERATIONS[name] = Operation(name, label, role, channels, tuple(parameters))
    register_aliases(name, aliases)


def register_aliases(name: str, aliases: Iterable[str]) -> None:
    """Let other function names mean an operation of a canonical name, too."""
    _CANONICAL_NAMES.update(dict.fromkeys(aliases, name))
    _canonical_name.cache_clear()


def lookup(name: str) -> Operation:
    """Return what is known of an operation, by its canonical name."""
    return _OPERATIONS.get(name) or Operation(name)


def operation_name(function: Callable[..., Any]) -> str:
    """Return the canonical name of a torch function or tensor method: `conv2d`, `add`, `cat`.

    Of an operator of the dispatcher (`aten.conv2d.default`, as exported and scripted models call
    them) that of the function it stands for.
    """
    return _canonical_name(own_name(function))


@cache
def _canonical_name(name: str) -> str:
    if name.startswith("__") and name.endswith("__"):
        name = name[2:-2]
    if name in _CANONICAL_NAMES:
        return _CANONICAL_NAMES[name]
    stripped = name.strip("_")
    return _CANONICAL_NAMES.get(stripped, stripped) or "operation"


def own_name(function: Callable[..., Any]) -> str:
    """Return a function's own name; without its overload for an operator of the dispatcher."""
    schema = getattr(function, "_schema", None)
    if schema is not None:
        return str(schema.name).rpartition("::")[2]
    return getattr(function, "__name__", "") or type(function).__name__


def identify(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    """Return the canonical name of what a call does, and its arguments by name.

    The same as `operation_name` and `bind_arguments`, but for functions that do one thing or
    another by their arguments.
    """
    operation = operation_name(function)
    arguments = bind_arguments(function, operation, args, kwargs)
    if operation == "convolution":
        axes = len(arguments["weight"].shape) - 2
        operation = f"conv_transpose{axes}d" if arguments.get("transposed") else f"conv{axes}d"
    return operation, arguments


def operation_label(operation: str, arguments: Mapping[str, Any], result: torch.Tensor) -> str:
    """Return what people read: `conv 3×3, 64→128, stride 2`.

    Args:
        operation: Canonical name of the operation.
        arguments: Its arguments by name, see `bind_arguments`.
        result: What it returned.
    """
    label = lookup(operation).label
    if label is None:
        return operation.replace("_", " ")
    return label if isinstance(label, str) else label(arguments, result)


def bind_arguments(
    function: Callable[..., Any], operation: str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a call's arguments by name, as far as the catalog knows the names of positional ones.

    Args:
        function: The function that was called.
        operation: Its canonical name.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
    """
    if len(args) > 1 and isinstance(args[1], torch.ScriptObject):
        return _bind_packed(args[0], args[1])
    own = own_name(function)
    names: Sequence[str] = lookup(operation).parameters
    schema = getattr(function, "_schema", None)
    if schema is not None:
        names = [a.name if a.name != "self" else "input" for a in schema.arguments]
    else:
        names = _OWN_PARAMETERS.get(own, names)
    arguments = {**dict(zip(names, args, strict=False)), **kwargs}
    product = _PRODUCTS_WITH_BIAS.get(own.strip("_"))
    return arguments if product is None else _bind_product(product, args, kwargs)


def _bind_packed(tensor: Any, packed: Any) -> dict[str, Any]:
    """What a quantized layer takes, whose weight is packed with all that it is used with."""
    weight, bias = packed.unpack()
    settings = ("stride", "padding", "output_padding", "dilation", "groups")
    named = {name: getattr(packed, name)() for name in settings if hasattr(packed, name)}
    return {"input": tensor, "weight": weight, "bias": bias, **named}


_PRODUCTS_WITH_BIAS = {
    "addmm": ("mat1", "mat2"),
    "addmv": ("mat", "vec"),
    "baddbmm": ("batch1", "batch2"),
    "addbmm": ("batch1", "batch2"),
    "addr": ("vec1", "vec2"),
}
"""Functions that add a product of two tensors to a third, which comes first; names of the two."""


def _bind_product(
    names: tuple[str, str], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """`bias + input @ weightᵀ`, as `linear` names them; of a matrix and a vector the matrix is the
    weight.
    """
    given = {**dict(zip(("input", *names), args, strict=False)), **kwargs}
    first, second = (given.get(name) for name in names)
    bound = {"bias": given.get("input"), "input": first, "weight": second}
    if names == ("mat", "vec"):
        bound.update(input=second, weight=first)
    elif names == ("mat1", "mat2") and isinstance(second, torch.Tensor):
        bound["weight"] = second.t()
    return bound


_OWN_PARAMETERS: Mapping[str, Sequence[str]] = {
    "multi_head_attention_forward": (
        "query", "key", "value", "embed_dim_to_check", "num_heads", "in_proj_weight",
        "in_proj_bias", "bias_k", "bias_v", "add_zero_attn", "dropout_p", "out_proj_weight",
        "out_proj_bias",
    ),
    "cudnn_convolution": ("input", "weight", "padding", "stride", "dilation", "groups"),
    "mkldnn_convolution": ("input", "weight", "bias", "padding", "stride", "dilation", "groups"),
}  # fmt: skip
"""Names of the positional arguments of functions that take others than those that share their
canonical name."""
