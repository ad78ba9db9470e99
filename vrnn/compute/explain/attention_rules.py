"""Rules of attention and softmax.

`half`: both factors of each product take half, and a softmax has its plain gradient, as AttnLRP
has it (Achtibat et al. 2024, https://arxiv.org/abs/2402.05602), so that values take half, queries
and keys a quarter each. `fixed`: the weights are held fixed and the values take all, as CP-LRP has
it (Ali et al. 2022, https://arxiv.org/abs/2202.07304).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

import torch

from vrnn.compute.explain import linear_operations
from vrnn.compute.explain.accounted_calls import account, watch
from vrnn.compute.explain.call_rules import LiveCall, call_rule
from vrnn.compute.explain.product_rules import run_linear
from vrnn.compute.explain.rule_steps import share
from vrnn.compute.operators import catalog
from vrnn.compute.operators.attention import apply_masks


@call_rule("softmax softmin log_softmax")
def softmax(call: LiveCall) -> Any:
    """The plain gradient; what it does not pass on ends in the softmax."""
    call.is_weights = call.operation == "softmax"
    return account(call, "softmax")


@call_rule("attention")
def attention(call: LiveCall) -> Any:
    """Both fused functions of torch, `scaled_dot_product_attention` and that of whole modules."""
    arguments = catalog.bind_arguments(call.func, "attention", call.args, call.kwargs)
    name = catalog.own_name(call.func)
    if name == "scaled_dot_product_attention":
        query, key, value = (arguments[part] for part in ("query", "key", "value"))
        if key.shape[-3] != query.shape[-3]:  # grouped queries share a key
            count = query.shape[-3] // key.shape[-3]
            key, value = (t.repeat_interleave(count, -3) for t in (key, value))
        return _attend(call, query, key, value, arguments, arguments.get("scale"))
    if name == "multi_head_attention_forward" and _is_plain(arguments):
        return _multi_head(call, arguments)
    return NotImplemented


def _attend(
    call: LiveCall, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor,
    arguments: Mapping[str, Any], scale: float | None = None,
) -> torch.Tensor:  # fmt: skip
    """(…, heads, T, C) what queries take of the values."""
    is_half = call.book.composite.attention == "half"
    factor = scale or 1 / sqrt(query.shape[-1])
    if not is_half:
        query, key = query.detach(), key.detach()
    elif call.is_live(query) and call.is_live(key):
        query, key = share(query, 2), share(key, 2)
    scores = query @ key.transpose(-1, -2) * factor
    masks = dict(arguments)
    mask = masks.get("attn_mask")
    if isinstance(mask, torch.Tensor) and mask.is_floating_point() and not call.is_live(mask):
        if is_half and scores.requires_grad:
            masks["attn_mask"] = call.constant(mask, "constant")
    elif isinstance(mask, torch.Tensor) and call.is_live(mask) and not is_half:
        masks["attn_mask"] = mask.detach()
    scores = apply_masks(scores, masks)
    weights = scores.softmax(-1)
    if weights.requires_grad:
        watch(call.book, scores, "softmax", call.node, "", -1)
        watch(call.book, weights, "softmax", call.node, "", 1)
        if call.is_live(value):
            call.head_weights = weights
            return share(weights, 2) @ share(value, 2)
    call.head_weights = weights
    return weights @ value


def _is_plain(arguments: Mapping[str, Any]) -> bool:
    unusual = ("bias_k", "bias_v", "static_k", "static_v")
    return not arguments.get("add_zero_attn") and all(arguments.get(n) is None for n in unusual)


def _multi_head(call: LiveCall, arguments: Mapping[str, Any]) -> Any:
    """Attention with its projections, as `nn.MultiheadAttention` calls it."""
    heads, width = int(arguments["num_heads"]), arguments["query"].shape[-1]
    weight, bias = arguments.get("in_proj_weight"), arguments.get("in_proj_bias")
    own = [arguments.get(f"{part}_proj_weight") for part in "qkv"]
    projected = []
    for i, part in enumerate(("query", "key", "value")):
        rows = slice(i * width, (i + 1) * width)
        w = own[i] if weight is None else weight[rows]
        projected.append(_project(call, arguments[part], w, None if bias is None else bias[rows]))
    query, key, value = (_split_heads(t, heads) for t in projected)
    attended = _attend(call, query, key, value, arguments)
    joined = attended.permute(2, 0, 1, 3).flatten(2)
    if arguments["query"].dim() == 2:
        joined = joined[:, 0]
    result = _project(call, joined, arguments["out_proj_weight"], arguments["out_proj_bias"])
    call.step = None
    weights = call.head_weights
    if not arguments.get("need_weights", True) or weights is None:
        return result, None
    if arguments.get("average_attn_weights", True):
        weights = weights.mean(1)
    return result, weights[0] if arguments["query"].dim() == 2 else weights


def _project(
    call: LiveCall, x: torch.Tensor, weight: Any, bias: torch.Tensor | None
) -> torch.Tensor:
    def compute() -> torch.Tensor:
        return torch.nn.functional.linear(x.detach(), weight, bias)

    if not call.is_live(x):
        return compute()
    return run_linear(call, linear_operations.linear(weight, bias), x, compute, "linear")


def _split_heads(tensor: torch.Tensor, heads: int) -> torch.Tensor:
    """(N, heads, T, C / heads) of (T, N, C), or of (T, C) without a batch."""
    tensor = tensor[:, None] if tensor.dim() == 2 else tensor
    return tensor.reshape(*tensor.shape[:2], heads, -1).permute(1, 2, 0, 3)
