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
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vrnn import actions
from vrnn.actions import Action, Restore, TakePicture
from vrnn.config import load_config
from vrnn.errors import VrnnError
from vrnn.options import Options
from vrnn.place_file import read_place
from vrnn.plain import from_plain


def run(options: Options) -> int:
    """Open the models, do all the actions of the file, and return the exit code."""
    from vrnn.studio import Studio

    assert options.play is not None
    actions = read_actions(options.play)  # told before the models are opened, if it is wrong
    config = load_config(options.config)
    kept = read_place(options.place) if options.place is not None else None
    specs = kept.models if kept is not None else options.specs()
    detail = kept.detail if kept is not None else options.detail
    image = options.images[0] if options.images else None
    with Studio(specs, config, detail, options.arrange, options.scale, image) as studio:
        if options.place is not None:
            studio.do(Restore(options.place))
        for number, action in enumerate(actions, 1):
            try:
                studio.do(action)
            except VrnnError as error:
                raise VrnnError(f"{options.play}, action {number}: {error}") from error
            if isinstance(action, TakePicture) and not options.quiet:
                print(action.file)
        for note in studio.feed.notes:
            print(f"vrnn: {note}", file=sys.stderr)
    return 0


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
    return from_plain(kind, given, f"'{do}'", folder)
