"""Make the tables of commands in docs/commands.md: `python docs/make_commands.py`."""

from __future__ import annotations

import inspect
from dataclasses import MISSING, fields
from pathlib import Path

import vrnn.commands  # noqa: F401  (registers them)
from vrnn.commands.key_bindings import KeyMap, printed_key
from vrnn.commands.registry import CommandInfo, registered
from vrnn.config.loader import load_config

FILE = Path(__file__).parent / "commands.md"
MARKS = {
    "fields": ("<!-- fields -->\n", "<!-- end of fields -->\n"),
    "ways": ("<!-- ways -->\n", "<!-- end of ways -->\n"),
}
MOVING = (
    ("walk", "`W` `A` `S` `D`", "other hand's stick"),
    (
        "fly",
        "the same; `Q` `E`",
        "press the other hand's stick, or menu: fly; the pointing hand's stick rises and sinks",
    ),
    ("turn", "the mouse, with its right button held", "pointing hand's stick to the side"),
    ("teleport", "", "pointing hand's stick ahead, or trigger held on empty space; let go: there"),
    (
        "hold the world, from a table's size to a map's",
        "",
        "both grips on nothing, or on two things",
    ),
    ("menu", "the menu bar of the panels", "pointing hand's A, X or menu button, held or tapped"),
)
"""What is no command: what, by key and mouse, by controller."""


def field_text(info: CommandInfo) -> str:
    """The fields of a command with their defaults, as a TOML file writes them."""
    parts = []
    for field in fields(info.kind):
        default = "" if field.default is MISSING else f" = {toml(field.default)}"
        parts.append(f"`{field.name}`{default}")
    return ", ".join(parts)


def attribute_text(info: CommandInfo) -> str:
    """What the docstring says of the fields, on one line."""
    docstring = inspect.cleandoc(info.kind.__doc__ or "")
    _, _, attributes = docstring.partition("Attributes:\n")
    sentences: list[str] = []
    for line in attributes.splitlines():
        if line.startswith("    ") and not line.startswith("     "):
            names, _, text = line.strip().partition(": ")
            sentences.append(f"{', '.join(f'`{n}`' for n in names.split(', '))}: {text}")
        elif line.strip():
            sentences[-1] += " " + line.strip()
    return "".join(f" {sentence}" for sentence in sentences)


def toml(value: object) -> str:
    """A default as it would be written in the file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return "[" + ", ".join(toml(v) for v in value) + "]"
    return "none" if value is None else f"{value}"


def field_table() -> str:
    """Every command with its fields and what it does."""
    head = "| `do` | fields and their defaults | does |\n|---|---|---|\n"
    rows = sorted(registered(), key=lambda info: info.name)
    return head + "".join(
        f"| `{i.name}` | {field_text(i)} | {i.summary}{attribute_text(i)} |\n" for i in rows
    )


def ways_table() -> str:
    """Every command with its title, its key, and how mouse, panels and controllers do it."""
    key_map = KeyMap(load_config().keys)
    head = "| command | title | key | mouse, panel | controller |\n|---|---|---|---|---|\n"
    rows = [
        (
            f"`{info.name}`",
            info.title,
            " ".join(
                f"`{printed_key(key)}`"
                for key in (key_map.key_of[info.name], *info.other_keys)
                if key
            ),
            info.pointer or (f"{info.menu} menu" if info.menu else ""),
            info.controller,
        )
        for info in sorted(registered(), key=lambda info: info.name)
    ]
    moving = [("", what, "", mouse, controller) for what, mouse, controller in MOVING]
    lines = [[cell or "–" for cell in row] for row in (*moving, *rows)]
    return head + "".join(f"| {' | '.join(row)} |\n" for row in lines)


TABLES = {"fields": field_table, "ways": ways_table}


def main() -> None:
    """Write the tables between their marks."""
    text = FILE.read_text(encoding="utf-8")
    for name, (begin, end) in MARKS.items():
        text = text.split(begin)[0] + begin + TABLES[name]() + end + text.split(end)[1]
    FILE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
