"""Models compared with their children: weights, CKA, answers, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.support.few_digits import few_digits
from vrnn.compute.comparison import cka_steps as steps_module
from vrnn.compute.comparison.answers import compared_answers
from vrnn.compute.comparison.cka_steps import cka_steps
from vrnn.compute.comparison.comparison import comparison_steps
from vrnn.compute.comparison.layer_weights import layer_weights
from vrnn.compute.comparison.weight_differences import weight_differences
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.tracing.tensors import tensors_in
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.cka import CkaSums, gram_matrix
from vrnn.network.layer_matching import match_layers
from vrnn.network.model_spec import ModelSpec


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what is found for this test alone."""
    monkeypatch.setattr(steps_module, "cache_dir", lambda: tmp_path / "cache")


class Small(nn.Module):
    """Two convolutions and a head."""

    def __init__(self, channels: int = 4, side: int = 28) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, channels, 3, stride=2)
        self.up = nn.ConvTranspose2d(channels, 6, 2, groups=2)
        self.fc = nn.Linear(6, 10)
        self.example_input = torch.rand(1, 1, side, side)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return scores."""
        maps = torch.relu(self.up(torch.relu(self.conv1(image))))
        return self.fc(maps.mean((2, 3)))


def opened(model: object, data: Path | None = None) -> LoadedModel:
    """Open a model."""
    return LoadedModel(open_source(ModelSpec(model, data=data)), "layers")


def finish(steps):
    """Return what steps return, and how far they said to be."""
    told = []
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            return end.value, told


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """A folder of 20 digits."""
    return few_digits(tmp_path / "digits", 20).data


def test_weights_of_a_fine_tuned_child() -> None:
    torch.manual_seed(0)
    parent, child = Small(), Small()
    child.load_state_dict(parent.state_dict())
    with torch.no_grad():
        child.fc.weight *= 1.25
        child.up.weight[:, 0] = 0
    models = opened(parent), opened(child)
    matching = match_layers(models[0].network, models[1].network)
    found = weight_differences(*models, matching)
    names = [models[0].network.by_id[one.first].name for one in found]
    assert names == ["conv1", "up", "fc"]
    assert [one.relative for one in found[::2]] == pytest.approx([0, 0.25])
    # Of a transposed convolution the first output channel of each of its two groups.
    assert found[1].channels == pytest.approx([1, 0, 0, 1, 0, 0])
    assert found[1].shapes == ((6, 2, 2, 2),) * 2


@pytest.mark.filterwarnings("ignore")
def test_quantized_weights_are_those_they_stand_for() -> None:
    parent = Small().eval()
    child = torch.ao.quantization.quantize_dynamic(parent, {nn.Linear})
    models = opened(parent), opened(child)
    found = weight_differences(*models, match_layers(models[0].network, models[1].network))
    last = found[-1]
    assert last.reason == ""
    assert 0 < last.relative < 0.01


def test_weights_of_a_pruned_child_have_other_shapes() -> None:
    models = opened(Small(4)), opened(Small(2))
    found = weight_differences(*models, match_layers(models[0].network, models[1].network))
    assert found[0].reason == "its weights have other shapes: 4×1×3×3 and 2×1×3×3"
    assert found[2].reason == ""


def test_weights_are_those_of_the_modules() -> None:
    model = Small()
    weights = {
        opened(model).network.by_id[n].name: w for n, w in layer_weights(opened(model)).items()
    }
    np.testing.assert_array_equal(weights["conv1"], model.conv1.weight.detach().numpy())


def test_cka_is_that_of_features_taken_by_hand(digits: Path) -> None:
    torch.manual_seed(0)
    models = opened(Small(), digits), opened(Small(8))
    found, told = finish(cka_steps(*models))
    assert found.images == 20
    assert told[-1].done == told[-1].total == 20
    dataset = models[0].source.dataset
    assert dataset is not None
    features = []
    for model in models:
        images = torch.cat(
            [next(tensors_in(model.source.prepare(dataset.image(i)).inputs)) for i in range(20)]
        )
        with torch.no_grad():
            conv = torch.relu(model.source.model.conv1(images))
            up = torch.relu(model.source.model.up(conv))
            mean = up.mean((2, 3))
            last = model.source.model.fc(mean)
        features.append([x.flatten(1).numpy() for x in (conv, up, mean, last)])
    sums = CkaSums(4, 4)
    sums.add(*([gram_matrix(x) for x in one] for one in features))
    assert found.rows == found.columns == ("conv1", "up", "mean", "fc")
    np.testing.assert_allclose(found.values, sums.values(), atol=1e-3)
    again, told = finish(cka_steps(*models))
    np.testing.assert_array_equal(again.values, found.values)
    assert not any(step.text.startswith("comparing") for step in told)


def test_a_network_compared_with_itself(digits: Path) -> None:
    model = opened(ModelSpec("digits").model, digits)
    found, _ = finish(comparison_steps(model, model))
    assert found.cka is not None
    assert found.answers is not None
    np.testing.assert_allclose(np.diag(found.cka.values), 1, atol=1e-5)
    assert all(one.relative == 0 for one in found.weights)
    assert found.answers.counts[1:3] == (0, 0)
    assert not found.notes


def test_answers_are_those_of_each_model(digits: Path) -> None:
    models = opened("digits", digits), opened(Small(), digits)
    found, _ = finish(compared_answers(*models))
    dataset = models[0].source.dataset
    assert dataset is not None
    number = 7
    inputs = models[1].source.prepare(dataset.image(int(found.numbers[number]))).inputs
    with torch.no_grad():
        scores = models[1].source.model(next(tensors_in(inputs)))[0]
    assert found.answers[1, number] == int(scores.argmax())
    assert sum(found.counts) == 20
    assert found.accuracy[0] > 0.9


def test_a_layer_that_is_nan_is_told(digits: Path) -> None:
    broken = Small()
    with torch.no_grad():
        broken.up.bias[0] = float("nan")
    models = opened(Small(), digits), opened(broken)
    found, _ = finish(comparison_steps(*models))
    assert found.cka is not None
    assert np.isfinite(found.cka.values[:, 0]).all()
    assert np.isnan(found.cka.values[:, 1:]).all()
    assert found.notes[0] == (
        "up of Small (second) has values that are NaN or infinite, so nothing is compared with it"
    )


def test_other_input_sizes_are_compared_over_the_same_images(digits: Path) -> None:
    models = opened(Small(), digits), opened(Small(side=40))
    found, _ = finish(cka_steps(*models))
    assert np.isfinite(found.values).all()


class Text(nn.Module):
    """A model for tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(9, 4)
        self.example_input = torch.zeros(1, 5, dtype=torch.long)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return vectors."""
        return self.embedding(tokens)


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VrnnError, match="neither Small nor Small has a data set"):
        finish(cka_steps(opened(Small()), opened(Small())))
    three = few_digits(tmp_path / "three", 3).data
    with pytest.raises(VrnnError, match=r"at least 4 images .* but there are 3; give more"):
        finish(cka_steps(opened(Small(), three), opened(Small())))
    with pytest.raises(VrnnError, match="Text takes no images"):
        finish(cka_steps(opened(Small(), three), opened(Text())))


def test_images_that_one_cannot_take_are_left_out(
    digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = opened(Small(), digits), opened(Small())
    prepare = models[1].source.prepare
    count = 0

    def refuse(image):
        nonlocal count
        count += 1
        if count == 30:
            raise VrnnError("it is too dark")
        return prepare(image)

    # Of these calls 16 are for the name of the data set in the cache.
    monkeypatch.setattr(models[1].source, "prepare", refuse)
    found, _ = finish(cka_steps(*models))
    assert found.images == 19
    assert found.notes(("a", "b")) == [
        f"1 image is left out, such as image {found.skipped[0][0]}: it is too dark"
    ]


def test_a_small_budget_takes_batches(digits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps_module, "MAX_FEATURE_BYTES", 1)
    models = opened(Small(), digits), opened(Small())
    sizes = []
    add = CkaSums.add

    def count(self, first, second):
        sizes.append(len(first[0]))
        add(self, first, second)

    monkeypatch.setattr(CkaSums, "add", count)
    found, _ = finish(cka_steps(*models))
    assert sizes == [4] * 5
    assert isinstance(models[0].source.dataset, ImageSet)
    assert found.images == 20
