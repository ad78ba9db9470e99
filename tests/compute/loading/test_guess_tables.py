"""What is guessed of inputs, whatever a model is and whatever failed, as golden text."""

from __future__ import annotations

import random
from collections import namedtuple

import numpy as np
import pytest
import torch
from torch import nn

from tests.support import golden_text
from vrnn.compute.loading.candidate import ModelCandidate
from vrnn.compute.loading.first_guesses import first_guesses, required_parameters, takes_any_name
from vrnn.compute.loading.input_guess import InputGuess, to_inputs
from vrnn.compute.loading.input_probe import ProbeResult
from vrnn.compute.loading.input_refinement import Refiner
from vrnn.compute.loading.input_sizes import fitting_sum, scaled, shorter
from vrnn.compute.loading.input_slots import find_slots, leaf_names
from vrnn.compute.loading.layer_use import LayerUse
from vrnn.compute.loading.source import open_source
from vrnn.compute.loading.weight_origin import _distances, looks_initialized
from vrnn.compute.model_inputs import ModelInputs
from vrnn.network.model_spec import ModelSpec

KINDS = ("image", "vector", "sequence", "signal", "volume", "ids", "step", "mask")
SHAPES = {
    "image": ((1, 3, 32, 48), (1, 1, 28, 28), (3, 32, 32), (1, 9, 32, 48), (1, 32, 32)),
    "vector": ((1, 100), (7,), (16, 5), (1, 784), (1, 2)),
    "sequence": ((1, 16, 24), (16, 1, 24), (16, 24), (1, 2, 3)),
    "signal": ((1, 2, 1024), (1, 16000), (1, 1, 128)),
    "volume": ((1, 1, 16, 64, 64), (1, 8, 3, 32, 48), (1, 3, 8, 20, 30)),
    "ids": ((1, 16), (1,), (2, 32), (1, 2)),
    "step": ((1,), (3,)),
    "mask": ((1, 16), (1, 100), (1, 3, 32, 48)),
}  # fmt: skip
FLOAT, DOUBLE = torch.float32, torch.float64
LAYER_KINDS = (
    "conv", "conv", "linear", "linear", "embedding", "recurrent", "attention", "norm", "broadcast",
    "view", "other",
)  # fmt: skip
NAMES = ("multi_head_attention_forward", "scaled_dot_product_attention")
ERRORS = (
    "not enough values to unpack (expected 5, got 4)", "too many values to unpack (expected 2)",
    "expected 3 dims", "Expected 3D tensor", "must be 1-D", "4D tensor expected", "must be 2-D",
    "tensors used as indices must be long", "expected scalar type Long but found Float",
    "expected tensor for argument #1 'indices' to have one of the following scalar types",
    "only integer tensors of a single element", "Input type (float) and bias type (double)",
    "mat1 and mat2 must have the same dtype", "index out of range in self", "out of memory",
    "not enough values to unpack (expected 6, got 4)", "too many values to unpack (expected 0)",
)  # fmt: skip


def told(guess: InputGuess) -> str:
    """A guess in a few words."""
    high = f" below {guess.high}" if guess.kind == "ids" else ""
    where = "=" * guess.keyword + "{}" * guess.packed
    return f"{guess.name}{where} {guess.kind} {guess.shape} {str(guess.dtype)[6:]}{high}"


def told_all(guesses) -> str:
    return " and ".join(map(told, guesses))


def random_guess(chance: random.Random, name: str, kinds=KINDS) -> InputGuess:
    kind = chance.choice(kinds)
    dtype = torch.int64 if kind in ("ids", "step") else chance.choice((FLOAT, FLOAT, DOUBLE))
    return InputGuess(
        name, kind, chance.choice(SHAPES[kind]), dtype, chance.choice((2, 7, 50)),
        name != "x" and chance.random() < 0.5,
    )  # fmt: skip


def random_use(chance: random.Random, guesses) -> LayerUse:
    """A layer that took something that comes from some of the guesses."""
    leaves = frozenset(n for n in range(len(guesses)) if chance.random() < 0.7)
    old = guesses[min(leaves, default=0)].shape
    shape = chance.choice((old, old, (1, *old), old[1:], (1, 16, 8), (1, 8, 15, 23), (2, 4608)))
    kind = chance.choice(LAYER_KINDS)
    axis, rank = chance.choice((-1, -1, 1)), 0
    if kind == "conv":
        rank = chance.choice((3, 4, 4, 5))
        axis = 1 - rank
    if axis >= len(shape) or -axis > len(shape):
        axis = -1 if kind != "conv" else axis
    if kind != "conv" and not shape:
        shape = (1, 16)
    size = chance.choice((1, 2, 3, 4, 7, 16, 24, 48, 784, 1024, 3072, 0))
    if kind == "conv" and chance.random() < 0.5 and -axis <= len(shape):
        size = shape[axis]
    other = chance.choice(((1, 17, 8), (1, 16, 1), (1, 101, 8), (5,)))
    return LayerUse(
        kind, chance.choice(NAMES), shape, leaves, size, axis, rank,
        chance.choice((None, FLOAT, DOUBLE, torch.int8)), other, chance.random() < 0.5,
    )  # fmt: skip


def use_text(use: LayerUse | None) -> str:
    if use is None:
        return "no layer"
    dtype = "" if use.dtype is None else f" {str(use.dtype)[6:]}"
    return (
        f"{use.kind} {use.shape} of {sorted(use.leaves)} size {use.size} axis {use.axis} rank "
        f"{use.rank}{dtype} other {use.other} {use.name} batch first {use.batch_first}"
    )


MODELS = (
    nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2).double()), nn.Conv2d(3, 4, 3), nn.Identity(),
)  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_what_is_tried_next(seed, regenerate):
    chance = random.Random(f"refine {seed}")
    lines = []
    for _ in range(110):
        guesses = tuple(
            random_guess(chance, n) for n in ("x", "y", "z")[: chance.choice((1, 1, 2, 3))]
        )
        if chance.random() < 0.2:
            guesses = (guesses[0], guesses[0].named_like(random_guess(chance, "w")))
        use = random_use(chance, guesses) if chance.random() < 0.8 else None
        error = chance.choice((*ERRORS, *[""] * 10))
        size = chance.choice((None, None, None, (28, 28), (20, 30)))
        candidate = ModelCandidate(chance.choice(MODELS), "net", input_size=size)
        outcome = ProbeResult(RuntimeError(error) if error else None, None, use, {}, ())
        lines.append(f"{told_all(guesses)}; {use_text(use)}; {error!r}; size {size}")
        found = list(dict.fromkeys(Refiner(candidate, None).refine(guesses, outcome)))
        shown = found if len(found) < 9 else [*found[:6], *found[6::5]]
        lines += [f"  {told_all(new)}" for new in shown]
        lines.append(f"  {len(found)} tries")
    golden_text.check(f"guesses/next-{seed}", lines, regenerate)


def test_what_is_tried_where_a_pass_took_one_step(regenerate):
    chance = random.Random("degenerate")
    lines = []
    for number in range(150):
        guesses = tuple(random_guess(chance, n) for n in ("x", "y")[: chance.choice((1, 2))])
        used = []
        for _ in range(chance.choice((1, 2))):
            use = random_use(chance, guesses)
            shape = chance.choice(
                ((1, 1, 24), (1, 24), (1, 16, 24), (16, 1, 24), (24,), (1, 2, 1, 24))
            )
            kind = chance.choice(("recurrent", "attention", "attention", use.kind))
            if kind == "recurrent" and len(shape) == 1:
                kind = "other"
            rank = chance.choice((0, 3))
            used.append(
                LayerUse(kind, use.name, shape, use.leaves, use.size, -1, rank, None, (),
                         use.batch_first)
            )  # fmt: skip
        outcome = ProbeResult(None, None, None, {}, tuple(used))
        lines.append(f"{number} {told_all(guesses)}; " + "; ".join(map(use_text, used)))
        found = Refiner(ModelCandidate(MODELS[0], "net"), None).degenerate(guesses, outcome)
        lines += [f"  {told_all(new)}" for new in found]
    golden_text.check("guesses/one-step", lines, regenerate)


def test_sizes_near_an_estimate(regenerate):
    chance = random.Random("sizes")
    lines = []
    for _ in range(150):
        old = random_guess(chance, "x")
        got, want = (chance.choice((1, 2, 3, 5, 16, 17, 49, 50, 64, 97, 196, 197)) for _ in "ab")
        use = LayerUse("broadcast", "add", (1, got, 8), frozenset({0}), want, other=(1, want, 8))
        for name, found in (
            ("scaled", scaled(old, got, want)), ("sum", fitting_sum(old, use)),
            ("shorter", shorter(old, use)),
        ):  # fmt: skip
            shapes = list(dict.fromkeys(each.shape for each in found))
            if shapes:
                lines.append(f"{told(old)} {name} {got} to {want}: {shapes}")
    golden_text.check("guesses/near", lines, regenerate)


def model_with(signature: str, *layers: nn.Module) -> nn.Module:
    """A model whose `forward` has a signature, of some layers."""
    space: dict = {}
    exec(f"def forward({', '.join(['self', signature])}): pass", space)
    model = type("Net", (nn.Module,), {"forward": space["forward"]})()
    for number, layer in enumerate(layers):
        model.add_module(str(number), layer)
    return model


SIGNATURES = (
    "x", "image", "pixel_values, mask", "x, t", "input_ids, attention_mask", "src, tgt",
    "x, edge_index", "x, adj", "x, lengths", "x, label", "t, x", "*, x, y", "x=None, y=None",
    "**inputs", "*inputs", "*, image=None", "text, image", "image, text", "x, *rest, z=1", "mask",
    "x, timestep, class_labels", "a, b, /, c", "x, mask, adjacency, lengths",
)  # fmt: skip
LAYERS = {
    "conv2d": [nn.Conv2d(4, 2, 3)], "lazy conv": [nn.LazyConv2d(2, 3)],
    "linear": [nn.Linear(784, 2)], "linear of colors": [nn.Linear(3072, 2)],
    "linear of any": [nn.Linear(50, 2)], "lazy linear": [nn.LazyLinear(2)],
    "linear then lazy": [nn.Linear(50, 2), nn.LazyLinear(2)],
    "linear then conv": [nn.Linear(50, 2), nn.Conv2d(3, 2, 3)],
    "conv1d": [nn.Conv1d(2, 2, 3)], "conv1d then conv2d": [nn.Conv1d(2, 2, 3), nn.Conv2d(1, 2, 3)],
    "conv3d": [nn.Conv3d(2, 2, 3)], "transposed": [nn.ConvTranspose2d(8, 2, 4)],
    "transposed maps": [nn.ConvTranspose2d(8, 2, 4, 2, 1)],
    "transposed with stride": [nn.ConvTranspose2d(8, 2, 4, 2)],
    "embedding": [nn.Embedding(11, 2)], "bag": [nn.Linear(5, 5), nn.EmbeddingBag(11, 2)],
    "two embeddings": [nn.Embedding(11, 2), nn.Embedding(13, 2)],
    "lstm": [nn.LSTM(6, 2)], "gru": [nn.GRU(6, 2, batch_first=True)],
    "attention": [nn.MultiheadAttention(6, 2)], "double": [nn.Conv2d(1, 2, 3).double()],
    "attention then conv": [nn.MultiheadAttention(6, 2, batch_first=True), nn.Conv2d(3, 2, 3)],
    "nothing": [], "norm": [nn.LayerNorm(4)],
}  # fmt: skip


def test_what_is_tried_first(regenerate):
    chance = random.Random("first")
    lines = []
    pairs = [("x", name) for name in LAYERS] + [(signature, "linear") for signature in SIGNATURES]
    pairs += [(chance.choice(SIGNATURES), chance.choice(tuple(LAYERS))) for _ in range(110)]
    for number, (signature, name) in enumerate(pairs):
        model = model_with(signature, *LAYERS[name])
        size = chance.choice((None, None, None, (28, 28), (20, 30), (32, 32)))
        mean = chance.choice((None, None, None, (0.5,), (0.5, 0.4, 0.3)))
        transform = chance.choice((None, None, None, abs))
        candidate = ModelCandidate(model, "net", transform=transform, input_size=size, mean=mean)
        keys = (
            chance.choice(((), (), ("image", "timestep"), ("ids", "mask"))) if number > 60 else ()
        )
        by_name = bool(keys) and chance.random() < 0.5
        found = first_guesses(candidate, None, keys, by_name)
        lines.append(
            f"forward({signature}) {name} size {size} mean {mean} "
            f"transform {transform is not None} keys {keys} {by_name}: "
            f"needs {required_parameters(model)} any {takes_any_name(model)}"
        )
        lines += [f"  {told_all(each)}" for each in found[:3]]
        lines.append(f"  {len(found)} in all, the last {told_all(found[-1])}")
    golden_text.check("guesses/first", lines, regenerate)


def test_guesses_become_tensors(regenerate):
    chance = random.Random("tensors")
    lines = []
    for number in range(60):
        guesses = tuple(
            random_guess(chance, n) for n in ("x", "y", "z")[: chance.choice((1, 2, 3))]
        )
        made = to_inputs(guesses, torch.device("cpu"))
        lines.append(f"{number} {told_all(guesses)}")
        for name, value in [*enumerate(made.args), *made.kwargs.items()]:
            some = golden_text.numbers([value.double().mean(), value.max(), value.ravel()[0]])
            lines.append(f"  {name} {tuple(value.shape)} {value.dtype} {some}")
    golden_text.check("guesses/tensors", lines, regenerate)


def random_leaf(chance: random.Random) -> torch.Tensor:
    shapes = (
        (), (0, 3), (2400,), (100,), (1, 784), (1, 3072), (1, 1200), (1, 256), (1, 255), (2, 256),
        (1, 100), (3, 8, 8), (3, 7, 9), (1, 20, 24), (2, 20, 24), (20, 24, 3), (20, 24),
        (1, 2, 400),
        (1, 3, 400), (1, 2, 40), (1, 3, 20, 24), (1, 20, 24, 3), (2, 4, 20, 4), (1, 7, 20, 3),
        (4, 8, 12, 10), (1, 3, 8, 12, 10), (1, 8, 3, 12, 10), (1, 1, 8, 12, 10), (1, 4, 5, 8, 8),
        (1, 16), (16,), (1, 2, 16), (1, 49), (1, 64), (1, 27), (1, 9),
    )  # fmt: skip
    dtypes = (FLOAT,) * 6 + (torch.uint8, torch.int64, torch.int64, torch.int32, torch.bool)
    dtype = chance.choice((*dtypes, torch.complex64))
    return torch.zeros(chance.choice(shapes), dtype=dtype)


def test_which_inputs_take_what(regenerate):
    chance = random.Random("slots")
    names = ("x", "mask", "ids", "input_values", "Audio", "text", "image", "attention_mask")
    lines = []
    for _ in range(500):
        leaf, name = random_leaf(chance), chance.choice(names)
        use = None
        if chance.random() < 0.65:
            kind = chance.choice(("conv", "conv", "conv", "linear", "embedding"))
            rank = chance.choice((3, 4, 4, 5)) if kind == "conv" else 0
            use = LayerUse(
                kind, kind, tuple(leaf.shape), frozenset({0}), chance.choice((1, 2, 3, 3, 4, 7)),
                1 - rank, rank,
            )  # fmt: skip
        size = chance.choice((None, None, None, (20, 24), (20, 20), (3, 3)))
        candidate = ModelCandidate(
            nn.Identity(), "net", transform=chance.choice((None, None, abs)),
            sample_rate=chance.choice((None, None, None, 8000)),
        )  # fmt: skip
        uses = {} if use is None else {0: use}
        try:
            slots = find_slots(candidate, [leaf], [name], uses, size)
        except ValueError as error:
            slots = (f"{type(error).__name__}",)
        layer = "no layer" if use is None else f"{use.kind} of {use.size} rank {use.rank}"
        lines.append(
            f"{name} {tuple(leaf.shape)} {str(leaf.dtype)[6:]} {layer} size {size} transform "
            f"{candidate.transform is not None} rate {candidate.sample_rate}: {slots}"
        )
    golden_text.check("guesses/slots", lines, regenerate)


def test_names_of_leaves():
    model = model_with("first, second, *rest, third=None")
    inputs = ModelInputs(
        (1, {"a": 2, "b": [3, 4]}, [5, (6, {"c": 7})]), {"third": {"d": 8}, "other": 9}
    )
    wanted = ["first", "a", "b", "b", "rest", "rest", "c", "d", "other"]
    assert leaf_names(model, inputs) == wanted
    assert leaf_names(model_with("x"), ModelInputs((1, 2))) == ["x", "input"]
    pair = namedtuple("pair", "left right")
    assert leaf_names(model, ModelInputs((pair(1, [2, 3]),))) == ["left", "right", "right"]
    packed = nn.utils.rnn.pack_sequence([torch.ones(2, 1)])
    assert leaf_names(model, ModelInputs((packed,))) == ["first"]


def test_a_number_that_goes_along_with_an_image_is_no_image():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x, factor):
            return self.conv(x * factor)

    model = Scaled()
    model.example_input_array = torch.rand(1, 3, 20, 24), torch.tensor(0.5)
    source = open_source(ModelSpec(model))
    assert [(slot.name, slot.axes) for slot in source.slots] == [("x", "nchw")]


# Weights that are as they were initialized, and others.


def drawn() -> dict[str, torch.Tensor]:
    """Matrices as initializers leave them, and others."""
    numbers = torch.Generator().manual_seed(3)
    shape = (64, 40)
    normal = torch.randn(shape, generator=numbers)
    uniform = torch.rand(shape, generator=numbers)
    cut = torch.nn.init.trunc_normal_(torch.empty(shape), a=-2, b=2, generator=numbers)
    rows = uniform.clone()
    rows[::3] = 0
    smooth = torch.linspace(-1, 1, 64)[:, None] * torch.linspace(-1, 1, 40)
    two = torch.cat([normal[:32] * 0.01, normal[32:]])
    return {
        "normal": normal, "narrow": 0.03 * normal + 0.2, "wide": 40 * normal - 3,
        "narrow and truncated": 0.02 * cut + 0.01, "cut at one": normal.clamp(-1, 1),
        "uniform": uniform - 0.5, "shifted": uniform + 7, "truncated": cut,
        "small": normal[:3, :15] ** 3, "just too small": normal.flatten()[:47].reshape(1, 47) ** 3,
        "just enough": normal.flatten()[:48].reshape(1, 48) ** 5, "zeros": torch.zeros(shape),
        "zero rows": rows, "constant": torch.ones(shape), "smooth": smooth, "two scales": two,
        "cubes": normal**3, "sparse": normal * (uniform < 0.1), "rounded": normal.round(),
        "not finite": normal / 0, "orthogonal": nn.init.orthogonal_(torch.empty(40, 40),
                                                                    generator=numbers),
        "orthogonal rows": 3 * nn.init.orthogonal_(torch.empty(20, 60), generator=numbers),
        "orthogonal columns": nn.init.orthogonal_(torch.empty(600, 40), generator=numbers),
        "identity": torch.eye(40), "nearly identity": torch.eye(40) + 0.01 * normal[:40],
        "long": torch.randn(5000, 9, generator=numbers),
        "long cubes": torch.randn(5000, 9, generator=numbers) ** 3,
        "two long rows": torch.rand(2, 30000, generator=numbers),
        "one row differs": torch.cat(
            [torch.randn(4000, 9, generator=numbers), 50 + normal[:1, :9]]
        ),
        "complex": torch.complex(normal, uniform),
        "laplace": (uniform - 0.5).sign() * uniform.log(),
    }  # fmt: skip


def test_whether_weights_look_drawn(regenerate):
    lines = []
    for name, weight in drawn().items():
        model = nn.Module()
        model.weight = nn.Parameter(weight)
        told = f"{name}: {looks_initialized(model)}"
        sample = np.sort(weight.abs().double().flatten()[:1000].numpy())
        if np.isfinite(sample).all() and np.ptp(sample):
            told += f" distances {golden_text.numbers(list(_distances(sample)))}"
        lines.append(told)
    golden_text.check("guesses/drawn", lines, regenerate)


def test_nine_of_ten_weights_have_to_look_drawn():
    found = drawn()
    for odd, expected in ((0, True), (1, True), (2, False)):
        model = nn.Module()
        for number in range(10):
            weight = found["cubes" if number < odd else "normal"]
            model.register_parameter(f"w{number}", nn.Parameter(weight))
        assert looks_initialized(model) is expected, odd
    model.register_parameter("none", nn.Parameter(torch.ones(3, 3)))
    assert not looks_initialized(model)


def test_norms_tell_that_they_were_trained():
    def norm(**values):
        layer = nn.BatchNorm2d(4)
        for name, index in values.items():
            with torch.no_grad():
                getattr(layer, name)[index] += 0.5
        return looks_initialized(nn.Sequential(nn.Conv2d(3, 4, 3), layer))

    assert norm()
    for name in ("running_mean", "running_var", "weight", "bias"):
        assert not norm(**{name: 1}), name
        assert norm(**{name: slice(None)}) == (name in ("weight", "bias")), name
    assert looks_initialized(nn.Sequential(nn.Linear(3, 4)))
    assert not looks_initialized(nn.LazyLinear(3))
