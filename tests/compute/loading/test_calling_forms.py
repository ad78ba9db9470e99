"""What examples mean as arguments, and how they reach a model, as golden text."""

from __future__ import annotations

import re
from collections import OrderedDict, namedtuple
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pytest
import torch
from torch import nn

from tests.support import golden_text
from vrnn.compute.loading.calling_forms import in_other_dtypes, resize_images, ways_to_call
from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.compute.loading.example_inputs import find_example_input
from vrnn.compute.model_inputs import ModelInputs, join_samples
from vrnn.errors import VrnnError

CPU = torch.device("cpu")
LINE = re.compile(r"\.py:\d+")
Pair = namedtuple("Pair", "left right")


def text_of(value) -> str:
    """A value in words: tensors and arrays by their shape and type."""
    if isinstance(value, torch.Tensor | np.ndarray):
        kind = "" if isinstance(value, torch.Tensor) else "array "
        return f"{kind}{str(value.dtype).removeprefix('torch.')}{list(value.shape)}"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{k}: {text_of(v)}" for k, v in value.items())
        return f"{type(value).__name__}({inner})"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}({', '.join(map(text_of, value))})"
    return repr(value)


def inputs_text(inputs: ModelInputs) -> str:
    named = [f"{name}={text_of(value)}" for name, value in inputs.kwargs.items()]
    return f"({', '.join([*map(text_of, inputs.args), *named])})"


def model_with(signature: str) -> nn.Module:
    space: dict = {}
    exec(f"def forward(self, {signature}): pass", space)
    return type("Net", (nn.Module,), {"forward": space["forward"]})()


SIGNATURES = (
    "x", "x, y", "x, y=None", "*, x", "**named", "x, **named", "x, y, **named", "*many", "images",
    "x, options=None", "x, *, y=None",
)  # fmt: skip


def examples():
    image = torch.zeros(1, 3, 8, 8)
    yield image
    yield np.zeros((1, 3, 8, 8))
    yield np.zeros((2, 3), np.int32)
    yield np.array(["a", "b"])
    yield [image]
    yield [image[0]]
    yield [image[0], image[0]]
    yield [image, image, image]
    yield (image, image)
    yield (image, [image, image])
    yield (image, {"y": image})
    yield (image, {"options": image})
    yield (image, {3: image})
    yield ({"y": image},)
    yield ()
    yield {"x": image}
    yield {"x": image, "y": np.zeros(3, np.float32)}
    yield {"z": image}
    yield OrderedDict(x=image)
    yield MappingProxyType({"x": np.zeros((1, 3)), "y": image})
    yield np.array([{"x": 1}, None], object)
    yield (image, np.array(["a", "b"]))
    yield Pair(image, image)
    yield "a text"
    yield ModelInputs((image,), {"y": image})


def test_what_an_example_means_as_arguments(regenerate):
    lines = []
    for signature in SIGNATURES:
        for given in examples():
            ways = [inputs_text(way) for way in ways_to_call(model_with(signature), given)]
            shown = inputs_text(given) if isinstance(given, ModelInputs) else text_of(given)
            lines.append(f"forward({signature}) of {shown}: {' or '.join(ways)}")
    golden_text.check("inputs/calling-forms", lines, regenerate)


def test_images_of_another_size_show_the_same():
    rows = torch.arange(10.0).view(1, 1, 10, 1).expand(1, 3, 10, 12)
    found = resize_images(rows, (20, 6))
    assert found.shape == (1, 3, 20, 6)
    assert torch.equal(found[0, 1, :, 2], torch.arange(10.0).repeat_interleave(2))
    clip = rows.expand(2, 3, 10, 12)[:, None].expand(2, 4, 3, 10, 12)
    assert resize_images(clip, (5, 7)).shape == (2, 4, 3, 5, 7)
    half = rows.to(torch.float16)
    assert resize_images(half, (5, 7)).dtype == torch.float16
    for shape, resized in (
        ((3, 9, 10), True), ((1, 8, 8), True), ((4, 8, 8), True), ((2, 9, 10), False),
        ((3, 7, 10), False), ((3, 10, 7), False), ((9, 10), False), ((10,), False),
        ((1, 1, 1, 1, 9, 9), False), ((1, 3, 4, 4), True),
    ):  # fmt: skip
        found = resize_images(torch.zeros(shape), (5, 6))
        assert found.shape == ((*shape[:-2], 5, 6) if resized else shape), shape
    ids = torch.zeros(1, 3, 9, 9, dtype=torch.long)
    assert resize_images(ids, (5, 6)) is ids


def test_numbers_are_tried_in_the_types_of_the_weights(regenerate):
    given = ModelInputs((torch.zeros(2), torch.zeros(2).long()), {"a": [torch.zeros(1)]})
    mixed = ModelInputs((torch.zeros(2), torch.zeros(2).double()))
    lines = []
    for name, model in {
        "float": nn.Linear(2, 2), "double": nn.Linear(2, 2).double(), "none": nn.ReLU(),
        "half": nn.Linear(2, 2).half(),
        "several": nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2).double(), nn.Linear(2, 2).half()),
    }.items():  # fmt: skip
        for inputs in (given, mixed, ModelInputs((torch.zeros(2).long(),))):
            ways = " or ".join(map(inputs_text, in_other_dtypes(model, inputs)))
            lines.append(f"{name}: {inputs_text(inputs)}: {ways}")
    golden_text.check("inputs/dtypes", lines, regenerate)


def test_inputs_of_several_samples_are_joined():
    one = ModelInputs((torch.zeros(1, 2), "a"), {"y": [torch.ones(1, 3)]})
    two = ModelInputs((torch.ones(1, 2), "b"), {"y": [torch.zeros(1, 3)]})
    joined = join_samples([one, two, one])
    assert inputs_text(joined) == "(float32[3, 2], 'a', y=list(float32[3, 3]))"
    assert joined.args[0].tolist() == [[0, 0], [1, 1], [0, 0]]
    assert list(joined)[1:] == ["a", joined.kwargs["y"]]


# Examples that a script gives.


class Takes(nn.Module):
    """A model that takes what a function does."""

    def __init__(self, forward, *layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.run = forward

    def forward(self, x, *more, **named):
        return self.run(self.layers, x, *more, **named)


class Tokenizer:
    """Letters become numbers."""

    def __call__(self, text):
        return [1 + ord(letter) % 30 for letter in text]


IMAGE, CLIP = torch.zeros(1, 3, 20, 24), torch.zeros(1, 4, 3, 20, 24)


def conv_of(layers, x, *more, **named):
    return layers[0](x)


def words_of(layers, x, *more, **named):
    return layers[0](x).mean()


def pictured_words(layers, x, text, **named):
    return layers[0](x).mean() + layers[1](text).mean()


def embedded(layers, x, *more, **named):
    return layers[0](x["text"][0]).mean()


GIVEN = {
    "image": (conv_of, [nn.Conv2d(3, 4, 3)], IMAGE),
    "image of another type": (conv_of, [nn.Conv2d(3, 4, 3).double()], IMAGE),
    "array": (conv_of, [nn.Conv2d(3, 4, 3)], np.zeros((1, 3, 20, 24))),
    "clip": (lambda a, x, *m: a[0](x.flatten(0, 1)), [nn.Conv2d(3, 4, 3)], CLIP),
    "list": (lambda a, x, *m: a[0](x[0][None]), [nn.Conv2d(3, 4, 3)], [IMAGE[0], IMAGE[0]]),
    "vector": (conv_of, [nn.Linear(7, 4)], torch.zeros(1, 7)),
    "text": (words_of, [nn.Embedding(40, 4)], "hello"),
    "image and text": (pictured_words, [nn.Conv2d(3, 4, 3), nn.Embedding(40, 4)], (IMAGE, "hi")),
    "texts in a dict": (embedded, [nn.Embedding(40, 4)], {"text": ["hey", "you"], "n": 3}),
    "ids": (words_of, [nn.Embedding(40, 4)], torch.arange(5)[None]),
    "ids of two texts": (words_of, [nn.Embedding(40, 4)], torch.arange(6).view(2, 3)),
    "too many channels": (conv_of, [nn.Conv2d(3, 4, 3)], torch.zeros(1, 5, 20, 24)),
    "a number": (lambda a, x, *m: torch.ones(1), [], 3),
    "gradient": (
        lambda a, x, *m: torch.autograd.grad(a[0](x.requires_grad_()).sum(), x)[0],
        [nn.Conv2d(3, 4, 3)], IMAGE,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GIVEN)
@pytest.mark.parametrize("size", [None, (20, 24), (10, 12)])
def test_examples_that_are_given(name, size, regenerate):
    forward, layers, given = GIVEN[name]
    candidate = ModelCandidate(
        Takes(forward, *layers).eval(), "net", example_input=given, tokenizer=Tokenizer(),
        source="net.py",
    )  # fmt: skip
    lines = []
    for text in (None, "a word"):
        try:
            found = find_example_input(candidate, size, CPU, text)
        except VrnnError as error:
            lines.append(f"refused: {LINE.sub('.py:LINE', str(error))}")
            continue
        lines.append(f"{inputs_text(found.inputs)} {vars(found) | {'inputs': None}}")
        first = found.first
        lines.append(f"first {text_of(first)} pictures {found.takes_pictures} {found.image_slot}")
    ends = "" if size is None else f"-{size[0]}"
    golden_text.check(f"inputs/given-{name.replace(' ', '-')}{ends}", lines, regenerate)
