"""What is known of tensors, by which object they are, for as long as they exist."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Generic, TypeVar

import torch

_Value = TypeVar("_Value")


class TensorTable(Generic[_Value]):
    """Values by tensor. It keeps no tensor alive.

    In place of torch's `WeakTensorKeyDictionary`, at a fifth of its time: a pass looks into it
    several times an operation. What it knows of a tensor that is gone is dropped when another one
    takes its `id`, or with the table.
    """

    def __init__(self) -> None:
        self._entries: dict[int, tuple[weakref.ref[torch.Tensor], _Value]] = {}

    def get(self, tensor: torch.Tensor) -> _Value | None:
        """Return the value of a tensor; None if it has none."""
        entry = self._entries.get(id(tensor))
        return entry[1] if entry is not None and entry[0]() is tensor else None

    def __setitem__(self, tensor: torch.Tensor, value: _Value) -> None:
        self._entries[id(tensor)] = weakref.ref(tensor), value

    def items(self) -> Iterator[tuple[torch.Tensor, _Value]]:
        """Yield each tensor that exists, with its value."""
        for reference, value in list(self._entries.values()):
            tensor = reference()
            if tensor is not None:
                tensor._fix_weakref()  # type: ignore[attr-defined]
                yield tensor, value
