"""A model is left as it was by a pass: its buffers, what is trained in it, and random numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import nn

from vrnn.compute.model_inputs import Inputs
from vrnn.compute.passes.partial_forward import frozen_parameters
from vrnn.compute.tracing.module_stack import named_modules
from vrnn.compute.tracing.tensors import storage_of, tensors_in


class BufferGuard:
    """Puts the buffers of a model back, those that were written to and those that were replaced."""

    def __init__(self, model: nn.Module) -> None:
        """Remember the buffers, without copies for now."""
        self._held: list[tuple[nn.Module, Mapping[str, torch.Tensor | None]]] = [
            (module, dict(module._buffers)) for _, module in named_modules(model) if module._buffers
        ]
        self._by_storage: dict[int, list[torch.Tensor]] = {}
        for _, buffers in self._held:
            for tensor in buffers.values():
                storage = None if tensor is None else storage_of(tensor)
                if tensor is not None and storage is not None:
                    self._by_storage.setdefault(storage, []).append(tensor)
        self._saved: list[tuple[torch.Tensor, torch.Tensor]] = []

    def before_write(self, tensor: torch.Tensor) -> None:
        """Save what a call is about to write over."""
        storage = storage_of(tensor)
        for own in self._by_storage.pop(storage, ()) if storage is not None else ():
            self._saved.append((own, own.detach().clone()))

    def restore(self) -> None:
        """Give the buffers the values they had."""
        with torch.no_grad():
            for tensor, values in self._saved:
                tensor.detach_().copy_(values)
        for module, buffers in self._held:
            for name, held in buffers.items():
                if module._buffers.get(name) is not held:
                    module._buffers[name] = held


@contextmanager
def untouched(model: nn.Module, inputs: Inputs) -> Iterator[BufferGuard]:
    """Leave a model, and torch's random numbers, as if no pass had run.

    Args:
        model: The model.
        inputs: Its arguments, which tell its devices.

    Yields:
        What is to be told of each write.
    """
    devices = {t.device for t in tensors_in(inputs) if t.device.type == "cuda"}
    guard = BufferGuard(model)
    with torch.random.fork_rng([d.index or 0 for d in devices]), frozen_parameters(model):
        try:
            yield guard
        finally:
            guard.restore()
