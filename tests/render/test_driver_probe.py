"""A driver that ends its process is tried in another one first, where it is misled."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from vrnn.errors import VrnnError
from vrnn.render import driver_probe

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Mesa's variables")


@pytest.fixture
def started(monkeypatch):
    """What was started; the process ends with `started.code`."""

    class Started(list):
        code = 0

    commands = Started()

    def run(command, **_):
        commands.append(command)
        return subprocess.CompletedProcess(command, commands.code)

    monkeypatch.setattr(subprocess, "run", run)
    for name in list(os.environ):
        if name.startswith(driver_probe.PREFIXES) and name not in driver_probe.HARMLESS:
            monkeypatch.delenv(name)
    return commands


def test_no_process_is_started_without_a_reason(started):
    driver_probe.check_driver()
    assert started == []


def test_a_driver_that_crashes_is_named(started, monkeypatch):
    monkeypatch.setenv("MESA_EXTENSION_OVERRIDE", "-GL_ARB_uniform_buffer_object")
    driver_probe.check_driver()
    assert len(started) == 1
    started.code = -11
    with pytest.raises(VrnnError, match="without MESA_EXTENSION_OVERRIDE"):
        driver_probe.check_driver()


def test_the_triangle_is_drawn_here():
    command = [sys.executable, "-m", "vrnn.render.driver_probe"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("session", ["wayland", "x11", ""])
def test_glfw_is_the_one_that_dear_imgui_can_use(session):
    """In a Wayland session GLFW's own choice could not be imported beside Dear ImGui."""
    environment = {k: v for k, v in os.environ.items() if k != "PYGLFW_LIBRARY_VARIANT"}
    code = "import vrnn.app.window, imgui_bundle, glfw; glfw.get_version_string()"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**environment, "XDG_SESSION_TYPE": session},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
