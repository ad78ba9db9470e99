"""The operations of torch that are known by name: their labels, and what each is to a graph."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch

from vrnn.compute.operators.catalog import Role, register_aliases, register_operation


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
    register_aliases(_operation, _names)
