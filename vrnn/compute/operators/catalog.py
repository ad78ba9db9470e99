"""What torch's operations are called, how they are labeled, and what role they play in a graph.

All of it lies in one registry, to which `register_operation` adds. An operation that is not
registered is called by the name of its function, labeled by that name, and is a node of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
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


def _conv_label(arguments: Mapping[str, Any], result: torch.Tensor, *, transposed: bool) -> str:
    weight = arguments.get("weight")
    if not isinstance(weight, torch.Tensor) or weight.dim() < 3:
        return "conv"
    groups = int(arguments.get("groups") or 1)
    first, second = weight.shape[:2]
    source, target = (first, second * groups) if transposed else (second * groups, first)
    parts = ["transposed conv " if transposed else "conv ", _size(weight.shape[2:])]
    parts.append(f", {source}→{target}")
    parts += _unless_one("stride", arguments.get("stride"))
    parts += _unless_one("dilation", arguments.get("dilation"))
    if groups > 1:
        parts.append(", depthwise" if groups == source else f", {groups} groups")
    return "".join(parts)


def _linear_label(arguments: Mapping[str, Any], result: torch.Tensor) -> str:
    weight = arguments.get("weight")
    if isinstance(weight, torch.Tensor) and weight.dim() == 2:
        return f"linear {weight.shape[-1]}→{weight.shape[0]}"
    return "linear"


def _pool_label(arguments: Mapping[str, Any], result: torch.Tensor, *, kind: str, axes: int) -> str:
    kernel, stride = arguments.get("kernel_size"), arguments.get("stride")
    parts = [kind, f" {_size(kernel, axes)}"] if kernel is not None else [kind]
    return "".join(parts + _unless_one("stride", kernel if stride in (None, [], ()) else stride))


def _adaptive_pool_label(
    arguments: Mapping[str, Any], result: torch.Tensor, *, kind: str, axes: int
) -> str:
    return f"{kind} to {_size(result.shape[-axes:])}"  # None in output_size keeps an axis as it is


def _group_norm_label(arguments: Mapping[str, Any], result: torch.Tensor) -> str:
    return f"group norm, {arguments.get('num_groups', '?')} groups"


def _attention_label(arguments: Mapping[str, Any], result: torch.Tensor) -> str:
    heads = arguments.get("num_heads") or (result.shape[-3] if result.dim() == 4 else None)
    return f"attention, {heads} heads" if heads and heads > 1 else "attention"


def _resize_label(arguments: Mapping[str, Any], result: torch.Tensor) -> str:
    return f"resize to {'×'.join(str(n) for n in result.shape[2:])}"


def _size(value: Any, axes: int = 1) -> str:
    """`3×3`; a single number counts for each of the axes."""
    numbers = [value] if isinstance(value, int) else list(value)
    if len(numbers) == 1:
        numbers *= axes
    return "×".join(str(n) for n in numbers)


def _unless_one(word: str, value: Any) -> list[str]:
    """`, stride 2`; nothing where it is 1 along all axes."""
    values = [value] if isinstance(value, int) else list(value or ())
    if all(v == 1 for v in values):
        return []
    is_same = len(set(values)) == 1
    return [f", {word} {values[0] if is_same else '×'.join(str(v) for v in values)}"]


def _register_all(names: str, role: Role) -> None:
    for name in names.split():
        register_operation(name, role=role)


_register_all(
    "view view_as reshape reshape_as flatten unflatten permute transpose t adjoint swapaxes "
    "swapdims movedim moveaxis contiguous clone detach requires_grad alias expand "
    "expand_as squeeze unsqueeze narrow select getitem chunk split split_with_sizes "
    "tensor_split hsplit vsplit unbind to float double half bfloat16 cpu cuda type type_as "
    "dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout "
    "feature_dropout identity get data as_tensor tensor channel_shuffle_native pin_memory "
    "broadcast_to broadcast_tensors atleast_1d atleast_2d ravel as_strided view_as_real "
    "view_as_complex real positive pos resolve_conj resolve_neg numpy native_dropout "
    "rearrange meshgrid diagonal as_subclass refine_names rename align_to swapaxes atleast_3d "
    "to_dense positive slice unsafe_view to_copy reshape_alias lift_fresh lift_fresh_copy lift "
    "unsafe_split unsafe_chunk conj chalf bool int long short byte char new_tensor",
    "view",
)
_register_all(
    "new_zeros new_ones new_full new_empty zeros_like ones_like full_like empty_like "
    "rand_like randn_like randint_like zeros ones full empty arange linspace logspace eye rand "
    "randn randint randperm empty_strided new_empty_strided new_rand tril_indices triu_indices",
    "factory",
)

for _name, _label in {
    "relu": "ReLU", "relu6": "ReLU6", "gelu": "GELU", "silu": "SiLU", "mish": "Mish", "elu": "ELU",
    "selu": "SELU", "celu": "CELU", "leaky_relu": "leaky ReLU", "rrelu": "RReLU",
    "sigmoid": "sigmoid", "tanh": "tanh", "hardswish": "hard swish", "hardsigmoid": "hard sigmoid",
    "hardtanh": "hard tanh", "softplus": "softplus", "softsign": "softsign", "glu": "GLU",
    "logsigmoid": "log sigmoid", "threshold": "threshold", "tanhshrink": "tanh shrink",
    "softshrink": "soft shrink", "hardshrink": "hard shrink",
}.items():  # fmt: skip
    register_operation(_name, _label, "activation")
register_operation("prelu", "PReLU", "activation", "first")
register_operation("clamp", "clamp", "activation", aliases=("clip", "clamp_min", "clamp_max"))

register_operation(
    "batch_norm", "batch norm", "norm", "first",
    ("input", "running_mean", "running_var", "weight", "bias", "training"),
)  # fmt: skip
register_operation(
    "instance_norm", "instance norm", "norm", "first",
    ("input", "running_mean", "running_var", "weight", "bias", "use_input_stats"),
)  # fmt: skip
register_operation(
    "group_norm", _group_norm_label, "norm", "first", ("input", "num_groups", "weight", "bias")
)
register_operation("local_response_norm", "LRN", "norm", "first")
register_operation("layer_norm", "layer norm", "norm", "last", ("input", "normalized_shape"))
register_operation("rms_norm", "RMS norm", "norm", "last", ("input", "normalized_shape"))
register_operation("normalize", "normalize", "norm")
register_operation("native_layer_norm", "layer norm", "norm", "last", aliases=("fused_layer_norm",))
register_operation("native_group_norm", "group norm", "norm", "first")
register_operation(
    "native_batch_norm", "batch norm", "norm", "first",
    aliases=(
        "cudnn_batch_norm", "native_batch_norm_legit_no_training", "batch_norm_no_update",
        "batch_norm_with_update", "native_batch_norm_legit",
    ),
)  # fmt: skip

register_operation("add", "add", "minor", aliases=("radd", "iadd"))
register_operation("sub", "subtract", "minor", aliases=("subtract", "rsub", "isub"))
register_operation("mul", "multiply", "minor", aliases=("multiply", "rmul", "imul"))
register_operation(
    "div", "divide", "minor",
    aliases=("truediv", "rtruediv", "itruediv", "true_divide", "divide", "idiv", "rdiv"),
)  # fmt: skip
register_operation("pow", "power", "minor", aliases=("ipow", "rpow"))
register_operation("set", "write", "minor", aliases=("setitem", "copy"))
register_operation("pad", role="minor", parameters=("input", "pad", "mode", "value"))
_register_all("roll neg sqrt square exp abs", "minor")

register_operation(
    "cat", "concatenate", aliases=("concat", "concatenate", "hstack", "vstack", "stack")
)
register_operation("softmax", aliases=("special_softmax",))
register_operation(
    "linear", _linear_label, None, "last", ("input", "weight", "bias"), aliases=("addmm", "addmv")
)
register_operation("matmul", aliases=("mm", "bmm", "rmatmul", "imatmul", "baddbmm", "mv"))
register_operation("index", "pick by index", aliases=("getitem_index", "unsafe_index"))
register_operation("gap", "computed outside torch")
register_operation("embedding", channels="last")
register_operation(
    "attention", _attention_label,
    parameters=("query", "key", "value", "attn_mask", "dropout_p", "is_causal"),
    aliases=(
        "scaled_dot_product_attention", "multi_head_attention_forward",
        "_native_multi_head_attention", "scaled_dot_product_flash_attention_for_cpu",
        "scaled_dot_product_flash_attention", "scaled_dot_product_efficient_attention",
        "scaled_dot_product_cudnn_attention", "scaled_dot_product_fused_attention_overrideable",
    ),
)  # fmt: skip
register_operation(
    "interpolate", _resize_label, None, "first",
    (
        "input", "size", "scale_factor", "mode", "align_corners", "recompute_scale_factor",
        "antialias",
    ),
    aliases=("upsample", *(f"upsample_{kind}" for kind in (
        "nearest1d", "nearest2d", "nearest3d", "nearest_exact1d", "nearest_exact2d",
        "nearest_exact3d", "linear1d", "bilinear2d", "bicubic2d", "trilinear3d",
        "bilinear2d_aa", "bicubic2d_aa",
    ))),
)  # fmt: skip
register_operation("pixel_shuffle", None, None, "first", ("input", "upscale_factor"))
register_operation("pixel_unshuffle", None, None, "first", ("input", "downscale_factor"))
for _name in ("grid_sample", "fold", "channel_shuffle"):
    register_operation(_name, channels="first")

register_operation(  # its own canonical name only until `identify` has counted its axes
    "convolution", None, None, "first",
    (
        "input", "weight", "bias", "stride", "padding", "dilation", "transposed", "output_padding",
        "groups",
    ),
    aliases=("cudnn_convolution", "mkldnn_convolution", "convolution_overrideable"),
)  # fmt: skip
for _axes, _dims in enumerate(("1d", "2d", "3d"), 1):
    register_operation(
        f"conv{_dims}", partial(_conv_label, transposed=False), None, "first",
        ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    )  # fmt: skip
    register_operation(
        f"conv_transpose{_dims}", partial(_conv_label, transposed=True), None, "first",
        ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation"),
    )  # fmt: skip
    for _suffix in ("", "_with_indices"):
        register_operation(
            f"max_pool{_dims}{_suffix}", partial(_pool_label, kind="max pool", axes=_axes), None,
            "first", ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode"),
        )  # fmt: skip
        register_operation(
            f"adaptive_max_pool{_dims}{_suffix}",
            partial(_adaptive_pool_label, kind="max pool", axes=_axes), None, "first",
            ("input", "output_size"),
        )  # fmt: skip
        register_operation(f"fractional_max_pool{_dims}{_suffix}", "fractional max pool")
    register_operation(f"max_unpool{_dims}", "max unpool")
    register_operation(f"quantized_max_pool{_dims}", "max pool")
    register_operation(
        f"avg_pool{_dims}", partial(_pool_label, kind="average pool", axes=_axes), None, "first",
        ("input", "kernel_size", "stride", "padding", "ceil_mode"),
    )  # fmt: skip
    register_operation(
        f"adaptive_avg_pool{_dims}",
        partial(_adaptive_pool_label, kind="average pool", axes=_axes), None, "first",
        ("input", "output_size"),
    )  # fmt: skip
    register_operation(
        f"lp_pool{_dims}", partial(_pool_label, kind="power-average pool", axes=_axes), None,
        "first", ("input", "norm_type", "kernel_size", "stride", "ceil_mode"),
    )  # fmt: skip
for _names, _operation in (
    (("max_pool2d_with_indices", "boolean_dispatch", "mkldnn_max_pool2d"), "max_pool2d"),
    (("safe_softmax",), "softmax"),
    (("copy", "index_put", "index_put_impl", "unsafe_index_put"), "set"),
):
    _CANONICAL_NAMES.update(dict.fromkeys(_names, _operation))
