"""Settings: the defaults in configs/default.toml, overlaid by the user's own files."""

from __future__ import annotations

import os
import re
import sys
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, get_type_hints

from vrnn.errors import VrnnError

MIRRORS = ("left", "both", "free")
"""What a monitor shows beside a headset: the left eye, both, or a camera of its own."""
Colour = tuple[float, float, float]
"""Linear red, green, blue, 0…1."""

MODIFIERS = ("CONTROL", "SHIFT", "ALT", "SUPER")
_KEY_NAME = re.compile(
    r"[A-Z0-9]|F([1-9]|1\d|2[0-5])|KP_(\d|DECIMAL|DIVIDE|MULTIPLY|SUBTRACT|ADD|ENTER|EQUAL)"
    r"|(LEFT|RIGHT)_(SHIFT|CONTROL|ALT|SUPER|BRACKET)|SPACE|APOSTROPHE|COMMA|MINUS|PERIOD|SLASH"
    r"|SEMICOLON|EQUAL|BACKSLASH|GRAVE_ACCENT|ESCAPE|ENTER|TAB|BACKSPACE|INSERT|DELETE|RIGHT|LEFT"
    r"|DOWN|UP|PAGE_UP|PAGE_DOWN|HOME|END|CAPS_LOCK|SCROLL_LOCK|NUM_LOCK|PRINT_SCREEN|PAUSE|MENU"
)


CHORDS = ("panels", "palette", "undo", "redo", "larger_text", "smaller_text")
"""Actions whose key may be pressed while others are held."""
_HELD = re.compile(r"^(CONTROL\+)?(SHIFT\+)?(ALT\+)?")


@dataclass(frozen=True)
class Keys:
    """Names of keys as GLFW has them, without `KEY_`; places: one key for each stored place. Those
    in CHORDS may have `CONTROL+`, `SHIFT+` and `ALT+` before them, in this order."""

    forward: str
    back: str
    left: str
    right: str
    up: str
    down: str
    run: str
    frame: str
    home: str
    arrange: str
    scale: str
    fold: str
    magnify: str
    minimap: str
    top_images: str
    features: str
    switch: str
    pin: str
    next_image: str
    previous_image: str
    screenshot: str
    help: str
    free_cursor: str
    panels: str
    palette: str
    undo: str
    redo: str
    larger_text: str
    smaller_text: str
    places: tuple[str, ...]
    store: str


@dataclass(frozen=True)
class Look:
    """Colours, all linear."""

    background: Colour
    positive: Colour
    negative: Colour
    not_finite: Colour


@dataclass(frozen=True)
class Motion:
    """seconds: of an eased move; walk_speed: m/s; mouse: degrees a pixel; fov: degrees."""

    enabled: bool
    seconds: float
    walk_speed: float
    run_factor: float
    mouse: float
    fov: float


@dataclass(frozen=True)
class Window:
    """width, height: in screen coordinates; multisample: samples a pixel, 0 or 1 for none."""

    width: int
    height: int
    multisample: int
    vsync: bool


@dataclass(frozen=True)
class Render:
    """upload_mb_a_frame: megabytes of feature maps that may go to the GPU in one frame."""

    upload_mb_a_frame: float


@dataclass(frozen=True)
class Panels:
    """text: its size in points."""

    text: float


@dataclass(frozen=True)
class Headset:
    """resolution: of what the headset recommends, each way; multisample: samples a pixel, 0 or 1
    for none; refresh_rate: Hz, 0 for the headset's own; depth: hand the runtime depths too; mirror:
    what the monitor shows, one of MIRRORS; mirror_rate: pictures a second there."""

    resolution: float
    multisample: int
    refresh_rate: float
    depth: bool
    mirror: str
    mirror_rate: float


@dataclass(frozen=True)
class Comfort:
    """How one moves in a headset.

    walk: whether a stick walks smoothly; walk_speed: m/s; turn: degrees of a snap turn, 0 to turn
    smoothly by turn_speed, degrees/s; vignette: how much of the edge goes dark in motion, 0…1;
    haptics: strength, 0…1; hints: whether controllers say at first what their buttons do.
    """

    walk: bool
    walk_speed: float
    turn: float
    turn_speed: float
    vignette: float
    left_handed: bool
    haptics: float
    hints: bool


@dataclass(frozen=True)
class Config:
    """All settings."""

    keys: Keys
    look: Look
    motion: Motion
    window: Window
    render: Render
    panels: Panels
    headset: Headset
    comfort: Comfort


LIMITS = {
    "motion.seconds": (0.0, 10.0),
    "motion.walk_speed": (0.01, 1000.0),
    "motion.run_factor": (1.0, 100.0),
    "motion.mouse": (0.001, 10.0),
    "motion.fov": (10.0, 150.0),
    "window.width": (160, 16384),
    "window.height": (120, 16384),
    "window.multisample": (0, 32),
    "render.upload_mb_a_frame": (0.25, 65536.0),
    "panels.text": (9.0, 40.0),
    "headset.resolution": (0.2, 3.0),
    "headset.multisample": (0, 32),
    "headset.refresh_rate": (0.0, 1000.0),
    "headset.mirror_rate": (1.0, 240.0),
    "comfort.walk_speed": (0.1, 10.0),
    "comfort.turn": (0.0, 90.0),
    "comfort.turn_speed": (5.0, 360.0),
    "comfort.vignette": (0.0, 1.0),
    "comfort.haptics": (0.0, 1.0),
}
"""Smallest and largest value of each number."""

Tables = dict[str, dict[str, Any]]


def load_config(file: Path | None = None) -> Config:
    """The defaults, overlaid by the user's own file if there is one, then by `file`.

    Raises VrnnError naming file and key for a setting that is unknown or of the wrong kind.
    """
    text = resources.files("vrnn.configs").joinpath("default.toml").read_text(encoding="utf-8")
    values: Tables = tomllib.loads(text)
    own = user_file()
    for path in ([own] if own.is_file() else []) + ([file] if file else []):
        _overlay(values, _read(path), path)
    return _built(values)


def user_file() -> Path:
    """Where the user's own settings are looked for; it need not exist."""
    if sys.platform == "win32":
        base = os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming"
    else:
        base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "vrnn" / "config.toml"


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise VrnnError(f"cannot read the settings in '{path}': {reason}") from error
    except ValueError as error:  # of TOML and of UTF-8
        raise VrnnError(f"cannot read the settings in '{path}': {error}") from error


def _overlay(values: Tables, changes: dict[str, Any], path: Path) -> None:
    for section, entries in changes.items():
        if section not in values:
            known = ", ".join(f"[{name}]" for name in values)
            raise VrnnError(f"{path}: there is no section [{section}]; known are {known}")
        if not isinstance(entries, dict):
            raise VrnnError(f"{path}: '{section}' should be a section, [{section}]")
        for key, value in entries.items():
            if key not in values[section]:
                known = ", ".join(values[section])
                raise VrnnError(f"{path}: there is no '{key}' in [{section}]; known are {known}")
            problem = _problem(f"{section}.{key}", value)
            if problem:
                raise VrnnError(f"{path}: {section}.{key} should be {problem}, not {value!r}")
        values[section] |= entries
    _check_keys(values["keys"], path)


def _problem(name: str, value: Any) -> str:
    """What a setting should be, or '' when it is."""
    section, key = name.split(".")
    kind = get_type_hints(get_type_hints(Config)[section])[key]
    if kind is bool:
        return "" if isinstance(value, bool) else "true or false"
    if kind == Colour:
        whole = isinstance(value, list) and len(value) == 3 and all(map(_is_number, value))
        return "" if whole and all(0 <= v <= 1 for v in value) else "three numbers from 0 to 1"
    if kind in (int, float):
        low, high = LIMITS[name]
        fits = _is_number(value) and (kind is float or isinstance(value, int))
        sort = "a whole number" if kind is int else "a number"
        return "" if fits and low <= value <= high else f"{sort} from {low} to {high}"
    if key == "mirror":
        return "" if value in MIRRORS else "one of " + ", ".join(MIRRORS)
    if key == "store":
        return "" if value in MODIFIERS else "one of " + ", ".join(MODIFIERS)
    if key == "places":
        return "" if isinstance(value, list) and all(map(_is_key, value)) else "a list of keys"
    if key in CHORDS:
        return "" if _is_chord(value) else "a key such as F2 or CONTROL+P"
    return "" if _is_key(value) else "a key such as W, F12, TAB or LEFT_SHIFT"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_key(value: Any) -> bool:
    return isinstance(value, str) and _KEY_NAME.fullmatch(value) is not None


def _is_chord(value: Any) -> bool:
    return isinstance(value, str) and _is_key(_HELD.sub("", value, count=1))


def _check_keys(keys: dict[str, Any], path: Path) -> None:
    owner: dict[str, str] = {}
    for action, value in keys.items():
        for key in value if isinstance(value, list) else [value]:
            if key in owner:
                raise VrnnError(f"{path}: [keys] gives {key} to both '{owner[key]}' and '{action}'")
            owner[key] = action


def _built(values: Tables) -> Config:
    sections = {}
    for name, kind in get_type_hints(Config).items():
        entries = {k: tuple(v) if isinstance(v, list) else v for k, v in values[name].items()}
        sections[name] = kind(**entries)
    return Config(**sections)
