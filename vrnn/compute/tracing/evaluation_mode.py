"""How a model runs while it is traced: in evaluation mode, as a rule without gradients."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import nn

from vrnn.compute.tracing.module_stack import modules_of
from vrnn.errors import error_text


@contextmanager
def evaluation_mode(
    model: nn.Module, modules: Iterable[tuple[str, nn.Module]] | None = None
) -> Iterator[None]:
    """Put a model into evaluation mode, without compiled code, and every module back afterwards.

    Args:
        model: The model.
        modules: What `named_modules` yields of it, if that is known.
    """
    known = modules_of(model) if modules is None else [module for _, module in modules]
    training = [module for module in known if module.training]
    with ExitStack() as stack:
        if "torch._dynamo" in sys.modules:  # importing it only for this would take seconds
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        for module in training:
            # As nn.Module would in the end, which takes most of this function's time.
            object.__setattr__(module, "training", False)
        try:
            yield
        finally:
            for module in training:
                object.__setattr__(module, "training", True)


@contextmanager
def without_saved_tensors(is_on: bool) -> Iterator[None]:
    """Let autograd record its nodes, but keep no activation for a way back that no one goes."""
    if not is_on:
        yield
        return
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: None, lambda kept: kept):
        yield


def asks_for_gradients(error: RuntimeError) -> bool:
    """Return whether a model failed because it takes gradients and there are none."""
    return any(words in error_text(error) for words in ("does not require grad", "grad_fn"))
