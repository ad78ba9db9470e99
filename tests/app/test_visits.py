"""Autosaved visits: what a killed window has left, and how one comes back to it."""

import json
import time

import pytest

from tests.support.window import differs, saved_session


@pytest.fixture
def state(monkeypatch, tmp_path):
    """The folder of autosaved visits."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "vrnn"


def visits(state):
    """What the files of visits hold, the latest last."""
    files = sorted(state.glob("last-*.json"), key=lambda file: file.stat().st_mtime)
    return [json.loads(file.read_text()) for file in files]


def kill(vrnn):
    vrnn.process.kill()
    vrnn.process.wait(10)


def test_a_change_is_kept_before_the_kill(program, state):
    vrnn = program()
    vrnn.ready()
    vrnn.press("g")
    vrnn.wait_for(lambda: visits(state))
    vrnn.press("Tab")
    vrnn.wait_for(lambda: visits(state)[-1]["state"].get("arrangement") == "conveyor")
    kill(vrnn)
    assert visits(state)[-1]["changes"] == 2
    assert not list(state.glob("*.part*"))


def test_walking_and_stored_views_alone_are_a_visit(program, state):
    vrnn = program()
    vrnn.ready()
    far = vrnn.picture()
    assert not visits(state)  # nothing was done yet
    vrnn.xdotool("keydown", "--window", vrnn.window, "w")
    vrnn.wait_for(lambda: differs(far, vrnn.shot()) > 0.05)
    vrnn.xdotool("keyup", "--window", vrnn.window, "w")
    vrnn.wait_for(lambda: visits(state))
    vrnn.picture()  # it stands still
    vrnn.wait_for(lambda: visits(state)[-1]["camera"] == saved_session(vrnn)["camera"])
    vrnn.press("ctrl+5")
    vrnn.wait_for(lambda: visits(state)[-1]["places"])
    vrnn.wait_for(lambda: visits(state)[-1]["camera"] == saved_session(vrnn)["camera"])
    kept = visits(state)[-1]
    kill(vrnn)
    again = program()
    again.ready()
    again.press("ctrl+r")
    again.wait_for(lambda: saved_session(again)["camera"] == kept["camera"])
    assert saved_session(again)["places"] == kept["places"]


def test_the_first_change_after_a_crash_leaves_what_it_left(program, state):
    vrnn = program()
    vrnn.ready()
    vrnn.press("g")
    vrnn.wait_for(lambda: visits(state))
    kill(vrnn)
    again = program()
    again.ready()
    again.press("Tab")
    vrnn_files = again.wait_for(lambda: len(visits(state)) == 2 and visits(state))
    assert vrnn_files[0]["state"]["folds"]
    again.press("ctrl+r")
    again.wait_for(lambda: saved_session(again)["state"].get("folds"))


def test_earlier_visits_are_offered_by_time(program, state):
    for count, key in enumerate(("g", "Tab"), 1):
        vrnn = program()
        vrnn.ready()
        vrnn.press(key)
        vrnn.wait_for(lambda count=count: len(visits(state)) == count)
        kill(vrnn)
    assert len(visits(state)) == 2
    again = program()
    again.ready()
    before = again.picture()
    again.press("ctrl+r")
    offered = again.picture()
    assert (abs(offered - before).max(-1) > 8).mean() > 0.02  # a list
    assert "folds" not in saved_session(again)["state"]
    again.press("Down")
    again.press("Return")  # the second is the older one
    again.wait_for(lambda: saved_session(again)["state"].get("folds"))


def test_five_earlier_visits_are_kept_and_half_files_swept(tmp_path, monkeypatch):
    import os

    from vrnn.network.model_spec import ModelSpec
    from vrnn.scene.state import State
    from vrnn.workspace.autosave import Autosave, VisitContent, VisitFolder
    from vrnn.workspace.workspace_file import WorkspaceSnapshot

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    specs = (ModelSpec(),)
    (tmp_path / "vrnn").mkdir()
    old, new = (tmp_path / "vrnn" / f".last-{k}.json-x.part.json" for k in "ab")
    for number, file in enumerate((old, new)):
        file.write_text("{")
        os.utime(file, (time.time() - (3600, 0)[number],) * 2)
    folders = []
    for number in range(8):
        folder = VisitFolder(specs, "layers")
        folders.append(folder)
        autosave = Autosave(folder, VisitContent(State(), {}, None))
        snapshot = WorkspaceSnapshot(specs, "layers", State(), changes=number)
        autosave.finish(VisitContent(State(), {}, None), lambda snapshot=snapshot: snapshot)
        os.utime(folder.file, (1e9 + number, 1e9 + number))
    assert not old.exists()
    assert new.exists()
    assert [visit.changes for visit in folders[-1].visits()] == [6, 5, 4, 3, 2]
    other = VisitFolder((ModelSpec("torchvision:resnet50"),), "layers")
    assert not other.has_visits
    assert len(other.visits()) == 5  # those of another model are offered too
    (tmp_path / "vrnn" / "last-broken.json").write_text("{")
    assert len(other.visits()) == 5


def test_the_last_visit_is_restored_once_the_model_has_loaded(program, state, tmp_path):
    script, gate = tmp_path / "slow.py", tmp_path / "gate"
    script.write_text(
        "import time\nfrom pathlib import Path\nimport torch\n"
        f"while not Path({str(gate)!r}).exists():\n    time.sleep(0.05)\n"
        "conv = lambda: torch.nn.Conv2d(3, 3, 3)\n"
        "block = lambda: torch.nn.Sequential(conv(), torch.nn.ReLU(), conv())\n"
        "model = torch.nn.Sequential(block(), block())\ninput_size = (12, 12)\n"
    )
    gate.touch()
    vrnn = program("--model", str(script))
    vrnn.ready()
    vrnn.press("g")
    vrnn.wait_for(lambda: visits(state) and visits(state)[-1]["state"].get("folds"))
    kill(vrnn)
    gate.unlink()
    again = program("--model", str(script))
    again.find_window()
    again.press("ctrl+r")
    again.picture()  # the key has arrived
    gate.touch()
    again.wait_for(lambda: saved_session(again)["state"].get("folds"))
