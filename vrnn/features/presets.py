"""Presets of feature visualization settings: configs/features.toml."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from importlib import resources
from pathlib import Path
from typing import Any

from vrnn.errors import VrnnError
from vrnn.features.settings import FeatureVisSettings
from vrnn.storage.serialization import from_dict, to_dict


def load_presets() -> dict[str, FeatureVisSettings]:
    """Return every preset by its name."""
    text = resources.files("vrnn.configs").joinpath("features.toml").read_text(encoding="utf-8")
    return {
        name: from_dict(FeatureVisSettings, table, name, Path())
        for name, table in tomllib.loads(text).items()
    }


def with_overrides(name: str, changes: list[str]) -> FeatureVisSettings:
    """Return a preset with some of its settings replaced.

    Args:
        name: The preset.
        changes: What is replaced, each as `NAME=VALUE`; former names are understood too.

    Raises:
        VrnnError: There is no such preset or setting, or the value does not suit it.
    """
    known = load_presets()
    if name not in known:
        raise VrnnError(f"no preset '{name}': choose one of {', '.join(known)}")
    names = [field.name for field in fields(FeatureVisSettings)]
    table: dict[str, Any] = to_dict(known[name])
    for change in changes:
        written, equals, value = change.partition("=")
        key = FeatureVisSettings.FORMER_NAMES.get(written.strip(), written.strip())
        if not equals or key not in names:
            raise VrnnError(f"'{change}' should be NAME=VALUE with one of {', '.join(names)}")
        table[key] = _value(value.strip())
    return from_dict(FeatureVisSettings, table, f"preset '{name}'", Path())


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except ValueError:
        return text
