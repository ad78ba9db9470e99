"""`vrnn score` and `vrnn export --save-weights`: files, and refusals."""

import csv

import pytest

from vrnn.cli.main import main
from vrnn.compute.importance import importance_cache
from vrnn.compute.importance import labeled_images as labeled
from vrnn.compute.scoring import score_cache

EDITS = """
[[command]]
do = "kernel.edit"
layer = "stem.0"
output = 0
content = "blob"

[[command]]
do = "layer.ablate"
layer = "stage2.1.conv2"
"""


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    for module in (importance_cache, score_cache):
        monkeypatch.setattr(module, "cache_dir", lambda: tmp_path / "cache")
    monkeypatch.setattr(labeled, "MAX_IMAGES", 40)


def refusal(capsys, *words):
    assert main([str(word) for word in words]) == 2
    return capsys.readouterr().err


def script(folder, text=EDITS):
    file = folder / "edits.toml"
    file.write_text(text)
    return str(file)


def test_a_score_before_and_after_edits(tmp_path, capsys):
    out = tmp_path / "out"
    words = ["--model", "digits", "--out", str(out), "--play", script(tmp_path), "--quiet"]
    assert main(["score", *words]) == 0
    assert capsys.readouterr().out == ""
    with (out / "classes.csv").open() as file:
        first = next(csv.DictReader(file))
    assert float(first["accuracy before"]) > 0.9
    assert float(first["confidence"]) < float(first["confidence before"])
    assert (out / "confusion-before.png").stat().st_size > 1000


def test_without_changes_there_is_one_matrix(tmp_path, capsys):
    assert main(["score", "--model", "digits", "--out", str(tmp_path / "out")]) == 0
    assert "accuracy " in capsys.readouterr().out
    assert not (tmp_path / "out" / "confusion-before.csv").exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[[command]]\ndo = "export.screenshot"', "it changes nothing of the model"),
        (
            '[[command]]\ndo = "kernel.edit"\nlayer = "stem.0"\noutput = 99',
            "stem.0 has filters 0 to 15",
        ),
    ],
)
def test_a_script_that_is_wrong_is_told(tmp_path, capsys, text, reason):
    words = ("--model", "digits", "--out", tmp_path, "--play", script(tmp_path, text))
    assert f"edits.toml, command 1: {reason}" in refusal(capsys, "score", *words)


def test_a_model_without_a_data_set_is_told(tmp_path, capsys):
    (tmp_path / "net.py").write_text("import torch\nmodel = torch.nn.Conv2d(3, 4, 3)\n")
    words = ("--model", tmp_path / "net.py", "--input-size", "8x8", "--out", tmp_path)
    assert "has no data set; give one with --data" in refusal(capsys, "score", *words)


def test_edited_weights_are_written_as_a_copy(tmp_path, capsys):
    file = tmp_path / "copy.safetensors"
    edits = script(tmp_path, EDITS.split("\n\n")[0])
    words = ["export", "--model", "digits", "--save-weights", str(file), "--play", edits]
    assert main(words) == 0
    assert "1 filter edited" in capsys.readouterr().out
    before = file.read_bytes()
    again = ("--model", "digits", "--weights", file, "--save-weights", file)
    assert "read in the same run" in refusal(capsys, "export", *again)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "words", [(), ("--out", "o", "--save-weights", "w.safetensors"), ("--out", "o", "--play", "p")]
)
def test_layers_or_weights_are_asked_for(capsys, words):
    assert "--save-weights FILE" in refusal(capsys, "export", "--model", "digits", *words)
