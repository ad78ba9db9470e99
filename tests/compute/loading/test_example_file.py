"""The examples that a recording keeps: one, several, too many, damaged."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from vrnn.compute.loading import example_file
from vrnn.compute.loading.example_file import read_examples, write_example
from vrnn.compute.training.example_hook import FIRST_SAMPLES, first_samples
from vrnn.errors import VrnnError
from vrnn.recordings.manifest import EXAMPLE

BATCH = torch.arange(3 * 2 * 4 * 4.0).view(3, 2, 4, 4)


@pytest.mark.parametrize("example", [BATCH, list(BATCH), list(BATCH.split(1))])
def test_several_images_are_read_one_by_one(tmp_path: Path, example: object) -> None:
    assert write_example(tmp_path, example) == ""
    found = read_examples(tmp_path / EXAMPLE)
    assert len(found) == 3
    for number, (tensor,) in enumerate(found):
        assert torch.equal(tensor, BATCH[number : number + 1])


@pytest.mark.parametrize(
    "example", [BATCH[:1], torch.ones(5, 7), (torch.ones(5, 2), torch.ones(4)), (BATCH, BATCH[:1])]
)
def test_what_is_no_batch_of_images_goes_in_as_it_is(tmp_path: Path, example: object) -> None:
    write_example(tmp_path, example)
    (found,) = read_examples(tmp_path / EXAMPLE)
    given = example if isinstance(example, tuple) else (example,)
    assert all(torch.equal(one, other) for one, other in zip(found, given, strict=True))


def test_a_tuple_of_batches_is_split_together(tmp_path: Path) -> None:
    write_example(tmp_path, (BATCH, torch.tensor([7, 8, 9])))
    found = read_examples(tmp_path / EXAMPLE)
    assert [int(second) for _, second in found] == [7, 8, 9]


def test_too_many_images_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = torch.zeros(100, 1, 2, 2)
    assert write_example(tmp_path, many) == (
        "of 100 images the first 64 are kept beside the recording"
    )
    assert len(read_examples(tmp_path / EXAMPLE)) == 64
    monkeypatch.setattr(example_file, "MAX_BYTES", 33)
    assert "first 2 are kept" in write_example(tmp_path, many)


def test_images_that_differ_and_other_things_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(VrnnError, match="differ: 1×2×2 and 1×3×3; give them one size"):
        write_example(tmp_path, [torch.ones(1, 2, 2), torch.ones(1, 3, 3)])
    for example in ([], [1, 2], "text", ()):
        with pytest.raises(VrnnError, match="list of images"):
            write_example(tmp_path, example)


def test_damaged_examples_are_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / EXAMPLE
    write_example(tmp_path, BATCH)
    whole = file.read_bytes()
    for content in (b"", whole[:40], whole[:-1]):
        file.write_bytes(content)
        with pytest.raises(VrnnError, match="damaged; remove it"):
            read_examples(file)
    for tensors, samples in (
        ({"0": BATCH}, "4"),
        ({"0": BATCH}, "x"),
        ({}, "1"),
        ({"a": BATCH}, "1"),
    ):
        save_file(tensors, file, {"samples": samples})
        with pytest.raises(VrnnError, match="damaged; remove it"):
            read_examples(file)


def test_of_a_first_batch_some_images_are_kept() -> None:
    model = torch.nn.Conv2d(2, 1, 3)
    (kept,) = first_samples(model, (torch.ones(50, 2, 4, 4),), {}) or ()
    assert len(kept) == FIRST_SAMPLES
    (one,) = first_samples(torch.nn.Linear(3, 1), (torch.ones(50, 3),), {}) or ()
    assert len(one) == 1
