"""Imports run one way: app → ui, xr, render → scene → network, and compute → network."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "vrnn"
FILES = sorted(PACKAGE.rglob("*.py"))

PLAIN = {
    *("network", "spec", "errors", "images", "files", "display", "options", "config", "font"),
    *("closing", "features", "noise", "thumbnails", "live", "clipboard", "statistics", "blocks"),
    *("export", "png", "sheet", "plain", "presets", "wording", "feature_file"),
}
"""Modules that every part may use, and that use no part."""

MAY_USE = {
    "compute": {"compute", "default"},
    "default": {"default"},
    "scene": {"scene"},
    "render": {"render", "scene"},
    "xr": {"xr", "render", "scene"},
    "ui": {"ui", "render", "scene", "actions", "jobs", "place", "feature_pictures"},
}
FORBIDDEN = {
    "compute": {"moderngl", "glfw", "imgui_bundle", "xr", "OpenGL"},
    "default": {"moderngl", "glfw", "imgui_bundle", "xr", "OpenGL"},
    "scene": {"torch", "torchvision", "moderngl", "glfw", "imgui_bundle", "xr", "OpenGL"},
    "render": {"torch", "torchvision"},
    "xr": {"torch", "torchvision"},
    "ui": {"torch", "torchvision"},
    "plain": {"torch", "torchvision", "moderngl", "glfw", "imgui_bundle", "xr", "OpenGL"},
}
NO_TORCH_BEFORE_A_WINDOW = (
    *("__main__", "api", "app", "cli", "commands", "doctor", "feed", "snapshot", "studio"),
    *("walker", "window", "visit", "immersion", "alone"),
)


def imports(path: Path, top_level_only: bool = False) -> set[str]:
    """Full names of the modules that a file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    body = tree.body if top_level_only else ast.walk(tree)
    found: set[str] = set()
    for node in body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: say where a module is imported from"
            module = node.module or ""
            found |= {f"{module}.{a.name}" for a in node.names} if module == "vrnn" else {module}
    return found


def layer(path: Path) -> str:
    """The part that a file belongs to: a folder, `plain`, or `top`."""
    parts = path.relative_to(PACKAGE).parts
    if len(parts) > 1:
        return parts[0]
    return "plain" if path.stem in PLAIN else "top"


def own(modules: set[str]) -> set[str]:
    return {name.split(".")[1] for name in modules if name.startswith("vrnn.")} - {"__version__"}


def named(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", FILES, ids=named)
def test_arrows_of_the_module_map(path):
    modules = imports(path)
    part = layer(path)
    outside = {name.split(".")[0] for name in modules}
    assert not outside & FORBIDDEN.get(part, set())
    if part == "plain":
        assert own(modules) <= PLAIN
    elif part != "top":
        assert own(modules) <= PLAIN | MAY_USE[part]


@pytest.mark.parametrize("path", FILES, ids=named)
def test_every_folder_is_on_the_map(path):
    assert layer(path) in {*MAY_USE, "plain", "top"}


@pytest.mark.parametrize(
    "path", [f for f in FILES if f.stem in NO_TORCH_BEFORE_A_WINDOW], ids=named
)
def test_the_main_thread_imports_no_torch(path):
    assert "torch" not in {name.split(".")[0] for name in imports(path)}


def loaded_by(*modules: str) -> set[str]:
    """Top-level names of all modules that are there once these have been imported."""
    code = f"import sys, {', '.join(modules)}; print(*(name.split('.')[0] for name in sys.modules))"
    words = [sys.executable, "-c", code]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


def test_a_window_can_stand_before_torch_is_loaded():
    assert "torch" not in loaded_by("vrnn.app.desktop", "vrnn.cli.screenshot", "vrnn.api")


def test_a_scene_is_made_without_torch_and_opengl():
    modules = [
        ".".join(f.relative_to(PACKAGE.parent).with_suffix("").parts)
        for f in FILES
        if layer(f) == "scene" and f.stem[0] != "_"
    ]
    assert not loaded_by(*modules) & {"torch", "moderngl", "glfw"}


def test_raw_opengl_lives_in_one_file():
    users = {named(f) for f in FILES if any(m.split(".")[0] == "OpenGL" for m in imports(f))}
    assert users <= {"render/gl_raw.py"}
