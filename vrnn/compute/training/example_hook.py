"""The example that a model is watched with where none was given: what its first pass takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn


def first_sample(arguments: Any) -> tuple[torch.Tensor, ...] | None:
    """Return the first sample of the arguments of a pass; None where they are not plain tensors.

    Args:
        arguments: All positional ones, each with the batch first.
    """
    if not isinstance(arguments, tuple) or not arguments:
        return None
    if not all(isinstance(a, torch.Tensor) and a.ndim for a in arguments):
        return None
    return tuple(a.detach()[:1].cpu().clone() for a in arguments)


def on_first_pass(
    model: nn.Module, use: Callable[[tuple[torch.Tensor, ...] | None], None]
) -> Callable[[], None]:
    """Call a function with the first sample that a model is called with, once.

    Args:
        model: The model.
        use: Takes the sample; None where it is not made of plain tensors.

    Returns:
        Ends the waiting.
    """

    def take(module: nn.Module, arguments: Any) -> None:
        hook.remove()
        use(first_sample(arguments))

    hook = model.register_forward_pre_hook(take)
    return hook.remove
