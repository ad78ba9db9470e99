"""Which visits are offered and swept, and at which moment one is written."""

import json
import os
import time
from types import SimpleNamespace

import pytest

from vrnn.network.model_spec import ModelSpec
from vrnn.scene.camera import Camera
from vrnn.scene.state import State
from vrnn.workspace.autosave import Autosave, VisitContent, VisitFolder
from vrnn.workspace.workspace_file import WorkspaceSnapshot, save_workspace

MINE, OTHERS = (ModelSpec(),), (ModelSpec("torchvision:resnet50"), ModelSpec("my/net.py:Best"))


@pytest.fixture(autouse=True)
def state_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("WIN_PD_OVERRIDE_LOCAL_APPDATA", str(tmp_path))


def visit(specs, age, changes=0, detail="layers"):
    """The folder of a visit whose file was written so many seconds ago."""
    folder = VisitFolder(specs, detail)
    folder.sweep()
    save_workspace(folder.file, WorkspaceSnapshot(specs, detail, State(), changes=changes))
    written = time.time() - age
    os.utime(folder.file, (written, written))
    return folder


def test_visits_of_these_models_come_first_and_then_those_of_others():
    others = [visit(OTHERS, 10 + i).file for i in range(6)]
    mine = [visit(MINE, 100 + i, changes=i).file for i in range(3)]
    offered = VisitFolder(MINE, "layers").visits()
    assert [one.file for one in offered] == [*mine, *others[:5]]
    assert [one.changes for one in offered[:3]] == [0, 1, 2]
    assert offered[3].models == "resnet50 and Best"
    assert offered[0].time == pytest.approx(time.time() - 100, abs=60)
    assert [one.file for one in VisitFolder(OTHERS, "layers").visits()][:5] == others[:5]


def test_models_opened_otherwise_have_visits_of_their_own():
    visit(MINE, 10)
    assert VisitFolder(MINE, "layers").has_visits
    for specs, detail in (
        (MINE, "all"), ((ModelSpec(input_size=(64, 64)),), "layers"),
        ((ModelSpec(weights="a.pt"),), "layers"), ((ModelSpec(data="a"),), "layers"),
        (MINE * 2, "layers"),
    ):  # fmt: skip
        assert not VisitFolder(specs, detail).has_visits
        assert len(VisitFolder(specs, detail).visits()) == 1


def test_the_present_visit_is_not_offered():
    folder = visit(MINE, 0)
    assert not folder.has_visits
    assert folder.visits() == ()


def test_files_that_are_none_are_passed_over():
    folder = visit(MINE, 10)
    for number, text in enumerate(
        ("", "[]", "{}", '{"models": 3}', '{"models": [{}]}', "{", '{"models": [{"model": 3}]}')
    ):
        folder.file.with_name(f"last-odd{number}.json").write_text(text)
    assert [one.file for one in VisitFolder(MINE, "layers").visits()] == [folder.file]
    table = json.loads(folder.file.read_text())
    table.pop("changes", None)
    folder.file.with_name("last-older.json").write_text(json.dumps(table))
    (mine, older) = VisitFolder(MINE, "layers").visits()
    assert (mine.changes, older.changes) == (0, 0)


def test_what_is_old_is_swept_and_no_more():
    kept = [visit(MINE, 10 + i).file for i in range(4)]
    last, old = visit(MINE, 50).file, visit(MINE, 60).file
    others = visit(OTHERS, 9000).file
    parts = {}
    for age in (5, 40, 70, 600):
        part = last.with_name(f".last-x{age}.part1")
        part.write_text("")
        os.utime(part, (time.time() - age, time.time() - age))
        parts[age] = part
    VisitFolder(MINE, "layers").sweep()
    assert all(file.exists() for file in (*kept, last, others))
    assert not old.exists()
    assert [age for age, part in parts.items() if part.exists()] == [5, 40]


class Clock:
    """An autosave that is asked at given times, and counts what it writes."""

    def __init__(self, folder):
        self.content = VisitContent(State(), {}, Camera())
        self.autosave = Autosave(folder, self.content)
        self.written = []

    def at(self, now, **changes):
        content = SimpleNamespace(**vars(self.content))
        vars(content).update(changes)
        self.content = VisitContent(content.state, content.viewpoints, content.camera)

        def snapshot():
            self.written.append(now)
            return WorkspaceSnapshot(MINE, "layers", State(), Camera())

        self.autosave.update(now, self.content, snapshot)
        return bool(self.written) and self.written[-1] == now


@pytest.fixture
def clock():
    made = Clock(VisitFolder(MINE, "layers"))
    yield made
    made.autosave.finish(made.content, lambda: WorkspaceSnapshot(MINE, "layers", State()))


def test_changes_are_written_a_tenth_of_a_second_apart(clock):
    assert not clock.at(0.0)
    assert clock.at(0.01, state=State("conveyor"))  # the first at once
    assert not clock.at(0.05, state=State())
    assert not clock.at(0.10)
    assert clock.at(0.115)
    assert not clock.at(9.0)
    assert clock.at(9.05, viewpoints={1: Camera()})
    assert not clock.at(9.30)


def test_a_camera_that_moves_is_written_every_two_seconds_and_where_it_rests(clock):
    assert clock.at(0.0, camera=Camera(x=1.0))
    for number in range(1, 20):
        assert not clock.at(0.1 * number, camera=Camera(x=1.0 + number))
    assert clock.at(2.01, camera=Camera(x=30.0))
    assert not clock.at(2.05, camera=Camera(x=31.0))
    assert clock.at(2.2)  # it rests
    assert not clock.at(9.0)
    assert not clock.at(9.05, camera=Camera(x=31.0))


def test_a_change_while_the_camera_moves_does_not_wait_for_it(clock):
    clock.at(0.0, camera=Camera(x=1.0))
    assert clock.at(0.2, camera=Camera(x=2.0), state=State("conveyor"))


def test_a_camera_that_nobody_moved_is_not_written(clock):
    clock.autosave.ignore_camera(Camera(x=5.0))
    assert not clock.at(1.0, camera=Camera(x=5.0))
    assert not clock.at(2.0)
    assert clock.at(3.0, camera=Camera(x=6.0))


def test_without_a_folder_nothing_is_written():
    clock = Clock(None)
    assert not clock.at(1.0, state=State("conveyor"))
    clock.autosave.finish(VisitContent(State(), {}, Camera(x=9.0)), lambda: 1 / 0)
