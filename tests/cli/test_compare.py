"""`vrnn compare` and `vrnn.compare`: tables, a picture, and refusals."""

import csv

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

import vrnn
from tests.support.few_digits import few_digits
from vrnn.cli.main import main
from vrnn.compute.comparison import cka_steps
from vrnn.compute.importance import importance_cache
from vrnn.compute.loading.source import open_source
from vrnn.errors import VrnnError
from vrnn.network.model_spec import ModelSpec


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    for module in (cka_steps, importance_cache):
        monkeypatch.setattr(module, "cache_dir", lambda: tmp_path / "cache")


@pytest.fixture
def tuned(tmp_path):
    """Weights of the network for digits, those of its head twice as large."""
    weights = dict(open_source(ModelSpec("digits")).model.state_dict())
    weights["head.weight"] = weights["head.weight"] * 2
    save_file(
        {name: value.clone() for name, value in weights.items()}, tmp_path / "tuned.safetensors"
    )
    return tmp_path / "tuned.safetensors"


def run(*words):
    return main(["compare", "--model", "digits", *map(str, words)])


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_files_of_a_tuned_network(tmp_path, tuned, capsys):
    out, data = tmp_path / "made" / "two", few_digits(tmp_path / "few", 12).data
    words = ("--model", "digits", "--weights", "none", "--weights", tuned)
    assert run(*words, "--data", data, "--out", out) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == ("24 layers match, 0 are only in digits (first), 0 only in digits (second)")
    assert told[1] == "  head: |Δw|/|w| = 1"
    assert told[-1] == str(out)
    assert sorted(path.name for path in out.iterdir()) == [
        "channels.csv", "cka.csv", "cka.png", "matching.csv", "scores.csv", "weights.csv",
    ]  # fmt: skip
    assert {row["matched_by"] for row in rows_of(out / "matching.csv")} == {"name"}
    weights = {row["first"]: row for row in rows_of(out / "weights.csv")}
    assert weights["head"]["relative_difference"] == "1"
    assert weights["head"]["first_shape"] == "10×64"
    assert weights["stem.0"]["relative_difference"] == "0"
    changed = [row for row in rows_of(out / "channels.csv") if row["relative_difference"] != "0"]
    assert [row["channel"] for row in changed] == [str(i) for i in range(10)]
    cka = rows_of(out / "cka.csv")
    for row in cka:
        assert float(row[row["layer"]]) == pytest.approx(1, abs=2e-3)
    scores = rows_of(out / "scores.csv")
    assert len(scores) == 12
    assert {row["first_is"] for row in scores} <= {"right", "wrong"}
    assert [row["first_answer"] for row in scores] == [row["second_answer"] for row in scores]
    with Image.open(out / "cka.png") as picture:
        assert len(picture.convert("RGB").getcolors(1 << 24)) > 100


def test_without_images_weights_are_compared(tmp_path, tuned):
    words = ("--model", "digits", "--weights", "none", "--weights", tuned, "--images", 0)
    assert run(*words, "--quiet", "--out", tmp_path / "out") == 0
    assert not (tmp_path / "out" / "cka.csv").exists()
    assert (tmp_path / "out" / "weights.csv").exists()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((), "two networks are compared, and --model is given 1 time; give it twice"),
        (("--model", "digits", "--model", "digits"), "--model is given 3 times; give it twice"),
        (("--model", "digits", "--images", "3"), "'3' should be 0, or a number from 4 to"),
    ],
)
def test_refusals(tmp_path, capsys, words, reason):
    assert run(*words, "--out", tmp_path / "out") == 2
    told = capsys.readouterr().err
    assert reason in told
    assert len(told.splitlines()) == 1


def test_from_python():
    torch.manual_seed(0)
    models = []
    for _ in range(2):
        model = torch.nn.Sequential(
            torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten(), torch.nn.Linear(72, 3)
        )
        model.example_input = torch.rand(1, 1, 8, 8)
        models.append(model)
    found = vrnn.compare(*models)
    assert [pair.reason for pair in found.matching.pairs] == ["name"] * len(found.matching.pairs)
    assert all(np.isfinite(one.relative) and one.relative > 0 for one in found.weights)
    assert found.cka is None
    assert "has a data set to compare layers over" in found.notes[0]
    with pytest.raises(VrnnError, match="at least 4 images, not 2"):
        vrnn.compare(*models, images=2)
