"""Calls whose plain gradient loses or makes relevance: how much is written down as a sink."""

from __future__ import annotations

from typing import Any

import torch

from vrnn.compute.explain.call_rules import LiveCall
from vrnn.compute.explain.pass_book import PassBook
from vrnn.compute.explain.replaced_tensors import replace_tensors
from vrnn.compute.tracing.tensors import list_tensors
from vrnn.explanations.results import SinkKind


def account(call: LiveCall, kind: SinkKind, name: str = "") -> Any:
    """Do a call with its plain gradient.

    Args:
        call: The call; what it writes in place is left as it was.
        kind: The kind of sink that it is.
        name: What it is called; '' where the node says it all.
    """
    aliases: dict[int, torch.Tensor] = {}
    for tensor in call.live:
        if id(tensor) not in aliases and tensor.is_floating_point():
            alias = tensor.view_as(tensor)
            watch(call.book, alias, kind, call.node, name, -1)
            aliases[id(tensor)] = alias
    args, kwargs = list(call.args), dict(call.kwargs)
    if call.is_in_place:
        first = args[0]
        aliases[id(first)] = aliases.get(id(first), first).clone()
    kwargs.pop("out", None)
    args, kwargs = replace_tensors(args, aliases), replace_tensors(kwargs, aliases)
    result = call.func(*args, **kwargs)
    for tensor in list_tensors(result):
        if tensor.requires_grad and tensor.is_floating_point():
            watch(call.book, tensor, kind, call.node, name, 1)
            if name:
                count_fallback(call.book, tensor, f"{name}: plain gradient")
    return result


def count_fallback(book: PassBook, tensor: torch.Tensor, text: str) -> None:
    """Count a call without a rule, if relevance reaches its result."""

    def on_gradient(gradient: torch.Tensor | None) -> None:
        if gradient is not None:
            book.fallbacks[text] += 1

    tensor.register_hook(on_gradient)


def watch(
    book: PassBook, tensor: torch.Tensor, kind: SinkKind, node: int, name: str, sign: int
) -> None:
    """Add the relevance of a tensor to a sink, or take it from there."""
    kept = book.kept.keep(tensor)

    def on_gradient(gradient: torch.Tensor | None) -> None:
        if gradient is not None:
            amount = sign * relevance_sum(kept.take(), gradient)
            book.add_sink(kind, node, amount, name)

    tensor.register_hook(on_gradient)


def relevance_sum(values: torch.Tensor, gradient: torch.Tensor) -> float:
    """Return the sum of values · gradient; infinite values without a gradient count as 0."""
    gradient = gradient.detach()
    products = values * gradient
    total = float(products.sum(dtype=torch.float64))
    if total != total:  # NaN: as where a mask of −∞ is added
        total = float(torch.where(gradient == 0, 0, products).sum(dtype=torch.float64))
    return total


def stabilize(book: PassBook, tensor: torch.Tensor, node: int, stabilizer: float) -> None:
    """Let a sum pass on R · z / (z ± stabilizer): what nearly cancels out makes no relevance.

    Args:
        book: The accounts.
        tensor: The sum, z.
        node: Id of its node.
        stabilizer: Added to z with its sign.
    """
    kept = book.kept.keep(tensor)

    def on_gradient(gradient: torch.Tensor | None) -> torch.Tensor | None:
        if gradient is None:
            return None
        # R · z / (z ± s) = R − R · s / (|z| + s)
        z = kept.take()
        lost = gradient * (z.abs().add_(stabilizer).reciprocal_().mul_(stabilizer))
        book.add_sink("epsilon", node, float((lost.detach() * z).sum(dtype=torch.float64)))
        return gradient - lost

    tensor.register_hook(on_gradient)
