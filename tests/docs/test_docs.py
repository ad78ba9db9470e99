"""The documents say what is so: Python runs, commands parse, links lead somewhere."""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path

import pytest

from vrnn.cli import main as command_line
from vrnn.cli.parser import parse
from vrnn.commands.key_bindings import KeyMap
from vrnn.commands.script import read_commands
from vrnn.config.loader import load_config
from vrnn.explanations.composites import load_composites

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SHOWN_ONLY = "# not run:"
"""A Python block whose first line begins so is a fragment: it has to compile, no more."""


def text_of(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)


def blocks(language: str) -> list[tuple[str, str]]:
    found = []
    for path in DOCUMENTS:
        parts = [body for kind, body in BLOCK.findall(text_of(path)) if kind == language]
        name = path.relative_to(ROOT).as_posix()
        found += [(f"{name}-{number}", body) for number, body in enumerate(parts, 1)]
    return found


def commands() -> list[str]:
    lines = [line for _, body in blocks("sh") for line in body.splitlines()]
    return [line for line in lines if re.match(r"vrnn(\s|$)", line)]


@pytest.mark.parametrize(("name", "code"), blocks("python"), ids=lambda value: value[:24])
def test_python_runs(name, code, run_python):
    compile(code, name, "exec")
    if code.startswith(SHOWN_ONLY):
        return
    result = run_python("-c", code, DISPLAY="", WAYLAND_DISPLAY="")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("command", commands())
def test_commands_parse(command):
    assert command_line  # registers the subcommands
    words = shlex.split(command, comments=True)
    parse(words[1:])


@pytest.mark.parametrize(("name", "text"), blocks("toml"), ids=lambda value: value[:24])
def test_settings_and_actions_load(name, text, tmp_path):
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    if "[[command]]" in text:
        assert read_commands(tmp_path / "mine.toml")
    elif ".rules]]" in text:
        assert load_composites(tmp_path / "mine.toml")["mine"].rules
    else:
        load_config(tmp_path / "mine.toml")


def test_the_tables_of_commands_are_as_they_are():
    made = runpy.run_path(str(ROOT / "docs/make_commands.py"))
    text = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    for table in made["TABLES"].values():
        assert table() in text, "run python docs/make_commands.py"


def test_there_are_commands_to_test():
    assert len(commands()) > 10


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files(path):
    targets = [t for t in LINK.findall(text_of(path)) if not re.match(r"\w+:|#", t)]
    missing = [t for t in targets if not (path.parent / t.split("#")[0]).exists()]
    assert missing == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_files_named_in_the_text_exist(path):
    names = re.findall(
        r"`((?:vrnn|docs|configs|examples|benchmarks|tests)/[\w/.-]+)`", text_of(path)
    )
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_every_key_of_the_readme_is_the_default():
    config = load_config().keys
    keys = {*config.movement().values(), *KeyMap(config).key_of.values()}
    readme = text_of(ROOT / "README.md")
    table = readme[readme.index("## Look around and walk") : readme.index("## Pictures")]
    for key in ("W", "A", "S", "D", "E", "Q", "F", "C", "N", "B", "Home", "Tab", "F12", "F1",
                "G", "M", "T", "X", "P", "O", "F2", "Space"):  # fmt: skip
        assert f"`{key}`" in table
        assert key.upper() in keys
