"""Where vrnn keeps files of the user, on each system."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from platformdirs.macos import MacOS
from platformdirs.unix import Unix
from platformdirs.windows import Windows

from vrnn.storage import paths

HOME = Path("/home/someone")
LIBRARY = HOME / "Library"
LOCAL, ROAMING = Path(r"C:\Users\someone\AppData\Local"), Path(r"C:\Users\someone\AppData\Roaming")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pretends to be each system")


@pytest.fixture
def on_system(monkeypatch):
    """Makes the paths those of another system, with nothing set but the home folder."""
    monkeypatch.undo()  # of the folders that all tests are given
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(HOME))
    monkeypatch.setenv("WIN_PD_OVERRIDE_LOCAL_APPDATA", str(LOCAL))
    monkeypatch.setenv("WIN_PD_OVERRIDE_APPDATA", str(ROAMING))

    def pretend(platform: str) -> None:
        kinds = {"linux": Unix, "darwin": MacOS, "win32": Windows}
        monkeypatch.setattr(paths, "PlatformDirs", kinds[platform])
        monkeypatch.setattr("sys.platform", platform)

    return pretend


@pytest.mark.parametrize(
    ("platform", "state", "cache", "settings"),
    [
        (
            "linux",
            HOME / ".local/state/vrnn",
            HOME / ".cache/vrnn",
            HOME / ".config/vrnn/config.toml",
        ),
        (
            "darwin",
            LIBRARY / "Application Support/vrnn",
            LIBRARY / "Caches/vrnn",
            HOME / ".config/vrnn/config.toml",
        ),
        (
            "win32",
            LOCAL / "vrnn",
            LOCAL / "vrnn",
            ROAMING / "vrnn/config.toml",
        ),
    ],
)
def test_files_of_existing_users_stay_where_they_are(on_system, platform, state, cache, settings):
    on_system(platform)
    assert paths.state_dir() == state
    assert paths.cache_dir() == cache
    assert paths.user_settings_file() == settings


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_folders_of_xdg_are_honored(on_system, monkeypatch, platform):
    on_system(platform)
    monkeypatch.setenv("XDG_STATE_HOME", "/a")
    monkeypatch.setenv("XDG_CACHE_HOME", "/b")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/c")
    assert paths.state_dir() == Path("/a/vrnn")
    assert paths.cache_dir() == Path("/b/vrnn")
    assert paths.user_settings_file() == Path("/c/vrnn/config.toml")


def test_no_folder_is_made_by_asking_where_it_is(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for path in (paths.state_dir(), paths.cache_dir(), paths.user_settings_file()):
        assert not path.exists()
