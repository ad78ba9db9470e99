"""Lists of actions from a file, played without a screen: `vrnn --play actions.toml`.

[[action]]
do = "fold"
name = "layer1"

[[action]]
do = "take_picture"
file = "folded.png"
"""

from __future__ import annotations

import re
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from vrnn import actions
from vrnn.actions import Action
from vrnn.errors import VrnnError


def _name(kind: type) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()


ACTIONS: dict[str, type[Action]] = {
    _name(kind): kind
    for kind in vars(actions).values()
    if isinstance(kind, type)
    and issubclass(kind, Action)
    and kind not in (Action, actions.Change, actions.LayerChange)
}
"""Every action by the name it has in a file."""


def read_actions(path: Path) -> list[Action]:
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
            found.append(action_of(table, path.parent))
        except VrnnError as error:
            raise VrnnError(f"{path}, action {number}: {error}") from error
    return found


def action_of(table: Mapping[str, Any], folder: Path) -> Action:
    """One action from plain data: `do` and its fields. Raises VrnnError."""
    given = dict(table)
    do = given.pop("do", None)
    if do not in ACTIONS:
        raise VrnnError(f"there is no action '{do}'; known are {', '.join(sorted(ACTIONS))}")
    kind = ACTIONS[do]
    hints = get_type_hints(kind)
    for key, value in given.items():
        if key not in hints:
            raise VrnnError(f"'{do}' has no '{key}'; known are {', '.join(hints) or 'none'}")
        given[key] = _converted(value, hints[key], f"{do}.{key}", folder)
    try:
        return kind(**given)
    except TypeError as error:
        missing = [k for k in hints if k not in given and not hasattr(kind, k)]
        raise VrnnError(f"'{do}' needs {', '.join(missing)}") from error


def _converted(value: Any, hint: Any, what: str, folder: Path) -> Any:
    """The value as a field has it. Raises VrnnError."""
    options = get_args(hint) if get_origin(hint) in (types.UnionType, typing.Union) else (hint,)
    for option in options:
        if option is Path and isinstance(value, str):
            return folder / value
        if option is float and isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if option in (bool, str, int) and type(value) is option:
            return value
        if get_origin(option) is tuple and isinstance(value, list):
            inner = [i for i in get_args(option) if i is not Ellipsis]
            if len(inner) == len(value) or Ellipsis in get_args(option):
                kinds = inner if len(inner) == len(value) else inner * len(value)
                return tuple(
                    _converted(v, k, what, folder) for v, k in zip(value, kinds, strict=True)
                )
    names = {Path: "a path", str: "text", int: "a whole number", float: "a number"}
    wanted = " or ".join(
        names.get(o, "true or false" if o is bool else "a list")
        for o in options
        if o is not type(None)
    )
    raise VrnnError(f"{what} should be {wanted}, not {value!r}")
