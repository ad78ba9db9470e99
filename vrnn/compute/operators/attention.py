"""The attention weights behind torch's fused functions, a map for each head."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

import torch


def head_weights_shape(arguments: Mapping[str, Any]) -> tuple[int, int, int, int] | None:
    """(1, heads, Tq, Tk) of what `head_weights` will give for such arguments, None if nothing."""
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
    """(heads, Tq, Tk) softmax(Q·Kᵀ/√d) of the first sample, from the arguments of
    `scaled_dot_product_attention` or `multi_head_attention_forward` by name.

    None when the arguments are of a kind not known here. Vaswani et al. 2017, equation 1.
    """
    query, key = arguments.get("query"), arguments.get("key")
    if not isinstance(query, torch.Tensor) or not isinstance(key, torch.Tensor):
        return None
    if "num_heads" in arguments:
        projected = _projected(query, key, arguments)
        if projected is None:
            return None
        query, key = projected
    else:
        query, key = query.reshape(-1, *query.shape[-3:])[0], key.reshape(-1, *key.shape[-3:])[0]
    if query.dim() != 3 or key.dim() != 3:
        return None
    if key.shape[0] != query.shape[0]:  # grouped queries share a key
        key = key.repeat_interleave(query.shape[0] // key.shape[0], 0)
    given = arguments.get("scale")
    scores = query @ key.transpose(-1, -2) * (given or 1 / sqrt(query.shape[-1]))
    return _masked(scores, arguments).softmax(-1)


def _projected(
    query: torch.Tensor, key: torch.Tensor, arguments: Mapping[str, Any]
) -> tuple[torch.Tensor, torch.Tensor] | None:
    weight, bias = arguments.get("in_proj_weight"), arguments.get("in_proj_bias")
    heads = int(arguments["num_heads"])
    if weight is None or query.shape[-1] % heads:
        return None
    width = query.shape[-1]
    # (T, N, C) with the batch in the middle, or (T, C) without one.
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
    """What an attention function would give for the first sample if its weights were others.

    result: what it gave; old, new: (heads, Tq, Tk). The result is linear in the weights, so what
    `scaled_dot_product_attention` gives is made anew where they differ, and what
    `multi_head_attention_forward` gives has the difference added.
    """
    value = arguments["value"]
    if "num_heads" not in arguments:
        result = result.clone()
        first = result[(0,) * (result.dim() - 3)]
        value = value.reshape(-1, *value.shape[-3:])[0]
        if value.shape[0] != new.shape[0]:  # grouped queries share a value
            value = value.repeat_interleave(new.shape[0] // value.shape[0], 0)
        heads = (old != new).flatten(1).any(1)
        first[heads] = (new[heads] @ value[heads]).to(result.dtype)
        return result
    weight, bias = arguments["in_proj_weight"], arguments.get("in_proj_bias")
    width = arguments["query"].shape[-1]
    single = value.dim() == 2
    v = torch.nn.functional.linear(
        value if single else value[:, 0],
        weight[2 * width :],
        None if bias is None else bias[2 * width :],
    )
    v = v.reshape(len(v), new.shape[0], -1).transpose(0, 1)
    mixed = ((new - old) @ v).transpose(0, 1).flatten(1)
    mixed = torch.nn.functional.linear(mixed, arguments["out_proj_weight"])
    output, weights = result[0].clone(), result[1]
    (output if single else output[:, 0]).add_(mixed)
    if weights is not None:
        weights = weights.clone()
        first = weights if single else weights[0]
        first.copy_(new if first.dim() == 3 else new.mean(0))
    return output, weights


def _masked(scores: torch.Tensor, arguments: Mapping[str, Any]) -> torch.Tensor:
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
