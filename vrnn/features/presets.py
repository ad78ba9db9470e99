"""Named settings of feature visualization, from configs/features.toml."""

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
    """Read all presets, by name."""
    text = resources.files("vrnn.configs").joinpath("features.toml").read_text(encoding="utf-8")
    return {
        name: from_dict(FeatureVisSettings, table, name, Path())
        for name, table in tomllib.loads(text).items()
    }


def with_overrides(name: str, overrides: list[str]) -> FeatureVisSettings:
    """Return a preset with some of its settings changed.

    Args:
        name: The preset's name.
        overrides: The changed settings, each as `NAME=VALUE` with a TOML value; quotes around text
            may be left out. Former setting names are accepted.

    Raises:
        VrnnError: There is no such preset or setting, or a value is not allowed.
    """
    presets = load_presets()
    if name not in presets:
        raise VrnnError(f"no preset '{name}': choose one of {', '.join(presets)}")
    names = [field.name for field in fields(FeatureVisSettings)]
    table: dict[str, Any] = to_dict(presets[name])
    for override in overrides:
        written_key, equals, value = override.partition("=")
        key = FeatureVisSettings.FORMER_NAMES.get(written_key.strip(), written_key.strip())
        if not equals or key not in names:
            raise VrnnError(f"'{override}' should be NAME=VALUE with one of {', '.join(names)}")
        table[key] = parse_value(value.strip())
    return from_dict(FeatureVisSettings, table, f"preset '{name}'", Path())


def parse_value(text: str) -> Any:
    """Read a TOML value; what is not one is text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except ValueError:
        return text
