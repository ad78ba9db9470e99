"""The tensors of a model's result that may be predictions, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn

from vrnn.compute.outputs.context import OutputContext, OutputSource
from vrnn.compute.tracing.module_stack import modules_of
from vrnn.compute.tracing.tensors import result_tensors
from vrnn.network.graph import Network

MIN_REPEATS = 3
"""Items of a list of equal shapes from which on only the last counts: estimates that a model
improves step by step."""
SKIPPED_KEYS = ("past_key_values", "hidden_states", "attentions", "cross_attentions")
"""Parts of a result that hold what a model keeps, no predictions."""

Keys = tuple[str, ...]
"""The way to a tensor in nested containers and objects."""


def output_tensors(
    result: Any, network: Network, context: OutputContext
) -> list[tuple[Keys, torch.Tensor, OutputSource]]:
    """Return the tensors of a result that may be predictions, each with its keys and its source."""
    paths: dict[int, Keys] = {}
    for keys, tensor in _named_tensors(result):
        paths.setdefault(id(tensor), keys)
    tensors = result_tensors(result)
    nodes = network.outputs or (0,)
    sources = list(context.sources)
    if len(sources) != len(tensors):  # nothing is known: the graph's outputs in their order
        sources = [OutputSource(nodes[min(i, len(nodes) - 1)]) for i in range(len(tensors))]
    unwanted: set[int] = set()
    for module in [] if context.model is None else modules_of(context.model):
        unwanted.update(map(id, module._parameters.values()), map(id, module._buffers.values()))
    listed = []
    for number, (tensor, source) in enumerate(zip(tensors, sources, strict=True)):
        keys = paths.get(id(tensor), (str(number),))
        is_skipped = id(tensor) in unwanted or any(key in SKIPPED_KEYS for key in keys)
        if source.node is not None and not is_skipped:
            listed.append((keys, tensor, source))
            unwanted.add(id(tensor))  # once, under its first name
    siblings: dict[tuple[Keys, torch.Size], list[int]] = {}
    for i, (keys, tensor, _) in enumerate(listed):
        if keys and keys[-1].isdecimal() and tensor.dim() > 2:
            siblings.setdefault((keys[:-1], tensor.shape), []).append(i)
    dropped = {i for group in siblings.values() if len(group) >= MIN_REPEATS for i in group[:-1]}
    return [one for i, one in enumerate(listed) if i not in dropped]


def _named_tensors(
    value: Any, keys: Keys = (), depth: int = 6
) -> Iterator[tuple[Keys, torch.Tensor]]:
    """All tensors in nested containers and objects, each with the keys on the way to it."""
    items: Any = ()
    if isinstance(value, torch.Tensor):
        yield keys, value
    elif not depth:
        return
    elif isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list | tuple):
        names = getattr(value, "_fields", None) or range(len(value))
        items = zip(names, value, strict=True)
    elif hasattr(value, "__dict__") and not isinstance(value, type | nn.Module):
        items = vars(value).items()
    for key, item in items:
        yield from _named_tensors(item, (*keys, str(key)), depth - 1)
