"""Ways to make feature visualisations, by name: configs/features.toml."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from vrnn.errors import VrnnError
from vrnn.features.settings import Ascent
from vrnn.storage.serialization import from_plain


def presets() -> dict[str, Ascent]:
    """All of them."""
    text = resources.files("vrnn.configs").joinpath("features.toml").read_text(encoding="utf-8")
    return {
        name: from_plain(Ascent, table, name, Path()) for name, table in tomllib.loads(text).items()
    }


def chosen(name: str, changes: list[str]) -> Ascent:
    """A preset with some settings otherwise, each given as `NAME=VALUE`. Raises VrnnError."""
    known = presets()
    if name not in known:
        raise VrnnError(f"no preset '{name}': choose one of {', '.join(known)}")
    table: dict[str, Any] = dict(vars(known[name]))
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals or key.strip() not in table:
            raise VrnnError(f"'{change}' should be NAME=VALUE with one of {', '.join(table)}")
        table[key.strip()] = _value(value.strip())
    return from_plain(
        Ascent, {k: _plain(v) for k, v in table.items() if v is not None}, name, Path()
    )


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except ValueError:
        return text


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
