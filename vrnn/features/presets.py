"""Ways to make feature visualizations, by name: configs/features.toml."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from vrnn.errors import VrnnError
from vrnn.features.settings import FeatureVisSettings
from vrnn.storage.serialization import from_dict


def load_presets() -> dict[str, FeatureVisSettings]:
    """All of them."""
    text = resources.files("vrnn.configs").joinpath("features.toml").read_text(encoding="utf-8")
    return {
        name: from_dict(FeatureVisSettings, table, name, Path())
        for name, table in tomllib.loads(text).items()
    }


def with_overrides(name: str, overrides: list[str]) -> FeatureVisSettings:
    """A preset with some settings otherwise, each given as `NAME=VALUE`. Raises VrnnError."""
    known = load_presets()
    if name not in known:
        raise VrnnError(f"no preset '{name}': choose one of {', '.join(known)}")
    table: dict[str, Any] = dict(vars(known[name]))
    for change in overrides:
        written, equals, value = change.partition("=")
        key = FeatureVisSettings.FORMER_NAMES.get(written.strip(), written.strip())
        if not equals or key not in table:
            raise VrnnError(f"'{change}' should be NAME=VALUE with one of {', '.join(table)}")
        table[key] = _value(value.strip())
    return from_dict(
        FeatureVisSettings, {k: _plain(v) for k, v in table.items() if v is not None}, name, Path()
    )


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except ValueError:
        return text


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
