"""A data set is scored before and after a change; what cannot be scored is told in a sentence."""

import numpy as np
import pytest
import torch
from torch import nn

from vrnn.compute.importance import importance_cache
from vrnn.compute.jobs import JobCancelled
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.scoring import score_cache, score_dataset
from vrnn.compute.scoring.score_dataset import best_classes, score_steps
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.kernel_edits import KernelEdit
from vrnn.network.model_spec import ModelSpec
from vrnn.network.results import Ablation

NAMES = ("red", "green", "blue")


class Colors(nn.Module):
    """Answers 0 to red and 1 to green, as channels 0 and 1 of its convolution are."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1, bias=False)
        self.head = nn.Linear(3, 3)
        with torch.no_grad():
            self.conv.weight.copy_(torch.eye(3)[..., None, None])
            self.head.weight.copy_(10 * torch.eye(3))
            self.head.bias.zero_()

    def forward(self, x):
        return self.head(torch.relu(self.conv(x)).mean((2, 3)))


def image(color):
    pixels = np.full((8, 8, 3), 30, np.uint8)
    pixels[..., color] = 220
    return pixels


def images(labels, names=NAMES, colors=None):
    colors = labels if colors is None else colors
    return ImageSet(names, labels, lambda i: image(colors[i]))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    for module in (importance_cache, score_cache):
        monkeypatch.setattr(module, "cache_dir", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def model(cache):
    torch.manual_seed(0)
    opened = LoadedModel(open_source(ModelSpec(Colors(), input_size=(8, 8))), "layers")
    opened.source.class_names = NAMES
    return opened


def finish(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def scored(model, dataset, ablations=()):
    with model.editor.active():
        return finish(score_steps(model, dataset, ablations))


def test_an_edit_makes_answers_wrong_and_right(model):
    # The last image is red but called green: wrong before.
    dataset = images([0, 0, 1, 1, 1], colors=[0, 0, 1, 1, 0])
    plain = scored(model, dataset)
    assert plain.before is plain.now
    assert plain.now.accuracy == 0.8
    assert plain.now.answers.tolist() == [0, 0, 1, 1, 0]
    # Channel 0 looks for green and channel 1 for red: their answers are exchanged.
    swap = [
        KernelEdit("conv", 0, None, "values", (0.0, 1.0, 0.0)),
        KernelEdit("conv", 1, None, "values", (1.0, 0.0, 0.0)),
    ]
    model.editor.apply(model.view, swap)
    both = scored(model, dataset)
    assert both.before.accuracy == 0.8
    assert both.became_wrong.tolist() == [0, 1, 2, 3]
    assert both.became_right.tolist() == [4]
    model.editor.apply(model.view, [])
    assert not scored(model, dataset).has_change


def test_an_ablation_counts_and_a_second_time_nothing_is_run(model, monkeypatch):
    dataset = images([0, 1])
    ablation = Ablation("conv", (1,))
    both = scored(model, dataset, [ablation])
    assert both.before.accuracy == 1
    assert both.became_wrong.tolist() == [1]
    passes = []
    real = score_dataset.answer
    monkeypatch.setattr(score_dataset, "answer", lambda *a: passes.append(a) or real(*a))
    again = scored(model, dataset, [ablation])
    assert not passes
    assert np.array_equal(again.now.answers, both.now.answers)
    scored(model, dataset, [Ablation("conv", (0,))])
    assert passes


def test_it_can_be_stopped_between_passes(model):
    def stop():
        raise JobCancelled

    with pytest.raises(JobCancelled):
        finish(score_steps(model, images([0, 1]), (), stop))


def test_a_damaged_cache_is_not_read(model, cache):
    dataset = images([0, 1])
    first = scored(model, dataset)
    for file in (cache / "scores").iterdir():
        file.write_bytes(file.read_bytes()[:40])
    assert np.array_equal(scored(model, dataset).now.answers, first.now.answers)


def broken(index):
    if index == 1:
        raise OSError("no such disk")
    return image(0)


def test_images_that_cannot_be_read_and_classes_without_images_are_told(model):
    found = scored(model, ImageSet(NAMES, [0, 0, 0], broken))
    assert [number for number, _ in found.skipped] == [1]
    assert "no such disk" in found.skipped[0][1]
    assert len(found.now.labels) == 2
    assert found.missing_classes == (1, 2)


@pytest.mark.parametrize(
    ("dataset", "reason"),
    [
        (images([-1, -1], names=(), colors=[0, 1]), "have no labels"),
        (images([0, 1], names=("cat", "dog")), "not one of the model's"),
        (images([]), "no image of the data set can be used"),
        (ImageSet(("red",), [0, 0], lambda i: broken(1)), "no such disk"),
    ],
)
def test_a_data_set_that_cannot_be_scored_is_told(model, dataset, reason):
    with pytest.raises(VrnnError, match=reason):
        scored(model, dataset)


def test_a_model_without_classes_is_told(cache):
    model = LoadedModel(
        open_source(ModelSpec(nn.Conv2d(3, 4, 3, padding=1), input_size=(8, 8))), "layers"
    )
    with pytest.raises(VrnnError, match="gives no class scores, so it answers nothing"):
        scored(model, images([0, 1]))


def test_probabilities_logits_and_what_is_not_finite():
    rows = np.array([[0.1, 0.9], [0.0, np.log(3)], [np.nan, 1.0], [np.nan, np.inf]], np.float32)
    answers, confidences = best_classes(rows)
    assert answers.tolist() == [1, 1, 1, -1]
    assert confidences[:2].tolist() == pytest.approx([0.9, 0.75])
    assert confidences[3] == 0
