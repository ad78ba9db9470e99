"""A visit is written at each change, not only at the first: told by what the file holds."""

import os
import time
from dataclasses import replace

import pytest

from vrnn.network.model_spec import ModelSpec
from vrnn.scene.camera import Camera
from vrnn.scene.state import State
from vrnn.workspace.autosave import (
    KEPT_VISITS,
    MIN_INTERVAL,
    MOVING_INTERVAL,
    Autosave,
    VisitContent,
    VisitFolder,
)
from vrnn.workspace.workspace_file import WorkspaceSnapshot, load_workspace

SPECS = (ModelSpec(),)
PATIENCE = 60.0


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("WIN_PD_OVERRIDE_LOCAL_APPDATA", str(tmp_path))
    return VisitFolder(SPECS, "layers")


class Visitor:
    """Changes things, and lets time pass by its own clock."""

    def __init__(self, folder):
        self.folder, self.now = folder, 100.0
        self.state, self.viewpoints, self.camera = State(), {}, Camera()
        self.autosave = Autosave(folder, self.content)

    @property
    def content(self):
        return VisitContent(self.state, dict(self.viewpoints), self.camera)

    def snapshot(self):
        return WorkspaceSnapshot(SPECS, "layers", self.state, self.camera, dict(self.viewpoints))

    def frame(self, seconds=2 * MIN_INTERVAL):
        self.now += seconds
        self.autosave.update(self.now, self.content, self.snapshot)

    def written(self, holds):
        """Wait until what is written fulfills a condition."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.folder.file.is_file() and holds(load_workspace(self.folder.file)):
                return
            time.sleep(0.005)
        raise AssertionError("waited in vain")

    def finish(self):
        self.autosave.finish(self.content, self.snapshot)


def test_every_change_is_written_and_not_only_the_first(folder):
    visitor = Visitor(folder)
    visitor.frame()
    assert not folder.file.exists()
    for number in range(5):
        visitor.state = replace(visitor.state, folds=frozenset({(0, f"stage{number}")}))
        visitor.frame()
        visitor.written(lambda found: found.state == visitor.state)
    visitor.viewpoints[3] = Camera(x=4.0)
    visitor.frame()
    visitor.written(lambda found: found.viewpoints == visitor.viewpoints)
    visitor.camera = Camera(x=2.5)
    visitor.frame(MOVING_INTERVAL / 4)  # on the way
    visitor.frame()  # at rest
    visitor.written(lambda found: found.camera == visitor.camera)
    visitor.finish()


def test_a_change_right_behind_another_is_not_lost(folder):
    visitor = Visitor(folder)
    for number in range(4):
        visitor.state = replace(visitor.state, folds=frozenset({(0, f"stage{number}")}))
        visitor.frame(MIN_INTERVAL / 10)
    visitor.frame()
    visitor.written(lambda found: found.state == visitor.state)
    visitor.state = State("conveyor")
    visitor.finish()
    assert load_workspace(folder.file).state == State("conveyor")


def test_nothing_is_written_while_nothing_changes(folder):
    visitor = Visitor(folder)
    visitor.state = State("conveyor")
    visitor.frame()
    visitor.written(lambda found: True)
    folder.file.unlink()
    for _ in range(20):
        visitor.frame(MOVING_INTERVAL)
    visitor.finish()
    assert not folder.file.exists()


def test_the_last_visits_are_kept_and_offered_the_latest_first(folder):
    files = []
    for number in range(KEPT_VISITS + 3):
        visit = VisitFolder(SPECS, "layers")
        visitor = Visitor(visit)
        visitor.state = replace(State(), folds=frozenset({(0, f"visit {number}")}))
        visitor.frame()
        visitor.finish()
        os.utime(visit.file, (1000.0 + number, 1000.0 + number))
        files.append(visit.file)
    offered = VisitFolder(SPECS, "layers").visits()
    assert [visit.file for visit in offered] == files[::-1][:KEPT_VISITS]
    newest = load_workspace(offered[0].file)
    assert newest.state.folds == {(0, f"visit {KEPT_VISITS + 2}")}
