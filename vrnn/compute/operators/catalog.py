"""What torch's functions are to a person: their names, labels, and which of them are only noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

VIEW_OPS = frozenset(
    "view view_as reshape reshape_as flatten unflatten permute transpose t adjoint swapaxes "
    "swapdims movedim moveaxis contiguous clone detach detach_ requires_grad_ alias expand "
    "expand_as squeeze unsqueeze narrow select getitem chunk split split_with_sizes "
    "tensor_split hsplit vsplit unbind to float double half bfloat16 cpu cuda type type_as "
    "dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout "
    "feature_dropout identity get data as_tensor tensor channel_shuffle_native pin_memory "
    "broadcast_to broadcast_tensors atleast_1d atleast_2d ravel as_strided view_as_real "
    "view_as_complex real positive pos resolve_conj resolve_neg numpy native_dropout "
    "rearrange meshgrid diagonal as_subclass refine_names rename align_to".split()
)
"""Calls that only look at the same numbers in another way."""

FACTORIES = frozenset(
    "new_zeros new_ones new_full new_empty new_tensor zeros_like ones_like full_like empty_like "
    "rand_like randn_like randint_like zeros ones full empty arange linspace".split()
)
"""Calls that take a tensor's shape and type, not its numbers."""

NAMES = {
    "concat": "cat", "concatenate": "cat", "hstack": "cat", "vstack": "cat", "stack": "cat",
    "subtract": "sub", "rsub": "sub", "multiply": "mul", "rmul": "mul", "radd": "add",
    "truediv": "div", "rtruediv": "div", "true_divide": "div", "divide": "div", "iadd": "add",
    "imul": "mul", "isub": "sub", "itruediv": "div", "idiv": "div", "rdiv": "div", "mm": "matmul",
    "bmm": "matmul", "rmatmul": "matmul", "imatmul": "matmul", "baddbmm": "matmul",
    "addmm": "linear", "max_pool2d_with_indices": "max_pool2d", "boolean_dispatch": "max_pool2d",
    "scaled_dot_product_attention": "attention", "multi_head_attention_forward": "attention",
    "_native_multi_head_attention": "attention", "upsample": "interpolate", "ipow": "pow",
    "special_softmax": "softmax", "log_softmax": "log_softmax", "_softmax": "softmax",
    "rpow": "pow", "relu_": "relu", "clip": "clamp", "clamp_min": "clamp", "clamp_max": "clamp",
    "setitem": "set", "copy": "set",
}  # fmt: skip
"""One name for what torch calls by several."""

ACTIVATIONS = {
    "relu": "ReLU", "relu6": "ReLU6", "gelu": "GELU", "silu": "SiLU", "mish": "Mish", "elu": "ELU",
    "selu": "SELU", "celu": "CELU", "leaky_relu": "leaky ReLU", "prelu": "PReLU", "rrelu": "RReLU",
    "sigmoid": "sigmoid", "tanh": "tanh", "hardswish": "hard swish", "hardsigmoid": "hard sigmoid",
    "hardtanh": "hard tanh", "softplus": "softplus", "softsign": "softsign", "glu": "GLU",
    "logsigmoid": "log sigmoid", "clamp": "clamp", "threshold": "threshold",
    "tanhshrink": "tanh shrink", "softshrink": "soft shrink", "hardshrink": "hard shrink",
}  # fmt: skip
NORMS = {
    "batch_norm": "batch norm", "layer_norm": "layer norm", "group_norm": "group norm",
    "instance_norm": "instance norm", "rms_norm": "RMS norm", "local_response_norm": "LRN",
    "normalize": "normalize", "native_layer_norm": "layer norm", "native_batch_norm": "batch norm",
}  # fmt: skip
ARITHMETIC = {"add": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "pow": "power"}
CHANNELS_FIRST = frozenset(
    "batch_norm group_norm instance_norm local_response_norm max_pool1d max_pool2d max_pool3d "
    "avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d "
    "adaptive_max_pool1d adaptive_max_pool2d interpolate pixel_shuffle pixel_unshuffle lp_pool2d "
    "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d grid_sample prelu "
    "fold channel_shuffle".split()
)
CHANNELS_LAST = frozenset("linear layer_norm rms_norm embedding".split())


def operation_name(function: Callable[..., Any]) -> str:
    """The plain name of a torch function or tensor method: `conv2d`, `add`, `cat`."""
    name = getattr(function, "__name__", "") or type(function).__name__
    if name.startswith("__") and name.endswith("__"):
        name = name[2:-2]
    if name in NAMES:
        return NAMES[name]
    plain = name.strip("_")
    return NAMES.get(plain, plain) or "operation"


def operation_label(operation: str, arguments: Mapping[str, Any], result: torch.Tensor) -> str:
    """What a person reads: `conv 3×3, 64→128, stride 2`. arguments: by name, see `named`."""
    if operation.startswith("conv"):
        return _conv(operation, arguments)
    if operation == "linear":
        weight = arguments.get("weight")
        if isinstance(weight, torch.Tensor) and weight.dim() == 2:
            return f"linear {weight.shape[-1]}→{weight.shape[0]}"
        return "linear"
    if "pool" in operation:
        return _pool(operation, arguments)
    if operation == "group_norm":
        return f"group norm, {arguments.get('num_groups', '?')} groups"
    if operation == "attention":
        heads = arguments.get("num_heads") or (result.shape[-3] if result.dim() == 4 else None)
        return f"attention, {heads} heads" if heads and heads > 1 else "attention"
    if operation == "interpolate":
        return f"resize to {'×'.join(str(n) for n in result.shape[2:])}"
    words = {**ACTIVATIONS, **NORMS, **ARITHMETIC, "cat": "concatenate", "set": "write"}
    return words.get(operation, operation.replace("_", " "))


def _conv(operation: str, arguments: Mapping[str, Any]) -> str:
    weight = arguments.get("weight")
    if not isinstance(weight, torch.Tensor) or weight.dim() < 3:
        return "conv"
    transposed = "transpose" in operation
    groups = int(arguments.get("groups") or 1)
    out, into = weight.shape[:2]
    source, target = (out, into * groups) if transposed else (into * groups, out)
    words = ["transposed conv " if transposed else "conv ", _size(weight.shape[2:])]
    words.append(f", {source}→{target}")
    words += _step("stride", arguments.get("stride")) + _step("dilation", arguments.get("dilation"))
    if groups > 1:
        words.append(", depthwise" if groups == source else f", {groups} groups")
    return "".join(words)


def _pool(operation: str, arguments: Mapping[str, Any]) -> str:
    kind = "max pool" if "max" in operation else "average pool"
    if "adaptive" in operation:
        return f"{kind} to {_size(arguments.get('output_size'))}"
    kernel = arguments.get("kernel_size")
    stride = arguments.get("stride")
    words = [kind, f" {_size(kernel)}"] if kernel is not None else [kind]
    return "".join(words + _step("stride", kernel if stride in (None, [], ()) else stride))


def _size(value: Any) -> str:
    if isinstance(value, int):
        return f"{value}×{value}"
    return "×".join(str(n) for n in value) if value is not None else "?"


def _step(word: str, value: Any) -> list[str]:
    """`, stride 2` where it is not one."""
    values = [value] if isinstance(value, int) else list(value or ())
    if all(v == 1 for v in values):
        return []
    same = len(set(values)) == 1
    return [f", {word} {values[0] if same else '×'.join(str(v) for v in values)}"]


PARAMETERS: dict[str, Sequence[str]] = {
    "conv": ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    "conv_transpose": (
        "input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation",
    ),
    "linear": ("input", "weight", "bias"),
    "max_pool": ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode"),
    "avg_pool": ("input", "kernel_size", "stride", "padding", "ceil_mode"),
    "lp_pool": ("input", "norm_type", "kernel_size", "stride", "ceil_mode"),
    "adaptive": ("input", "output_size"),
    "group_norm": ("input", "num_groups", "weight", "bias"),
    "batch_norm": ("input", "running_mean", "running_var", "weight", "bias", "training"),
    "instance_norm": (
        "input", "running_mean", "running_var", "weight", "bias", "use_input_stats",
    ),
    "layer_norm": ("input", "normalized_shape"),
    "rms_norm": ("input", "normalized_shape"),
    "interpolate": (
        "input", "size", "scale_factor", "mode", "align_corners", "recompute_scale_factor",
        "antialias",
    ),
    "pad": ("input", "pad", "mode", "value"),
    "pixel_shuffle": ("input", "upscale_factor"),
    "pixel_unshuffle": ("input", "downscale_factor"),
}  # fmt: skip
"""Positional arguments of what has a label with numbers, or windows that matter (`receptive`)."""
ATTENTION = (
    "query", "key", "value", "embed_dim_to_check", "num_heads", "in_proj_weight", "in_proj_bias",
    "bias_k", "bias_v", "add_zero_attn", "dropout_p", "out_proj_weight", "out_proj_bias",
)  # fmt: skip
SCALED = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal")


def bind_arguments(
    function: Callable[..., Any], operation: str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Arguments by name, as far as labels and receptive fields need them."""
    if operation == "attention":
        whole = getattr(function, "__name__", "") == "multi_head_attention_forward"
        names: Sequence[str] = ATTENTION if whole else SCALED
    else:
        keys = [key for key in PARAMETERS if operation.startswith(key)]
        names = PARAMETERS[max(keys, key=len)] if keys else ()
    return {**dict(zip(names, args, strict=False)), **kwargs}
