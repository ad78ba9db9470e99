"""What a pass does beside its result: numbers it draws, and tensors of its own it changes.

Both make the next pass give other values, though nothing else has changed.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import nn

PROBES = 16
"""Values of a tensor that are compared, about."""


class PassEffects:
    """Compares a model and the random number generators before a pass with how they are after it.

    Attributes:
        draws: Whether the pass drew random numbers; known after `compare`.
        changed: Paths of the buffers and parameters that it changed; known after `compare`.
    """

    def __init__(self, modules: Iterable[tuple[str, nn.Module]]) -> None:
        """Note how everything is.

        Args:
            modules: The modules of the model, by path.
        """
        self.draws = False
        self.changed: tuple[str, ...] = ()
        self._modules = list(modules)
        self._devices = {t.device for _, t, _ in self._tensors() if t.device.type == "cuda"}
        self._states = self._random_states()
        # With the tensors themselves: memory that is let go of may be taken again.
        self._before = {path: (tensor, mark) for path, tensor, mark in self._tensors()}

    def compare(self) -> None:
        """Find out what is otherwise now."""
        states = self._random_states()
        self.draws = any(a != b for a, b in zip(self._states, states, strict=True))
        unknown = None, None
        self.changed = tuple(
            path for path, tensor, mark in self._tensors()
            if path in self._before and self._before.get(path, unknown)[1] != mark
        )  # fmt: skip
        self._before, self._states = {}, []

    def _tensors(self) -> list[tuple[str, torch.Tensor, Any]]:
        """Path of each tensor, the tensor, and what changes as soon as it is written to."""
        found = []
        for path, module in self._modules:
            own = chain(module.named_buffers(recurse=False), module.named_parameters(recurse=False))
            for name, tensor in own:
                mark = _mark(tensor)
                if mark is not None:
                    found.append((f"{path}.{name}" if path else name, tensor, mark))
        return found

    def _random_states(self) -> list[Any]:
        states: list[Any] = [random.getstate(), torch.get_rng_state().numpy().tobytes()]
        kind, keys, *rest = np.random.get_state()
        states.append((kind, np.asarray(keys).tobytes(), *rest))
        for device in sorted(self._devices, key=str):
            states.append(torch.cuda.get_rng_state(device).numpy().tobytes())
        return states


def _mark(tensor: torch.Tensor) -> tuple[int, int, bytes] | None:
    """Where a tensor's numbers lie, how often they were written to, and some of them.

    Norms change their statistics, and `.data` is written to, without torch counting it. None where
    a tensor has no place in memory.
    """
    try:
        some = b""
        if tensor.device.type == "cpu" and tensor.is_contiguous():
            flat = tensor.detach().view(-1)
            values = flat[:: max(1, flat.numel() // PROBES)].clone()
            some = values.view(torch.uint8).numpy().tobytes()
        return tensor.data_ptr(), tensor._version, some
    except (RuntimeError, NotImplementedError, TypeError):
        return None
