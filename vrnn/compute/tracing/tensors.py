"""Tensors wherever a model puts them: in containers, in objects, inside torch.func's wrappers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any, Literal

import torch
from torch import nn
from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack
from torch.distributions import Distribution

MAX_DEPTH = 6
"""Levels of containers and objects that are looked into."""
_SEQUENCES = (list, tuple, set, frozenset, deque)
_WITHOUT_TENSORS = frozenset({"builtins", "torch", "numpy", "typing"})
"""Packages whose objects are not looked into."""
_NUMBERS = (int, float, bool, str, complex, type(None), slice, type(...))
Kind = Literal["tensor", "plain", "sequence", "mapping", "object"]
_kinds: dict[type, Kind] = dict.fromkeys((*_NUMBERS, torch.dtype, torch.device), "plain")
"""How objects of a type are looked into, for the types seen so far; `plain` hold no tensors."""


def tensors_in(value: Any, depth: int = MAX_DEPTH) -> Iterator[torch.Tensor]:
    """Yield all tensors in containers, data classes, distributions and plain objects, in order.

    Modules are not looked into.

    Args:
        value: Where to look.
        depth: Levels to descend at most.
    """
    return iter(list_tensors(value, depth))


def list_tensors(value: Any, depth: int = MAX_DEPTH) -> list[torch.Tensor]:
    """Return what `tensors_in` yields."""
    found: list[torch.Tensor] = []
    _collect((value,), depth, found)
    return found


def _collect(values: Iterable[Any], depth: int, found: list[torch.Tensor]) -> None:
    for value in values:
        kind = kind_of(type(value))
        if kind == "plain":
            continue
        if kind == "tensor":
            found.append(value)
        elif not depth:
            continue
        elif kind == "sequence":
            _collect(value, depth - 1, found)
        elif kind == "mapping":
            _collect(value.values(), depth - 1, found)
        else:
            _collect(attributes(value).values(), depth - 1, found)


def kind_of(own: type) -> Kind:
    """Return how objects of a type are looked into; `plain` ones hold no tensors."""
    known = _kinds.get(own)
    if known is not None:
        return known
    if issubclass(own, torch.Tensor):
        kind: Kind = "tensor"
    elif issubclass(own, torch.Size):
        kind = "plain"
    elif issubclass(own, _SEQUENCES):
        kind = "sequence"
    elif issubclass(own, Mapping):
        kind = "mapping"
    elif issubclass(own, Distribution) or is_dataclass(own):
        kind = "object"
    elif issubclass(own, nn.Module) or own.__module__.split(".")[0] in _WITHOUT_TENSORS:
        kind = "plain"
    else:
        kind = "object"
    _kinds[own] = kind
    return kind


def attributes(value: Any) -> dict[str, Any]:
    """Return what an object holds: its `__dict__` and its `__slots__`, by name.

    Of a distribution only its parameters and the distributions that it is made of.
    """
    held = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__"):
                name = f"_{kind.__name__.lstrip('_')}{name}" if _is_mangled(name) else name
                if hasattr(value, name):
                    held[name] = getattr(value, name)
    if isinstance(value, Distribution):
        public = {name: item for name, item in held.items() if not name.startswith("_")}
        if any(isinstance(i, torch.Tensor | Distribution) for i in public.values()):
            return public
    return held


def _is_mangled(name: str) -> bool:
    return name.startswith("__") and not name.endswith("__")


def result_tensors(result: Any) -> list[torch.Tensor]:
    """Return the tensors of a model's result, without the caches of a language model.

    Those (`past_key_values`) are there to make the next pass shorter; nobody looks at them.
    """
    if isinstance(result, Mapping):
        parts: list[Any] = [v for k, v in result.items() if k != "past_key_values"]
    elif isinstance(result, list | tuple):
        parts = list(result)
    else:
        parts = [result]
    return [t for p in parts if not type(p).__name__.endswith("Cache") for t in tensors_in(p)]


def version_of(tensor: torch.Tensor) -> int:
    """Return a number that grows when a tensor is written to; 0 for inference tensors."""
    return 0 if tensor.is_inference() else int(tensor._version)


def versions_of(tensors: Sequence[torch.Tensor]) -> list[int]:
    """Return `version_of` each tensor."""
    try:
        return [t._version for t in tensors]
    except RuntimeError:  # some are inference tensors
        return [version_of(t) for t in tensors]


def is_wrapped(tensor: torch.Tensor) -> bool:
    """Return whether a transform of torch.func, such as `vmap`, sees another tensor behind it."""
    return torch._C._functorch.is_functorch_wrapped_tensor(tensor)


def unwrapped(tensor: torch.Tensor) -> torch.Tensor:
    """Return the tensor directly behind one for which `is_wrapped` holds."""
    return torch._C._functorch.get_unwrapped(tensor)


def innermost_tensor(tensor: torch.Tensor) -> torch.Tensor:
    """Return the tensor behind all wrappers of torch.func, as it is."""
    while is_wrapped(tensor):
        tensor = unwrapped(tensor)
    return tensor


def plain_tensor(tensor: torch.Tensor) -> torch.Tensor:
    """Return the tensor behind all wrappers of torch.func.

    The axis over which `vmap` runs comes first.
    """
    while is_wrapped(tensor):
        batched = torch._C._functorch.is_batchedtensor(tensor)
        axis = torch._C._functorch.maybe_get_bdim(tensor) if batched else 0
        tensor = unwrapped(tensor)
        if axis:
            tensor = tensor.movedim(axis, 0)
    return tensor


def outside_transforms(
    take: Callable[[int, torch.Tensor], None],
) -> Callable[[int, torch.Tensor], None]:
    """Return a function that hands a tensor on without the transforms of torch.func around it.

    Inside of one, such as `jvp`, whatever is computed is wrapped, and has no memory to be read.

    Args:
        take: Takes a number and the tensor.
    """

    def hand_on(number: int, tensor: torch.Tensor) -> None:
        if torch._C._functorch.peek_interpreter_stack() is None:
            take(number, tensor)
            return
        with temporarily_clear_interpreter_stack():
            take(number, plain_tensor(tensor))

    return hand_on


def storage_of(tensor: torch.Tensor) -> int | None:
    """Return the address of a tensor's memory; None if it has none of its own, as a sparse one."""
    try:
        return int(tensor.untyped_storage().data_ptr()) or None
    except (RuntimeError, NotImplementedError):
        return None
