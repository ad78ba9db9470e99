"""A real window for tests: Xvfb shows it, xdotool presses keys and moves the mouse."""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.ready_process import ForkedProgram, ReadyProcess
from tests.support.signals import restore_interrupt
from vrnn.app.offscreen import OffscreenApp
from vrnn.config.loader import load_config
from vrnn.network.model_spec import ModelSpec
from vrnn.scene.viewpoints import camera_by_name
from vrnn.ui.hud.overlay import legend_height

SIZE = (960, 600)
"""Width and height of the window, pixels."""
LEGEND_SHARE = legend_height(SIZE[1], 1.0) / SIZE[1]
"""Part of its height that the legend takes, and the overview leaves free."""


@pytest.fixture(scope="module")
def display():
    """An X server for these tests alone, without a screen: its name."""
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


QUIET = """
[motion]
opening_flight = false

[window]
callouts = false
"""
"""Settings in which the first view stands still and shows nothing but the world."""


def write_settings(folder: Path, text: str = QUIET) -> None:
    """Write the user's settings, unless there are some already."""
    file = folder / "vrnn" / "config.toml"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


class Program:
    """`vrnn` in a window on a display."""

    def __init__(
        self, ready: ReadyProcess | None, display: str, folder: Path, *words: str,
        start: tuple[str, ...] = ("-m", "vrnn"),
    ) -> None:  # fmt: skip
        """Start it.

        Args:
            ready: What starts it without importing torch again; None: as a program of its own.
            display: The X server's name.
            folder: Where it runs.
            words: Its command line.
            start: What stands between `python` and these words.
        """
        self.env = os.environ | {"DISPLAY": display, "XDG_CONFIG_HOME": str(folder / "none")}
        self.folder = folder
        write_settings(folder / "none")
        size = f"{SIZE[0]}x{SIZE[1]}"
        command = [*start, "--window", size, "--timings", *words]
        self.log = (folder / "log.txt").open("w+")
        self.process: subprocess.Popen | ForkedProgram
        if ready is not None and ready.can_run_with(self.env):
            self.process = ready.start(command, folder, self.env, os.devnull, self.log.name)
        else:
            self.process = subprocess.Popen(
                [sys.executable, *command], cwd=folder, env=self.env, stderr=self.log,
                preexec_fn=restore_interrupt,
            )  # fmt: skip
        self.window = ""

    def output(self) -> str:
        """What it has written to stderr."""
        self.log.seek(0)
        return self.log.read()

    def wait_for(self, condition, seconds: float = 120.0):
        """Wait until a function returns something true; returns that."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            result = condition()
            if result:
                return result
            assert self.process.poll() is None, f"vrnn ended: {self.output()}"
            time.sleep(0.1)
        raise AssertionError(f"waited {seconds} s in vain; vrnn wrote: {self.output()}")

    def ready(self) -> None:
        """Wait until feature maps are shown, and focus the window."""
        self.wait_for(lambda: "maps " in self.output(), 120)
        self.find_window()

    def find_window(self) -> None:
        """Wait for the window, which opens before the model, and focus it."""
        words = ("search", "--pid", str(self.process.pid), "--onlyvisible")
        self.window = self.wait_for(lambda: self.xdotool(*words)).split()[0]
        self.xdotool("windowfocus", "--sync", self.window)
        self.xdotool("mousemove", "--window", self.window, "5", "5")

    def xdotool(self, *words: str) -> str:
        result = subprocess.run(
            ["xdotool", *words], env=self.env, capture_output=True, text=True, timeout=30
        )
        return result.stdout

    def press(self, *keys: str) -> None:
        self.xdotool("key", "--window", self.window, *keys)

    def click(self, x: int, y: int) -> None:
        self.xdotool(
            "mousemove", "--window", self.window, str(x), str(y), "sleep", "0.2", "click", "1"
        )

    def title(self) -> str:
        return self.xdotool("getwindowname", self.window).strip()

    def shot(self) -> np.ndarray:
        """(H, W, 3) int: what the screen shows of the window now, though it may move."""
        path = self.folder / "window.bmp"
        words = ["import", "-window", self.window, str(path)]
        subprocess.run(words, env=self.env, check=True, timeout=30)
        return np.asarray(Image.open(path).convert("RGB")).astype(int)

    def picture(self) -> np.ndarray:
        """(H, W, 3) int: the same, once nothing moves any more."""
        before = None
        end = time.monotonic() + 20
        while time.monotonic() < end:
            now = self.shot()
            if before is not None and now.shape == before.shape and np.abs(now - before).max() < 3:
                return now
            before = now
            time.sleep(0.5)
        raise AssertionError("the picture never stops changing")

    def picture_where(self, condition) -> np.ndarray:
        """Wait until what the screen shows, once it is at rest, fulfills a condition; that."""
        found = []

        def holds() -> bool:
            found[:] = [self.picture()]
            return condition(found[0])

        self.wait_for(holds)
        return found[0]

    def session_where(self, condition) -> dict:
        """Save the session again and again until its content fulfills a condition; that."""
        found = []

        def holds() -> bool:
            found[:] = [saved_session(self)]
            return condition(found[0])

        self.wait_for(holds)
        return found[0]

    def close(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(20)
        self.log.close()
        return code


@pytest.fixture
def program(display, ready_process, tmp_path):
    """Starts `vrnn` with the words of a command line."""
    running = []

    def start(*words: str) -> Program:
        running.append(Program(ready_process, display, tmp_path, *words))
        return running[-1]

    yield start
    for each in running:
        each.close()


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
    """Fraction of the pixels that differ."""
    return float((np.abs(a - b).max(-1) > 8).mean())


class FirstView:
    """Where things are in the window's first view: from the same world without a screen."""

    def __init__(self, app) -> None:
        self.world = app.world
        fov = np.radians(load_config().motion.fov)
        self.camera = camera_by_name(self.world, "overview", SIZE[0] / SIZE[1], fov, LEGEND_SHARE)

    def pixel(self, point) -> tuple[int, int]:
        clip = self.camera.clip_from_world(SIZE[0] / SIZE[1]) @ np.array([*point, 1.0])
        x, y = clip[:2] / clip[3]
        return round((x + 1) / 2 * SIZE[0]), round((1 - y) / 2 * SIZE[1])

    def region(self, kind: str, index: int = 0) -> tuple[int, int]:
        """The center of a pick region of a kind."""
        regions = [r for r in self.world.pick_regions() if r.kind == kind]
        return self.pixel(_center(regions[index]))

    def handle(self, layer: str) -> tuple[int, int]:
        node = self.world.networks[0].node_ids[layer]
        regions = self.world.pick_regions()
        return self.pixel(
            _center(next(r for r in regions if r.kind == "handle" and r.node == node))
        )

    def layer(self, name: str) -> tuple[int, int]:
        x, y, z, _, height = (
            self.world.placement_frame(0).panel_rect(self.world.networks[0].node_ids[name]).tolist()
        )
        return self.pixel((x + 0.05, y + height / 2 + 0.05, z))


@pytest.fixture(scope="module")
def where():
    """Where things are in the first view of the default network."""
    with OffscreenApp([ModelSpec()], load_config()) as app:
        yield FirstView(app)


def _center(region) -> np.ndarray:
    return np.array(region.origin) + (np.array(region.right) + np.array(region.down)) / 2


def saved_session(vrnn) -> dict:
    """Save the session with its key and return the content of the file."""
    before = set(vrnn.folder.glob("vrnn-*.json"))
    vrnn.press("ctrl+s")
    new = vrnn.wait_for(lambda: set(vrnn.folder.glob("vrnn-*.json")) - before)
    return json.loads(new.pop().read_text())


def move_mouse(vrnn, x: int, y: int) -> None:
    """Move the mouse to a pixel of the window."""
    vrnn.xdotool("mousemove", "--window", vrnn.window, str(x), str(y), "sleep", "0.3")
