"""Connections of attention: queries and keys, which make the weights of each head, and values."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

import numpy as np
import torch

from vrnn.compute.connections.read_maps import Reading, node_of
from vrnn.compute.connections.source_maps import find_source_maps
from vrnn.compute.connections.tapped_call import CallSource, TappedCall, float_array
from vrnn.compute.operators.attention import apply_masks, compute_head_weights
from vrnn.errors import VrnnError
from vrnn.network.connections import ConnectionPart, Role, SlidingWindow

ROLES: tuple[Role, ...] = ("query", "key", "value")


def read_attention(call: TappedCall) -> Reading:
    """Read an attention: head by head, each dimension of its queries, keys and values.

    The scores of a head are sums of products of queries and keys, its maps their softmax.
    """
    arguments = call.arguments
    weights = compute_head_weights(arguments)
    given = [arguments.get(role) for role in ROLES]
    tensors = [one for one in given if isinstance(one, torch.Tensor)]
    if weights is None or len(tensors) < len(ROLES):
        raise VrnnError(
            f"{call.name} computes its attention where torch does not show it; choose the layers "
            "before it"
        )
    shown = float_array(weights.flatten(0, -4)[0])
    heads = len(shown)
    if "num_heads" in arguments:
        parts = _projected(call, arguments, heads)
    else:
        parts = tuple(
            _part(
                float_array(t.flatten(0, -4)[0] if t.dim() > 3 else t), heads,
                _source(call, i), role,
            )
            for i, (t, role) in enumerate(zip(tensors, ROLES, strict=True))
        )  # fmt: skip
    width = parts[0].fan_in
    scale = float(arguments.get("scale") or 1 / sqrt(width))
    query = ConnectionPart(
        parts[0].source, parts[0].maps, np.full((heads, width, 1), scale, np.float32),
        parts[0].window, heads, role="query", source_maps=parts[0].source_maps,
    )  # fmt: skip
    empty = torch.zeros(1, *shown.shape)
    mask = float_array(apply_masks(empty, arguments)[0])
    scores = _scores(query, parts[1]) + mask
    return Reading(
        "attention", (query, *parts[1:]), None, lambda record, tensor: shown,
        (("scores", scores), ("softmax", shown)), mask if mask.any() else None, False,
    )  # fmt: skip


def _source(call: TappedCall, number: int) -> CallSource | None:
    sources = call.sources_of_tensors()
    return sources[number] if number < len(sources) and sources[number] else call.source


def _part(maps: np.ndarray, heads: int, source: CallSource | None, role: Role) -> ConnectionPart:
    """maps: (heads that there are of it, T, width)."""
    groups, count, width = maps.shape
    flat = np.ascontiguousarray(maps.swapaxes(1, 2)).reshape(groups * width, count)
    kernels = np.ones((heads, width, 1), np.float32)
    return ConnectionPart(
        node_of(source), flat, kernels, SlidingWindow.pointwise(1), groups,
        role=role, source_maps=find_source_maps(flat, source),
    )  # fmt: skip


def _projected(
    call: TappedCall, arguments: Mapping[str, Any], heads: int
) -> tuple[ConnectionPart, ...]:
    """Of an attention that makes queries, keys and values itself."""
    found = []
    width = arguments["query"].shape[-1]
    weight, bias = arguments["in_proj_weight"], arguments.get("in_proj_bias")
    for number, role in enumerate(ROLES):
        rows = slice(number * width, (number + 1) * width)
        x = arguments[role]
        x = x[:, 0] if x.dim() == 3 else x
        own = torch.nn.functional.linear(x, weight[rows], None if bias is None else bias[rows])
        maps = float_array(own.unflatten(-1, (heads, -1)).movedim(0, 1))
        found.append(_part(maps, heads, _source(call, number), role))
    return tuple(found)


def _scores(query: ConnectionPart, key: ConnectionPart) -> np.ndarray:
    """(heads, queries, keys) float32, without a mask."""
    heads, width = query.outputs, query.fan_in
    q = query.maps.reshape(heads, width, -1)
    k = key.maps.reshape(-1, width, key.maps.shape[1])
    k = np.repeat(k, heads // len(k), 0)
    scale = np.float32(query.kernels.flat[0])
    return np.matmul(q.swapaxes(1, 2), k).astype(np.float32) * scale
