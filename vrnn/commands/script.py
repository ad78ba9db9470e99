"""Script."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vrnn.commands import base, display, files, inputs, layers, session
from vrnn.commands.base import Command
from vrnn.errors import VrnnError
from vrnn.storage.serialization import from_dict


def _name(kind: type) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()


COMMANDS: dict[str, type[Command]] = {
    _name(kind): kind
    for module in (display, files, inputs, layers, session)
    for kind in vars(module).values()
    if isinstance(kind, type)
    and issubclass(kind, Command)
    and kind not in (Command, base.UndoableCommand, base.LayerCommand)
}
"""Every action by the name it has in a file."""


def read_commands(path: Path) -> list[Command]:
    """The actions in a TOML file, in order. Paths in it are as seen from its folder.

    Raises VrnnError that names the file and the number of the action.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise VrnnError(f"cannot read the actions in '{path}': {reason}") from error
    except ValueError as error:  # of TOML and of UTF-8
        raise VrnnError(f"cannot read the actions in '{path}': {error}") from error
    tables = content.pop("action", [])
    if content or not isinstance(tables, list):
        wrong = next(iter(content), "action")
        raise VrnnError(f"{path}: '{wrong}' is not understood; write [[action]] before each action")
    found = []
    for number, table in enumerate(tables, 1):
        try:
            found.append(command_from_table(table, path.parent))
        except VrnnError as error:
            raise VrnnError(f"{path}, action {number}: {error}") from error
    return found


def command_from_table(table: Mapping[str, Any], folder: Path) -> Command:
    """One action from plain data: `do` and its fields. Raises VrnnError."""
    given = dict(table)
    do = given.pop("do", None)
    if do not in COMMANDS:
        raise VrnnError(f"there is no action '{do}'; known are {', '.join(sorted(COMMANDS))}")
    kind = COMMANDS[do]
    return from_dict(kind, given, f"'{do}'", folder)
