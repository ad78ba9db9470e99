"""Data that leaves torch and comes back: a branch through NumPy or OpenCV inside `forward`.

A pass notes each tensor that leaves (`tensor.numpy()`, `tolist()`, `item()`), and looks among those
for the origin of what comes in (`torch.from_numpy`, `torch.tensor`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from vrnn.compute.tracing.origins import TensorOrigin
from vrnn.compute.tracing.tensors import storage_of

EXITS = frozenset({"numpy", "array", "tolist", "item", "float", "dlpack"})
"""Canonical names of the functions by which numbers leave torch."""
ENTRIES = frozenset({"tensor", "as_tensor", "asarray", "new_tensor", "from_numpy", "frombuffer"})
"""Canonical names of the functions by which they come back."""


class _Exit(NamedTuple):
    """A tensor that left. storage: address of its memory. value: its numbers then.

    module: path and number of the call of the module in which it left.
    """

    tensor: torch.Tensor
    storage: int | None
    value: np.ndarray
    origin: TensorOrigin
    module: tuple[str, int]


class GapSource(NamedTuple):
    """Where numbers that came back into torch had left it. module: as in `ModuleStack.current`."""

    origin: TensorOrigin
    module: tuple[str, int]
    tensor: torch.Tensor


class GapTable:
    """Which numbers have left torch in a pass.

    Attributes:
        unmatched: Number of arrays that came in and whose origin is not known, although numbers
            had left.
    """

    def __init__(self) -> None:
        self.unmatched = 0
        self._exits: list[_Exit] = []

    @property
    def records(self) -> list[int]:
        """Ids of the records whose results have left."""
        return [e.origin.record for e in self._exits if e.value.size > 1]

    def leave(
        self, tensor: torch.Tensor, origin: TensorOrigin | None, module: tuple[str, int]
    ) -> None:
        """Note that a tensor's numbers have left torch.

        Args:
            tensor: The tensor.
            origin: Where it came from.
            module: Path of the module that runs, and the number of its call.
        """
        if origin is None or not origin.has_record or not _is_readable(tensor):
            return
        value = tensor.detach().cpu().numpy().copy()
        self._exits.append(_Exit(tensor, storage_of(tensor), value, origin, module))

    def enter(self, tensor: torch.Tensor) -> list[GapSource]:
        """Return where a tensor that came in comes from; empty if that is not known.

        Matched are, in this order, the same memory, the same numbers, the same shape, and the only
        array that has left. Of single numbers each has to be among those that left.
        """
        if not self._exits or not _is_readable(tensor):
            return []
        storage = storage_of(tensor)
        same = [e for e in self._exits if e.storage is not None and e.storage == storage]
        if same:
            return _sources(same[-1:])
        value = tensor.detach().cpu().numpy()
        same = [e for e in self._exits if _is_equal(e.value, value)]
        if same:
            return _sources(same[-1:])
        if value.ndim == 0 or value.size <= 4:
            return _sources(self._exits_of_numbers(value))
        arrays = [e for e in self._exits if e.value.size > 1]
        for found in (
            [e for e in arrays if e.value.squeeze().shape == value.squeeze().shape],
            [e for e in arrays if e.value.size == value.size],
            arrays if len({id(e.origin) for e in arrays}) == 1 else [],
        ):
            if found:
                return _sources(found[-1:])
        self.unmatched += bool(arrays)
        return []

    def _exits_of_numbers(self, value: np.ndarray) -> list[_Exit]:
        singles = {float(e.value.reshape(-1)[0]): e for e in self._exits if e.value.size == 1}
        if value.dtype.kind != "f":
            return []
        found = [singles.get(float(v)) for v in value.reshape(-1)]
        return [] if None in found or not found else [e for e in found if e is not None]


def _sources(exits: Sequence[_Exit]) -> list[GapSource]:
    return [GapSource(e.origin, e.module, e.tensor) for e in exits]


def _is_readable(tensor: Any) -> bool:
    """Whether a tensor has numbers that NumPy can hold."""
    is_plain = tensor.layout == torch.strided and not tensor.is_meta and not tensor.is_quantized
    return is_plain and tensor.dtype != torch.bfloat16 and not tensor.is_conj()


def _is_equal(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two arrays hold the same numbers, in whatever shape; not if all are alike."""
    if one.size != other.size or one.size < 2:
        return False
    a, b = one.reshape(-1), other.reshape(-1)
    return bool(np.array_equal(a, b) and (a != a[0]).any())
