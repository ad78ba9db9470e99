"""All guesses of each kind in their order, as golden text, and the numbers that they are."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.support import golden_text
from vrnn.compute.loading.candidate import IMAGENET_MEAN, IMAGENET_STD, ModelCandidate
from vrnn.compute.loading.first_guesses import vector_guesses
from vrnn.compute.loading.input_guess import (
    PHOTO_SIZES,
    InputGuess,
    float_dtype,
    image_guesses,
    sequence_guess,
    signal_guesses,
    transposed_guesses,
    volume_guesses,
)
from vrnn.compute.loading.torchvision_compat import allow_torchvision

FLOAT = torch.float32


def told(guesses: list[InputGuess]) -> str:
    return " ".join(f"{g.kind}{list(g.shape)}".replace(", ", "×") for g in guesses)


def test_guesses_of_every_kind_in_their_order(regenerate):
    model = nn.Linear(3, 2)
    lines = []
    for channels in (0, 1, 3, 5):
        for mean in (None, (0.5,), (0.1, 0.2), (0.1, 0.2, 0.3)):
            for size in (None, (28, 28), (28, 29), (20, 30)):
                candidate = ModelCandidate(model, "net", mean=mean)
                found = told(image_guesses(candidate, size, FLOAT, channels))
                lines.append(f"{channels} channels, mean {mean}, size {size}: {found}")
    for stride in (1, 2, (1, 2), (2, 1)):
        for padding in (0, 1, (0, 1), (1, 0)):
            layer = nn.ConvTranspose2d(6, 4, 3, stride, padding)
            found = told(transposed_guesses(layer, FLOAT))
            lines.append(f"transposed by {stride} with {padding} around: {found}")
    lines.append(told(signal_guesses(2, FLOAT)))
    lines += [told(volume_guesses(2, size, FLOAT)) for size in (None, (20, 30))]
    lines += [told([sequence_guess(6, FLOAT, first)]) for first in (True, False)]
    for features in (64, 65, 192, 784, 3072, 600, 1800, 150528):
        for size in (None, (20, 30), (30, 20)):
            found = told(vector_guesses(ModelCandidate(model, "net"), size, FLOAT, features))
            lines.append(f"{features} features, size {size}: {found}")
    golden_text.check("guesses/every-kind", lines, regenerate)


def test_nodes_have_as_many_rows_as_a_sequence_has_steps():
    class Graph(nn.Linear):
        def forward(self, x, edge_index):
            return x

    found = vector_guesses(ModelCandidate(Graph(5, 2), "net"), None, FLOAT, 5)
    assert told(found) == "vector[16×5] sequence[1×16×5]"


def test_what_guesses_are_made_of():
    cpu = torch.device("cpu")
    made = {
        kind: InputGuess("x", kind, (2, 5), dtype, high).tensor(cpu)
        for kind, dtype, high in (
            ("step", torch.int64, 7), ("mask", torch.float64, 7), ("ids", torch.int64, 3),
            ("vector", torch.float16, 7), ("image", torch.int32, 0),
        )
    }  # fmt: skip
    assert made["step"].tolist() == [[10] * 5] * 2
    assert made["mask"].tolist() == [[1.0] * 5] * 2
    assert made["ids"].tolist() == [[0, 1, 2, 0, 1], [2, 0, 1, 2, 0]]
    assert made["image"].tolist() == [[0] * 5] * 2
    normal = torch.randn(2, 5, generator=torch.Generator().manual_seed(0))
    assert torch.equal(made["vector"], normal.half())
    assert [t.dtype for t in made.values()] == [
        torch.int64, torch.float64, torch.int64, torch.float16, torch.int32,
    ]  # fmt: skip


def test_the_type_that_most_weights_have():
    assert float_dtype(nn.ReLU()) == torch.get_default_dtype()
    mixed = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2).half(), nn.Linear(2, 2).half())
    assert float_dtype(mixed) == torch.float16
    whole = nn.Sequential(nn.Linear(2, 2).double())
    whole.counts = nn.Parameter(torch.zeros(3, dtype=torch.long), requires_grad=False)
    whole.more = nn.Parameter(torch.zeros(3, dtype=torch.long), requires_grad=False)
    whole.others = nn.Parameter(torch.zeros(3, dtype=torch.long), requires_grad=False)
    assert float_dtype(whole) == torch.float64


def test_flattened_photos_are_those_of_well_known_data_sets():
    assert {1 * 28 * 28, 3 * 32 * 32, 3 * 64 * 64, 3 * 96 * 96, 3 * 224 * 224} == PHOTO_SIZES


def test_photos_are_normalized_as_torchvision_does():
    allow_torchvision()
    pytest.importorskip("torchvision")
    from torchvision.transforms._presets import ImageClassification

    preset = ImageClassification(crop_size=224)
    assert tuple(preset.mean) == IMAGENET_MEAN
    assert tuple(preset.std) == IMAGENET_STD
