"""Make the table of actions in docs/actions.md: `python docs/make_actions.py`."""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path

from vrnn.play import ACTIONS

FILE = Path(__file__).parent / "actions.md"
BEGIN, END = "<!-- actions -->\n", "<!-- end -->\n"


def row(name: str, kind: type) -> str:
    """A line of the table."""
    parts = []
    for field in fields(kind):
        usual = "" if field.default is MISSING else f" = {shown(field.default)}"
        parts.append(f"`{field.name}`{usual}")
    said = " ".join((kind.__doc__ or "").split())
    return f"| `{name}` | {', '.join(parts)} | {said} |"


def shown(value: object) -> str:
    """A default as it would be written in the file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return "[" + ", ".join(shown(v) for v in value) + "]"
    return "none" if value is None else f"{value}"


def table() -> str:
    """All actions."""
    head = "| `do` | fields and their defaults | does |\n|---|---|---|\n"
    return head + "\n".join(row(name, kind) for name, kind in sorted(ACTIONS.items())) + "\n"


def main() -> None:
    """Write the table between its marks."""
    text = FILE.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    FILE.write_text(before + BEGIN + table() + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
