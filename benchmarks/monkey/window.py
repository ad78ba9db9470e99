"""The monkey at the window: a real one, whose input comes from chance."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import glfw
import numpy as np
from imgui_bundle import imgui

import vrnn.app.opened_window
from benchmarks.monkey.checks import check
from benchmarks.monkey.files import DROPPED, write_files
from benchmarks.monkey.random_commands import CommandMaker
from vrnn.app.desktop import DesktopApp
from vrnn.app.window import Window
from vrnn.config.loader import load_config
from vrnn.config.options import Options
from vrnn.controls.events import InputEvent
from vrnn.errors import VrnnError
from vrnn.ui.panel_registry import registered_panels

SIZE = (900, 560)
SIZES = ((900, 560), (640, 400), (300, 900), (1400, 800), (90, 60), (1, 1), (20000, 300))
MODIFIERS = {"ctrl": glfw.MOD_CONTROL, "shift": glfw.MOD_SHIFT, "": 0}
CHORDS = "ZYPRSVC0123456789"
TYPED = ("conv", "stage1", "fold", "undo", "#3", "arr", "é", "zzz", "relu", "restore")
WALKING = ("W", "A", "S", "D", "Q", "E", "LEFT_SHIFT")
FRAMES_AN_EVENT = 2
"""Frames between two events, on average."""
UNTOUCHED_KEYS = frozenset({"F11"})


class DrivenWindow(Window):
    """A window whose mouse and keys are what a monkey says."""

    driver: Callable[[DrivenWindow], None]
    finished = False

    def __init__(
        self, title: str, size: tuple[int, int], fullscreen: bool, vsync: bool,
        text_scale: float = 0.0,
    ) -> None:  # fmt: skip
        """Open the window, with the mouse in the middle."""
        super().__init__(title, size, fullscreen, False, text_scale)
        self.at = (size[0] / 2, size[1] / 2)
        self.down: set[str] = set()

    def poll_events(self, wait: float) -> list[InputEvent]:
        """Let the monkey do something, and return what came of it."""
        DrivenWindow.driver(self)
        return super().poll_events(0.0)

    @property
    def closing(self) -> bool:
        """Whether the monkey has had enough."""
        return self.finished

    @property
    def mouse(self) -> tuple[float, float]:
        """Where the monkey has put the mouse."""
        return self.at

    @property
    def cursor(self) -> tuple[float, float]:
        """The same in the window, -1…1, y up."""
        width, height = glfw.get_window_size(self._handle)
        x, y = self.at
        return 2 * x / max(width, 1) - 1, 1 - 2 * y / max(height, 1)

    def is_key_down(self, name: str) -> bool:
        """Whether the monkey holds a key."""
        return name in self.down

    def move(self, x: float, y: float) -> None:
        """Move the mouse."""
        self._on_cursor(self._handle, x, y)
        self.at = (x, y)

    def button(self, number: int, down: bool) -> None:
        """Press or release a mouse button."""
        self._on_button(self._handle, number, glfw.PRESS if down else glfw.RELEASE, 0)

    def press(self, name: str, modifier: str = "") -> None:
        """Press and release a key."""
        code, mods = getattr(glfw, f"KEY_{name}"), MODIFIERS[modifier]
        for action in (glfw.PRESS, glfw.RELEASE):
            self._on_key(self._handle, code, 0, action, mods)

    def type(self, text: str) -> None:
        """Type text."""
        for letter in text:
            self._on_text(self._handle, ord(letter))

    def wheel(self, steps: float) -> None:
        """Turn the wheel."""
        self._on_scroll(self._handle, 0.0, steps)

    def drop(self, path: Path) -> None:
        """Drop a file."""
        self._on_drop(self._handle, [str(path)])

    def resize(self, size: tuple[int, int]) -> None:
        """Change the size."""
        glfw.set_window_size(self._handle, *size)


class WindowMonkey:
    """Does one random thing after another in the window."""

    def __init__(self, seed: int, events: int, folder: Path, log: Callable[[str], None]) -> None:
        """Create a monkey.

        Args:
            seed: Of all that it does.
            events: How many things it does.
            folder: With the files of `write_files`.
            log: Gets each thing before it is done.
        """
        self._rng = random.Random(seed)
        self._left, self._folder, self._log = events, folder, log
        self._commands = CommandMaker(self._rng, folder)
        self.app: DesktopApp | None = None
        self._held: list[int] = []

    def drive(self, window: DrivenWindow) -> None:
        """Do something, or nothing, before the next frame."""
        app = self.app
        if app is None:
            return
        _check(app)
        if not app.workspace.feed.displayed_sequence or self._rng.random() > 1 / FRAMES_AN_EVENT:
            return
        self._left -= 1
        if self._left < 0:
            window.finished = True
            return
        actions: list[tuple[Callable[[DrivenWindow, DesktopApp], None], float]] = [
            (self._key, 4.0), (self._chord, 2.0), (self._click, 6.0), (self._drag, 2.0),
            (self._wheel, 1.0), (self._palette, 1.0), (self._drop, 0.4), (self._resize, 0.3),
            (self._panel, 1.0), (self._command, 3.0), (self._walk, 1.0), (self._look, 0.6),
            (self._focus, 0.2), (self._release, 1.0),
        ]  # fmt: skip
        kinds, weights = zip(*actions, strict=True)
        self._rng.choices(kinds, weights)[0](window, app)

    def _point(self, window: DrivenWindow, app: DesktopApp) -> None:
        """Put the mouse anywhere, or on something that can be clicked."""
        rng = self._rng
        width, height = window.size
        x, y = rng.uniform(-5, width + 5), rng.uniform(-5, height + 5)
        spots = _spots(app)
        if spots and rng.random() < 0.5:
            x, y = _pixel(app, rng.choice(spots)) or (x, y)
        self._log(f"move {x:.0f} {y:.0f}")
        window.move(x, y)

    def _click(self, window: DrivenWindow, app: DesktopApp) -> None:
        self._point(window, app)
        button = self._rng.choice((0, 0, 0, 0, 1, 2, 4, 6))
        times = self._rng.choice((1, 1, 2))
        self._log(f"click {button} {times} times")
        for _ in range(times):
            window.button(button, True)
            window.button(button, False)

    def _drag(self, window: DrivenWindow, app: DesktopApp) -> None:
        self._point(window, app)
        button = self._rng.choice((0, 0, 1))
        self._log(f"hold button {button}")
        window.button(button, True)
        self._held.append(button)
        self._point(window, app)

    def _release(self, window: DrivenWindow, app: DesktopApp) -> None:
        self._log("release all")
        for button in self._held:
            window.button(button, False)
        self._held.clear()
        window.down.clear()

    def _key(self, window: DrivenWindow, app: DesktopApp) -> None:
        names = [key for key in app._input._key_map._commands if key not in UNTOUCHED_KEYS]
        key = self._rng.choice([*names, "ENTER", "UP", "DOWN", "BACKSPACE", "SPACE", "TAB"])
        name, modifier = key, ""
        if "+" in key:
            modifier = "ctrl" if key.startswith("CONTROL") else "shift"
            name = key.rpartition("+")[2]
        self._log(f"press {modifier} {name}")
        window.press(name, modifier)

    def _chord(self, window: DrivenWindow, app: DesktopApp) -> None:
        name = self._rng.choice(CHORDS)
        self._log(f"press ctrl {name}")
        window.press(name, "ctrl")

    def _wheel(self, window: DrivenWindow, app: DesktopApp) -> None:
        steps = self._rng.uniform(-5, 5)
        self._log(f"wheel {steps:.1f}")
        window.wheel(steps)

    def _palette(self, window: DrivenWindow, app: DesktopApp) -> None:
        text = self._rng.choice(TYPED)
        self._log(f"palette {text}")
        window.press("P", "ctrl")
        window.type(text)
        if self._rng.random() < 0.8:
            window.press("ENTER")

    def _drop(self, window: DrivenWindow, app: DesktopApp) -> None:
        name = self._rng.choice(DROPPED)
        self._log(f"drop {name}")
        window.drop(self._folder / name)

    def _resize(self, window: DrivenWindow, app: DesktopApp) -> None:
        size = self._rng.choice(SIZES)
        self._log(f"resize {size}")
        window.resize(size)

    def _panel(self, window: DrivenWindow, app: DesktopApp) -> None:
        if not app.gui.shown:
            self._log("press F2")
            window.press("F2")
        title = self._rng.choice(registered_panels()).title
        self._log(f"show panel {title}")
        imgui.set_window_focus(title)

    def _command(self, window: DrivenWindow, app: DesktopApp) -> None:
        command = self._commands.command(app.workspace.world)
        self._log(f"do {command!r}")
        try:
            app.dispatcher.execute(command)
        except VrnnError as error:
            app.notify(str(error))

    def _walk(self, window: DrivenWindow, app: DesktopApp) -> None:
        key = self._rng.choice(WALKING)
        self._log(f"hold {key}")
        window.down.add(key)

    def _look(self, window: DrivenWindow, app: DesktopApp) -> None:
        self._log("look around")
        window.button(1, True)
        window.move(*(self._rng.uniform(0, side) for side in SIZE))
        window.button(1, False)

    def _focus(self, window: DrivenWindow, app: DesktopApp) -> None:
        self._log("lose the focus")
        window._on_focus(None, 0)
        window._on_focus(None, 1)


def _check(app: DesktopApp) -> None:
    """Raise `Found` when something is wrong."""
    previewing = app._input._pointer.dragging or imgui.is_any_item_active()
    check(app.workspace, app._ctx, previewing)


def _pixel(app: DesktopApp, point: np.ndarray) -> tuple[float, float] | None:
    """Where a point (3,) is in the window, pixels; None outside of the view."""
    clip = app._fly_camera.camera.clip_from_world(app._view.aspect) @ np.append(point, 1.0)
    x, y = clip[:2] / max(clip[3], 1e-6)
    left, top, width, height = app.gui.world_area
    if max(abs(x), abs(y)) > 1:
        return None
    return float(left + (x + 1) / 2 * width), float(top + (1 - y) / 2 * height)


def _spots(app: DesktopApp) -> list[np.ndarray]:
    """(3,) meters: the middles of layers, and of what else can be clicked."""
    world = app.workspace.world
    spots = [
        np.array(r.origin) + (np.array(r.right) + np.array(r.down)) / 2
        for r in world.pick_regions()
    ]
    for slot in world.slots:
        rects = world.placement_frame(slot).panel_rects
        spots += list(rects[:, :3] + rects[:, 4:] * (0.0, 0.5, 0.0))
    return spots


def run(seed: int, events: int, folder: Path, log: Callable[[str], None]) -> None:
    """Let a monkey loose in a window.

    Args:
        seed: Of all that it does.
        events: How many things it does.
        folder: An empty folder.
        log: Gets each thing before it is done.

    Raises:
        Found: Something went wrong.
    """
    specs = write_files(folder)
    monkey = WindowMonkey(seed, events, folder, log)
    DrivenWindow.driver = monkey.drive
    vrnn.app.opened_window.Window = DrivenWindow  # type: ignore[misc]
    options = Options(window=SIZE)
    config = load_config()
    count = 1 + seed % 2
    with DesktopApp(options, config, specs[:count], [folder / "a.png"]) as app:
        monkey.app = app
        app.loop()
        _check(app)
