"""Settings: the defaults in configs/default.toml, overlaid by the user's own files."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any, get_type_hints

from vrnn.config.schema import LIMITS, MIRRORS, MODIFIERS, Color, Config, Keys
from vrnn.errors import VrnnError
from vrnn.storage.paths import user_settings_file

_KEY_NAME = re.compile(
    r"[A-Z0-9]|F([1-9]|1\d|2[0-5])|KP_(\d|DECIMAL|DIVIDE|MULTIPLY|SUBTRACT|ADD|ENTER|EQUAL)"
    r"|(LEFT|RIGHT)_(SHIFT|CONTROL|ALT|SUPER|BRACKET)|SPACE|APOSTROPHE|COMMA|MINUS|PERIOD|SLASH"
    r"|SEMICOLON|EQUAL|BACKSLASH|GRAVE_ACCENT|ESCAPE|ENTER|TAB|BACKSPACE|INSERT|DELETE|RIGHT|LEFT"
    r"|DOWN|UP|PAGE_UP|PAGE_DOWN|HOME|END|CAPS_LOCK|SCROLL_LOCK|NUM_LOCK|PRINT_SCREEN|PAUSE|MENU"
)
_HELD = re.compile(r"^(CONTROL\+)?(SHIFT\+)?(ALT\+)?")

Tables = dict[str, dict[str, Any]]


def load_config(file: Path | None = None) -> Config:
    """The defaults, overlaid by the user's own file if there is one, then by `file`.

    Raises VrnnError naming file and key for a setting that is unknown or of the wrong kind.
    """
    text = resources.files("vrnn.configs").joinpath("default.toml").read_text(encoding="utf-8")
    values: Tables = tomllib.loads(text)
    values["keys"]["commands"] = {}
    own = user_settings_file()
    for path in ([own] if own.is_file() else []) + ([file] if file else []):
        _overlay(values, _read(path), path)
    return _built(values)


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
        if section == "keys":
            entries = _take_command_keys(values["keys"], entries, path)
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
    if kind == Color:
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
    if key == "viewpoints":
        return "" if isinstance(value, list) and all(map(_is_key, value)) else "a list of keys"
    return "" if _is_key(value) else "a key such as W, F12, TAB or LEFT_SHIFT"


def _take_command_keys(keys: dict[str, Any], entries: dict[str, Any], path: Path) -> dict[str, Any]:
    """Put the keys of commands aside; give the other entries, by their names now."""
    others = {}
    for written, value in _flattened(entries).items():
        name = Keys.FORMER_NAMES.get(written, written)
        if name in keys:
            others[name] = value
        elif isinstance(value, str) and (value == "" or _is_chord(value)):
            keys["commands"] = {**keys["commands"], name: value}
        else:
            problem = "a key such as F2 or CONTROL+P, or '' for none"
            raise VrnnError(f"{path}: keys.{name} should be {problem}, not {value!r}")
    return others


def _flattened(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """`layer.ablate = "X"` is a table in TOML; a name with a dot here."""
    flat: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            flat |= _flattened(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_key(value: Any) -> bool:
    return isinstance(value, str) and _KEY_NAME.fullmatch(value) is not None


def _is_chord(value: Any) -> bool:
    return isinstance(value, str) and _is_key(_HELD.sub("", value, count=1))


def _check_keys(keys: dict[str, Any], path: Path) -> None:
    owner: dict[str, str] = {}
    for action, value in keys.items():
        if action in ("store", "commands"):
            continue
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
