"""Faults of vrnn itself in a running window: told, logged, and survived."""

import os
import re
import subprocess
import sys

import pytest

from tests.support.window import Program, differs, saved_session

FAULTY = """
import sys
from dataclasses import dataclass
from vrnn.commands.base import Command, UndoableCommand
from vrnn.commands.registry import command
from vrnn.scene.world import World
from vrnn.ui.panel_registry import Dock, Panel, panel

@command("test.fail", "Fail", key="F6")
@dataclass(frozen=True)
class Fail(UndoableCommand):
    "Fails after the change was made."
    def apply(self, state, world):
        from dataclasses import replace
        return replace(state, arrangement="conveyor")
    def run(self, context):
        super().run(context)
        raise KeyError(6)

draw_list = World.draw_list

@command("test.break", "Break drawing", key="F7")
@dataclass(frozen=True)
class Break(Command):
    "Lets every frame fail, or none any more."
    def run(self, context):
        def fail(world):
            raise ZeroDivisionError("no frame")
        World.draw_list = fail if World.draw_list is draw_list else draw_list

@panel("Faulty", dock=Dock.LEFT_TOP)
class Faulty(Panel):
    def draw(self, context):
        raise LookupError("no panel")

from vrnn.cli.main import entry
entry()
"""
MESSAGE = (slice(60, 160), slice(60, 900))
"""Where a message that has to be dismissed stands."""


@pytest.fixture
def faulty(display, ready_process, tmp_path, monkeypatch):
    """Starts a vrnn whose command F6 fails, whose F7 breaks drawing, and a panel fails."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    script = tmp_path / "faulty.py"
    script.write_text(FAULTY)
    running = []

    def start(*words):
        running.append(Program(ready_process, display, tmp_path, *words, start=(str(script),)))
        return running[-1]

    yield start
    for each in running:
        each.close()


def log_of(vrnn) -> str:
    file = vrnn.folder / "state" / "vrnn" / "faults.log"
    return file.read_text() if file.exists() else ""


def test_a_command_that_fails_is_told_and_leaves_everything_as_it_was(faulty):
    vrnn = faulty()
    vrnn.ready()
    vrnn.press("g")
    session = vrnn.session_where(lambda saved: "folds" in saved["state"])
    before = vrnn.picture()
    vrnn.press("F6")
    log = vrnn.wait_for(lambda: log_of(vrnn))
    assert "KeyError: 6" in log
    assert re.search(r"last commands.*\n(.*\n)*  Fail\(\)\n", log)
    told = vrnn.picture()
    assert differs(before[MESSAGE], told[MESSAGE]) > 0.5
    assert saved_session(vrnn)["state"] == session["state"]
    vrnn.press("Escape")
    closed = vrnn.picture()
    assert differs(before[MESSAGE], closed[MESSAGE]) < 0.05
    vrnn.press("ctrl+z")  # takes back what was done before the fault
    vrnn.wait_for(lambda: "folds" not in saved_session(vrnn)["state"])


def test_a_panel_that_fails_says_so_in_its_place_and_the_others_work(faulty):
    vrnn = faulty()
    vrnn.ready()
    vrnn.press("F2")
    vrnn.wait_for(lambda: "LookupError: no panel" in log_of(vrnn))
    vrnn.picture()
    assert log_of(vrnn).count("LookupError: no panel") == 1
    vrnn.press("Escape")
    vrnn.press("Tab")
    vrnn.wait_for(lambda: saved_session(vrnn)["state"].get("arrangement") == "conveyor")


def test_a_frame_that_fails_leaves_the_last_good_one_and_the_note(faulty):
    vrnn = faulty()
    vrnn.ready()
    before = vrnn.picture()
    vrnn.press("F7")
    vrnn.wait_for(lambda: "ZeroDivisionError: no frame" in log_of(vrnn))
    told = vrnn.picture()
    assert differs(before[MESSAGE], told[MESSAGE]) > 0.5
    below = (slice(220, 440), slice(60, 900))  # above the hint, which comes and goes
    assert before[below].std() > 10
    assert differs(before[below], told[below]) < 0.05
    assert log_of(vrnn).count("ZeroDivisionError: no frame") == 1
    vrnn.press("F7")
    vrnn.press("Escape")
    vrnn.press("Tab")
    assert differs(before, vrnn.picture()) > 0.1


def test_with_debug_it_ends_with_the_traceback(faulty):
    vrnn = faulty("--debug")
    vrnn.ready()
    vrnn.press("F6")
    assert vrnn.process.wait(20) == 1
    assert "Traceback" in vrnn.output()
    assert "KeyError: 6" in vrnn.output()


def test_a_window_larger_than_a_texture_is_filled(program):
    vrnn = program()
    vrnn.ready()
    vrnn.xdotool("windowsize", "--sync", vrnn.window, "20000", "300")
    saved_session(vrnn)  # it still answers
    vrnn.xdotool("windowsize", "--sync", vrnn.window, "700", "400")
    seen = vrnn.picture_where(lambda seen: seen.shape[:2] == (400, 700) and seen.std() > 1)
    assert seen[:200].std() > 5
    assert "failed" not in vrnn.output()


def test_the_fault_of_a_script_names_the_command(tmp_path):
    (tmp_path / "plugin.py").write_text(FAULTY)
    (tmp_path / "a.toml").write_text('[[command]]\ndo = "test.fail"\n')
    result = subprocess.run(
        [sys.executable, "plugin.py", "--play", "a.toml"], cwd=tmp_path, capture_output=True,
        env=os.environ | {"XDG_STATE_HOME": str(tmp_path)}, timeout=120, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 2
    assert re.search(r"a.toml, command 1: Fail \(test.fail\) failed: KeyError; details in ",
                     result.stderr)  # fmt: skip
    assert "Traceback" not in result.stderr
