"""The names of a model's inputs, and what the user says that their axes hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from inspect import Parameter, signature
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence

from vrnn.compute.model_inputs import Inputs, ModelInputs
from vrnn.compute.tracing.tensors import MAX_DEPTH, attributes, kind_of, tensors_in
from vrnn.errors import VrnnError
from vrnn.network.axes import AxisRole


def input_roles(
    model: nn.Module, inputs: Inputs, axes: Mapping[str, Sequence[AxisRole]]
) -> list[Sequence[AxisRole]]:
    """Return what the axes of each tensor of a model's inputs hold, () where nothing is said.

    Args:
        model: The model.
        inputs: Its arguments.
        axes: What is said, by the name of the input; '' is the first one.

    Raises:
        VrnnError: There is no such input, or it has another number of axes.
    """
    if not axes:
        return []
    arguments = zip(input_names(model, inputs), inputs, strict=True)
    names = list(
        dict.fromkeys(
            name for argument, value in arguments for name, _ in named_tensors(argument, value)
        )
    )
    unknown = sorted(axes.keys() - {"", *names, *input_names(model, inputs)})
    if unknown:
        raise VrnnError(
            f"axes are given for '{unknown[0]}', but the model's inputs are {', '.join(names)}"
        )
    roles: list[Sequence[AxisRole]] = []
    for argument, value in zip(input_names(model, inputs), inputs, strict=True):
        for name, tensor in named_tensors(argument, value):
            first = () if roles else axes.get("", ())
            given = axes.get(name, axes.get(argument, first))
            if given and len(given) != tensor.dim():
                raise VrnnError(
                    f"axes names {len(given)} axes of '{name}' ({' '.join(given)}), but it has "
                    f"{tensor.dim()}: {'×'.join(str(n) for n in tensor.shape)}; name as many"
                )
            roles.append(given)
    return roles


def named_tensors(argument: str, value: Any) -> list[tuple[str, torch.Tensor]]:
    """Return the tensors of an argument, each with its name: its key or field, where it has one.

    Args:
        argument: Name of the argument.
        value: A tensor, or what holds some.

    Returns:
        What `tensors_in` yields, in its order.
    """
    names: dict[int, str] = {}
    _name_tensors(argument, value, MAX_DEPTH, names)
    return [(names.get(id(tensor), argument), tensor) for tensor in tensors_in(value)]


def _name_tensors(name: str, value: Any, depth: int, names: dict[int, str]) -> None:
    """Add the name of each tensor by its `id`."""
    items: Iterable[tuple[str, Any]] = ()
    kind = kind_of(type(value))
    if kind == "tensor":
        names.setdefault(id(value), name)
    elif kind == "mapping":
        items = [(str(key), item) for key, item in value.items()]
    elif kind == "sequence":
        items = zip(_fields(value, name), value, strict=True)
    elif kind == "object":
        items = [(key.lstrip("_"), item) for key, item in attributes(value).items()]
    for key, item in items if depth else ():
        _name_tensors(key or name, item, depth - 1, names)


def _fields(values: Any, name: str) -> Sequence[str]:
    """The fields of a named tuple that a person named, else the name of the whole for each."""
    is_named = hasattr(values, "_fields") and not isinstance(values, PackedSequence)
    return values._fields if is_named else [name] * len(values)


def input_names(model: nn.Module, inputs: Inputs) -> list[str]:
    """Return the name of each input: `input` of the only one, else that of the argument."""
    keywords = list(inputs.kwargs) if isinstance(inputs, ModelInputs) else []
    count = len(list(inputs)) - len(keywords)
    if count + len(keywords) == 1:
        return ["input"]
    try:
        kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
        names = [n for n, p in signature(model.forward).parameters.items() if p.kind in kinds]
    except (TypeError, ValueError):
        names = []
    positional = [names[i] if i < len(names) else f"input{i + 1}" for i in range(count)]
    return positional + keywords
