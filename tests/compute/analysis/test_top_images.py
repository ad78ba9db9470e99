"""How images are measured, ranked, batched and skipped, against plain NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from vrnn.compute.analysis import image_runner, top_activation_cache
from vrnn.compute.analysis.image_runner import (
    MAX_BATCH,
    STEP_SECONDS,
    TOLERANCE,
    ImageRunner,
    _is_close,
)
from vrnn.compute.analysis.top_activations import (
    Measures,
    TopTable,
    _measure,
    top_activation_steps,
)
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.operators.tensor_layout import MapLayout
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet
from vrnn.network.model_spec import ModelSpec


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(top_activation_cache, "cache_dir", lambda: tmp_path / "cache")


TOKENS = MapLayout((5, 3, 4), (-1, 3, 4, 5), (3,), (1,), (2,), (), (1, 3), 2, 1, 0)
SLICES = MapLayout((5, 3, 4), (-1, 5, 2, 3, 4), (1,), (3,), (4,), ((2,),), sample_place=0)


@pytest.mark.parametrize(("layout", "shape", "maps"), [
    (MapLayout.plain((5, 3, 4)), (2, 5, 3, 4), lambda t: t.reshape(2, 5, 12)),
    (TOKENS, (2, 15, 5), lambda t: t[:, 2:14].transpose(0, 2, 1)),
    (SLICES, (2, 5, 2, 3, 4), lambda t: t.reshape(2, 5, 24)),
], ids=["maps", "tokens", "slices"])  # fmt: skip
@pytest.mark.parametrize("kind", ["plain", "some infinite", "none finite", "negative", "complex"])
def test_a_map_is_measured_at_what_is_finite(layout, shape, maps, kind):
    values = np.random.default_rng(3).normal(size=shape).astype(np.float32)
    if kind == "some infinite":
        values[values > 0.8], values[values < -1] = np.inf, np.nan
    elif kind == "none finite":
        values[:] = np.nan
    elif kind == "negative":
        values = -np.abs(values) - 1
    tensor = torch.from_numpy(values)
    if kind == "complex":
        tensor, values = torch.complex(tensor, tensor * 2), np.abs(values + 2j * values)
    found = _measure(tensor, layout)
    expected = maps(values)
    for sample in range(2):
        for channel in range(5):
            line = expected[sample, channel]
            finite = np.isfinite(line)
            best = line[finite].max() if finite.any() else -np.inf
            mean = line[finite].mean() if finite.any() else -np.inf
            assert found.maximum[sample, channel] == pytest.approx(best, rel=1e-5)
            assert found.mean[sample, channel] == pytest.approx(mean, rel=1e-4, abs=1e-5)
            if finite.any():
                place = int(np.where(finite, line, -np.inf).argmax()) % 12
                assert found.position[sample, channel] == place


def test_the_best_of_all_batches_stay_and_of_equals_the_first():
    numbers = np.random.default_rng(1)
    values = numbers.integers(0, 6, (40, 3)).astype(np.float32)
    places = numbers.integers(0, 35, (40, 3))
    table = TopTable(5)
    table.add(np.zeros(0, int), values[:0], places[:0])
    assert table.image_count == 0
    for start, end in ((0, 3), (3, 4), (4, 4), (4, 20), (20, 40)):
        table.add(np.arange(start, end), values[start:end], places[start:end])
    top = table.result(7, "mean", 5, ((41, "gone"),))
    assert (top.node, top.measure, top.image_count, top.skipped) == (7, "mean", 40, ((41, "gone"),))
    assert (top.images.dtype, top.values.dtype, top.positions.dtype) == (
        np.int32, np.float32, np.int32,
    )  # fmt: skip
    for channel in range(3):
        best = sorted(range(40), key=lambda i: (-values[i, channel], i))[:5]
        assert top.images[channel].tolist() == best
        assert top.values[channel].tolist() == values[best, channel].tolist()
        rows = [list(divmod(int(places[i, channel]), 5)) for i in best]
        assert top.positions[channel].tolist() == rows


@pytest.mark.parametrize(("difference", "is_close"), [
    (0.0, True), (0.99 * TOLERANCE * 4, True), (1.01 * TOLERANCE * 4, False), (-0.0041, False),
])  # fmt: skip
def test_what_a_batch_gives_may_differ_by_a_part_of_the_peak(difference, is_close):
    alone = np.array([[1.0, -4.0, 0.0]])
    for place in range(3):
        batch = alone.copy()
        batch[0, place] += difference
        assert _is_close(batch, alone) == is_close
    odd = np.array([[1.0, -np.inf, np.nan]])
    assert not _is_close(odd, odd.copy())  # what is no number is like nothing
    assert not _is_close(np.array([[1.0, -np.inf]]), np.array([[1.0, 2.0]]))
    assert _is_close(np.array([[1.0, -np.inf]]), np.array([[1.0, -np.inf]]))
    assert not _is_close(np.array([[1.0, 2.0]]), np.array([[1.0]]))
    assert not _is_close(np.array([[np.inf]]), np.array([[1.0]]))


class Scaled(nn.Module):
    """Does the same with each image."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 1)

    def forward(self, x):
        return self.conv(x) * 2


class Choosy(Scaled):
    """Takes another way for dark images, none for white ones, and one image at a time."""

    def forward(self, x):
        if float(x.min()) > 2.0 or len(x) > 1:
            raise ValueError("too bright")
        return super().forward(x.abs() if float(x.max()) < -1.7 else x)


def opened(model):
    torch.manual_seed(0)
    return LoadedModel(open_source(ModelSpec(model, input_size=(8, 8), device="cpu")), "layers")


@pytest.fixture(scope="module")
def model():
    return opened(Scaled())


def images_of(*values):
    """Images of one color each; None cannot be read, a text is told of as it is."""

    def image(number):
        value = values[number]
        if isinstance(value, str):
            raise VrnnError(value)
        if value is None:
            raise KeyError("broken")
        return np.full((8, 8, 3), value, np.uint8)

    return ImageSet((), [-1] * len(values), image)


def runner_of(model, images, node):
    layout = model.view.map_layouts[node]
    return ImageRunner(model, images, (node,), lambda _, tensor: _measure(tensor, layout))


def run(runner, indices):
    """The measures of the only node."""
    (measured,) = runner.run(indices).values()
    return Measures(*measured)


def finished(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_why_each_image_was_skipped():
    model = opened(Choosy())
    images = images_of(100, None, "cut short", 255, 0, 120)
    top = finished(top_activation_steps(model, images, model.network.outputs[0], 9, "max"))
    assert top.image_count == 2
    assert sorted(top.images[0].tolist()) == [0, 5]
    reasons = dict(top.skipped)
    assert sorted(reasons) == [1, 2, 3, 4]
    assert "KeyError: 'broken'" in reasons[1]
    assert "cut short" in reasons[2]
    assert reasons[3].endswith("ValueError: too bright")
    assert reasons[4] == "the model takes another path for this image"


def test_what_cannot_be_asked_for_is_told(model):
    node = model.network.outputs[0]
    for k, told in ((0, "the best 0 images; ask for at least 1"), (1, "")):
        steps = top_activation_steps(model, images_of(100), node, k, "max")
        if told:
            with pytest.raises(VrnnError, match=told):
                next(steps)
        else:
            assert finished(steps).images.shape == (2, 1)
    with pytest.raises(VrnnError, match="no image of the data set can be run: it is empty; choose"):
        finished(top_activation_steps(model, images_of(), node, 1, "max"))


@pytest.mark.parametrize(("seconds", "before", "after"), [
    (STEP_SECONDS, 8, 1), (STEP_SECONDS * 2, 8, 1), (STEP_SECONDS / 5.5, 8, 5),
    (STEP_SECONDS / 500, 1, 2), (STEP_SECONDS / 500, 8, 16), (STEP_SECONDS / 500, 30, MAX_BATCH),
    (0.0, 16, 32), (STEP_SECONDS / 9.5, 4, 8), (STEP_SECONDS / 9.5, 5, 9),
])  # fmt: skip
def test_batches_are_as_large_as_a_step_allows_and_at_most_double(model, seconds, before, after):
    runner = runner_of(model, images_of(100), model.network.outputs[0])
    assert runner.batch_size == 1
    runner.batch_size = before
    runner._adapt_batch_size(seconds)
    assert runner.batch_size == after


def test_images_run_together_give_what_they_give_alone(model, monkeypatch):
    node = model.network.outputs[0]
    runner = runner_of(model, images_of(*range(60, 200, 20)), node)
    together = run(runner, range(4))
    assert runner.run_indices == [0, 1, 2, 3]
    for number in range(4):
        alone = run(
            runner_of(model, images_of(*range(60, 200, 20)), node), range(number, number + 1)
        )
        np.testing.assert_allclose(together.maximum[number], alone.maximum[0], rtol=1e-5)
        np.testing.assert_allclose(together.mean[number], alone.mean[0], rtol=1e-5)
    wrong = []
    original = image_runner._is_close

    def never_close(a, b):
        wrong.append(original(a, b))
        return False

    monkeypatch.setattr(image_runner, "_is_close", never_close)
    runner = runner_of(model, images_of(*range(60, 200, 20)), node)
    apart = run(runner, range(4))
    assert wrong == [True]  # the maxima; the means are not asked for then
    np.testing.assert_allclose(apart.maximum, together.maximum, rtol=1e-5)
    runner.run(range(4, 7))
    assert (len(wrong), runner.batch_size) == (1, 1)  # not tried again


def test_without_an_image_there_are_no_measures(model):
    runner = runner_of(model, images_of(None, None), model.network.outputs[0])
    assert not runner.run(range(2))
    assert runner.run_indices == []
