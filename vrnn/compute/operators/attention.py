"""The attention weights inside torch's fused functions, one map for each head."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

import torch


def head_weights_shape(arguments: Mapping[str, Any]) -> tuple[int, int, int, int] | None:
    """Return the shape of the attention weights of a call.

    Args:
        arguments: Of `scaled_dot_product_attention` or `multi_head_attention_forward`, by name.

    Returns:
        (1, heads, Tq, Tk): the shape of what `compute_head_weights` gives for such arguments, with
        a batch axis. None if it gives nothing.
    """
    query, key = arguments.get("query"), arguments.get("key")
    if not isinstance(query, torch.Tensor) or not isinstance(key, torch.Tensor):
        return None
    if "num_heads" in arguments:
        if arguments.get("in_proj_weight") is None:
            return None
        return 1, int(arguments["num_heads"]), query.shape[0], key.shape[0]
    if query.dim() < 3:
        return None
    return 1, query.shape[-3], query.shape[-2], key.shape[-2]


def compute_head_weights(arguments: Mapping[str, Any]) -> torch.Tensor | None:
    """Compute softmax(Q·Kᵀ/√d) of the first sample (Vaswani et al. 2017, equation 1).

    Args:
        arguments: Of `scaled_dot_product_attention` or `multi_head_attention_forward`, by name.

    Returns:
        (heads, Tq, Tk) attention weights; None if the arguments are of a kind not known here.
    """
    query, key = arguments.get("query"), arguments.get("key")
    if not isinstance(query, torch.Tensor) or not isinstance(key, torch.Tensor):
        return None
    if "num_heads" in arguments:
        projected = _project_query_and_key(query, key, arguments)
        if projected is None:
            return None
        query, key = projected
    else:
        query, key = query.reshape(-1, *query.shape[-3:])[0], key.reshape(-1, *key.shape[-3:])[0]
    if query.dim() != 3 or key.dim() != 3:
        return None
    if key.shape[0] != query.shape[0]:  # grouped queries share a key
        key = key.repeat_interleave(query.shape[0] // key.shape[0], 0)
    scale = arguments.get("scale")
    scores = query @ key.transpose(-1, -2) * (scale or 1 / sqrt(query.shape[-1]))
    return _apply_mask(scores, arguments).softmax(-1)


def _project_query_and_key(
    query: torch.Tensor, key: torch.Tensor, arguments: Mapping[str, Any]
) -> tuple[torch.Tensor, torch.Tensor] | None:
    """(heads, T, C / heads) of the first sample, from (T, N, C), or (T, C) without a batch."""
    weight, bias = arguments.get("in_proj_weight"), arguments.get("in_proj_bias")
    heads = int(arguments["num_heads"])
    if weight is None or query.shape[-1] % heads:
        return None
    width = query.shape[-1]
    q, k = (x[:, 0] if x.dim() == 3 else x for x in (query, key))
    q = torch.nn.functional.linear(q, weight[:width], None if bias is None else bias[:width])
    k = torch.nn.functional.linear(
        k, weight[width : 2 * width], None if bias is None else bias[width : 2 * width]
    )
    shape = (-1, heads, width // heads)
    return q.reshape(shape).transpose(0, 1), k.reshape(shape).transpose(0, 1)


def replace_head_weights(
    result: Any, arguments: Mapping[str, Any], old: torch.Tensor, new: torch.Tensor
) -> Any:
    """Compute what an attention function would return for other weights of the first sample.

    The result is linear in the weights: that of `scaled_dot_product_attention` is computed again
    for the heads that differ; to that of `multi_head_attention_forward` the difference is added.

    Args:
        result: What the function returned.
        arguments: Its arguments by name.
        old: (heads, Tq, Tk) its weights.
        new: (heads, Tq, Tk) the weights to use.

    Returns:
        A changed copy of the result.
    """
    value = arguments["value"]
    if "num_heads" not in arguments:
        result = result.clone()
        first = result[(0,) * (result.dim() - 3)]
        value = value.reshape(-1, *value.shape[-3:])[0]
        if value.shape[0] != new.shape[0]:  # grouped queries share a value
            value = value.repeat_interleave(new.shape[0] // value.shape[0], 0)
        changed_heads = (old != new).flatten(1).any(1)
        first[changed_heads] = (new[changed_heads] @ value[changed_heads]).to(result.dtype)
        return result
    weight, bias = arguments["in_proj_weight"], arguments.get("in_proj_bias")
    width = arguments["query"].shape[-1]
    is_unbatched = value.dim() == 2
    v = torch.nn.functional.linear(
        value if is_unbatched else value[:, 0],
        weight[2 * width :],
        None if bias is None else bias[2 * width :],
    )
    v = v.reshape(len(v), new.shape[0], -1).transpose(0, 1)
    difference = ((new - old) @ v).transpose(0, 1).flatten(1)
    difference = torch.nn.functional.linear(difference, arguments["out_proj_weight"])
    output, weights = result[0].clone(), result[1]
    (output if is_unbatched else output[:, 0]).add_(difference)
    if weights is not None:
        weights = weights.clone()
        first = weights if is_unbatched else weights[0]
        first.copy_(new if first.dim() == 3 else new.mean(0))
    return output, weights


def _apply_mask(scores: torch.Tensor, arguments: Mapping[str, Any]) -> torch.Tensor:
    mask = arguments.get("attn_mask")
    if arguments.get("is_causal") and mask is None:
        mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
    if not isinstance(mask, torch.Tensor):
        return scores
    mask = mask.reshape(-1, *mask.shape[-3:])[0] if mask.dim() > 3 else mask
    if mask.dtype == torch.bool:
        # scaled_dot_product_attention keeps what is True, multi_head_attention_forward hides it.
        hidden = mask if "num_heads" in arguments else ~mask
        return scores.masked_fill(hidden, float("-inf"))
    return scores + mask
