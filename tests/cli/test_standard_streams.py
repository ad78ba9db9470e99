"""Standard output and error that are closed, full or read by nobody: a right code, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX")
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")


def shell(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash, in which $V is vrnn."""
    environment = {**os.environ, "V": f"{sys.executable} -m vrnn"}
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, env=environment, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("words", ["--help", "--version", "graph --help", "doctor --help"])
def test_help_that_nobody_reads(tmp_path, words):
    for line in (f"$V {words} | true; exit ${{PIPESTATUS[0]}}", f"$V {words} >&-"):
        result = shell(tmp_path, line)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@FULL
def test_help_on_a_full_disk(tmp_path):
    result = shell(tmp_path, "$V --help > /dev/full")
    assert result.returncode == 2
    assert result.stderr == "vrnn: cannot write to standard output: no space left on device\n"


@pytest.mark.parametrize("where", ["2>&-", pytest.param("2> /dev/full", marks=FULL)])
def test_an_error_that_cannot_be_printed(tmp_path, where):
    result = shell(tmp_path, f"$V --nonsense {where}")
    assert (result.returncode, result.stdout, result.stderr) == (2, "", "")


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_a_graph_with_closed_streams(tmp_path, closed):
    result = shell(tmp_path, f"$V graph --json graph.json {closed}")
    assert (result.returncode, result.stderr) == (0, "")
    assert (tmp_path / "graph.json").read_text().startswith("{")


def test_json_to_standard_output(tmp_path):
    """The node in /dev stays, and a file that is printed to gets table and JSON in order."""
    piped = shell(tmp_path, "$V graph --quiet --json /dev/stdout")
    assert piped.returncode == 0
    assert piped.stdout.startswith("{")
    assert piped.stdout.endswith("}\n")
    into_file = shell(tmp_path, "$V graph --json /dev/stdout > out.txt")
    assert into_file.returncode == 0
    text = (tmp_path / "out.txt").read_text()
    assert text.startswith("digits: ")
    assert text.endswith(piped.stdout)
    assert os.path.exists("/dev/stdout")


def test_no_control_character_reaches_the_terminal(tmp_path):
    result = shell(tmp_path, "$V --screenshot a.png --model $'\\x1b[31m\\nb.py'")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "\x1b" not in result.stderr
    assert "\\x1b[31m" in result.stderr


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere it cannot be deleted")
def test_a_folder_that_was_deleted(tmp_path):
    result = shell(tmp_path, "mkdir gone && cd gone && rmdir ../gone && $V graph")
    assert result.returncode == 2
    assert result.stderr.startswith("vrnn: the folder you are in was deleted")


def test_a_stack_that_is_too_small(tmp_path):
    result = shell(tmp_path, "ulimit -s 200 && $V graph")
    assert result.returncode == 2
    assert "ulimit -s 8192" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no such limit elsewhere")
def test_an_address_space_that_is_too_small(tmp_path):
    result = shell(tmp_path, "ulimit -v 600000 && $V graph")
    assert result.returncode == 2
    assert "ulimit -v unlimited" in result.stderr
