"""Every command, as a menu offers it at whatever is pointed at: it can be done, undone and written.

A command that is added is in all of these.
"""

from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest

from tests.support.few_digits import few_digits
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.base import UndoableCommand
from vrnn.commands.edit import Redo, Undo
from vrnn.commands.registry import registered
from vrnn.commands.script import command_from_table, read_commands
from vrnn.config.loader import load_config
from vrnn.errors import VrnnError
from vrnn.scene.picking import Hit
from vrnn.storage.serialization import to_dict

COMMANDS = list(registered())
UNDOABLE = [info for info in COMMANDS if issubclass(info.kind, UndoableCommand)]


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    with OffscreenApp([few_digits(tmp_path_factory.mktemp("digits"))], load_config()) as app:
        yield app


@pytest.fixture
def app(opened):
    if opened.workspace.history.undo_label:
        opened.do(Undo(times=1_000))
    return opened


MAX_CHANGES = 4
"""That are made of one command: some explain by each method there is."""


def hits(app):
    """A channel of a layer, the gap between its maps, and nothing."""
    node = app.world.networks[0].node_ids["stage2.0.conv1"]
    return (
        Hit("layer", 1.0, 0, node, 3, 5, 9, None, 0.3, 0.4),
        Hit("layer", 1.0, 0, node, -1, 0, 0, None, 0.99, 0.99),
        None,
    )


def offered(app, info):
    """All that menus, keys and the palette make of a command now."""
    made = []
    for hit in hits(app):
        for precise in (False, True):
            with suppress(VrnnError):  # what cannot be done now is gray
                made.append(info.kind.for_hit(app.context, hit, precise))
    return [*made, *(each for _, each in info.kind.variants())]


@pytest.mark.parametrize("info", COMMANDS, ids=lambda info: info.name)
def test_what_is_offered_is_of_its_kind_and_is_read_from_a_file_as_it_was(app, info, tmp_path):
    for each in offered(app, info):
        assert type(each) is info.kind
        table = {"do": info.name, **to_dict(each)}
        files = {
            field.name: tmp_path / value
            for field in fields(each)
            if isinstance(value := getattr(each, field.name), Path)
        }
        assert command_from_table(table, tmp_path) == replace(each, **files)


@pytest.mark.parametrize("info", UNDOABLE, ids=lambda info: info.name)
def test_a_change_is_undone_and_made_again(app, info):
    made = offered(app, info)
    for each in made[:: max(-(-len(made) // MAX_CHANGES), 1)]:
        before = app.world.state
        try:
            app.do(each)
        except VrnnError:
            assert app.world.state == before
            continue
        after = app.world.state
        if after is before:
            continue
        app.do(Undo())
        assert app.world.state == before
        app.do(Redo())
        assert app.world.state == after
        app.do(Undo())


@pytest.mark.parametrize("info", COMMANDS, ids=lambda info: info.name)
def test_variants_are_named_each_by_its_own_text(info):
    names = [name for name, _ in info.kind.variants()]
    assert len(set(names)) == len(names)
    assert all(name and name[0].isupper() for name in names)
    values = [each for _, each in info.kind.variants()]
    assert all(values.count(each) == 1 for each in values)


@pytest.mark.parametrize("info", COMMANDS, ids=lambda info: info.name)
def test_a_command_is_declared_as_a_frozen_data_class(info):
    assert vars(info.kind)["__dataclass_params__"].frozen
    assert vars(info.kind)["__dataclass_params__"].eq
    assert info.summary.endswith(".")


@pytest.mark.parametrize("info", COMMANDS, ids=lambda info: info.name)
def test_a_command_is_frozen_and_equal_to_one_of_the_same_fields(app, info):
    for each in offered(app, info):
        assert is_dataclass(each)
        again = info.kind(**{field.name: getattr(each, field.name) for field in fields(each)})
        assert again == each
        if fields(each):
            with pytest.raises(AttributeError):
                setattr(each, fields(each)[0].name, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", None),
        ("x = 1\n", "'x' is not understood"),
        ('[[command]]\ndo = "edit.undo"\n[other]\n', "'other' is not understood"),
        ("command = 3\n", "'command' is not understood"),
        ("command = [3]\n", "command 1: a command should be a table"),
        ('[[command]]\ndo = "edit.undo"\n[[command]]\nx = 1\n', "command 2: the line with `do`"),
        ("[[command]]\ndo = 3\n", "do should be the name of a command"),
        ('[[command]]\ndo = "layer.fly"\n', "layer.fly"),
        ('[[command]]\ndo = "edit.undo"\ntimes = "x"\n', "times should be"),
        ('[[command]]\ndo = "script.wait"\nseconds = -1.0\n', "seconds should be"),
        ('[[command]]\ndo = "layer.ablate"\n', "layer"),
    ],
)
def test_a_file_of_commands_is_read_or_refused_with_its_place(tmp_path, text, message):
    path = tmp_path / "commands.toml"
    path.write_text(text)
    if message is None:
        assert read_commands(path) == []
        return
    with pytest.raises(VrnnError) as caught:
        read_commands(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_paths_in_a_file_are_relative_to_it(tmp_path):
    path = tmp_path / "commands.toml"
    path.write_text('[[command]]\ndo = "export.image"\nfile = "a.png"\n')
    (found,) = read_commands(path)
    assert found.file == tmp_path / "a.png"


def test_the_precise_variant_is_one_position_and_the_other_the_whole_map(app):
    ablate = next(info.kind for info in COMMANDS if info.name == "layer.ablate")
    hit, gap, _ = hits(app)
    plain = ablate.for_hit(app.context, hit)
    assert (plain.layer, plain.channels, plain.position) == ("stage2.0.conv1", (3,), None)
    assert ablate.for_hit(app.context, hit, True).position == (5, 9)
    assert ablate.for_hit(app.context, gap).channels == ()
    with pytest.raises(VrnnError, match="channel to ablate"):
        ablate.for_hit(app.context, None)
