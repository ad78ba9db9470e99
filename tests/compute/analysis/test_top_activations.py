"""The images that excite channels most, against a plain loop over all of them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from tests.support.odd_models import MODELS
from vrnn.compute.analysis import top_activation_cache
from vrnn.compute.analysis.top_activations import top_activation_steps
from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.shipped_models import digit_images
from vrnn.compute.loading.source import open_source
from vrnn.errors import VrnnError
from vrnn.media.image_set import ImageSet, image_folder
from vrnn.network.model_spec import ModelSpec

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(top_activation_cache, "cache_dir", lambda: tmp_path / "cache")
    return tmp_path / "cache" / "top-images"


@pytest.fixture(scope="module")
def digits():
    return LoadedModel(open_source(ModelSpec()), "layers")


def find_top_activations(model, images, node, k=9, measure="max"):
    """All steps at once."""
    steps = top_activation_steps(model, images, node, k, measure)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def node_of(model, name):
    return next(node.id for node in model.network.nodes if node.name == name)


def one_by_one(model, images, *nodes):
    """(N, C, H, W) of each node for every image, each image in a pass of its own."""
    found = [[] for _ in nodes]
    for number in range(len(images)):
        frame = model.run(images.image(number), lambda n, m: None, lambda: None)
        for node, values in zip(nodes, found, strict=True):
            maps = frame.maps[node]
            values.append(maps.values.astype(np.float64) * maps.scale)
    return [np.stack(values) for values in found]


@pytest.fixture(scope="module")
def maps_of_digits(digits):
    """Those of five layers, by the layer's name."""
    names = ["input", "stem.0", "stage2.1.add", "pool", "head"]
    nodes = [node_of(digits, name) for name in names]
    return dict(zip(names, one_by_one(digits, digit_images(), *nodes), strict=True))


@pytest.mark.parametrize("name", ["input", "stem.0", "stage2.1.add", "pool", "head"])
@pytest.mark.parametrize("measure", ["max", "mean"])
def test_all_digits_against_a_plain_loop(digits, maps_of_digits, name, measure):
    top = find_top_activations(digits, digit_images(), node_of(digits, name), 6, measure)
    values = maps_of_digits[name]
    flat = values.reshape(*values.shape[:2], -1)
    expected = flat.max(-1) if measure == "max" else flat.mean(-1)
    room = np.abs(expected).max() * 2e-3  # half floats, and rounding in a batch
    assert top.images.shape == top.values.shape == (values.shape[1], 6)
    assert (top.image_count, top.skipped) == (359, ())
    for channel in range(values.shape[1]):
        best = np.sort(expected[:, channel])[::-1][:6]
        assert np.abs(top.values[channel] - best).max() <= room
        assert len(set(top.images[channel])) == 6
        for image, value, (row, column) in zip(
            top.images[channel], top.values[channel], top.positions[channel], strict=True
        ):
            assert abs(expected[image, channel] - value) <= room
            largest = values[image, channel].max()
            assert values[image, channel, row, column] >= largest - room


def test_the_best_images_of_a_class_are_of_that_class(digits):
    top = find_top_activations(digits, digit_images(), node_of(digits, "head"), 5)
    for digit in range(10):
        assert {digit_images().label(i) for i in top.images[digit]} == {digit}


def test_a_model_that_takes_no_batches_and_one_with_attention(tmp_path):
    rng = np.random.default_rng(0)
    arrays = rng.integers(0, 255, (7, 8, 8, 3), np.uint8)
    images = ImageSet((), [-1] * 7, lambda i: arrays[i])
    model = LoadedModel(
        open_source(ModelSpec(MODELS["Tokens"](), input_size=(8, 8), device="cpu")), "layers"
    )
    for name in ("add", "attention"):
        node = node_of(model, name)
        top = find_top_activations(model, images, node, 3)
        (values,) = one_by_one(model, images, node)
        expected = np.sort(values.reshape(7, values.shape[1], -1).max(-1), 0)[::-1][:3].T
        assert np.allclose(top.values, expected, atol=np.abs(expected).max() * 2e-3)


class OfTheWholeBatch(nn.Module):
    """Gives something else when images come together, without an error."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 1)

    def forward(self, x):
        return self.conv(x - x.mean()) * 1.0


def test_a_model_that_mixes_the_images_of_a_batch_gets_them_one_by_one():
    torch.manual_seed(0)
    arrays = np.stack([np.full((8, 8, 3), v, np.uint8) for v in range(0, 250, 10)])
    arrays[:, 0, 0] = 255 - arrays[:, 0, 0]
    images = ImageSet((), [-1] * len(arrays), lambda i: arrays[i])
    model = LoadedModel(open_source(ModelSpec(OfTheWholeBatch(), input_size=(8, 8))), "layers")
    node = model.network.outputs[0]
    top = find_top_activations(model, images, node, 4)
    (values,) = one_by_one(model, images, node)
    values = values.reshape(len(arrays), 2, -1).max(-1)
    assert np.allclose(top.values, np.sort(values, 0)[::-1][:4].T, atol=np.abs(values).max() / 500)


def test_images_that_cannot_be_read_are_left_out_and_listed(tmp_path, digits):
    for number in range(6):
        pixels = np.full((9, 9, 3), 40 * number, np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    (tmp_path / "3.png").write_bytes(b"not a picture")
    top = find_top_activations(digits, image_folder(tmp_path), node_of(digits, "stem.0"), 9)
    assert top.image_count == 5
    assert top.images.shape == (16, 5)
    assert [number for number, _ in top.skipped] == [3]
    assert "3.png" in top.skipped[0][1]
    assert 3 not in top.images


def test_when_nothing_can_be_run_it_is_reported(tmp_path, digits):
    (tmp_path / "a.png").write_bytes(b"nothing")
    with pytest.raises(VrnnError, match=r"no image.*a\.png"):
        find_top_activations(digits, image_folder(tmp_path), node_of(digits, "stem.0"))
    with pytest.raises(VrnnError, match="no layer"):
        find_top_activations(digits, digit_images(), 10**6)
    with pytest.raises(VrnnError, match="max, mean"):
        find_top_activations(digits, digit_images(), 0, 9, "least")


def test_values_that_are_not_finite_do_not_win():
    class Bad(nn.Module):
        def forward(self, x):
            return torch.where(x > 0.5, torch.nan, x) * 1.0

    arrays = np.stack([np.full((8, 8, 3), v, np.uint8) for v in (0, 90, 250)])
    images = ImageSet((), [-1] * 3, lambda i: arrays[i])
    model = LoadedModel(open_source(ModelSpec(Bad(), input_size=(8, 8))), "all")
    top = find_top_activations(model, images, model.network.outputs[0], 2)
    assert top.images.tolist() == [[1, 0]] * 3
    assert np.isfinite(top.values).all()


def test_progress_is_reported_and_the_work_can_be_ended(digits, cache_folder):
    node = node_of(digits, "stage1.0.add")
    seen = list(top_activation_steps(digits, digit_images(), node, 9, "max"))
    assert seen[-1] == (359, 359)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    for file in cache_folder.iterdir():
        file.unlink()
    steps = top_activation_steps(digits, digit_images(), node, 9, "max")
    while next(steps)[0] < 50:
        pass
    steps.close()
    assert not list(cache_folder.iterdir())


def counting():
    """The digits, and how often one was asked for."""
    images, asked = digit_images(), []

    def read(number):
        asked.append(number)
        return images.image(number)

    return ImageSet(images.names, [images.label(i) for i in range(len(images))], read), asked


def equal(a, b):
    return (
        all(np.array_equal(getattr(a, n), getattr(b, n)) for n in ("images", "values", "positions"))
        and (a.node, a.measure, a.image_count) == (b.node, b.measure, b.image_count)
        and a.skipped == b.skipped
    )


def test_the_second_time_it_comes_from_the_cache(digits, cache_folder):
    node = node_of(digits, "stage2.0.add")
    images, asked = counting()
    first = find_top_activations(digits, images, node, 4)
    assert len(asked) > 359
    asked.clear()
    assert equal(first, find_top_activations(digits, images, node, 4))
    by_mean = find_top_activations(digits, images, node, 4, "mean")
    assert by_mean.measure == "mean"
    assert len(asked) == 2 * top_activation_cache.SAMPLE_COUNT
    assert all(f.suffix == ".npz" for f in cache_folder.iterdir())
    for file in cache_folder.iterdir():
        with np.load(file, allow_pickle=False) as data:
            assert {data[key].dtype.kind for key in data} <= set("ifU")


def test_other_weights_images_and_numbers_have_a_file_of_their_own(cache_folder):
    model = LoadedModel(open_source(ModelSpec()), "layers")
    node = node_of(model, "stem.0")
    images = digit_images()
    find_top_activations(model, images, node, 4)
    assert len(list(cache_folder.iterdir())) == 2
    find_top_activations(model, images, node, 3)
    assert len(list(cache_folder.iterdir())) == 4
    with torch.no_grad():
        model.source.model.stem[0].weight[0, 0, 0, 0] += 1
    find_top_activations(model, images, node, 4)
    assert len(list(cache_folder.iterdir())) == 6
    labels = [images.label(i) for i in range(180)]
    half = ImageSet(images.names, labels, images.image)
    find_top_activations(model, half, node, 4)
    assert len(list(cache_folder.iterdir())) == 8


def test_a_changed_file_is_noticed(tmp_path, digits, cache_folder):
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(40):
        Image.fromarray(np.full((9, 9, 3), 6 * number, np.uint8)).save(folder / f"{number:02}.png")
    node = node_of(digits, "input")
    assert find_top_activations(digits, image_folder(folder), node, 1).images[0, 0] == 39
    # One that is not among those looked at.
    Image.fromarray(np.full((8, 9, 3), 255, np.uint8)).save(folder / "04.png")
    assert find_top_activations(digits, image_folder(folder), node, 1).images[0, 0] == 4


@pytest.mark.parametrize("damage", ["cut", "empty", "flip", "other"])
def test_a_broken_file_is_ignored_and_written_again(digits, cache_folder, damage):
    node = node_of(digits, "stem.0")
    images, asked = counting()
    first = find_top_activations(digits, images, node, 4)
    for file in cache_folder.iterdir():
        content = bytearray(file.read_bytes())
        if damage == "cut":
            content = content[: len(content) // 2]
        elif damage == "empty":
            content = bytearray()
        elif damage == "flip":
            content[len(content) // 3] ^= 255
        else:
            np.savez(file, images=np.array([[object()]], object))
            continue
        file.write_bytes(content)
    asked.clear()
    assert equal(first, find_top_activations(digits, images, node, 4))
    assert len(asked) > 359
    asked.clear()
    assert equal(first, find_top_activations(digits, images, node, 4))
    assert len(asked) == top_activation_cache.SAMPLE_COUNT


def test_without_a_place_for_a_cache_the_work_is_done_all_the_same(digits, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(top_activation_cache, "cache_dir", lambda: tmp_path / "file")
    assert (
        find_top_activations(digits, digit_images(), node_of(digits, "stem.0"), 2).image_count
        == 359
    )
