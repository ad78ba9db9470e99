"""What an example can mean as arguments of `forward`: positional, by name, a list, a dict."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from vrnn.compute.loading.first_guesses import required_parameters
from vrnn.compute.model_inputs import ModelInputs, leaves_in, map_leaves, map_tensors
from vrnn.compute.tracing.tensors import tensors_in


def ways_to_call(model: nn.Module, given: Any) -> Iterator[ModelInputs]:
    """Yield what an example can mean as arguments of `forward`, the likeliest first.

    Args:
        model: The model.
        given: The example, as the script gives it.
    """
    if isinstance(given, ModelInputs):
        yield given
    elif isinstance(given, Mapping):
        plain = dict(given)
        by_name, positional = ModelInputs((), plain), ModelInputs((plain,))
        yield from (by_name, positional) if _accepts(model, by_name) else (positional, by_name)
    elif isinstance(given, tuple) or (isinstance(given, list) and not _is_list_input(model, given)):
        args = tuple(given)
        if args and isinstance(args[-1], dict) and all(isinstance(k, str) for k in args[-1]):
            named = ModelInputs(args[:-1], args[-1])
            if _accepts(model, named) and not _accepts(model, ModelInputs(args)):
                yield named
        yield ModelInputs(args)
        yield ModelInputs((given,))
    elif isinstance(given, list):
        yield ModelInputs((given,))
        yield ModelInputs(tuple(given))
    else:
        yield ModelInputs((given,))
        keyword = required_parameters(model)[0]
        if keyword[1]:
            yield ModelInputs((), {keyword[0]: given})
    plain = dict(given) if isinstance(given, Mapping) else given
    if not isinstance(given, ModelInputs) and any(map(_is_array, leaves_in(plain))):
        yield from ways_to_call(model, map_leaves(plain, _as_tensor))


def _is_array(value: Any) -> bool:
    """Whether a value is a NumPy array of numbers."""
    return isinstance(value, np.ndarray) and value.dtype.kind in "biufc"


def _as_tensor(value: Any) -> Any:
    if not _is_array(value):
        return value
    tensor = torch.from_numpy(np.ascontiguousarray(value))
    return tensor.float() if tensor.dtype == torch.float64 else tensor


def _is_list_input(model: nn.Module, given: list[Any]) -> bool:
    """Whether a list is one argument: of pictures, as torchvision's detectors take them."""
    if not _accepts(model, ModelInputs(tuple(given))):
        return True
    return len(given) == 1 and isinstance(given[0], torch.Tensor) and given[0].dim() == 3


def _accepts(model: nn.Module, inputs: ModelInputs) -> bool:
    """Whether the arguments fit the signature of `forward`, each keyword by its own name."""
    try:
        signature = inspect.signature(model.forward)
        bound = signature.bind(*inputs.args, **inputs.kwargs)
    except (TypeError, ValueError):
        return False
    extra = [p.name for p in signature.parameters.values() if p.kind is p.VAR_KEYWORD]
    named = set(inputs.kwargs) - set(bound.arguments.get(extra[0], {}) if extra else ())
    only_extra = extra and len(signature.parameters) <= 2
    return bool(named) or not inputs.kwargs or bool(only_extra)


def resize_images(value: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Return an image, or frames, of another size; all else as it is.

    Args:
        value: An input.
        size: (height, width) in pixels.
    """
    if not value.is_floating_point() or value.dim() not in (3, 4, 5):
        return value
    if value.dim() == 3 and (value.shape[0] not in (1, 3, 4) or min(value.shape[1:]) < 8):
        return value
    flat = value.reshape(-1, 1, *value.shape[-2:]).float()
    resized = nn.functional.interpolate(flat, size).to(value.dtype)
    return resized.reshape(*value.shape[:-2], *size)


def in_other_dtypes(model: nn.Module, inputs: ModelInputs) -> Iterator[ModelInputs]:
    """Yield the inputs as they are, then with floats in the dtypes of the weights.

    Args:
        model: The model.
        inputs: Its arguments.
    """
    yield inputs
    floats = {t.dtype for t in tensors_in(inputs) if t.is_floating_point()}
    weights = {p.dtype for p in nn.Module.parameters(model) if p.dtype.is_floating_point}
    for dtype in sorted(weights - floats, key=str) if floats else ():
        yield map_tensors(inputs, partial(_cast_float, dtype=dtype))


def _cast_float(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return tensor.to(dtype) if tensor.is_floating_point() else tensor
