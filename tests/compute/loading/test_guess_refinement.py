"""What a failed guess of an input leads to, for layers and errors of all kinds, as golden text."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import nn

from tests.support import golden_text
from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.compute.loading.input_guess import InputGuess, sequence_guess
from vrnn.compute.loading.input_probe import ProbeResult
from vrnn.compute.loading.input_refinement import Refiner
from vrnn.compute.loading.input_sizes import fitting_sum, scaled, shorter
from vrnn.compute.loading.layer_use import MARK, LayerUse, layer_use

FLOAT = torch.float32
TRIED = {
    "image": InputGuess("x", "image", (1, 3, 32, 48), FLOAT),
    "vector": InputGuess("x", "vector", (1, 100), FLOAT),
    "sequence": sequence_guess(24, FLOAT).named_like(InputGuess("x", "vector", (1,), FLOAT)),
    "signal": InputGuess("x", "signal", (1, 2, 1024), FLOAT),
    "volume": InputGuess("x", "volume", (1, 1, 16, 64, 64), FLOAT),
    "ids": InputGuess("x", "ids", (1, 16), torch.int64, 50),
    "step": InputGuess("x", "step", (1,), torch.int64),
}
"""Guesses that were tried."""
MASK = InputGuess("mask", "mask", (1, 16), FLOAT, keyword=True)


def told(guess: InputGuess) -> str:
    """A guess in a few words."""
    high = f" below {guess.high}" if guess.kind == "ids" else ""
    return f"{guess.kind} {guess.shape} {str(guess.dtype).removeprefix('torch.')}{high}"


@pytest.mark.parametrize("kind", TRIED)
def test_sizes_that_would_give_another_number_of_values(kind, regenerate):
    old = TRIED[kind]
    lines = []
    for got, want in ((100, 400), (400, 100), (97, 100), (3, 7), (5, 5), (0, 3), (3, 0), (9, 900)):
        lines.append(f"{got} to {want}: {[told(g) for g in scaled(old, got, want)]}")
    for got, want in ((197, 101), (16, 4), (4, 16), (1, 9), (7, 7), (2, 3)):
        use = LayerUse("broadcast", "add", (1, got, 8), frozenset({0}), other=(1, want, 8))
        lines.append(f"sum of {got} and {want}: {[told(g) for g in fitting_sum(old, use)]}")
    for size in (1, 2, 10, 16, 17):
        use = LayerUse("embedding", "embedding", (16,), frozenset(), size)
        lines.append(f"table of {size}: {[told(g) for g in shorter(old, use)]}")
    golden_text.check(f"guesses/sizes-{kind}", lines, regenerate)


def uses():
    """Layers that failed on what an input became."""
    leaves = frozenset({0})
    for shape, size, rank in (
        ((1, 3, 32, 48), 5, 4), ((1, 3, 32, 48), 3, 4), ((1, 8, 30, 46), 16, 4),
        ((3, 32, 48), 3, 4), ((1, 100), 1, 3), ((1, 1, 3, 32, 48), 1, 4), ((1, 48), 2, 5),
        ((1, 1024, 2), 2, 3), ((1, 16, 24), 7, 3), ((24,), 3, 4),
    ):  # fmt: skip
        yield LayerUse("conv", f"conv{rank - 2}d", shape, leaves, size, 1 - rank, rank, FLOAT)
    for kind, shape, size, axis in product(
        ("linear", "norm", "recurrent", "attention"),
        ((1, 100), (1, 3, 32, 48), (1, 16, 24), (1, 4608)), (3, 784), (-1, 1),
    ):  # fmt: skip
        yield LayerUse(kind, kind, shape, leaves, size, axis, 0, torch.float64)
    for size, shape in ((5, (1, 16)), (80, (1, 16)), (5, (1,))):
        yield LayerUse("embedding", "embedding", shape, leaves, size)
        yield LayerUse("embedding", "embedding", shape, frozenset(), size)
    yield LayerUse("broadcast", "add", (1, 65, 8), leaves, other=(1, 101, 8))
    yield LayerUse("view", "view", (1, 8, 30, 46), leaves, 1600, other=(-1, 1600))
    yield LayerUse("other", "other", (1, 3), leaves)


ERRORS = (
    "", "not enough values to unpack (expected 5, got 4)", "too many values to unpack (expected 2)",
    "expected 3 dims", "Expected 3D tensor", "input must be 1-D", "must be 4D tensor expected",
    "tensors used as indices must be long", "expected scalar type Long but found Float",
    "only integer tensors of a single element", "Input type (float) and bias type (double)",
    "mat1 and mat2 must have the same dtype", "index out of range in self",
)  # fmt: skip


def refined(refiner, old, use, text):
    """What is tried next; what belongs to it is told where it changes too."""
    found = []
    for guesses in refiner.refine((old, MASK), ProbeResult(RuntimeError(text), None, use, {}, ())):
        more = "" if guesses[1] == MASK else f" and a mask {guesses[1].shape}"
        each = told(guesses[0]) + more
        if each not in found:
            found.append(each)
    return found


@pytest.mark.parametrize("kind", TRIED)
def test_what_is_tried_after_a_failure(kind, regenerate):
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2).double())
    lines = []
    for size in (None, (20, 30)) if kind in ("image", "volume") else (None,):
        refiner = Refiner(ModelCandidate(model, "net", True), size)
        lines.append(f"# size {size}")
        for use in uses():
            what = f"{use.kind} {use.shape} {use.size} {use.axis} {use.rank} {len(use.leaves)}"
            lines.append(f"{what}: {refined(refiner, TRIED[kind], use, '')}")
        for text in ERRORS:
            for use in (None, LayerUse("other", "other", (1, 3), frozenset({0}))):
                lines.append(f"{text!r} {use is None}: {refined(refiner, TRIED[kind], use, text)}")
    golden_text.check(f"guesses/after-{kind}", lines, regenerate)


def marked(*shape):
    """A tensor that comes from an input."""
    tensor = torch.ones(shape)
    setattr(tensor, MARK, frozenset({0}))
    return tensor


CALLS = {
    "conv2d": (marked(1, 4, 8, 8), torch.ones(6, 2, 3, 3), None, 1, 0, 1, 2),
    "conv1d": (marked(1, 4, 8), torch.ones(6, 4, 3)),
    "conv3d": (marked(1, 4, 8, 8, 8), torch.ones(6, 4, 3, 3, 3)),
    "conv_transpose2d": (marked(1, 4, 8, 8), torch.ones(4, 6, 3, 3)),
    "linear": (marked(1, 9), torch.ones(5, 9).double()),
    "embedding": (marked(1, 9), torch.ones(5, 3)),
    "layer_norm": (marked(1, 9), (9,), torch.ones(9)),
    "batch_norm": (marked(1, 9), None, None, torch.ones(9)),
    "scaled_dot_product_attention": (marked(1, 9, 4), marked(1, 9, 4), marked(1, 9, 4)),
    "matmul": (marked(1, 9), torch.ones(9, 4)),
    "mm": (torch.ones(4, 9), marked(9, 4)),
    "bmm": (marked(1, 3, 9), marked(1, 9, 4)),
    "add": (marked(1, 9, 4), torch.ones(1, 7, 4)),
    "__radd__": (torch.ones(1, 7, 4), marked(1, 9, 4)),
    "mul": (marked(1, 9), marked(1, 9)),
    "sub": (torch.ones(3), torch.ones(3)),
    "view": (marked(1, 9, 4), -1, 36),
    "reshape": (marked(1, 9, 4), (2, 18)),
    "unflatten": (marked(1, 9, 4), 1, (3, 3)),
    "relu": (marked(1, 9),),
    "where": (marked(1, 9), torch.ones(1, 3), 2.0),
}
"""Arguments by the name of the function."""


def test_what_a_call_takes_is_told_by_its_weight(regenerate):
    lines = []
    for name, args in CALLS.items():
        for kwargs in ({}, {"weight": args[1]} if len(args) > 1 else {}):
            given = args if not kwargs else (args[0], *args[2:])
            try:
                use = layer_use(name, given, kwargs, frozenset({0}))
            except (TypeError, AttributeError):
                use = "not called so"
            lines.append(f"{name} {sorted(kwargs)}: {use}")
    attention = nn.MultiheadAttention(8, 2)
    given = [marked(5, 1, 8)] * 3 + [8, 2, attention.in_proj_weight]
    lines.append(f"{layer_use('multi_head_attention_forward', given, {}, frozenset({1}))}")
    golden_text.check("guesses/calls", lines, regenerate)
