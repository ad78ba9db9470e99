"""What may import what: the contracts in setup.cfg, and what they cannot say."""

from __future__ import annotations

import logging.config
import re
import subprocess
import sys

import grimp
import networkx as nx
import pytest
from importlinter.cli import lint_imports


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """All imports, those inside functions and those for type hints among them."""
    return grimp.build_graph("vrnn", include_external_packages=True, cache_dir=None)


def test_the_contracts_hold(root, monkeypatch, capfd):
    monkeypatch.chdir(root)
    monkeypatch.setattr(logging.config, "dictConfig", lambda settings: None)  # it ends others' logs
    code = lint_imports(config_filename="setup.cfg", no_cache=True, no_logo=True)
    assert code == 0, capfd.readouterr().out
    assert not logging.getLogger("vrnn").disabled


def test_no_module_imports_itself_by_a_way_round(graph):
    imports = nx.DiGraph(
        (module, imported)
        for module in graph.modules
        for imported in graph.find_modules_directly_imported_by(module)
    )
    assert [part for part in nx.strongly_connected_components(imports) if len(part) > 1] == []


def test_nobody_imports_the_public_face(graph):
    assert graph.find_modules_that_directly_import("vrnn") == set()
    face = graph.find_descendants("vrnn.api") | {"vrnn.api"}
    users = {user for part in face for user in graph.find_modules_that_directly_import(part)}
    assert users - face == {"vrnn"}


def test_raw_opengl_lives_in_one_file(graph, root):
    """What ModernGL lacks is called by name; the window asks for one function of its own."""
    assert "OpenGL" not in graph.modules
    files = (root / "vrnn").rglob("*.py")
    users = {f.name for f in files if re.search(r'"gl[A-WYZ]', f.read_text(encoding="utf-8"))}
    assert users == {"gl_raw.py", "window.py"}


def loaded_by(*modules: str) -> set[str]:
    """Top-level names of all modules that are there once these have been imported."""
    code = f"import sys, {', '.join(modules)}; print(*(name.split('.')[0] for name in sys.modules))"
    words = [sys.executable, "-c", code]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


def test_a_window_can_stand_before_torch_is_loaded():
    parts = ("vrnn.app.desktop", "vrnn.cli.window", "vrnn.cli.screenshot", "vrnn.api.watch")
    assert "torch" not in loaded_by(*parts)


def test_a_scene_is_made_without_torch_and_opengl(graph):
    modules = sorted(graph.find_descendants("vrnn.scene"))
    assert not loaded_by(*modules) & {"torch", "moderngl", "glfw"}
