"""Settings: the defaults in configs/default.toml, overlaid by the user's own files."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from importlib import resources
from pathlib import Path
from typing import Any

from vrnn.config.schema import MODIFIERS, Config, Keys
from vrnn.errors import VrnnError
from vrnn.storage.input_file import read_toml
from vrnn.storage.paths import user_settings_file
from vrnn.storage.serialization import from_dict

_KEY_NAME = re.compile(
    r"[A-Z0-9]|F([1-9]|1\d|2[0-5])|KP_(\d|DECIMAL|DIVIDE|MULTIPLY|SUBTRACT|ADD|ENTER|EQUAL)"
    r"|(LEFT|RIGHT)_(SHIFT|CONTROL|ALT|SUPER|BRACKET)|SPACE|APOSTROPHE|COMMA|MINUS|PERIOD|SLASH"
    r"|SEMICOLON|EQUAL|BACKSLASH|GRAVE_ACCENT|ESCAPE|ENTER|TAB|BACKSPACE|INSERT|DELETE|RIGHT|LEFT"
    r"|DOWN|UP|PAGE_UP|PAGE_DOWN|HOME|END|CAPS_LOCK|SCROLL_LOCK|NUM_LOCK|PRINT_SCREEN|PAUSE|MENU"
)
_HELD = re.compile(r"^(CONTROL\+)?(SHIFT\+)?(ALT\+)?")

Tables = dict[str, Any]


def load_config(file: Path | None = None) -> Config:
    """Load the defaults, overlaid by the user's own file if there is one, then by `file`.

    Args:
        file: A settings file, as given with `--config`.

    Raises:
        VrnnError: A setting is unknown or not of its kind; the message names file and key.
    """
    text = resources.files("vrnn.configs").joinpath("default.toml").read_text(encoding="utf-8")
    values: Tables = tomllib.loads(text)
    config = from_dict(Config, values, "", Path())
    own = user_settings_file()
    for path in ([own] if own.is_file() else []) + ([file] if file else []):
        values = _overlaid(values, read_toml(path, "the settings"))
        try:
            _check_keys(values["keys"])
            config = from_dict(Config, values, "", path.parent)
        except VrnnError as error:
            raise VrnnError(f"{path}: {error}") from error
    return config


def _overlaid(values: Tables, changes: Tables) -> Tables:
    """Return the settings with those in `changes` instead, section by section."""
    merged = dict(values)
    for section, entries in changes.items():
        known = values.get(section)
        if isinstance(known, dict) and isinstance(entries, dict):
            if section == "keys":
                entries = _with_command_keys(known, entries)
            entries = known | entries
        merged[section] = entries
    return merged


def _with_command_keys(keys: Tables, entries: Tables) -> Tables:
    """Put the keys of commands into a table of their own, and the others under their names now."""
    commands: Tables = dict(keys.get("commands", {}))
    others: Tables = {}
    movement = {field.name for field in fields(Keys)}
    for written, value in _flattened(entries).items():
        name = Keys.FORMER_NAMES.get(written, written)
        (others if name in movement else commands)[name] = value
    return {**others, "commands": commands}


def _flattened(table: Tables, prefix: str = "") -> Tables:
    """`layer.ablate = "X"` is a table in TOML; here it is a name with a dot."""
    flat: Tables = {}
    for name, value in table.items():
        if isinstance(value, dict):
            flat |= _flattened(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def _check_keys(keys: Any) -> None:
    """Raise VrnnError for what is no key, and for a key that is given twice."""
    if not isinstance(keys, dict):
        return  # the section is refused as a whole
    owner: dict[str, str] = {}
    for name, value in keys.items():
        if name == "commands":
            for command, chord in value.items():
                if chord != "" and not _is_chord(chord):
                    problem = "a key such as F2 or CONTROL+P, or '' for none"
                    raise VrnnError(f"keys.{command} should be {problem}, not {chord!r}")
            continue
        if problem := _key_problem(name, value):
            raise VrnnError(f"keys.{name} should be {problem}, not {value!r}")
        for key in value if isinstance(value, list) else [value]:
            if key in owner:
                raise VrnnError(f"[keys] gives {key} to both '{owner[key]}' and '{name}'")
            owner[key] = name


def _key_problem(name: str, value: Any) -> str:
    """What a key's value should be, or '' when it is."""
    if name == "store":
        return "" if value in MODIFIERS else "one of " + ", ".join(MODIFIERS)
    if name == "viewpoints":
        return "" if isinstance(value, list) and all(map(_is_key, value)) else "a list of keys"
    return "" if _is_key(value) else "a key such as W, F12, TAB or LEFT_SHIFT"


def _is_key(value: Any) -> bool:
    return isinstance(value, str) and _KEY_NAME.fullmatch(value) is not None


def _is_chord(value: Any) -> bool:
    return isinstance(value, str) and _is_key(_HELD.sub("", value, count=1))
