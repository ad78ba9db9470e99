"""Lists of commands from a file, as `vrnn --play commands.toml` does them.

[[command]]
do = "layer.fold"
name = "layer1"

[[command]]
do = "export.image"
file = "folded.png"
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from vrnn.commands.base import Command
from vrnn.commands.context import CommandContext
from vrnn.commands.registry import command, command_named
from vrnn.errors import VrnnError
from vrnn.storage.input_file import read_toml
from vrnn.storage.limits import Range
from vrnn.storage.serialization import describe_value, from_dict

TABLE, FORMER_TABLE = "command", "action"
"""What the tables of such a file are called, and what older files call them."""


@command("script.wait", "Wait", former_name="wait")
@dataclass(frozen=True)
class Wait(Command):
    """In a script: wait until nothing moves and everything is shown; at least this long.

    Attributes:
        seconds: How long at least.
    """

    seconds: Annotated[float, Range(0, 3600)] = 0.0

    def run(self, context: CommandContext) -> None:
        """Do nothing: whoever plays a script waits after each command."""


def read_commands(path: Path) -> list[Command]:
    """Read the commands of a TOML file, in order.

    Args:
        path: The file; paths in it are relative to its folder.

    Raises:
        VrnnError: When it cannot be read, or a command in it is wrong: named by its number.
    """
    content = read_toml(path, "the commands")
    name = FORMER_TABLE if FORMER_TABLE in content else TABLE
    tables = content.pop(name, [])
    if content or not isinstance(tables, list):
        wrong = next(iter(content), name)
        raise VrnnError(f"{path}: '{wrong}' is not understood; write [[{TABLE}]] before each one")
    commands = []
    for number, table in enumerate(tables, 1):
        try:
            commands.append(command_from_table(table, path.parent))
        except VrnnError as error:
            raise VrnnError(f"{path}, command {number}: {error}") from error
    return commands


def command_from_table(table: Mapping[str, Any], folder: Path) -> Command:
    """Make one command from plain data: `do`, its name, and its fields.

    Args:
        table: The data.
        folder: What paths in it are relative to.

    Raises:
        VrnnError: When there is no such command, or a field is unknown, missing or wrong.
    """
    if not isinstance(table, Mapping):
        raise VrnnError(f"a command should be a table, not {describe_value(table)}")
    given = dict(table)
    name = given.pop("do", None)
    if name is None:
        raise VrnnError("the line with `do`, the name of the command, is missing")
    if not isinstance(name, str):
        raise VrnnError(f"do should be the name of a command, not {describe_value(name)}")
    return from_dict(command_named(name).kind, given, f"'{name}'", folder)
