"""The sentences about inputs that a model does not take, as golden text, at their limits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from tests.support import golden_text
from vrnn.compute.loading import input_refusals
from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.compute.loading.input_guess import InputGuess
from vrnn.compute.loading.input_refusals import (
    MAX_REASON,
    check_normalization,
    refuse_example,
    refuse_guesses,
    refuse_without_tensors,
)
from vrnn.compute.loading.input_slots import InputSlot
from vrnn.compute.model_inputs import ModelInputs
from vrnn.errors import VrnnError


def raised(error: BaseException) -> Exception:
    """An error that a line of the user's own raised."""
    space: dict = {"error": error}
    try:
        exec(compile("raise error", __file__, "exec"), space)
    except Exception as found:
        return found
    raise AssertionError


def model_with(signature: str) -> nn.Module:
    space: dict = {}
    exec(f"def forward(self, {signature}): pass", space)
    return type("Net", (nn.Module,), {"forward": space["forward"]})()


ERRORS = [
    RuntimeError("does not fit"), RuntimeError(""), ValueError("w" * (MAX_REASON + 1)),
    RuntimeError("CUDA out of memory"), NotImplementedError('is missing the required "forward"'),
    NotImplementedError("something else"), RuntimeError('missing the required "forward"'),
    RuntimeError("Internal: NestedTensorImpl doesn't support sizes"),
    *(kind("gone") for kind in (ImportError, OSError, NameError, RecursionError, SyntaxError,
                                EOFError, TypeError)),
]  # fmt: skip
SIGNATURES = ("x", "*, x", "x, y", "x, y=None", "**named", "*many")


def guess(*shape: int, kind="image") -> InputGuess:
    return InputGuess("x", kind, shape, torch.float32)


@pytest.fixture(autouse=True)
def a_line(monkeypatch):
    """The line of an error, which needs no file here."""
    monkeypatch.setattr(
        input_refusals, "user_line", lambda e: "net.py:3: y = x" if e.__traceback__ else ""
    )


def test_examples_that_are_refused(regenerate):
    lines = []
    for error in ERRORS:
        for made in (error, raised(type(error)(*error.args))):
            for signature in SIGNATURES if error is ERRORS[0] else ("x",):
                candidate = ModelCandidate(model_with(signature), "net", source="net.py")
                inputs = ModelInputs((torch.zeros(1, 3), [torch.zeros(())]), {"y": torch.ones(2)})
                lines.append(f"{signature}: {refuse_example(candidate, inputs, made)}")
    for tokenizer in (None, len):
        for inputs in (ModelInputs(("a",)), ModelInputs(("a", torch.ones(2))), ModelInputs((3,))):
            candidate = ModelCandidate(model_with("x"), "net", tokenizer=tokenizer)
            lines.append(f"{tokenizer}: {refuse_example(candidate, inputs, ERRORS[0])}")
    golden_text.check("refusals/examples", lines, regenerate)


def test_guesses_that_are_refused(regenerate):
    one, two = (guess(1, 3, 8, 8),), (guess(1, 1, 28, 28), guess(1, 7, kind="vector"))
    ids, again = (guess(1, 16, kind="ids"),), (guess(2, 3, 8, 8),)
    lines = []
    for tried in ([one], [one, again], [one, two, ids], [ids], [two], [ids, one]):
        for size, own in ((None, None), ((8, 8), None), (None, (8, 8))):
            for source in ("net.py", ""):
                candidate = ModelCandidate(model_with("x"), "net", source=source, input_size=own)
                refused = refuse_guesses(candidate, tried, size, raised(ERRORS[0]))
                lines.append(f"{len(tried)} {size} {own}: {refused}")
    for signature in SIGNATURES:
        candidate = ModelCandidate(model_with(signature), "net", source="net.py")
        lines.append(f"{signature}: {refuse_guesses(candidate, [ids], None, ERRORS[0])}")
    for error in ERRORS:
        candidate = ModelCandidate(model_with("x"), "net")
        lines.append(str(refuse_guesses(candidate, [ids, one], None, raised(error))))
    golden_text.check("refusals/guesses", lines, regenerate)


def test_examples_without_tensors_are_refused(regenerate):
    candidate = ModelCandidate(nn.Identity(), "net")
    golden_text.check("refusals/without-tensors", [
        str(refuse_without_tensors(candidate, leaves)) for leaves in (
            ["a"], [3, "a"], [np.zeros(3)], [Image.new("RGB", (2, 2))], [3, np.zeros(3)], [], [{}],
        )
    ], regenerate)  # fmt: skip


def told(channels: int, mean=None, std=None) -> str:
    candidate = ModelCandidate(nn.Identity(), "net", mean=mean, std=std)
    slot = InputSlot(0, "x", "image", "nchw", (channels, 8, 8))
    try:
        check_normalization(candidate, slot)
    except VrnnError as error:
        return str(error)
    return ""


def test_numbers_for_channels_are_one_or_as_many():
    for channels in (1, 2, 3, 4):
        for count in range(1, 6):
            numbers = (0.5,) * count
            is_fine = count in (1, channels)
            assert (told(channels, mean=numbers) == "") == is_fine
            assert (told(channels, std=numbers) == "") == is_fine
    assert told(3, mean=(1.0,) * 7) == (
        "mean of 'net' has 7 numbers, but the model takes 3 channels; give 3 numbers, or one for "
        "all"
    )
    assert told(1, std=(1.0,) * 3) == (
        "std of 'net' has 3 numbers, but the model takes 1 channel; give one number"
    )
    assert told(2, (1.0,), (1.0,) * 3).startswith("std of 'net' has 3 numbers, but")
    check_normalization(ModelCandidate(nn.Identity(), "net", mean=(1.0,) * 9), None)
