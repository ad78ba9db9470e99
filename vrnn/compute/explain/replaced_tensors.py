"""Arguments of a call with other tensors in the place of some."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import torch

T = TypeVar("T")


def replace_tensors(value: T, replaced: Mapping[int, torch.Tensor]) -> T:
    """Return a copy of nested lists, tuples and dicts with some tensors replaced.

    Args:
        value: The arguments.
        replaced: What takes the place of a tensor, by its `id`.
    """
    copied: Any = _replace(value, replaced)
    return copied


def _replace(value: Any, replaced: Mapping[int, torch.Tensor]) -> Any:
    if isinstance(value, torch.Tensor):
        return replaced.get(id(value), value)
    if isinstance(value, dict):
        return {key: _replace(item, replaced) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_replace(item, replaced) for item in value))
    if type(value) in (list, tuple):
        return type(value)(_replace(item, replaced) for item in value)
    return value
