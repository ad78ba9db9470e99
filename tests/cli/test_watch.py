"""`vrnn watch` records scripts as they are, and `--recording` shows what was recorded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vrnn.cli.launcher import options_from
from vrnn.cli.main import main
from vrnn.cli.parser import parse
from vrnn.errors import VrnnError
from vrnn.recordings.manifest import EXAMPLE, Manifest, read_manifest
from vrnn.recordings.step_series import open_series

NET = """\
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.fc = nn.Linear(4 * 36, 3)

    def forward(self, x):
        return self.fc(self.conv(x).relu().flatten(1))
"""
TRAIN = """\
import sys
import torch
from net import Net

assert __name__ == "__main__"
model = Net()
loss = torch.nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(int(sys.argv[1])):
    optimizer.zero_grad()
    loss(model(torch.rand(5, 1, 8, 8)), torch.rand(5, 3)).backward()
    optimizer.step()
{end}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.py").write_text(NET)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def train(run_python, end: str = "", steps: int = 6):
    Path("train.py").write_text(TRAIN.format(end=end))
    words = ["watch", "--no-window", "--every", "2", "--out", "run", "train.py", str(steps)]
    return run_python("-m", "vrnn", *words)


def test_a_script_is_recorded_as_it_is_and_shown(folder: Path, run_python) -> None:
    assert train(run_python).returncode == 0
    series, manifest = open_series(folder / "run"), read_manifest(folder / "run")
    assert series.steps[0] == 0
    assert series.steps[-1] == 6
    assert manifest is not None
    assert manifest.source == f"{folder / 'net.py'}:Net"
    options = options_from(parse(["--recording", "run"]))
    (spec,) = options.specs()
    assert (spec.model, spec.example) == (manifest.source, Path("run") / EXAMPLE)
    words = ["--recording", "run", "--size", "160x90"]
    assert main([*words, "--step", "2", "--screenshot", "out.png", "--quiet"]) == 0
    film = ["--film", "film", "--seconds", "0.1", "--rate", "30", "--quiet"]
    assert main([*words, *film]) == 0
    assert len(list((folder / "film").glob("*.png"))) == 3
    assert main([*words, "--step", "2", "--model", "digits", "--screenshot", "other.png"]) == 2


def test_a_script_that_crashes_keeps_its_traceback_and_its_steps(folder: Path, run_python) -> None:
    result = train(run_python, end="raise KeyError('over')")
    assert result.returncode == 1
    assert result.stderr.count("KeyError: 'over'") == 1
    assert "watched_script" not in result.stderr
    assert open_series(folder / "run").steps[-1] == 6


def test_the_exit_code_of_a_script_is_its_own(folder: Path, run_python) -> None:
    assert train(run_python, end="sys.exit(7)").returncode == 7


def test_a_script_that_is_killed_leaves_a_whole_recording(folder: Path, run_python) -> None:
    end = "import os, time; time.sleep(0.5); os.kill(os.getpid(), 9)"
    assert train(run_python, end=end).returncode != 0
    series = open_series(folder / "run")
    assert series.steps[-1] == 6
    assert series.notes == ()


def test_a_script_that_trains_nothing_is_told(folder: Path, run_python) -> None:
    result = train(run_python, steps=0)
    assert "nothing was watched" in result.stderr
    assert result.returncode == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--step", "3"], "add --recording"),
        (["--recording", "run"], "add --model"),
        (["--recording", "run", "--step", "3", "--video", "a.mp4", "--model", "digits"], "leave"),
        (["--recording", "run", "--session", "a.json"], "leave out"),
    ],
)
def test_what_does_not_go_together(folder: Path, words: list[str], sentence: str) -> None:
    (folder / "run").mkdir()
    Manifest("Net").write(folder / "run")
    with pytest.raises(VrnnError, match=sentence):
        options_from(parse(words))


def test_what_is_neither_script_nor_folder(folder: Path, capsys) -> None:
    assert main(["watch", "net.txt"]) == 2
    assert "neither a Python script nor a folder" in capsys.readouterr().err
    assert main(["watch", "--out", "a", "."]) == 2
    assert "--out is for a training script" in capsys.readouterr().err


SPAWNED = """\
import torch
import torch.multiprocessing
from net import Net

def work(rank, count):
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        model(torch.rand(5, 1, 8, 8)).square().mean().backward()
        optimizer.step()

if __name__ == "__main__":
    torch.multiprocessing.spawn(work, args=(2,), nprocs=2)
"""


def test_the_first_process_that_a_script_starts_is_watched(folder: Path) -> None:
    (folder / "spawned.py").write_text(SPAWNED)
    words = ["-m", "vrnn", "watch", "--no-window", "--every", "2", "--out", "run", "spawned.py"]
    # Not in a fork of a process that has imported vrnn: what it starts would import that again.
    run = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0
    assert "nothing was watched" not in run.stderr
    assert run.stderr.count("vrnn: recorded in run") == 1
    steps = open_series(folder / "run").steps  # those between wait for none that is written
    assert (steps[0], steps[-1]) == (0, 5)


def test_a_module_of_a_package_is_run_by_its_name(folder: Path, run_python) -> None:
    package = folder / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "net.py").write_text(NET)
    (package / "train.py").write_text(TRAIN.replace("from net", "from .net").format(end=""))
    words = ["watch", "--no-window", "--every", "2", "--out", "run", "package.train", "4"]
    run = run_python("-m", "vrnn", *words)
    assert run.returncode == 0, run.stderr
    steps = open_series(folder / "run").steps
    assert (steps[0], steps[-1]) == (0, 4)


CLOSURE = """\
import torch
from net import Net

model = torch.compile(Net(), backend="eager")
optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=2)

def closure():
    optimizer.zero_grad()
    loss = model(torch.rand(5, 1, 8, 8)).square().mean()
    loss.backward()
    return loss

for _ in range(4):
    optimizer.step(closure)
"""


def test_a_pass_within_the_first_step_is_enough_and_nothing_is_said(
    folder: Path, run_python
) -> None:
    (folder / "closure.py").write_text(CLOSURE)
    words = ["watch", "--no-window", "--every", "2", "--out", "run", "closure.py"]
    run = run_python("-m", "vrnn", *words)
    assert run.returncode == 0, run.stderr
    assert run.stderr.splitlines() == ["vrnn: recorded in run"]
    steps = open_series(folder / "run").steps
    assert (steps[0], steps[-1]) == (0, 4)
