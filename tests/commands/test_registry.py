"""One declaration of a command is all there is: everything that lists commands reads it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, is_dataclass

import glfw
import pytest

import vrnn.commands
from vrnn.commands.base import Command, LayerCommand, UndoableCommand
from vrnn.commands.context import CommandContext
from vrnn.commands.key_bindings import KeyMap
from vrnn.commands.registry import (
    Menu,
    RadialEntry,
    Ring,
    command,
    command_named,
    info_of,
    registered,
    unregister,
)
from vrnn.config.loader import load_config
from vrnn.errors import VrnnError


def all_subclasses(kind: type) -> set[type]:
    found = set(kind.__subclasses__())
    return found | {below for each in found for below in all_subclasses(each)}


def test_every_command_is_registered():
    """But those that others only derive from."""
    kinds = {k for k in all_subclasses(Command) if k.__module__.startswith("vrnn.")}
    abstract = {UndoableCommand, LayerCommand} | {k for k in kinds if k.__name__.startswith("_")}
    assert kinds - abstract == {info.kind for info in registered()}
    assert len(kinds) > 40


@pytest.mark.parametrize("info", list(registered()), ids=lambda info: info.name)
def test_a_command_is_plain_data_that_does_its_own_work(info):
    assert is_dataclass(info.kind)
    assert info.kind.__dataclass_params__.frozen
    assert info.kind.__doc__
    assert info.title
    undoable = issubclass(info.kind, UndoableCommand)
    method = info.kind.run if not undoable else info.kind.apply
    assert method not in (Command.run, UndoableCommand.apply)
    group, _, name = info.name.partition(".")
    assert group.isidentifier()
    assert name.isidentifier()


def test_names_and_former_names_are_one_to_one():
    names = [info.name for info in registered()]
    formers = [info.former_name for info in registered() if info.former_name]
    assert len({*names, *formers}) == len(names) + len(formers)
    for info in registered():
        assert command_named(info.name) is info
        if info.former_name:
            assert command_named(info.former_name) is info
    with pytest.raises(VrnnError, match="there is no command ''; known are"):
        command_named("")


def test_keys_are_known_to_glfw_and_given_once():
    key_map = KeyMap(load_config().keys)
    for info in registered():
        for key in (info.key, *info.other_keys):
            if key:
                assert hasattr(glfw, f"KEY_{key.rpartition('+')[2]}"), key
                modifiers = frozenset(key.split("+")[:-1])
                assert key_map.command_for(key.split("+")[-1], modifiers) is info


def test_both_rings_of_the_radial_menu_are_full():
    for ring, count in ((Ring.GENERAL, 8), (Ring.LAYER, 7)):  # beside "more"
        places = [
            i.radial.place for i in registered() if i.radial is not None and i.radial.ring is ring
        ]
        assert len(places) == len(set(places)) == count


def test_no_command_is_told_from_another_outside_the_package(root):
    """Whoever is given a command runs it: no ladder of `isinstance` decides what it means."""
    names = {info.kind.__name__ for info in registered()} | {
        "Command", "UndoableCommand", "LayerCommand",
    }  # fmt: skip
    for path in (root / "vrnn").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
                "isinstance", "issubclass", "type",
            ):  # fmt: skip
                used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
                assert not used & names, f"{path}:{node.lineno}"


def test_a_new_command_is_in_key_map_files_and_help_at_once():
    @command("test.nothing", "Do nothing at all", menu=Menu.VIEW, key="CONTROL+F9")
    @dataclass(frozen=True)
    class DoNothing(Command):
        """Do nothing."""

        def run(self, context: CommandContext) -> None:
            """Do it."""

    try:
        key_map = KeyMap(load_config().keys)
        info = key_map.command_for("F9", frozenset({"CONTROL"}))
        assert info is info_of(DoNothing)
        assert ("Ctrl+F9", "do nothing at all") in key_map.help_rows()
        assert command_named("test.nothing").kind is DoNothing
        with pytest.raises(VrnnError, match=r"two commands are named 'test\.nothing'"):
            command("test.nothing", "Again")(DoNothing)
    finally:
        unregister("test.nothing")


def test_a_place_in_the_radial_menu_is_given_once():
    with pytest.raises(VrnnError, match="share a radial menu's place"):
        command("test.ring", "Ring", radial=RadialEntry(Ring.GENERAL, "x", 0))(Command)
    assert "test.ring" not in {info.name for info in registered()}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('layer.ablate = "W"', "W to both 'forward' and 'layer.ablate'"),
        ('"layer.ablate" = "T"', "T to both"),
        ('layer.dance = "F9"', "there is no 'layer.dance' in [keys]; known are"),
        ('layer.ablate = "NOKEY"', "keys.layer.ablate should be a key"),
        ("layer.ablate = 3", "keys.layer.ablate should be a key"),
    ],
)
def test_a_wrong_key_is_told(tmp_path, text, says):
    path = tmp_path / "mine.toml"
    path.write_text(f"[keys]\n{text}\n")
    with pytest.raises(VrnnError) as caught:
        KeyMap(load_config(path).keys)
    assert says in str(caught.value)


def test_keys_are_set_by_the_names_of_commands_and_by_those_of_older_settings(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        '[keys]\nswitch = "F9"\nlayer.pin = "F10"\nedit.undo = "ALT+Z"\nview.minimap = ""\n'
        'places = ["KP_1", "KP_2"]\n'
    )
    key_map = KeyMap(load_config(path).keys)
    assert key_map.command_for("F9", frozenset()).name == "layer.ablate"
    assert key_map.command_for("X", frozenset()) is None
    assert key_map.command_for("F10", frozenset()).name == "layer.pin"
    assert key_map.command_for("Z", frozenset({"ALT"})).name == "edit.undo"
    assert key_map.command_for("O", frozenset()) is None
    assert key_map.keys.viewpoints == ("KP_1", "KP_2")
    assert (
        "F9",
        "ablate the channel you point at, or restore it; with Shift, one position",
    ) in (key_map.help_rows())


def test_what_cannot_be_done_now_says_why():
    context = CommandContext(workspace=None)
    with pytest.raises(VrnnError, match="point at a channel to ablate it"):
        command_named("layer.ablate").kind.for_hit(context, None)
    with pytest.raises(VrnnError, match="it needs layer: use it from a script"):
        command_named("layer.move").kind.for_hit(context, None)
    with pytest.raises(VrnnError, match="shown in the window"):
        context.interface.toggle_help()


def test_the_package_names_all_its_modules(root):
    files = {path.stem for path in (root / "vrnn/commands").glob("*.py")} - {"__init__"}
    infrastructure = {
        "base", "context", "dispatcher", "key_bindings", "registry", "undo_stack",
        "workspace_actions",
    }  # fmt: skip
    assert files - infrastructure == set(vrnn.commands.__all__)
