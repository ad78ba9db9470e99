"""Recordings and folders of checkpoints tell their steps, files and curves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from vrnn.errors import VrnnError
from vrnn.recordings.checkpoint_folder import find_checkpoints, weights_files
from vrnn.recordings.manifest import MANIFEST, Manifest, read_manifest
from vrnn.recordings.scalar_table import SCALARS, append_scalars, read_scalars
from vrnn.recordings.step_files import step_file
from vrnn.recordings.step_series import open_series
from vrnn.recordings.thinning import step_to_drop


def write_step(folder: Path, step: int, *names: str) -> Path:
    file = step_file(folder, step)
    save_file({name: np.full(3, step, np.float32) for name in names}, file)
    return file


def test_each_tensor_comes_from_the_last_file_that_has_it(tmp_path: Path) -> None:
    Manifest("Net").write(tmp_path)
    files = [write_step(tmp_path, 0, "a", "b"), write_step(tmp_path, 10, "a")]
    write_step(tmp_path, 20, "b")
    series = open_series(tmp_path)
    assert series.steps == (0, 10, 20)
    assert series.files_for(10) == {files[1]: ("a",), files[0]: ("b",)}
    with pytest.raises(VrnnError, match="no step -1"):
        series.files_for(-1)


def test_a_step_that_is_cut_short_is_left_out_with_a_sentence(tmp_path: Path) -> None:
    Manifest("Net").write(tmp_path)
    write_step(tmp_path, 0, "a")
    cut = write_step(tmp_path, 5, "a")
    whole = cut.read_bytes()
    for end in range(len(whole)):
        cut.write_bytes(whole[:end])
        series = open_series(tmp_path)
        assert series.steps == (0,)
        assert "cut short" in series.notes[0]


def test_a_recording_that_grows_is_followed(tmp_path: Path) -> None:
    Manifest("Net").write(tmp_path)
    series = open_series(tmp_path)
    assert series.steps == ()
    write_step(tmp_path, 3, "a")
    series.update()
    assert series.steps == (3,)


def test_curves_are_read_again_where_they_have_grown(tmp_path: Path) -> None:
    Manifest("Net").write(tmp_path)
    series = open_series(tmp_path)
    assert series.curves() == ()
    append_scalars(tmp_path, 1, {"loss": 2.0})
    first = series.curves()
    assert series.curves() is first
    append_scalars(tmp_path, 2, {"loss": 1.0})
    assert series.curves()[0].values.tolist() == [2.0, 1.0]
    (tmp_path / SCALARS).unlink()
    assert series.curves() == ()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 1, "model": 3}'])
def test_a_damaged_manifest_is_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(VrnnError, match="damaged"):
        read_manifest(tmp_path)


def test_a_recording_of_a_later_version_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text('{"format": 99}')
    with pytest.raises(VrnnError, match="later vrnn"):
        read_manifest(tmp_path)


def test_a_folder_that_is_missing_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(VrnnError, match="no folder"):
        open_series(tmp_path / "nowhere")


def test_the_table_of_scalars_survives_a_cut(tmp_path: Path) -> None:
    append_scalars(tmp_path, 1, {"loss": 0.5, "a, b": 2.0})
    append_scalars(tmp_path, 2, {"loss": float("nan")})
    with (tmp_path / SCALARS).open("a") as table:
        table.write("3,loss,0.")
    loss, other = read_scalars(tmp_path)
    assert (loss.name, other.name) == ("loss", "a, b")
    assert loss.steps.tolist() == [1, 2]
    assert loss.values[0] == 0.5
    assert np.isnan(loss.values[1])


@pytest.mark.parametrize(
    ("names", "steps"),
    [
        (("epoch=0-step=400.ckpt", "epoch=1-step=800.ckpt", "last.ckpt"), [400, 800]),
        (("checkpoint-500/model.safetensors", "checkpoint-1000/pytorch_model.bin"), [500, 1000]),
        (("epoch_2.pt", "epoch_10.pt", "optimizer_2.pt"), [2, 10]),
        (("net7.pth", "net11.pth"), [7, 11]),
        (("best.pt",), [0]),
        (("checkpoints/epoch=3-step=12.ckpt",), [12]),
        (("notes.txt",), []),
    ],
)
def test_names_of_checkpoints(tmp_path: Path, names: tuple[str, ...], steps: list[int]) -> None:
    for name in names:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"")
    assert list(find_checkpoints(tmp_path)) == steps


def test_a_checkpoint_in_parts_is_read_from_its_own_folder_alone(tmp_path: Path) -> None:
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "one", "b": "two", "c": "one"}}))
    assert weights_files(index) == (tmp_path / "one", tmp_path / "two")
    index.write_text(json.dumps({"weight_map": {"a": "../one"}}))
    with pytest.raises(VrnnError, match="outside"):
        weights_files(index)


def test_curves_beside_checkpoints(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoint-3"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"")
    history = [{"step": 1, "loss": 2.0, "epoch": 0.1}, {"step": 3, "loss": 1.0}]
    (folder / "trainer_state.json").write_text(json.dumps({"log_history": history}))
    (curve,) = open_series(tmp_path).curves()
    assert (curve.name, curve.steps.tolist(), curve.values.tolist()) == ("loss", [1, 3], [2, 1])
    (tmp_path / "metrics.csv").write_text("epoch,step,acc\n0,1,0.5\n0,2,\n")
    names = [curve.name for curve in open_series(tmp_path).curves()]
    assert names == ["acc", "loss"]


def test_thinning_keeps_the_first_steps_and_spaces_the_rest_ever_wider() -> None:
    steps = list(range(0, 1001, 10))
    while len(steps) > 20:
        dropped = step_to_drop(steps)
        assert dropped is not None
        steps.remove(dropped)
    assert steps[:5] == [0, 10, 20, 30, 40]
    assert steps[-1] == 1000
    gaps = np.diff(steps[1:-1])
    assert gaps[-1] > 4 * gaps[0]
    assert step_to_drop([0, 5]) is None
