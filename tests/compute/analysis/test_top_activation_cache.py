"""What is read back of top activations, and which files of them are refused or deleted."""

from __future__ import annotations

import os
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from vrnn.compute.analysis import top_activation_cache
from vrnn.compute.analysis.top_activation_cache import SAMPLE_COUNT, cache_key, load, save
from vrnn.media.image_set import ImageSet
from vrnn.network.graph import Network, Node
from vrnn.network.results import TopImages

TOP = TopImages(
    3, "max", np.array([[0, 5], [4, 1]], np.int32), np.array([[2, 1], [4, 3]], np.float32),
    np.zeros((2, 2, 2), np.int32), 5, ((2, "cannot be read"),),
)  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(top_activation_cache, "cache_dir", lambda: tmp_path)
    return tmp_path / "top-images"


def test_what_was_written_is_read_by_its_key_and_measure():
    save("key", [TOP, replace(TOP, measure="mean", node=4)])
    found = load("key", "max", 6)
    assert found is not None
    assert (found.node, found.measure, found.image_count) == (3, "max", 5)
    assert found.skipped == ((2, "cannot be read"),)
    for name in ("images", "values", "positions"):
        assert np.array_equal(getattr(found, name), getattr(TOP, name))
    other = load("key", "mean", 6)
    assert other is not None
    assert (other.node, other.measure) == (4, "mean")
    assert load("other", "max", 6) is None


@pytest.mark.parametrize("change", [
    {"images": np.array([[0, 6], [4, 1]], np.int32)}, {"images": np.array([[0, -1], [4, 1]])},
    {"images": np.array([[0, -1], [4, 1]], np.int32)}, {"images": TOP.images.astype(np.int64)},
    {"images": TOP.images[0]}, {"images": TOP.images[:1]}, {"values": TOP.values[:, :1]},
    {"values": TOP.values.astype(np.float64)}, {"positions": TOP.positions[..., :1]},
    {"positions": TOP.positions - 1}, {"positions": TOP.positions.astype(np.int64)},
    {"image_count": 6}, {"image_count": 4}, {"skipped": ()},
    {"images": np.zeros((2, 0), np.int32), "values": np.zeros((2, 0), np.float32),
     "positions": np.zeros((2, 0, 2), np.int32)},
])  # fmt: skip
def test_what_does_not_fit_together_is_as_if_it_were_not_there(change):
    save("key", [TOP])
    assert load("key", "max", 6) is not None
    save("key", [replace(TOP, **change)])
    assert load("key", "max", 6) is None
    assert load("key", "max", 5) is None


def test_the_numbers_at_the_ends_of_the_data_set_are_right():
    first = replace(TOP, images=np.array([[0, 5], [5, 0]], np.int32), image_count=6, skipped=())
    save("key", [first])
    assert load("key", "max", 6) is not None
    assert load("key", "max", 5) is None
    assert load("key", "max", 7) is None


def test_of_too_many_files_the_oldest_are_deleted(folder, monkeypatch):
    monkeypatch.setattr(top_activation_cache, "MAX_FILES", 3)
    for number in range(3):
        save(str(number), [TOP])
        os.utime(folder / f"{number}-max.npz", (1000 - number, 1000 - number))
    (folder / "other.txt").write_text("no file of these")
    save("new", [TOP])
    assert {path.name for path in folder.iterdir()} == {
        "0-max.npz", "1-max.npz", "new-max.npz", "other.txt",
    }  # fmt: skip


# Keys.


def key(images, prepare=None, files=(), node=1, k=9, names=()):
    """The key of a data set, how often it paused, and which images were read."""
    read = []

    def image(number):
        read.append(number)
        return images[number]

    def plain(pixels):
        return [torch.from_numpy(pixels).float()], pixels, ""

    network = Network("net", (Node(0, "n", "relu", "relu", "", (3, 8, 8)),), (), (0,), (0,))
    source = SimpleNamespace(model=nn.ReLU(), prepare=prepare or plain)
    dataset = ImageSet(names, [-1] * len(images), image, files=files)
    steps = cache_key(SimpleNamespace(network=network, source=source), dataset, node, k)
    pauses = 0
    while True:
        try:
            next(steps)
            pauses += 1
        except StopIteration as end:
            return end.value, pauses, read


def pictures(count):
    return [np.full((4, 5, 3), number, np.uint8) for number in range(count)]


@pytest.mark.parametrize(("count", "read"), [
    (1, [0]), (2, [0, 1]), (16, list(range(16))), (17, [*range(15), 16]), (0, []),
    (31, list(range(0, 31, 2))), (16 * 15 - 14, [15 * n for n in range(16)]),
])  # fmt: skip
def test_a_few_images_from_the_first_to_the_last_are_read(count, read):
    _, pauses, found = key(pictures(count))
    assert len(read) <= SAMPLE_COUNT
    assert found == read
    assert pauses == len(read)


def test_whatever_differs_makes_another_key():
    images = pictures(20)
    changed = pictures(20)
    changed[19] = changed[19] + 1
    wide = [image.reshape(5, 4, 3) for image in images]

    def doubled(pixels):
        return [torch.from_numpy(pixels).float() * 2], pixels, ""

    same = key(images)[0]
    assert key(images)[0] == same
    others = [
        key(changed), key(wide), key(images[:19]), key(images, doubled), key(images, node=2),
        key(images, k=8), key(images, names=("cat",)),
    ]  # fmt: skip
    assert len({same, *(other[0] for other in others)}) == 8


def test_an_image_that_cannot_be_read_is_passed_over():
    def failing(pixels):
        raise ValueError

    found, pauses, read = key(pictures(3), failing)
    assert (pauses, read) == (0, [0, 1, 2])
    assert found != key(pictures(3))[0]
    assert found == key(pictures(3), failing)[0]


def test_files_are_told_apart_by_name_size_and_time(tmp_path):
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for path in paths:
        path.write_bytes(b"abc")
        os.utime(path, (5, 5))

    def made():
        return key(pictures(3), files=[str(path) for path in paths])[0]

    found = [made(), made()]
    paths[2].write_bytes(b"abcd")
    os.utime(paths[2], (5, 5))
    found.append(made())
    os.utime(paths[2], (6, 5))
    assert made() == found[-1]
    os.utime(paths[2], (6, 6))
    found.append(made())
    paths[2] = paths[2].rename(tmp_path / "other.png")
    found.append(made())
    paths[2].unlink()
    found.append(made())
    assert found[0] == found[1]
    assert len(set(found)) == 5


def test_of_many_files_it_pauses_at_every_thousandth():
    files = [f"/nowhere/{number}" for number in range(2000)]
    images = pictures(1) * 2000
    assert key(images, files=files)[1] == SAMPLE_COUNT + 2
    assert key(images[1:], files=files[1:])[1] == SAMPLE_COUNT + 1
