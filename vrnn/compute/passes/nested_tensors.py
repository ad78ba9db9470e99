"""Nested values, as a model takes and gives, with one of their tensors replaced."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

import torch

from vrnn.compute.tracing.tensors import tensors_in


def with_tensor(value: Any, index: int, new: torch.Tensor) -> Any:
    """Return a copy of nested values with one tensor replaced.

    Args:
        value: Tensors in containers and objects.
        index: Which of them, as `tensors_in` counts.
        new: What takes its place.

    Raises:
        IndexError: There are fewer.
    """
    if isinstance(value, torch.Tensor):
        return new
    items: Iterable[tuple[Any, Any]]
    if isinstance(value, list | tuple | set):
        items = enumerate(value)
    elif isinstance(value, Mapping):
        items = value.items()
    else:
        items = vars(value).items()
    for key, item in items:
        count = sum(1 for _ in tensors_in(item))
        if index < count:
            return _with_item(value, key, with_tensor(item, index, new))
        index -= count
    raise IndexError(index)


def _with_item(value: Any, key: Any, item: Any) -> Any:
    """A copy of a container or object with one item replaced."""
    if isinstance(value, list | tuple | set):
        items = [item if i == key else old for i, old in enumerate(value)]
        # Named tuples take their fields one by one, all others a list.
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    changed = copy.copy(value)
    if isinstance(value, Mapping):
        changed[key] = item
    else:
        object.__setattr__(changed, key, item)
    return changed
