"""The folders and files that vrnn keeps for this user."""

from __future__ import annotations

import sys
from pathlib import Path

from platformdirs import PlatformDirs
from platformdirs.unix import Unix


def state_dir() -> Path:
    """Return the folder of autosaved sessions; it may not exist yet."""
    return PlatformDirs("vrnn", appauthor=False).user_state_path


def cache_dir() -> Path:
    """Return the folder of results that can be computed again; it may not exist yet."""
    return PlatformDirs("vrnn", appauthor=False, opinion=False).user_cache_path


def user_settings_file() -> Path:
    """Return the path of the user's own settings file; it may not exist."""
    # On macOS too the settings are edited in ~/.config, as those of most command-line programs.
    kind = PlatformDirs if sys.platform == "win32" else Unix
    return kind("vrnn", appauthor=False, roaming=True).user_config_path / "config.toml"
