"""Which step of a training is shown: scrubbed, followed, played."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from safetensors.numpy import save_file

from vrnn.commands.training import FollowTraining, GoToStep
from vrnn.errors import VrnnError
from vrnn.recordings.manifest import Manifest
from vrnn.recordings.scalar_table import append_scalars
from vrnn.recordings.step_files import step_file
from vrnn.recordings.step_ridges import ridges_of
from vrnn.scene.training_state import TrainingState
from vrnn.scene.world import World
from vrnn.workspace import training as module
from vrnn.workspace.training import TrainingManager


class Bench:
    """A manager whose passes are shown at once."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.world, self.now = folder, World(seconds=0.0), 100.0
        self.told: list[str] = []
        self.passes: list[int | None] = []
        self.rests = 0
        feed: Any = SimpleNamespace(displayed_sequence={0: 0})
        self.manager = TrainingManager(
            self.world, feed, self.told.append, self.run, self.rest, self.execute
        )
        clock = SimpleNamespace(perf_counter=lambda: self.now)
        monkeypatch.setattr(module, "time", clock)
        Manifest("Net").write(folder)

    def run(self) -> None:
        self.passes.append(self.manager.shown)

    def rest(self) -> None:
        self.rests += 1

    def execute(self, command: GoToStep | FollowTraining) -> None:
        self.world.set_state(command.apply(self.world.state, self.world))
        self.manager.show_step_of_state()

    def add(self, step: int) -> None:
        save_file({"a": np.full(2, step, np.float32)}, step_file(self.folder, step))

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.1)):
            self.now += 0.1
            self.manager.update()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench(tmp_path, monkeypatch)
    for step in (0, 10, 20):
        made.add(step)
    made.manager.open(tmp_path)
    return made


def test_without_a_training_commands_say_what_is_needed(tmp_path: Path, monkeypatch) -> None:
    manager = Bench(tmp_path, monkeypatch).manager
    with pytest.raises(VrnnError, match="--recording"):
        manager.check(None)
    assert manager.recorded() == {}


def test_a_step_between_two_shows_the_one_before(bench: Bench) -> None:
    bench.execute(GoToStep(15))
    assert bench.manager.shown == 10
    assert bench.manager.recorded()[0].step == 10
    assert bench.passes == [10]
    bench.execute(GoToStep(None))
    assert bench.manager.recorded() == {}
    with pytest.raises(VrnnError, match="no step"):
        bench.manager.check(-1)


def test_the_newest_step_is_followed_as_steps_come(bench: Bench) -> None:
    bench.execute(FollowTraining(True))
    bench.add(30)
    bench.wait(1.0)
    assert bench.passes == [20, 30]
    bench.execute(FollowTraining(False, bench.manager.shown))
    bench.add(40)
    bench.wait(1.0)
    assert bench.manager.shown == 30
    assert bench.rests == 1


def test_playing_shows_one_step_after_the_other_and_ends_at_the_last(bench: Bench) -> None:
    bench.execute(GoToStep(0))
    bench.manager.play(True, 5.0, None)
    bench.wait(2.0)
    assert bench.passes == [0, 10, 20]
    assert not bench.manager.playing
    assert bench.world.state.training == TrainingState(20)


def test_a_loop_begins_again(bench: Bench) -> None:
    bench.execute(GoToStep(20))
    bench.manager.play(True, 10.0, True)
    bench.wait(1.0)
    assert bench.passes[:5] == [20, 0, 10, 20, 0]
    bench.manager.play(None, None, None)
    assert not bench.manager.playing
    assert bench.world.state.training.step == bench.manager.shown


def test_curves_grow_and_damaged_steps_are_told_once(bench: Bench) -> None:
    append_scalars(bench.folder, 1, {"loss": 1.0})
    step_file(bench.folder, 50).write_bytes(b"cut")
    bench.wait(2.0)
    assert [curve.name for curve in bench.manager.curves] == ["loss"]
    assert len(bench.told) == 1


def test_a_folder_that_goes_away_is_told_once(bench: Bench) -> None:
    for file in bench.folder.iterdir():
        file.unlink()
    bench.folder.rmdir()
    bench.wait(2.0)
    assert len(bench.told) == 1


def test_the_step_is_a_part_of_the_state_that_moves_nothing(bench: Bench) -> None:
    state = bench.world.state
    assert state.has_same_placement(replace(state, training=TrainingState(10)))


def test_ridges_share_one_range_and_leave_out_what_is_not_finite() -> None:
    values = [np.array([0.0, 1.0]), np.array([3.0, np.nan]), np.array([], float)]
    rows, ends = ridges_of(values, 3)
    assert ends == (0.0, 3.0)
    assert cast(np.ndarray, rows).tolist() == [[0.5, 0.5, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    assert ridges_of([np.array([np.inf])], 3) == (None, (0.0, 0.0))
