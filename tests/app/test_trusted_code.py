"""A session or a list of commands may come from anyone: its code runs only when allowed."""

import json
import sys
from importlib.util import spec_from_file_location
from types import ModuleType
from zipfile import ZipFile

import pytest

from tests.support.window import differs
from vrnn.errors import UntrustedCodeError, VrnnError
from vrnn.network.model_code import check_trusted, model_code, trust_models
from vrnn.network.model_spec import ModelSpec

SCRIPT = """
from pathlib import Path
from torch import nn
Path(__file__).with_name("it-ran").touch()
model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
"""
PICTURE = ("--screenshot", "out.png", "--size", "160x90", "--quiet")


@pytest.fixture
def theirs(tmp_path):
    """A session from someone else, and the script that it names."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "net.py").write_text(SCRIPT)
    session = folder / "session.json"
    session.write_text(json.dumps({"vrnn": 2, "models": [{"model": str(folder / "net.py")}]}))
    return folder


@pytest.fixture
def mine(monkeypatch, tmp_path):
    """A list of this user's own, which other tests do not write."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "vrnn"


def test_a_session_runs_what_was_allowed_as_it_was_then(run_vrnn, theirs, mine):
    opening = ("--session", str(theirs / "session.json"), *PICTURE)
    ran = theirs / "it-ran"
    refused = run_vrnn(*opening)
    assert refused.returncode == 2
    assert f"'{theirs / 'net.py'}', which you have not opened before" in refused.stderr
    assert "--trust" in refused.stderr
    assert not ran.exists()
    assert run_vrnn(*opening, "--trust").returncode == 0
    assert ran.exists()
    assert run_vrnn(*opening).returncode == 0  # it is remembered
    ran.unlink()
    (theirs / "net.py").write_text(SCRIPT + "# changed\n")
    assert run_vrnn(*opening).returncode == 2
    assert not ran.exists()
    # Whoever opens it as a model has agreed to it.
    assert run_vrnn("graph", "--model", str(theirs / "net.py")).returncode == 0
    assert run_vrnn(*opening).returncode == 0


def test_a_list_of_commands_opens_no_such_session(run_vrnn, theirs, mine, tmp_path):
    code = model_code(str(theirs / "net.py"))
    commands = {
        "open": 'do = "session.open"\nfile = "theirs/session.json"',
        "answer": 'do = "session.trust_and_open"\nfile = "theirs/session.json"\n'
        f'digests = ["{code.digest}"]',
    }
    for name, text in commands.items():
        (tmp_path / f"{name}.toml").write_text(f"[[command]]\n{text}\n")
        done = run_vrnn("--play", f"{name}.toml", DISPLAY="")
        assert done.returncode == 2
        assert "--trust" in done.stderr
    assert not (theirs / "it-ran").exists()
    assert run_vrnn("--play", "open.toml", "--trust", DISPLAY="").returncode == 0
    assert (theirs / "it-ran").exists()


def test_trust_without_anything_to_trust_is_refused(run_vrnn):
    done = run_vrnn("--trust", *PICTURE)
    assert done.returncode == 2
    assert "leave it out" in done.stderr


@pytest.mark.parametrize("model", ["default", "torchvision:resnet18", "timm:vit", "gone.py", None])
def test_what_runs_no_code_of_anyone_needs_no_question(model, mine, tmp_path):
    assert model_code(model) is None
    check_trusted([ModelSpec(model)], tmp_path / "session.json")


def test_a_factory_is_found_without_running_its_package(mine, tmp_path, monkeypatch):
    package = tmp_path / "theirpackage"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('it ran')")
    (package / "nets.py").write_text("def build(): raise SystemExit('it ran')")
    monkeypatch.syspath_prepend(str(tmp_path))
    spec = ModelSpec("theirpackage.nets:build")
    with pytest.raises(UntrustedCodeError, match=r"theirpackage\.nets:build"):
        check_trusted([spec], tmp_path / "session.json")
    trust_models([spec])
    check_trusted([spec], tmp_path / "session.json")
    with pytest.raises(UntrustedCodeError):  # another function of the same file
        check_trusted([ModelSpec("theirpackage.nets:other")], tmp_path / "session.json")


def test_code_that_lies_in_no_folder_of_the_path_is_asked_for_too(mine, tmp_path, monkeypatch):
    """A package in development has a finder of its own; others are built in, or in an archive."""
    module = tmp_path / "develop" / "theirnets.py"
    module.parent.mkdir()
    module.write_text("raise SystemExit('it ran')")

    class Finder:
        @staticmethod
        def find_spec(name, path=None, target=None):
            return spec_from_file_location(name, module) if name == "theirnets" else None

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder])
    with ZipFile(tmp_path / "nets.zip", "w") as archive:
        archive.writestr("zippednets.py", "raise SystemExit('it ran')")
    monkeypatch.syspath_prepend(str(tmp_path / "nets.zip"))
    monkeypatch.setitem(sys.modules, "livenets", ModuleType("livenets"))
    for name in ("theirnets", "zippednets", "livenets", "posix"):
        spec = ModelSpec(f"{name}:build")
        with pytest.raises(UntrustedCodeError, match=name):
            check_trusted([spec], tmp_path / "session.json")
        trust_models([spec])
        check_trusted([spec], tmp_path / "session.json")


def test_code_that_cannot_be_looked_at_is_not_run(mine, tmp_path, monkeypatch):
    monkeypatch.setattr("vrnn.network.model_code.MAX_CODE_BYTES", 1 << 20)
    (tmp_path / "net.py").write_text(SCRIPT + "#" * (1 << 20))
    with pytest.raises(VrnnError, match="larger than 1 MB"):
        check_trusted([ModelSpec(str(tmp_path / "net.py"))], tmp_path / "session.json")


def test_the_same_script_in_another_folder_is_asked_for(mine, theirs, tmp_path):
    """It imports what lies beside it."""
    trust_models([ModelSpec(str(theirs / "net.py"))])
    (tmp_path / "net.py").write_text(SCRIPT)
    with pytest.raises(UntrustedCodeError):
        check_trusted([ModelSpec(str(tmp_path / "net.py"))], tmp_path / "session.json")


def test_a_list_that_cannot_be_kept_asks_again(mine, theirs, tmp_path):
    mine.parent.mkdir()
    mine.write_text("a file where the folder should be")
    spec = ModelSpec(str(theirs / "net.py"))
    trust_models([spec])
    with pytest.raises(UntrustedCodeError):
        check_trusted([spec], tmp_path / "session.json")


def test_the_window_asks(program, theirs, mine):
    """What a visit left behind names a script that has changed since."""
    mine.mkdir(parents=True)
    for name in ("last-a.json", "last-b.json"):
        (mine / name).write_text((theirs / "session.json").read_text())
    vrnn = program()
    vrnn.ready()

    def choose(*keys):
        seen = [vrnn.picture()]

        def press_until_seen(*pressed):
            for key in pressed:
                vrnn.press(key)
            last = seen[-1]
            seen.append(vrnn.picture_where(lambda now: differs(last, now) > 0.005))

        press_until_seen("ctrl+r")  # the visits
        press_until_seen("Return")  # the question about the first of them
        press_until_seen(*keys)

    choose("Return")  # the first answer is no
    assert not (theirs / "it-ran").exists()
    choose("Down", "Return")
    vrnn.wait_for((theirs / "it-ran").exists)
