"""The command as a user types it: exit codes, sentences, quickness."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.signals import restore_interrupt
from vrnn.cli import main as cli
from vrnn.errors import VrnnError
from vrnn.storage import atomic as files
from vrnn.version import __version__

NO_SCREEN = {"DISPLAY": "", "WAYLAND_DISPLAY": ""}


def test_version(run_vrnn):
    result = run_vrnn("--version")
    assert (result.returncode, result.stdout) == (0, f"vrnn {__version__}\n")


@pytest.mark.parametrize("command", [[], ["graph"], ["doctor"], ["export"], ["features"]])
def test_help_takes_neither_torch_nor_opengl(command):
    script = (
        "import sys\n"
        "from vrnn.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'numpy', 'moderngl', 'glfw', 'networkx', 'PIL', 'tqdm'}\n"
        "heavy &= set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)\n"
    )
    words = [sys.executable, "-c", script, *command, "--help"]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "usage: vrnn" in result.stdout


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="always have a screen")
def test_without_a_display_it_says_what_to_do(run_vrnn):
    result = run_vrnn(**NO_SCREEN)
    assert result.returncode == 2
    assert result.stdout == ""
    assert "--screenshot" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_wrong_word_is_one_sentence(run_vrnn):
    result = run_vrnn("--nonsense")
    assert result.returncode == 2
    assert result.stderr.startswith("vrnn: ")
    assert "--nonsense" in result.stderr
    assert result.stderr.count("\n") == 1


def test_debug_shows_where(run_vrnn):
    result = run_vrnn("--debug", "--nonsense")
    assert result.returncode == 2
    assert "Traceback" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("vrnn: ")


def failing(error: BaseException):
    def run(words):
        raise error

    return run


def test_a_user_s_error(monkeypatch, capsys):
    monkeypatch.setattr(cli, "_run", failing(VrnnError("a.py: no model\nin it")))
    assert cli.main([]) == 2
    assert capsys.readouterr().err == "vrnn: a.py: no model in it\n"


def test_a_fault_of_our_own(monkeypatch, capsys):
    monkeypatch.setattr(cli, "_run", failing(ZeroDivisionError("by zero")))
    assert cli.main([]) == 1
    said = capsys.readouterr().err
    assert said.startswith("vrnn: vrnn failed unexpectedly: ZeroDivisionError: by zero")
    assert "--debug" in said
    assert "Traceback" not in said
    assert cli.main(["--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_interrupted(monkeypatch, capsys):
    monkeypatch.setattr(cli, "_run", failing(KeyboardInterrupt()))
    assert cli.main([]) == 130
    assert capsys.readouterr().err == "vrnn: interrupted\n"


def test_interrupted_while_the_program_is_still_imported():
    script = (
        "import sys\n"
        "class Interrupts:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'vrnn.cli.parser': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupts())\n"
        "from vrnn.cli.entry import entry\n"
        "entry()\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (130, "vrnn: interrupted\n")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_ends_it_although_a_thread_is_stuck():
    script = (
        "import sys, threading, time\n"
        "from vrnn.cli import main as cli\n"
        "def run(words):\n"
        "    threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(60)\n"
        "cli._run = run\n"
        "sys.argv = ['vrnn']\n"
        "cli.entry()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=restore_interrupt,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        before = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 130
        assert time.monotonic() - before < 3


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_a_reader_that_goes_away_is_no_error():
    script = (
        "import sys\n"
        "from vrnn.cli import main as cli\n"
        "def run(words):\n"
        "    for _ in range(100000): print('line')\n"
        "    return 0\n"
        "cli._run = run\n"
        "sys.argv = ['vrnn']\n"
        "cli.entry()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=20) == 0


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.bin"
    files.write_atomically(path, b"old")

    def broken(file) -> None:
        file.write(b"ne")
        raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        files.write_atomically(path, broken)
    assert path.read_bytes() == b"old"
    files.write_atomically(path, lambda file: file.write(b"new"))
    assert path.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["a.bin"]


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_a_written_file_has_the_usual_permissions(tmp_path):
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    files.write_atomically(tmp_path / "ours", b"")
    assert (tmp_path / "ours").stat().st_mode == plain.stat().st_mode


def test_where_no_file_can_be_written(tmp_path):
    with pytest.raises(VrnnError, match="there is no folder"):
        files.write_atomically(tmp_path / "none" / "a.png", b"")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(VrnnError, match="is not a folder"):
        files.write_atomically(tmp_path / "file" / "a.png", b"")
    with pytest.raises(VrnnError, match="it is a folder"):
        files.write_atomically(tmp_path, b"")
    with pytest.raises(VrnnError, match="cannot create the folder"):
        files.make_folder(tmp_path / "file" / "b")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder nobody may write in")
def test_where_even_root_may_not_write():
    path = Path(f"/proc/{os.getpid()}/a.png")
    with pytest.raises(VrnnError, match=r"cannot write '/proc/.*a\.png'"):
        files.write_atomically(path, b"")
