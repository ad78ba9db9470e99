"""Values of a pass that are kept for its way back, whatever later operations write over."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import torch

from vrnn.compute.operators import catalog
from vrnn.compute.tracing.tensors import list_tensors, storage_of

_IN_PLACE_OPERATORS = frozenset(
    "__iadd__ __isub__ __imul__ __itruediv__ __idiv__ __ifloordiv__ __imod__ __ipow__ __imatmul__ "
    "__iand__ __ior__ __ixor__ __setitem__ __ilshift__ __irshift__".split()
)


class KeptTensor:
    """A tensor as it was when it was kept."""

    def __init__(self, tensor: torch.Tensor, stays: bool = False) -> None:
        """Keep a tensor, without a copy for now.

        Args:
            tensor: The tensor.
            stays: Whether it can be taken several times.
        """
        self._tensor: torch.Tensor | None = tensor
        self._stays = stays

    def take(self) -> torch.Tensor:
        """Return the tensor, and let go of it unless it stays."""
        tensor = self._tensor
        assert tensor is not None
        if not self._stays:
            self._tensor = None
        return tensor

    def peek(self) -> torch.Tensor:
        """Return the tensor."""
        assert self._tensor is not None
        return self._tensor

    def copy(self) -> None:
        """Make it independent of its memory, which is about to be written over."""
        if self._tensor is not None:
            self._tensor = self._tensor.clone()


class KeptTensors:
    """All that is kept in a pass; each is copied just before something writes over it.

    So it costs a few percent where copying all of them costs three times that.
    """

    def __init__(self, stay: bool = False) -> None:
        """Begin with none.

        Args:
            stay: Whether the way back is gone several times.
        """
        self._stay = stay
        self._by_storage: dict[int, list[weakref.ref[KeptTensor]]] = {}

    def keep(self, tensor: torch.Tensor) -> KeptTensor:
        """Keep the values of a tensor."""
        kept = KeptTensor(tensor.detach(), self._stay)
        storage = storage_of(tensor)
        if storage is not None:
            self._by_storage.setdefault(storage, []).append(weakref.ref(kept))
        return kept

    def before_write(self, tensor: torch.Tensor) -> None:
        """Copy what lies in the memory of a tensor that is about to be written to."""
        storage = storage_of(tensor)
        if storage is None:
            return
        for reference in self._by_storage.pop(storage, ()):
            kept = reference()
            if kept is not None:
                kept.copy()

    def for_autograd(self) -> AbstractContextManager[None]:
        """Keep what autograd saves for its way back too, which it refuses once it is written to."""
        return torch.autograd.graph.saved_tensors_hooks(self.keep, KeptTensor.peek)


def written_tensors(
    func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> list[torch.Tensor]:
    """Return the tensors that a call will write to.

    Args:
        func: The torch function.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
    """
    out = kwargs.get("out")
    if out is not None:
        return list_tensors(out)
    if is_in_place(func, args, kwargs):
        return list_tensors(args[:1]) or list_tensors(list(kwargs.values())[:1])
    return []


def is_in_place(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Return whether a call writes over its first argument."""
    name = catalog.own_name(func)
    if name in _IN_PLACE_OPERATORS:
        return True
    if name.endswith("_") and not name.endswith("__"):
        return name not in ("requires_grad_", "retain_grad_")
    if "inplace" in kwargs:
        return bool(kwargs["inplace"])
    place = _place_of_inplace(func)
    return place is not None and len(args) > place and args[place] is True


@cache
def _place_of_inplace(func: Any) -> int | None:
    """Where the positional argument `inplace` is; None if the function has none."""
    if not inspect.isfunction(func):
        return None
    try:
        names = list(inspect.signature(func).parameters)
    except (TypeError, ValueError):
        return None
    return names.index("inplace") if "inplace" in names else None
