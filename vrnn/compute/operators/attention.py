"""The attention weights inside torch's fused functions, one map for each head."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod, sqrt
from typing import Any

import torch

MAX_WEIGHTS = 2**25
"""Attention weights of more samples than fit into this number are computed for the first only."""


def head_weights_shape(arguments: Mapping[str, Any]) -> tuple[int, ...] | None:
    """Return the shape of the attention weights of a call.

    Args:
        arguments: Of `scaled_dot_product_attention` or `multi_head_attention_forward`, by name.

    Returns:
        (N, heads, Tq, Tk), with as many axes of samples as the query has, at least one: the shape
        of what `compute_head_weights` gives for such arguments. None if it gives nothing.
    """
    query, key = arguments.get("query"), arguments.get("key")
    if not isinstance(query, torch.Tensor) or not isinstance(key, torch.Tensor):
        return None
    if "num_heads" in arguments:
        if arguments.get("in_proj_weight") is None or query.shape[-1] % int(arguments["num_heads"]):
            return None
        samples: tuple[int, ...] = (query.shape[1],) if query.dim() == 3 else (1,)
        maps = (int(arguments["num_heads"]), query.shape[0], key.shape[0])
    else:
        if query.dim() < 3:
            return None
        samples = tuple(query.shape[:-3]) or (1,)
        maps = (query.shape[-3], query.shape[-2], key.shape[-2])
    if prod((*samples, *maps)) > MAX_WEIGHTS:
        samples = (1,) * len(samples)
    return (*samples, *maps)


def compute_head_weights(arguments: Mapping[str, Any]) -> torch.Tensor | None:
    """Compute softmax(Q·Kᵀ/√d) of each sample (Vaswani et al. 2017, equation 1).

    Args:
        arguments: Of `scaled_dot_product_attention` or `multi_head_attention_forward`, by name.

    Returns:
        (N, heads, Tq, Tk) attention weights, see `head_weights_shape`; None if the arguments are of
        a kind not known here.
    """
    shape = head_weights_shape(arguments)
    if shape is None:
        return None
    query, key = arguments["query"], arguments["key"]
    if "num_heads" in arguments:
        query, key = _project_query_and_key(query, key, arguments)
    query, key = (_samples_of(x, shape) for x in (query, key))
    if key.shape[-3] != query.shape[-3]:  # grouped queries share a key
        key = key.repeat_interleave(query.shape[-3] // key.shape[-3], -3)
    scale = arguments.get("scale")
    scores = query @ key.transpose(-1, -2) * (scale or 1 / sqrt(query.shape[-1]))
    return apply_masks(scores, arguments).softmax(-1)


def _samples_of(tensor: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """A (…, heads, T, C) view of those samples of which there are weights. shape: of these."""
    tensor = tensor[None] if tensor.dim() == 3 else tensor
    return tensor[tuple(slice(count) for count in shape[:-3])]


def _project_query_and_key(
    query: torch.Tensor, key: torch.Tensor, arguments: Mapping[str, Any]
) -> tuple[torch.Tensor, torch.Tensor]:
    """(N, heads, T, C / heads), from (T, N, C), or (T, C) without a batch."""
    weight, bias = arguments["in_proj_weight"], arguments.get("in_proj_bias")
    heads, width = int(arguments["num_heads"]), query.shape[-1]
    first, second = slice(width), slice(width, 2 * width)
    query, key = (
        torch.nn.functional.linear(x, weight[part], None if bias is None else bias[part])
        for x, part in ((query, first), (key, second))
    )
    return _split_heads(query, heads), _split_heads(key, heads)


def _split_heads(tensor: torch.Tensor, heads: int) -> torch.Tensor:
    """(N, heads, T, C / heads) of (T, N, C), or of (T, C) without a batch."""
    tensor = tensor[:, None] if tensor.dim() == 2 else tensor
    return tensor.reshape(*tensor.shape[:2], heads, -1).permute(1, 2, 0, 3)


def replace_head_weights(
    result: Any, arguments: Mapping[str, Any], old: torch.Tensor, new: torch.Tensor
) -> Any:
    """Compute what an attention function would return for other weights.

    The result is linear in the weights: that of `scaled_dot_product_attention` is computed again
    for the heads that differ; to that of `multi_head_attention_forward` the difference is added.

    Args:
        result: What the function returned.
        arguments: Its arguments by name.
        old: (N, heads, Tq, Tk) its weights, see `head_weights_shape`.
        new: (N, heads, Tq, Tk) the weights to use.

    Returns:
        A changed copy of the result.
    """
    value, shape = arguments["value"], tuple(new.shape)
    if "num_heads" not in arguments:
        result = result.clone()
        changed_samples = _samples_of(result, shape)
        value = _samples_of(value, shape)
        if value.shape[-3] != new.shape[-3]:  # grouped queries share a value
            value = value.repeat_interleave(new.shape[-3] // value.shape[-3], -3)
        value = value.expand(*new.shape[:-2], *value.shape[-2:])
        changed_heads = (old != new).flatten(-2).any(-1)
        changed_samples[changed_heads] = (new[changed_heads] @ value[changed_heads]).to(
            result.dtype
        )
        return result
    weight, bias = arguments["in_proj_weight"], arguments.get("in_proj_bias")
    third = slice(2 * arguments["query"].shape[-1], None)
    value = torch.nn.functional.linear(value, weight[third], None if bias is None else bias[third])
    value = _samples_of(_split_heads(value, shape[-3]), shape)
    difference = ((new - old) @ value).permute(2, 0, 1, 3).flatten(2)
    difference = torch.nn.functional.linear(difference, arguments["out_proj_weight"])
    output, weights = result[0].clone(), result[1]
    (output[:, None] if output.dim() == 2 else output)[:, : shape[0]].add_(difference)
    if weights is not None:
        weights = weights.clone()
        is_unbatched = output.dim() == 2
        samples = (weights[None] if is_unbatched else weights)[: shape[0]]
        samples.copy_(new if samples.dim() == 4 else new.mean(1))
    return output, weights


def apply_masks(scores: torch.Tensor, arguments: Mapping[str, Any]) -> torch.Tensor:
    """Hide what an attention function hides. scores: (N, heads, Tq, Tk)."""
    mask = arguments.get("attn_mask")
    if arguments.get("is_causal") and mask is None:
        mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
    is_multi_head = "num_heads" in arguments
    if isinstance(mask, torch.Tensor):
        if is_multi_head and mask.dim() == 3:  # one for each head of each sample
            mask = mask.reshape(-1, scores.shape[-3], *mask.shape[-2:])[: len(scores)]
        elif mask.dim() > 3:
            sizes = zip(mask.shape, scores.shape[-mask.dim() : -3], strict=False)
            mask = mask[tuple(slice(None if size == 1 else count) for size, count in sizes)]
        # scaled_dot_product_attention keeps what is True, multi_head_attention_forward hides it.
        scores = _hide(scores, ~mask if mask.dtype == torch.bool and not is_multi_head else mask)
    padding = arguments.get("key_padding_mask")
    if is_multi_head and isinstance(padding, torch.Tensor):
        padding = padding[None] if padding.dim() == 1 else padding[: len(scores)]
        scores = _hide(scores, padding[:, None, None])
    return scores


def _hide(scores: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Scores without what is True in a mask, or with one of numbers added."""
    return scores.masked_fill(mask, -torch.inf) if mask.dtype == torch.bool else scores + mask
