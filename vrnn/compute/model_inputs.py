"""What goes into one call of a model: positional and keyword arguments, and the tensors in them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from types import GeneratorType
from typing import Any

import torch
from torch.nn.utils.rnn import PackedSequence

from vrnn.compute.forked_process import own_process


@dataclass(frozen=True, eq=False)
class ModelInputs:
    """The arguments of a call of a model.

    Attributes:
        args: Positional arguments.
        kwargs: Keyword arguments.
    """

    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Any]:
        """Yield the arguments, the positional ones first."""
        yield from self.args
        yield from self.kwargs.values()

    def call(self, function: Callable[..., Any]) -> Any:
        """Call a model, or any other function, with the arguments."""
        return function(*self.args, **self.kwargs)


MAX_YIELDED = 1000
"""Results that are taken from a model that yields them: it might go on for ever."""
Inputs = ModelInputs | tuple[Any, ...]
"""The arguments of a model; a tuple holds positional ones."""


def call_model(model: Callable[..., Any], inputs: Inputs) -> Any:
    """Call a model; what it yields one after the other is returned as a list.

    Args:
        model: The model.
        inputs: Its arguments.
    """
    with own_process():
        result = inputs.call(model) if isinstance(inputs, ModelInputs) else model(*inputs)
        if isinstance(result, GeneratorType):
            return list(islice(result, MAX_YIELDED))
        return result


def own_inputs(inputs: Inputs, clones: bool = True, keeps_graph: bool = False) -> Inputs:
    """Return inputs that a call of a model may change: those that are given stay as they are.

    Args:
        inputs: The arguments.
        clones: Whether their tensors are copied too, as where the model writes to them; lists and
            dicts, from which models take values out, always are.
        keeps_graph: Whether gradients of the copies are to reach the tensors that are given.
    """

    made: dict[int, torch.Tensor] = {}  # one that is given twice stays one: a model may ask

    def own(tensor: torch.Tensor) -> torch.Tensor:
        if clones and id(tensor) not in made:
            if keeps_graph or not tensor.is_leaf:
                with torch.enable_grad():
                    made[id(tensor)] = tensor.clone()
            else:
                copied = tensor.detach().clone()
                made[id(tensor)] = copied.requires_grad_(tensor.requires_grad)
        return made.get(id(tensor), tensor)

    owned: Inputs = map_tensors(inputs, own)
    return owned


def written_counts(tensors: Sequence[torch.Tensor]) -> list[int]:
    """Return how often each tensor was written to, as far as torch counts it."""
    return [0 if tensor.is_inference() else tensor._version for tensor in tensors]


def map_leaves(value: Any, function: Callable[[Any], Any]) -> Any:
    """Return a copy of nested lists, tuples, dicts and `ModelInputs` with each leaf replaced.

    Args:
        value: The values.
        function: Takes what is no container, and returns what takes its place.
    """
    if isinstance(value, ModelInputs):
        return ModelInputs(map_leaves(value.args, function), map_leaves(value.kwargs, function))
    if isinstance(value, PackedSequence):  # part of it has to stay on the CPU
        return function(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        # Not by its constructor, which may check what the leaves are.
        make: Any = type(value)
        return make._make(map_leaves(item, function) for item in value)
    if type(value) in (list, tuple):
        return type(value)(map_leaves(item, function) for item in value)
    if isinstance(value, dict):
        if type(value) is dict:
            return {key: map_leaves(item, function) for key, item in value.items()}
        changed = copy.copy(value)
        for key, item in value.items():
            changed[key] = map_leaves(item, function)
        return changed
    return function(value)


def leaves_in(value: Any) -> list[Any]:
    """Return what `map_leaves` replaces, in order."""
    leaves: list[Any] = []
    map_leaves(value, leaves.append)
    return leaves


def map_tensors(value: Any, function: Callable[[torch.Tensor], Any]) -> Any:
    """Return a copy of nested values with each tensor replaced; see `map_leaves`."""
    return map_leaves(value, lambda v: function(v) if isinstance(v, torch.Tensor) else v)


def with_sample(inputs: ModelInputs, sample: Sequence[torch.Tensor]) -> ModelInputs:
    """Return inputs with other tensors in their place, of their types and on their devices.

    Args:
        inputs: The inputs.
        sample: The tensors, in the order of those in the inputs; those of another shape are left
            out, but for one that is to lie the other way round.
    """
    given = iter(sample)

    def other(old: torch.Tensor) -> torch.Tensor:
        new = next(given, old)
        if new.shape != old.shape:
            if new.ndim != 2 or new.T.shape != old.shape:
                return old
            new = new.T
        return new.to(old.device, old.dtype)

    changed: ModelInputs = map_tensors(inputs, other)
    return changed


def join_samples(several: Sequence[Inputs]) -> Inputs:
    """Return the inputs of a batch.

    Args:
        several: Inputs of one sample each, alike but for the values of their tensors, which have
            the samples as their first axis.
    """
    columns = zip(*(leaves_in(one) for one in several), strict=True)
    joined = iter([torch.cat(c) if isinstance(c[0], torch.Tensor) else c[0] for c in columns])
    batch: Inputs = map_leaves(several[0], lambda _: next(joined))
    return batch
