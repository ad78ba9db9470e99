"""`vrnn features` continued: with other weights, and in folders where something is damaged."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import torch
from PIL import Image

from vrnn.cli import main as cli
from vrnn.default import model as digits

EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n{} loop\n"


@pytest.fixture
def make(tmp_path, capfd):
    """Makes the pictures of channels 0 to 3 of the default network's first layer."""

    def run(*words: str) -> tuple[int, str]:
        code = cli.main(
            ["features", "--layers", "stem.0", "--channels", "0-3", "--preset", "quick", "--quiet",
             "--set", "steps=1", "--out", str(tmp_path / "out"), *words]
        )  # fmt: skip
        return code, capfd.readouterr().err

    return run


def folder_of(tmp_path: Path) -> Path:
    (folder,) = (tmp_path / "out").iterdir()
    return folder


def pictures(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("0*.png"))}


def test_pictures_of_other_weights_are_not_taken_for_these(tmp_path, make):
    assert make() == (0, "")
    before = pictures(folder_of(tmp_path))
    torch.manual_seed(3)
    torch.save(digits.build_model().state_dict(), tmp_path / "other.pt")
    code, said = make("--weights", str(tmp_path / "other.pt"))
    assert code == 2
    assert "made with other weights or another model" in said
    assert "name another --out" in said
    assert pictures(folder_of(tmp_path)) == before
    code, said = make("--set", "steps=2")
    assert code == 2
    assert "other settings" in said


DAMAGE = {
    "empty": ("00001.png", b""),
    "text": ("00001.png", b"not a picture"),
    "eps": ("00001.png", EPS),
    "cut short": ("00001.png", None),
    "table not in utf-8": ("features.csv", b"\xff\xfe\x00"),
    "table with empty lines": ("features.csv", b"a\n\n1\n,,,\nx,y,z,w\n"),
    "table with a long field": ("features.csv", b"a\n" + b"x" * 200_000),
    "settings cut short": ("settings.json", b'{"settings'),
    "settings of another kind": ("settings.json", b"[]"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_what_is_damaged_is_made_again(tmp_path, make, kind):
    assert make() == (0, "")
    folder = folder_of(tmp_path)
    before, table = pictures(folder), (folder / "features.csv").read_text()
    settings = (folder / "settings.json").read_text()
    name, content = DAMAGE[kind]
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2] if content is None else content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert make() == (0, "")
    assert pictures(folder) == before
    assert (folder / "features.csv").read_text() == table
    assert (folder / "settings.json").read_text() == settings
    assert Image.open(folder / "sheet.png").size[0] > 64


def test_what_is_whole_is_not_made_again(tmp_path, make, monkeypatch):
    assert make() == (0, "")

    def again(*_, **__):
        raise AssertionError("made again")

    monkeypatch.setattr("vrnn.cli.feature_batch.optimize", again)
    assert make() == (0, "")


@pytest.mark.parametrize(
    ("channels", "says"),
    [
        ("0-99999999999", "channels 0 to 15, no channel 16"),
        ("99", "no channel 99"),
        ("5-2", "as 2-5"),
        ("1-", "such as 0-15"),
        ("9" * 40, "such as 0-15"),
        ("²", "such as 0-15"),
    ],
)
def test_channels_that_there_are_not(make, channels, says):
    code, said = make("--channels", channels)
    assert code == 2
    assert says in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--image", "a.png", "--image", "b.png"), "--image is given 2 times"),
        (("--image", "a.png", "--set", "source=noise"), "leave it out"),
        (("--set", "objective=layer"), "--channels has no effect"),
    ],
)
def test_options_that_would_be_ignored(make, words, says):
    code, said = make(*words)
    assert code == 2
    assert says in said
