"""`vrnn importance`: tables, curves and pictures of a class, and refusals."""

import csv

import numpy as np
import pytest
from PIL import Image

from vrnn.cli import importance_pictures
from vrnn.cli.main import main
from vrnn.compute.importance import importance_cache
from vrnn.compute.importance import labeled_images as labeled
from vrnn.errors import VrnnError


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(importance_cache, "cache_dir", lambda: tmp_path / "cache")
    monkeypatch.setattr(labeled, "MAX_IMAGES", 40)


def run(*words):
    return main(["importance", "--model", "digits", *map(str, words)])


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_files_of_a_class(tmp_path, capsys):
    out = tmp_path / "made" / "three"
    words = ("--class", "3", "--measure", "gradient", "--points", 3, "--out", out)
    assert run(*words) == 0
    told = capsys.readouterr().out
    assert told.splitlines()[-1] == str(out)
    assert "mean |gradient × activation|" in told
    assert sorted(path.name for path in out.iterdir()) == [
        "curves-3.png", "curves.csv", "importance.csv", "network-3.png", "weights.npz",
    ]  # fmt: skip
    channels = rows_of(out / "importance.csv")
    assert len(channels) == 2 * 784
    by_layer = {}
    for row in channels:
        if row["measure"] == "gradient":
            assert row["class"] == "3"
            by_layer.setdefault(row["layer"], []).append(float(row["importance"]))
    assert all(max(values) == 1 and min(values) >= 0 for values in by_layer.values())
    assert len(by_layer["stage3.1.add"]) == 64
    curves = rows_of(out / "curves.csv")
    assert [(row["ranking"], row["share"]) for row in curves] == [
        (ranking, share)
        for ranking in ("magnitude", "random", "gradient")
        for share in ("0", "0.5", "1")
    ]
    assert all(0 <= float(row["accuracy"]) <= float(curves[0]["accuracy"]) for row in curves)
    with np.load(out / "weights.npz", allow_pickle=False) as weights:
        assert weights["head"].shape == (10, 64)
        assert weights["stage2.0.conv1"].max() == 1
    with Image.open(out / "network-3.png") as picture:
        assert picture.size == (1920, 1080)
        assert len(picture.convert("RGB").getcolors(1 << 24)) > 1000
    with Image.open(out / "curves-3.png") as picture:
        pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    # In the legend, and as a curve where that lies on top.
    for color, least in (((0, 158, 115), 400), ((204, 121, 167), 90), ((150, 157, 170), 90)):
        assert (np.abs(pixels.astype(int) - color).sum(1) < 6).sum() >= least


def test_what_was_found_is_not_found_again(tmp_path, monkeypatch):
    words = ("--class", "3", "--measure", "gradient", "--points", 2, "--quiet")
    assert run(*words, "--out", tmp_path / "first") == 0
    from vrnn.compute.importance import importance

    monkeypatch.setattr(importance, "class_gradients", None)
    monkeypatch.setattr(importance, "curve_steps", None)
    assert run(*words, "--out", tmp_path / "second") == 0
    for name in ("importance.csv", "curves.csv"):
        assert (tmp_path / "first" / name).read_text() == (tmp_path / "second" / name).read_text()


def test_without_opengl_the_rest_is_written(tmp_path, monkeypatch, capsys):
    def refuse(*arguments):
        raise VrnnError("there is no OpenGL here")

    monkeypatch.setattr(importance_pictures, "OffscreenApp", refuse)
    words = ("--class", "3", "--measure", "gradient", "--points", 2, "--quiet")
    assert run(*words, "--out", tmp_path / "out") == 0
    assert "no picture of the network: there is no OpenGL here" in capsys.readouterr().err
    assert (tmp_path / "out" / "curves-3.png").exists()
    assert not (tmp_path / "out" / "network-3.png").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--class", "cat"), "no class 'cat' in target 'cat'"),
        (("--class", "11"), "digits has classes 0 to 9, no class 11"),
        (("--class", "3 vs 5"), "'3 vs 5' is no class; give --class a name or a number"),
        (("--points", "1"), "'1' should be a whole number from 2 to 1000"),
        (("--epochs", "x"), "'x' should be a whole number from 1 to 1000"),
        (("--measure", "luck"), "luck"),
    ],
)
def test_refusals(words, sentence, tmp_path, capsys):
    arguments = ("--measure", "gradient", "--points", "2", "--out", tmp_path / "out", *words)
    assert run(*arguments) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert len(told.strip().splitlines()) == 1


def test_a_model_without_a_data_set(tmp_path, capsys):
    script = tmp_path / "net.py"
    script.write_text("import torch\nmodel = torch.nn.Conv2d(3, 2, 3)\n")
    assert main(["importance", "--model", str(script), "--out", str(tmp_path / "out")]) == 2
    assert "has no data set; give one with --data FOLDER" in capsys.readouterr().err
