"""Paths."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def state_dir() -> Path:
    """Where the user's programs keep their state."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "vrnn"


def cache_dir() -> Path:
    """Where this user's programs keep what they can make again; it may not exist yet."""
    base = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME")
    if not base:
        usual = {"win32": "AppData/Local", "darwin": "Library/Caches"}
        base = str(Path.home() / usual.get(sys.platform, ".cache"))
    return Path(base) / "vrnn"


def user_settings_file() -> Path:
    """Where the user's own settings are looked for; it need not exist."""
    if sys.platform == "win32":
        base = os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming"
    else:
        base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "vrnn" / "config.toml"
