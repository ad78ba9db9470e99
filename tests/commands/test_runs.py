"""What each command is declared as, and what it asks of the program, against golden text."""

import re
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path
from unittest.mock import Mock

import pytest

from tests.support import golden_text
from vrnn.commands.base import UndoableCommand
from vrnn.commands.context import CommandContext, Visit
from vrnn.commands.registry import registered
from vrnn.commands.script import command_from_table
from vrnn.commands.session import OpenSession, RestoreLastSession
from vrnn.errors import VrnnError
from vrnn.scene.state import InputImage

GIVEN = {
    "file": "somewhere.file", "folder": "somewhere", "layer": "conv1", "name": "conv1",
    "number": 2, "seconds": 0.0, "camera": "front", "cameras": ["front", "top"], "network": 1,
    "by": 2.0, "shows": "mean", "arrangement": "conveyor", "channel": 3, "position": [1, 2],
    "channels": [1, 4], "kind": "live", "roles": ["batch", "channel", "height", "width"],
    "output": "logits", "role": "batch", "index": 1, "on": True, "times": 3, "paused": False,
    "text": "a note",
}  # fmt: skip
"""What files may give commands; each takes the fields that it has and that fit."""


def context():
    """A context of parts that only note what is asked of them."""
    return CommandContext(Mock(), Mock(), Mock(), Mock(), Mock(), Mock())


def made(info):
    """The plain command, and one for each field that a file gives, as far as these can be made."""
    found = []
    for extra in ({}, *({name: GIVEN[name]} for name in GIVEN)):
        with suppress(VrnnError):
            command = command_from_table({"do": info.name, **extra}, Path("/folder"))
            if command not in found:
                found.append(command)
    if not found:  # what needs two fields at once
        for first, second in combinations(GIVEN, 2):
            with suppress(VrnnError):
                table = {"do": info.name, first: GIVEN[first], second: GIVEN[second]}
                found.append(command_from_table(table, Path("/folder")))
    return found


def asked(command):
    """What a command asks of the parts of the program, and what it says then."""
    parts = context()
    told = []
    try:
        command.run(parts)
    except VrnnError as error:
        told.append(f"refused: {error}")
    except (AttributeError, TypeError, ValueError):
        told.append("looks at the world")  # of which there is none here
    for name, part in vars(parts).items():
        told += [f"{name}.{str(call).removeprefix('call.')}" for call in part.mock_calls]
    if not isinstance(command, UndoableCommand):
        told += [f"writes {command.written_file}", f"reads {command.read_image}"]
    return re.sub(r" id='\d+'", "", "; ".join(told))


def test_declarations_and_what_commands_ask_for(regenerate):
    lines = []
    for info in registered():
        shown = vars(info) | {"kind": info.kind.__name__}
        lines.append(f"# {shown}")
        for command in made(info):
            lines.append(f"{command}: {asked(command)}")
            if isinstance(command, UndoableCommand):
                lines.append(f"  moves {command.moved_layer}")
    golden_text.check("commands/asked", lines, regenerate)


@pytest.mark.parametrize(
    ("days", "changes", "day", "count"),
    [(0, 1, "today", "1 change"), (1, 2, "yesterday", "2 changes"), (0, 0, "today", "walked")],
)
def test_an_earlier_visit_says_when_it_was_and_what_was_done(days, changes, day, count):
    noon = datetime.now().replace(hour=12, minute=5, second=9) - timedelta(days)
    text = Visit(Path("a.json"), noon.timestamp(), "resnet50", changes).text
    assert text == f"{day} 12:05:09 · resnet50 · {count}"


def test_older_visits_say_their_date_and_those_of_another_year_the_year():
    old = datetime(2019, 3, 7, 23, 59)
    text = Visit(Path("a.json"), old.timestamp(), "net", 5).text
    assert text.startswith(f"7 {old:%B} 2019 23:59:00 · ")


def visits(count):
    return [Visit(Path(f"{i}.json"), 1000.0 * i, "net", i) for i in range(count)]


@pytest.mark.parametrize(
    ("count", "number", "is_offered", "opened"),
    [
        (1, 0, True, "0.json"),
        (3, 0, True, None),
        (3, 0, False, "0.json"),
        (3, 2, True, "1.json"),
        (3, 3, True, "2.json"),
    ],
)
def test_the_last_session_is_restored_or_one_of_several_is_offered(
    count, number, is_offered, opened
):
    parts = context()
    parts.sessions.visits.return_value = visits(count)
    parts.interface.offer.return_value = is_offered
    RestoreLastSession(number).run(parts)
    if opened is None:
        (choices,) = parts.interface.offer.call_args.args
        assert [choice.command for choice in choices] == [
            OpenSession(visit.file) for visit in visits(count)
        ]
        assert not parts.sessions.open.called
    else:
        parts.sessions.open.assert_called_once_with(Path(opened))


@pytest.mark.parametrize(("count", "number"), [(0, 0), (2, 3)])
def test_a_visit_that_there_is_not_is_told(count, number):
    parts = context()
    parts.sessions.visits.return_value = visits(count)
    with pytest.raises(VrnnError):
        RestoreLastSession(number).run(parts)
    assert not parts.sessions.open.called


@pytest.mark.parametrize("name", ["input.next", "input.previous"])
def test_the_image_that_came_is_named(name):
    parts = context()
    parts.workspace.adjacent_image = lambda step: (InputImage(number=7 + step), f"image {7 + step}")
    command = command_from_table({"do": name}, Path())
    assert command.message(parts) == "image 7"
    command.run(parts)
    (put_in,) = parts.workspace.apply_command.call_args.args
    assert put_in.number == (8 if name == "input.next" else 6)
