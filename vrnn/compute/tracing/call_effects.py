"""What one call of torch took, made and changed, and what follows from that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import nn

from vrnn.compute.operators import (  # with the rules of all operations
    receptive_field_axis_rules,
    receptive_field_window_rules,
)
from vrnn.compute.operators.receptive_field import PixelField
from vrnn.compute.operators.receptive_field_rules import Call, field_of_result, global_field
from vrnn.compute.tracing.origins import TensorOrigin

__all__ = [
    "CallEffects", "Source", "constants_of", "fields_of", "fields_of_results",
    "receptive_field_axis_rules", "receptive_field_window_rules", "weights_first",
]  # fmt: skip


class Source(NamedTuple):
    """A tensor that an operation took and that another one made. shape: before the call."""

    tensor: torch.Tensor
    shape: torch.Size
    origin: TensorOrigin


class CallEffects(NamedTuple):
    """What a function call did.

    Attributes:
        taken: All tensors among its arguments.
        origins: Where each of those came from; None for a constant that no one has seen before.
        sources: Those of them that an operation of the graph made, and whose numbers count.
        made: Tensors that it returned.
        changed: Tensors among `taken` that it wrote into.
    """

    taken: list[torch.Tensor]
    origins: list[TensorOrigin | None]
    sources: list[Source]
    made: list[torch.Tensor]
    changed: list[torch.Tensor]

    @property
    def results(self) -> list[torch.Tensor]:
        """What it made or changed, each once."""
        if not self.changed:
            return self.made
        made = {id(t) for t in self.made}
        return [*self.made, *(t for t in self.changed if id(t) not in made)]


def constants_of(
    origins: Sequence[TensorOrigin | None],
) -> tuple[tuple[nn.Parameter, ...], bool]:
    """Return the parameters that no operation of the graph has taken before, each once.

    And whether an activation was applied to some of them.
    """
    parameters: dict[int, nn.Parameter] = {}
    is_curved = False
    for origin in origins:
        if origin is not None and not origin.has_record:
            parameters.update((id(p), p) for p in origin.parameters)
            is_curved = is_curved or origin.is_curved
    return tuple(parameters.values()), is_curved


def weights_first(
    arguments: Mapping[str, Any], did: CallEffects, parameters: Sequence[nn.Parameter]
) -> list[nn.Parameter]:
    """Return the parameters that a call used, those of its weight first."""
    weight = arguments.get("weight")
    first: list[nn.Parameter] = []
    for tensor, origin in zip(did.taken, did.origins, strict=True):
        if origin is not None and (tensor is weight or tensor.dim() > 1):
            if tensor is weight:
                first = [*origin.parameters, *first]
            else:
                first += origin.parameters
    return [*first, *parameters]


def fields_of(did: CallEffects) -> dict[int, PixelField]:
    """Return the fields of what a call took that depends on the input, by `id`."""
    return {id(s.tensor): s.origin.pixel_field for s in did.sources if s.origin.pixel_field}


def fields_of_results(call: Call, did: CallEffects, shown: torch.Tensor) -> dict[int, PixelField]:
    """Return the fields of all tensors that a call made or changed, by `id`.

    shown: the one of which a record is made; others of the same shape have its field.
    """
    is_reshaped = any(s.tensor.shape != s.shape for s in did.sources)
    field = global_field([*call.fields.values()]) if is_reshaped else field_of_result(call, shown)
    fields = {id(shown): field}
    for tensor in (*did.made, *did.changed):
        if id(tensor) not in fields:
            is_alike = is_reshaped or tensor.shape == shown.shape
            fields[id(tensor)] = field if is_alike else field_of_result(call, tensor)
    return fields
