"""What a script may say of its model, at the limits of what is taken, and what is said of more."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from types import MappingProxyType, ModuleType

import numpy as np
import pytest
import torch

from tests.support import golden_text
from vrnn.compute.loading.script_attributes import MAX_SIDE, ScriptAttributes
from vrnn.errors import VrnnError


class Encoder:
    def encode(self, text):
        return [1]


class Made(dict):
    """A dict whose values cannot be shown in a line."""

    def __repr__(self):
        return "made\n  of   " + "much " * 30


def two_names():
    return ["a", "b"]


def made_empty():
    return []


NAMED = {
    "axes": [
        None, "N C H W", "nchw", {"x": "N C", "y": "T"}, {"x": "?"}, {3: "N C"}, {}, 3, two_names,
        {"x": 3}, "", "N X", ["N C"],
    ],
    "mean": [
        None, two_names, 0.5, 1, True, [0.1, 0.2], (-1, 0), np.ones(3), np.ones((1, 3, 1, 1)),
        np.ones((2, 2)), np.ones((3, 1)), torch.ones(1, 3, 1, 1), torch.ones(2, requires_grad=True),
        [], "0.5", ["a"], float("nan"), [1, float("inf")], [[1], [2, 3]], 1j, np.uint8([255, 0]),
        {"a": 1}, np.ones((0, 3)), np.ones((1, 1)),
    ],
    "std": [0.5, 0.0, -1, [0.1, 0.0], [0.1, 1e-9], [0.1, -0.2], float("nan"), [True]],
    "input_size": [
        None, two_names, 1, 0, -1, MAX_SIDE, MAX_SIDE + 1, (1, 1), (0, 1), (1, 0), (MAX_SIDE, 1),
        (1, MAX_SIDE + 1), (MAX_SIDE + 1, 1), (3, 224, 225), (7,), 2.0, 2.5, (2.0, 3), True,
        (True, 2), "22", "2", [], float("inf"), float("nan"), np.array([4, 5]),
        torch.tensor([4, 5]),
        {4: 1, 5: 2}, np.int64(9), (1, "b"),
    ],
    "class_names": [
        None, two_names, [], ["a", 3], ("a", "b"), {0: "a", 1: "b"}, {2: "c", 0: "a"}, {}, {"a": 0},
        OrderedDict({1: "b"}), MappingProxyType({0: "a"}), "ab", b"ab", 3, np.array(["a", "b"]),
        {-1: "x"}, iter("ab"), {True: "b"},
    ],
    "sample_rate": [
        None, two_names, 1, 0, 0.5, 1.5, 16000, 10_000_000, 10_000_001, -5, True, "16000", [8000],
    ],
    "example_input": [
        None, [], (), {}, MappingProxyType({}), [1], two_names, torch.ones(2), "text", 0, "",
        np.zeros(0), made_empty, len,
    ],
    "tokenizer": [None, two_names, Encoder(), Encoder, 3, "text", b"text", {}, ["a"]],
    "transform": [None, two_names, Encoder, 3, "text"],
}  # fmt: skip


def attributes(**values) -> ScriptAttributes:
    module = ModuleType("net")
    vars(module).update(values)
    return ScriptAttributes(module, Path("somewhere") / "net.py")


def shown(value) -> str:
    if isinstance(value, torch.Tensor | np.ndarray):
        return f"{type(value).__name__}{list(value.shape)}"
    if callable(value) or not isinstance(value, str | bytes | int | float | complex | list | tuple
                                         | dict | type(None)):  # fmt: skip
        return getattr(value, "__name__", type(value).__name__)
    return repr(value)


@pytest.mark.parametrize("name", NAMED)
def test_what_is_read_and_what_is_refused(name, regenerate):
    lines = []
    for value in NAMED[name]:
        read = attributes(**{name: value})
        text = shown(value)
        try:
            if name in ("mean", "std"):
                found = read.numbers(name)
            elif name == "transform":
                found = read.function(name, "a Pillow image and returns a tensor")
            else:
                found = getattr(read, name)()
        except VrnnError as error:
            lines.append(f"{text}: refused: {error}")
            continue
        lines.append(f"{text}: {shown(found)}")
    golden_text.check(f"inputs/script-says-{name.replace('_', '-')}", lines, regenerate)


def test_what_is_missing_is_nothing():
    read = attributes()
    assert read.axes() == {}
    assert read.class_names() == ()
    for value in (
        read.numbers("mean"), read.input_size(), read.function("transform", "an image"),
        read.tokenizer(), read.sample_rate(), read.example_input(),
    ):  # fmt: skip
        assert value is None


@pytest.mark.parametrize(("value", "told"), [
    (torch.ones(2, 3), "a tensor of shape 2×3"), (torch.tensor(True), "a tensor of shape 1"),
    (np.ones((4, 2), complex), "an array of shape 4×2"), (np.array("a"), "an array of shape 1"),
    ("a" * 58, "'" + "a" * 58 + "'"), ("a" * 59, "'" + "a" * 56 + "…"), (None, ""),
    (Made(a=1), "made of " + ("much " * 30)[:49] + "…"),
])  # fmt: skip
def test_a_wrong_value_is_described_in_at_most_sixty_letters(value, told):
    read = attributes(sample_rate=value)
    if value is None:
        assert read.sample_rate() is None
        return
    with pytest.raises(VrnnError) as caught:
        read.sample_rate()
    assert str(caught.value) == (
        f"'net.py': sample_rate should be samples per second, such as 16000, not {told}"
    )
    assert isinstance(value, torch.Tensor | np.ndarray) or len(told) <= 60


def test_an_example_that_a_function_makes_is_made_once():
    calls = []

    def example_input():
        calls.append(1)
        return (1, 2)

    assert attributes(example_input=example_input).example_input() == (1, 2)
    assert calls == [1]
