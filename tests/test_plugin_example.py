"""The sample plug-in adds a picture, a command, a key and a panel without a line changed inside."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

COMMANDS = """
[[command]]
do = "export.image"
file = "maps.png"
camera = "layer:stage1.0.conv1"
size = [480, 360]

[[command]]
do = "mean_map.toggle"
layer = "stage1.0.conv1"

[[command]]
do = "export.image"
file = "mean.png"
camera = "layer:stage1.0.conv1"
size = [480, 360]

[[command]]
do = "session.save"
file = "session.json"

[[command]]
do = "edit.undo"

[[command]]
do = "export.image"
file = "again.png"
camera = "layer:stage1.0.conv1"
size = [480, 360]
"""
CHECK = """
from vrnn.storage.plugins import load_plugins
load_plugins()
import vrnn.ui.panels
from vrnn.commands.key_bindings import KeyMap
from vrnn.config.loader import load_config
from vrnn.ui.panel_registry import PanelSet
key_map = KeyMap(load_config().keys)
print(key_map.command_for("Z", frozenset()).name)
print("Mean map" in PanelSet().titles)
print([text for key, text in key_map.help_rows() if key == "Z"])
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory, root) -> Path:
    """The folder in which pip has put the plug-in."""
    source = tmp_path_factory.mktemp("source") / "plugin"
    shutil.copytree(root / "examples/plugin", source)
    folder = tmp_path_factory.mktemp("installed")
    words = ("install", "--quiet", "--no-deps", "--no-build-isolation", "--target", folder, source)
    result = subprocess.run(
        [sys.executable, "-m", "pip", *words], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture
def path(installed) -> str:
    return os.pathsep.join(filter(None, [str(installed), os.environ.get("PYTHONPATH")]))


def test_its_command_its_picture_and_its_session(run_vrnn, path, tmp_path):
    (tmp_path / "tour.toml").write_text(COMMANDS)
    done = run_vrnn("--play", "tour.toml", DISPLAY="", PYTHONPATH=path)
    assert done.returncode == 0, done.stderr
    maps, mean, again = (
        np.asarray(Image.open(tmp_path / f"{name}.png")).astype(int)
        for name in ("maps", "mean", "again")
    )
    assert (np.abs(mean - maps).max(-1) > 12).mean() > 0.02
    assert np.array_equal(again, maps)
    layers = json.loads((tmp_path / "session.json").read_text())["layers"]
    assert [layer["picture"] for layer in layers] == ["mean_map"]
    words = ("--session", "session.json", "--screenshot", "kept.png", "--size", "480x360")
    kept = run_vrnn(*words, "--camera", "layer:stage1.0.conv1", DISPLAY="", PYTHONPATH=path)
    assert kept.returncode == 0, kept.stderr
    assert np.array_equal(np.asarray(Image.open(tmp_path / "kept.png")).astype(int), mean)
    without = run_vrnn(*words, DISPLAY="")
    assert without.returncode == 2
    assert "no layer picture 'mean_map'" in without.stderr


def test_its_key_and_its_panel(path):
    environment = {**os.environ, "PYTHONPATH": path}
    result = subprocess.run(
        [sys.executable, "-c", CHECK], env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [
        "mean_map.toggle", "True",
        "['the mean of the maps of the layer you point at, in place of them']",
    ]  # fmt: skip


def test_without_it_nothing_of_it_is_there(run_vrnn, tmp_path):
    (tmp_path / "tour.toml").write_text(COMMANDS)
    done = run_vrnn("--play", "tour.toml", DISPLAY="")
    assert done.returncode == 2
    assert "there is no command 'mean_map.toggle'" in done.stderr
