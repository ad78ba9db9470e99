"""The example that a model is watched with where none was given: what its first pass takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from vrnn.compute.loading.example_file import batch_size

TARGETS = ("label", "labels", "target", "targets")
"""Keywords of what a model is to answer, which is no part of the example."""
FIRST_SAMPLES = 8
"""Images of the first batch that are kept."""


def first_samples(
    model: nn.Module, arguments: tuple[Any, ...], named: Mapping[str, Any]
) -> tuple[torch.Tensor, ...] | None:
    """Return the first samples of the arguments of a pass; None where they are not plain tensors.

    Of a batch of images they are the first FIRST_SAMPLES, of anything else it is one.

    Args:
        model: Whose pass it is.
        arguments: All positional ones, each with the batch first.
        named: All others; of these the ones that could stand behind the positional ones are taken,
            up to labels or one that is not given.
    """
    taken = list(arguments)
    for name in list(inspect.signature(model.forward).parameters)[len(taken) :]:
        if name in TARGETS or not isinstance(named.get(name), torch.Tensor):
            break
        taken.append(named[name])
    if not taken or not all(isinstance(a, torch.Tensor) and a.ndim for a in taken):
        return None
    count = min(batch_size(taken), FIRST_SAMPLES)
    return tuple(a.detach()[:count].cpu().clone() for a in taken)


def on_first_pass(
    model: nn.Module, use: Callable[[tuple[torch.Tensor, ...] | None], None]
) -> Callable[[], None]:
    """Call a function with the first sample that a model is called with, once.

    Args:
        model: The model.
        use: Takes the sample; None where it is not made of plain tensors, or there was no pass.

    Returns:
        Ends the waiting, where there has been none: a model whose parts are called, but not itself,
        as in Lightning, has no pass.
    """
    is_done = False

    def take(module: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        nonlocal is_done
        hook.remove()
        is_done = True
        use(first_samples(module, arguments, named))

    def give_up() -> None:
        if not is_done:
            hook.remove()
            use(None)

    hook = model.register_forward_pre_hook(take, with_kwargs=True)
    return give_up
