"""What goes into a model: the script's example, or the first guess that the model takes."""

from __future__ import annotations

import copy
import time
import warnings
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import UninitializedBuffer, is_lazy

from vrnn.compute.loading.calling_forms import in_other_dtypes, resize_images, ways_to_call
from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.compute.loading.first_guesses import first_guesses, takes_any_name
from vrnn.compute.loading.input_guess import Guesses, to_inputs
from vrnn.compute.loading.input_probe import ProbeResult, asked_keys, probe
from vrnn.compute.loading.input_refinement import Refiner
from vrnn.compute.loading.input_refusals import (
    check_normalization,
    refuse_example,
    refuse_guesses,
    refuse_without_tensors,
)
from vrnn.compute.loading.input_slots import InputSlot, find_slots, leaf_names
from vrnn.compute.loading.tokens import encode, token_texts
from vrnn.compute.loading.user_traceback import is_out_of_memory
from vrnn.compute.model_inputs import ModelInputs, leaves_in, map_leaves, map_tensors
from vrnn.compute.tracing.evaluation_mode import asks_for_gradients
from vrnn.compute.tracing.tensors import tensors_in

MAX_TRIALS = 120
"""Passes that are tried at most to find an input."""
MAX_SECONDS = 60.0
"""Seconds after which no more are tried."""


@dataclass(frozen=True, eq=False)
class ExampleInput:
    """A model's inputs.

    Attributes:
        inputs: An example of all arguments.
        slots: Which of them take an image, a sound, …; the first one's picture is shown.
        is_guessed: Whether nobody has said what goes in.
        token_names: The text of each token that goes in.
        notes: Sentences for the user.
    """

    inputs: ModelInputs
    slots: tuple[InputSlot, ...] = ()
    is_guessed: bool = False
    token_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def first(self) -> torch.Tensor:
        """The tensor that takes the image, else the first one."""
        leaves = leaves_in(self.inputs)
        for slot in self.slots:
            if slot.kind != "text":
                tensor: torch.Tensor = leaves[slot.index]
                return tensor
        return next(tensors_in(self.inputs))

    @property
    def takes_pictures(self) -> bool:
        """Whether an image or a video goes in."""
        return any(slot.kind in ("image", "video") for slot in self.slots)

    @property
    def image_slot(self) -> InputSlot | None:
        """The first input that takes an image; None if there is none."""
        return next((slot for slot in self.slots if slot.kind == "image"), None)


def find_example_input(
    candidate: ModelCandidate,
    size: tuple[int, int] | None,
    device: torch.device,
    text: str | None = None,
) -> ExampleInput:
    """Find inputs that the model takes: the candidate's own example, or guesses that fit.

    Args:
        candidate: The model.
        size: (height, width) in pixels that the user asked for.
        device: Where the model is.
        text: A text that the user wants to put in.

    Raises:
        VrnnError: The model takes none of them; the message says what to write in the script.
    """
    if text is not None or candidate.example_input is not None:
        example = _given(candidate, size, device, text)
    else:
        with warnings.catch_warnings():  # of what a wrong guess did
            warnings.simplefilter("ignore")
            example = _guessed(candidate, size, device)
    check_normalization(candidate, example.image_slot)
    return example


# An example that is given.


def _given(
    candidate: ModelCandidate, size: tuple[int, int] | None, device: torch.device, text: str | None
) -> ExampleInput:
    given = candidate.example_input if text is None else text
    given, names = _tokenized(candidate, given)
    first: tuple[ModelInputs, Exception] | None = None
    for inputs in ways_to_call(candidate.model, given):
        inputs = map_leaves(inputs, partial(_moved, device=device))
        if size is not None:
            inputs = map_tensors(inputs, lambda t: resize_images(t, size))
        for trial in in_other_dtypes(candidate.model, inputs):
            outcome = _run(candidate.model, trial)
            if outcome.error is None:
                return _accepted(candidate, trial, outcome, size, names)
            first = first or (trial, outcome.error)
            if is_out_of_memory(outcome.error):
                break
    assert first is not None
    raise refuse_example(candidate, *first) from first[1]


def _moved(value: Any, device: torch.device) -> Any:
    """A tensor, or an object that holds some, such as a graph, on a device."""
    if isinstance(value, torch.Tensor):
        return value.to(device)
    move = getattr(value, "to", None)
    return move(device) if callable(move) and next(tensors_in(value), None) is not None else value


def _accepted(
    candidate: ModelCandidate, inputs: ModelInputs, outcome: ProbeResult,
    size: tuple[int, int] | None, token_names: tuple[str, ...],
) -> ExampleInput:  # fmt: skip
    leaves = leaves_in(inputs)
    if next(tensors_in(inputs), None) is None:
        raise refuse_without_tensors(candidate, leaves)
    names = leaf_names(candidate.model, inputs)
    found = find_slots(candidate, leaves, names, outcome.first_uses, size)
    token_names = token_names or _names_of_tokens(candidate, leaves, found)
    slots = tuple(
        replace(slot, tokens=token_names) if slot.kind == "text" else slot for slot in found
    )
    notes: tuple[str, ...] = ()
    if size is not None and not any(_has_size(leaf, size) for leaf in leaves):
        notes = ("--input-size is not used: no input is an image",)
    return ExampleInput(inputs, slots, candidate.has_placeholder, token_names, notes)


def _names_of_tokens(
    candidate: ModelCandidate, leaves: list[Any], slots: tuple[InputSlot, ...]
) -> tuple[str, ...]:
    """The text of each token of a single sequence that the script gives as numbers."""
    for slot in slots:
        ids = leaves[slot.index].reshape(-1)
        if slot.kind == "text" and len(ids) in leaves[slot.index].shape:
            return token_texts(candidate.tokenizer, ids.tolist())
    return ()


def _has_size(leaf: Any, size: tuple[int, int]) -> bool:
    if not isinstance(leaf, torch.Tensor):
        return False
    return any(tuple(leaf.shape[i : i + 2]) == size for i in range(leaf.dim()))


def _tokenized(candidate: ModelCandidate, given: Any) -> tuple[Any, tuple[str, ...]]:
    """An example with a text replaced by its tokens, and the text of each token."""
    if candidate.tokenizer is None or not _holds_text(given):
        return given, ()
    if isinstance(given, str):
        return encode(candidate.tokenizer, given, candidate.title)
    found: list[tuple[str, ...]] = []

    def leaf(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        tokens, names = encode(candidate.tokenizer, value, candidate.title)
        found.append(names)
        return tokens

    return map_leaves(given, leaf), found[0] if found else ()


def _holds_text(given: Any) -> bool:
    values = given if isinstance(given, list | tuple) else (given,)
    return any(isinstance(value, str) for value in values)


# Guesses.


def _guessed(
    candidate: ModelCandidate, size: tuple[int, int] | None, device: torch.device
) -> ExampleInput:
    refiner = Refiner(candidate, size)
    waiting = first_guesses(candidate, size)
    families = list(waiting)
    tried: set[Guesses] = set()
    first: Exception | None = None
    accepted: tuple[Guesses, ProbeResult] | None = None
    end = time.monotonic() + MAX_SECONDS
    has_asked = False
    while len(tried) < MAX_TRIALS and time.monotonic() < end:
        if not waiting and not has_asked and accepted is None:
            has_asked = True
            by_name = takes_any_name(candidate.model)
            keys = asked_keys(_trial_model(candidate.model), device, by_name)
            waiting = first_guesses(candidate, size, keys, by_name) if keys else []
        if not waiting:
            break
        guesses = waiting.pop(0)
        if guesses in tried:
            continue
        tried.add(guesses)
        outcome = _run(_trial_model(candidate.model), to_inputs(guesses, device))
        if outcome.error is None:
            better = [g for g in refiner.degenerate(guesses, outcome) if g not in tried]
            accepted = accepted or (guesses, outcome)
            if not better:
                accepted = (guesses, outcome)
                break
            waiting = better
            continue
        first = first or outcome.error
        if is_out_of_memory(outcome.error):
            break
        if accepted is None:
            refined = [g for g in refiner.refine(guesses, outcome) if g not in tried]
            waiting = [*refined, *waiting]
    if accepted is None:
        assert first is not None
        raise refuse_guesses(candidate, families, size, first) from first
    guesses, outcome = accepted
    inputs = to_inputs(guesses, device)
    if _has_lazy_layers(candidate.model):
        outcome = _run(candidate.model, inputs)
    names = leaf_names(candidate.model, inputs)
    slots = find_slots(candidate, leaves_in(inputs), names, outcome.first_uses, size)
    return ExampleInput(inputs, slots, True, notes=_guess_notes(candidate, guesses, slots, size))


def _guess_notes(
    candidate: ModelCandidate, guesses: Guesses, slots: tuple[InputSlot, ...],
    size: tuple[int, int] | None,
) -> tuple[str, ...]:  # fmt: skip
    """What the user should know of inputs that nobody has named."""
    notes = []
    order = [g for g in guesses if not g.keyword] + [g for g in guesses if g.keyword]
    pictured = {slot.index for slot in slots if slot.kind in ("image", "video")}
    made_up = [g for i, g in enumerate(order) if i not in pictured]
    if made_up:
        what = ", ".join(f"{g.name} {'×'.join(map(str, g.shape))}" for g in made_up)
        where = "the script" if candidate.source else "a script"
        notes.append(f"placeholder numbers go in ({what}); for others set example_input in {where}")
    if size is not None and not any(size == g.shape[i : i + 2] for g in guesses for i in range(5)):
        notes.append("--input-size is not used: no input is an image")
    return tuple(notes)


def _trial_model(model: nn.Module) -> nn.Module:
    """A copy of a model that the first pass would shape for good, else the model itself."""
    if not _has_lazy_layers(model):
        return model
    # Torch cannot copy buffers without a shape itself.
    make: Any = UninitializedBuffer
    lazy = [buffer for buffer in nn.Module.buffers(model) if is_lazy(buffer)]
    return copy.deepcopy(model, {id(b): make(device=b.device, dtype=b.dtype) for b in lazy})


def _has_lazy_layers(model: nn.Module) -> bool:
    tensors = (*nn.Module.parameters(model), *nn.Module.buffers(model))
    return any(is_lazy(tensor) for tensor in tensors)


def _run(model: nn.Module, inputs: ModelInputs) -> ProbeResult:
    """Run a pass; with gradients if it asks for them."""
    outcome = probe(model, inputs)
    if isinstance(outcome.error, RuntimeError) and asks_for_gradients(outcome.error):
        again = probe(model, inputs, gradients=True)
        return again if again.error is None else outcome
    return outcome
