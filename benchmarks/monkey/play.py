"""The monkey at `--play`: files of random commands, read and done as there."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.monkey.checks import check
from benchmarks.monkey.files import write_files
from benchmarks.monkey.random_commands import CommandMaker
from vrnn.app.offscreen import OffscreenApp
from vrnn.commands.script import read_commands
from vrnn.config.loader import load_config
from vrnn.errors import Fault, VrnnError
from vrnn.storage.serialization import to_dict

COMMANDS_A_FILE = 5


def run(seed: int, events: int, folder: Path, log: Callable[[str], None]) -> None:
    """Play random files. Arguments as for `benchmarks.monkey.window.run`.

    Raises:
        Found: Something went wrong.
    """
    specs = write_files(folder)
    rng = random.Random(seed)
    maker = CommandMaker(rng, folder)
    file = folder / "play.toml"
    with OffscreenApp(specs[: 1 + seed % 2], load_config()) as app:
        for _ in range(max(1, events // COMMANDS_A_FILE)):
            chosen = [maker.choose(app.world) for _ in range(COMMANDS_A_FILE)]
            tables = [to_toml(info.name, given) for info, given in chosen]
            file.write_text("\n".join(tables), encoding="utf-8")
            try:
                read = read_commands(file)
            except VrnnError as error:
                log(f"refused: {error}")
                continue
            for command in read:
                log(f"do {command!r}")
                try:
                    app.do(command)
                except Fault:
                    pass  # found below
                except VrnnError as error:
                    log(f"refused: {error}")
                app.feed.failures.clear()
                check(app.workspace, app.gl_context, False)


def to_toml(name: str, given: dict[str, Any]) -> str:
    """One command as it stands in a file; what is None is left out."""
    lines = ["[[command]]", f'do = "{name}"']
    values = {key: to_dict(value) for key, value in given.items() if value is not None}
    lines += [f"{key} = {_value(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = "".join(
            c if c.isprintable() and c not in '\\"' else f"\\u{ord(c):04x}" for c in value
        )
        return f'"{escaped}"'
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key} = {_value(item)}' for key, item in value.items())}}}"
    return repr(value)
