"""A real window: Xvfb shows it, xdotool presses keys and moves the mouse."""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.signals import as_in_a_terminal

ROOT = Path(__file__).resolve().parents[2]
SIZE = (960, 600)


@pytest.fixture(scope="module")
def display():
    """An X server of its own, without a screen."""
    missing = [name for name in ("Xvfb", "xdotool", "import") if shutil.which(name) is None]
    assert not missing, (
        f"the window tests need {missing}: sudo apt-get install -y xvfb xdotool imagemagick"
    )
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    number = os.read(read, 16).decode().strip()
    yield f":{number}"
    server.terminate()
    server.wait(10)


class Program:
    """`vrnn` in a window on a display."""

    def __init__(self, display: str, folder: Path, *words: str) -> None:
        self.env = os.environ | {"DISPLAY": display, "XDG_CONFIG_HOME": str(folder / "none")}
        self.folder = folder
        size = f"{SIZE[0]}x{SIZE[1]}"
        command = [sys.executable, "-m", "vrnn", "--window", size, "--timings", *words]
        self.log = (folder / "log.txt").open("w+")
        self.process = subprocess.Popen(
            command, cwd=folder, env=self.env, stderr=self.log, preexec_fn=as_in_a_terminal
        )
        self.window = ""

    def said(self) -> str:
        self.log.seek(0)
        return self.log.read()

    def wait_for(self, what, seconds: float = 60.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            result = what()
            if result:
                return result
            assert self.process.poll() is None, f"vrnn ended: {self.said()}"
            time.sleep(0.1)
        raise AssertionError(f"waited {seconds} s in vain; vrnn said: {self.said()}")

    def ready(self) -> None:
        self.wait_for(lambda: "maps " in self.said(), 120)
        found = self.xdotool("search", "--pid", str(self.process.pid), "--onlyvisible")
        self.window = found.split()[0]
        self.xdotool("windowfocus", "--sync", self.window)
        self.xdotool("mousemove", "--window", self.window, "5", "5")

    def xdotool(self, *words: str) -> str:
        done = subprocess.run(
            ["xdotool", *words], env=self.env, capture_output=True, text=True, timeout=30
        )
        return done.stdout

    def press(self, *keys: str) -> None:
        self.xdotool("key", "--window", self.window, *keys)

    def click(self, x: int, y: int) -> None:
        self.xdotool(
            "mousemove", "--window", self.window, str(x), str(y), "sleep", "0.2", "click", "1"
        )

    def title(self) -> str:
        return self.xdotool("getwindowname", self.window).strip()

    def picture(self) -> np.ndarray:
        """(H, W, 3) int: what the screen shows of the window, once it stands still."""
        before = None
        end = time.monotonic() + 20
        while time.monotonic() < end:
            path = self.folder / "seen.png"
            subprocess.run(
                ["import", "-window", self.window, str(path)], env=self.env, check=True, timeout=30
            )
            now = np.asarray(Image.open(path).convert("RGB")).astype(int)
            if before is not None and now.shape == before.shape and np.abs(now - before).max() < 3:
                return now
            before = now
            time.sleep(0.35)
        raise AssertionError("the picture never stands still")

    def close(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(20)
        self.log.close()
        return code


@pytest.fixture
def program(display, tmp_path):
    running = []

    def start(*words: str) -> Program:
        running.append(Program(display, tmp_path, *words))
        return running[-1]

    yield start
    for one in running:
        one.close()


class ClientMessage(ctypes.Structure):
    """XClientMessageEvent, padded to an XEvent."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
        ("padding", ctypes.c_long * 24),
    ]


def ask_to_close(display: str, window: int) -> None:
    """What a window manager sends when its close button is pressed (there is none in Xvfb)."""
    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XInternAtom.restype = ctypes.c_ulong
    connection = ctypes.c_void_p(x11.XOpenDisplay(display.encode()))
    protocols = x11.XInternAtom(connection, b"WM_PROTOCOLS", 0)
    event = ClientMessage(33, 0, 1, None, window, protocols, 32)
    event.data[0] = x11.XInternAtom(connection, b"WM_DELETE_WINDOW", 0)
    x11.XSendEvent(connection, ctypes.c_ulong(window), 0, ctypes.c_long(0), ctypes.byref(event))
    x11.XFlush(connection)
    x11.XCloseDisplay(connection)


def differs(a: np.ndarray, b: np.ndarray) -> float:
    """Part of the pixels that are not the same."""
    return float((np.abs(a - b).max(-1) > 8).mean())


def test_a_visit(program):
    vrnn = program()
    vrnn.ready()
    overview = vrnn.picture()
    assert overview.std() > 10

    title = vrnn.wait_for(lambda: re.search(r"vrnn · .*digits.* fps", vrnn.title()))
    assert "untrained weights" not in title[0]

    vrnn.press("F1")
    help_sheet = vrnn.picture()
    assert differs(overview, help_sheet) > 0.05
    vrnn.press("F1")
    assert differs(overview, vrnn.picture()) < 0.02

    # Walking forward comes nearer; Home goes back.
    vrnn.xdotool("keydown", "--window", vrnn.window, "w")
    time.sleep(1.0)
    vrnn.xdotool("keyup", "--window", vrnn.window, "w")
    near = vrnn.picture()
    assert differs(overview, near) > 0.05
    vrnn.press("ctrl+5")
    vrnn.press("Home")
    home = vrnn.picture()
    assert differs(near, home) > 0.05
    vrnn.press("5")
    time.sleep(1.0)
    assert differs(near, vrnn.picture()) < 0.12  # histograms may have come meanwhile
    vrnn.press("Home")

    # The other arrangement and back; the colors' scale.
    time.sleep(1.0)
    vrnn.press("Tab")
    time.sleep(1.5)
    conveyor = vrnn.picture()
    assert differs(home, conveyor) > 0.1
    vrnn.press("Tab")
    time.sleep(1.5)
    terrace = vrnn.picture()
    vrnn.press("c")
    assert differs(terrace, vrnn.picture()) > 0.003

    # A screenshot is written where vrnn was started.
    vrnn.press("F12")
    written = vrnn.wait_for(lambda: list(vrnn.folder.glob("vrnn-*.png")))
    assert Image.open(written[0]).size == SIZE


def test_the_mouse_looks_around_only_while_it_is_captured(program):
    vrnn = program()
    vrnn.ready()
    still = vrnn.picture()
    vrnn.xdotool("mousemove", "--window", vrnn.window, "8", "300")
    assert differs(still, vrnn.picture()) < 0.1
    vrnn.click(8, 8)
    time.sleep(0.3)
    vrnn.xdotool("mousemove_relative", "--", "160", "20")
    time.sleep(0.5)
    turned = vrnn.picture()
    assert differs(still, turned) > 0.1
    vrnn.press("Escape")
    time.sleep(0.3)
    vrnn.xdotool("mousemove", "--window", vrnn.window, "4", "4")
    free = vrnn.picture()
    vrnn.xdotool("mousemove_relative", "--", "60", "0")
    assert differs(free, vrnn.picture()) < 0.1


def test_a_resized_window_is_filled(program):
    vrnn = program()
    vrnn.ready()
    vrnn.xdotool("windowsize", "--sync", vrnn.window, "700", "640")
    time.sleep(0.5)
    seen = vrnn.picture()
    assert seen.shape[:2] == (640, 700)
    assert seen[-40:, -40:].std() < 60
    assert seen[600:, :300].std() > 3  # the legend is at the new lower left


def test_closing_the_window_ends_the_program_at_once(program):
    vrnn = program()
    vrnn.ready()
    ask_to_close(vrnn.env["DISPLAY"], int(vrnn.window))
    assert vrnn.process.wait(10) == 0


def test_a_model_that_cannot_be_opened_ends_with_a_sentence(program, tmp_path):
    script = tmp_path / "broken.py"
    script.write_text("import torch\nmodel = torch.nn.Linear(3)\n")
    vrnn = program("--model", str(script))
    assert vrnn.process.wait(60) == 2
    said = vrnn.said()
    assert "broken.py:2" in said
    assert "Traceback" not in said
