"""Sentences about inputs that a model does not take, each with what to write so that it opens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image

from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.compute.loading.first_guesses import required_parameters, takes_any_name
from vrnn.compute.loading.input_guess import Guesses
from vrnn.compute.loading.input_slots import InputSlot
from vrnn.compute.loading.torchvision_compat import missing_operators_advice
from vrnn.compute.loading.user_traceback import is_out_of_memory, user_line
from vrnn.compute.model_inputs import ModelInputs, leaves_in
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.errors import VrnnError, error_text

MAX_REASON = 240
"""Characters of an error's text that are shown."""
_OF_CODE_ALONE = (ImportError, OSError, NameError, RecursionError, SyntaxError, EOFError)
"""Errors that tell of the code or the machine: another input would not help."""
_OUT_OF_MEMORY = "pass a smaller --input-size or --device cpu"


def check_normalization(candidate: ModelCandidate, slot: InputSlot | None) -> None:
    """Check that the script has a mean and deviation for each channel of an image.

    Args:
        candidate: The model.
        slot: The input that takes the image; None if there is none.

    Raises:
        VrnnError: It has another number of them.
    """
    if slot is None:
        return
    channels = slot.shape[0]
    for name, values in (("mean", candidate.mean), ("std", candidate.std)):
        if values is not None and len(values) not in (1, channels):
            count = f"{channels} numbers" if channels > 1 else "one number"
            raise VrnnError(
                f"{name} of '{candidate.title}' has {len(values)} numbers, but the model takes "
                f"{channels} channel{'s' * (channels > 1)}; give {count}"
                + (", or one for all" if channels > 1 else "")
            )


def refuse_example(candidate: ModelCandidate, inputs: ModelInputs, error: Exception) -> VrnnError:
    """Return the refusal of an example that the model does not take.

    Args:
        candidate: The model.
        inputs: The example.
        error: What a pass raised.
    """
    shapes = ", ".join("×".join(map(str, t.shape)) or "1" for t in tensors_in(inputs))
    what = f"its example_input {shapes}".rstrip()
    if is_out_of_memory(error):
        return VrnnError(_memory_text(candidate, what, error))
    refusal = _refuse_whatever_goes_in(candidate, error)
    if refusal is not None:
        return refusal
    texts = [v for v in _plain_leaves(inputs) if isinstance(v, str)]
    if texts and candidate.tokenizer is None and not shapes:
        advice = "define tokenizer in the script, a function from a text to token ids"
    else:
        advice = _signature_advice(candidate)
    return VrnnError(f"'{candidate.title}' does not take {what}: {_reason(error)}; {advice}")


def refuse_guesses(
    candidate: ModelCandidate, tried: Sequence[Guesses], size: tuple[int, int] | None,
    error: Exception,
) -> VrnnError:  # fmt: skip
    """Return the refusal of a model of which no input is known.

    Args:
        candidate: The model.
        tried: The first guesses.
        size: (height, width) that the user asked for.
        error: What a pass with the first of them raised.
    """
    first = tried[0]
    shapes = ", ".join("×".join(map(str, g.shape)) for g in first)
    if is_out_of_memory(error):
        return VrnnError(_memory_text(candidate, f"an input of {shapes}", error))
    sizes = dict.fromkeys("×".join(map(str, g[0].shape[1:])) for g in tried)
    others = f"; tried {', '.join(sizes)}" if len(sizes) > 1 else ""
    refusal = _refuse_whatever_goes_in(candidate, error)
    if refusal is not None:
        return refusal
    advice = _example_advice(candidate)
    is_sized = size is None and candidate.input_size is None
    if is_sized and any(g.kind == "image" for g in first):
        advice = f"pass --input-size HxW if only the size is wrong, or {advice}"
    return VrnnError(
        f"'{candidate.title}' does not take an input of {shapes}: {_reason(error)}{others}; "
        f"{advice}"
    )


def refuse_without_tensors(candidate: ModelCandidate, leaves: list[Any]) -> VrnnError:
    """Return the refusal of an example that holds no tensor.

    Args:
        candidate: The model.
        leaves: What it holds.
    """
    if any(isinstance(leaf, str) for leaf in leaves):
        return VrnnError(
            f"'{candidate.title}' takes text, and vrnn follows tensors only; let it take token ids "
            "and define tokenizer in the script, or choose the part of it that takes tensors, as "
            "with model = model[1:], and give that an example_input"
        )
    kinds = {np.ndarray: "a NumPy array", Image.Image: "a Pillow image"}
    first = leaves[0] if leaves else None
    found = next((text for kind, text in kinds.items() if isinstance(first, kind)), "")
    found = found or (f"a value of type {type(first).__name__}" if leaves else "nothing")
    return VrnnError(
        f"'{candidate.title}' takes {found}, and vrnn follows tensors only; let forward take a "
        "tensor, convert outside of it (in transform, for images), and set example_input = "
        "torch.rand(1, 3, 64, 64) or the like in the script"
    )


def _memory_text(candidate: ModelCandidate, what: str, error: Exception) -> str:
    line = user_line(error)
    where = f" at {line}" if line else ""
    return f"out of memory running '{candidate.title}' on {what}{where}; {_OUT_OF_MEMORY}"


def _refuse_whatever_goes_in(candidate: ModelCandidate, error: Exception) -> VrnnError | None:
    """The refusal of a model that no input would help."""
    text = error_text(error)
    if missing_operators_advice(error):
        return VrnnError(f"'{candidate.title}' cannot run: {missing_operators_advice(error)}")
    if isinstance(error, NotImplementedError) and 'missing the required "forward"' in text:
        kind = type(candidate.model).__name__
        return VrnnError(
            f"'{kind}' of '{candidate.title}' has no forward, or one of its parts has none "
            f"({text}); define it, or choose a model that has one, as "
            "script.py:Name does"
        )
    if "NestedTensorImpl" in text:
        return VrnnError(
            f"'{candidate.title}' uses nested tensors, which have no shape that vrnn can follow; "
            "use a padded tensor instead (torch.nn.utils.rnn.pad_sequence makes one)"
        )
    if isinstance(error, _OF_CODE_ALONE) and user_line(error):
        return VrnnError(
            f"'{candidate.title}' cannot run, whatever goes in: {_reason(error)}; fix that line, "
            "or give it what it needs"
        )
    return None


def _reason(error: Exception) -> str:
    reason = error_text(error)[:MAX_REASON] or "no reason given"
    line = user_line(error)
    return f"{type(error).__name__}: {reason}" + (f" at {line}" if line else "")


def _plain_leaves(inputs: ModelInputs) -> list[Any]:
    return [leaf for leaf in leaves_in(inputs) if not isinstance(leaf, torch.Tensor)]


def _signature_advice(candidate: ModelCandidate) -> str:
    names = [name for name, _ in required_parameters(candidate.model)]
    if len(names) > 1:
        listed = ", ".join(names)
        return (
            f"make example_input a tuple of what forward takes, ({listed}), or a dict with these "
            "names"
        )
    return f"make example_input what forward takes as '{names[0]}', of the right shape and dtype"


def _example_advice(candidate: ModelCandidate) -> str:
    """What to write so that the input is known."""
    names = required_parameters(candidate.model)
    where = f"in '{candidate.source}'" if candidate.source else "in a script that makes the model"
    if takes_any_name(candidate.model):
        example = '{"image": torch.randn(1, 3, 64, 64)}'
    elif len(names) > 1 or names[0][1]:
        example = "{" + ", ".join(f'"{name}": …' for name, _ in names) + "}"
    else:
        example = "torch.randn(1, 3, 64, 64)"
    return f"set example_input to what forward takes {where}, such as example_input = {example}"
