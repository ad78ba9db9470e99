"""The names of a model's inputs, and what the user says that their axes hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import Parameter, signature

from torch import nn

from vrnn.compute.model_inputs import Inputs, ModelInputs
from vrnn.compute.tracing.tensors import tensors_in
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
    names = input_names(model, inputs)
    unknown = sorted(axes.keys() - {"", *names})
    if unknown:
        raise VrnnError(
            f"axes are given for '{unknown[0]}', but the model's inputs are {', '.join(names)}"
        )
    roles: list[Sequence[AxisRole]] = []
    for name, value in zip(names, inputs, strict=True):
        for tensor in tensors_in(value):
            given = axes.get(name, () if roles else axes.get("", ()))
            if given and len(given) != tensor.dim():
                raise VrnnError(
                    f"axes names {len(given)} axes of '{name}' ({' '.join(given)}), but it has "
                    f"{tensor.dim()}: {'×'.join(str(n) for n in tensor.shape)}; name as many"
                )
            roles.append(given)
    return roles


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
