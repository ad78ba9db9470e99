"""Make the tables of actions in docs/actions.md: `python docs/make_actions.py`."""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path

from vrnn.controls.key_bindings import name_of_key

from vrnn.commands.script import COMMANDS
from vrnn.config.loader import load_config

FILE = Path(__file__).parent / "actions.md"
BEGIN, END = "<!-- actions -->\n", "<!-- end -->\n"
BEGIN_WAYS, END_WAYS = "<!-- ways -->\n", "<!-- end of ways -->\n"
WAYS = {
    "arrange": ("{arrange}; Display panel", "menu: arrangement; board: Display"),
    "cancel": ("Jobs panel", "board: Jobs"),
    "color": ("{scale}; Display panel", "board: Display"),
    "export": ("Keep menu", "board: Keep"),
    "find_top": ("{top_images}", "point at a map, menu: top images"),
    "fold": (
        "double click; a bracket; Layer and Model panels",
        "trigger twice on a layer, once on a bracket; menu: fold; board: Layer, Model",
    ),
    "fold_shows": ("Display panel", "board: Display"),
    "fold_stages": ("{fold}", "menu: fold stages; board: Display"),
    "form": ("Layer panel", "board: Layer"),
    "look": (
        "{frame}, {home}, places; palette",
        "menu: go there, on a table; other hand's B or Y: the start; board: Find",
    ),
    "move": ("drag the layer's name", "grip on the layer, the stick pushes; trigger on its name"),
    "pause": ("Features panel", "board: Features"),
    "pick_up": ("click", "trigger"),
    "pin_layer": ("{pin}; Layer panel", "menu: keep a double; board: Layer"),
    "point": ("the mouse", "the ray"),
    "put_down": (
        "click the input; {free_cursor} lets go",
        "trigger on the input, or let go of it there; B or Y, or a tap on nothing, lets go",
    ),
    "put_image": (
        "{next_image}, {previous_image}, drop, paste; Images panel; palette",
        "trigger on the wall, then on the input; board: Images, Find",
    ),
    "put_noise": ("the wall; Images panel", "the wall; board: Images"),
    "redo": ("{redo}", "menu: redo; board"),
    "reset": ("Layer panel", "menu: put back; board: Layer"),
    "restore": ("`Ctrl`+`R`, drop the file; Keep menu", "board: Keep"),
    "save": ("`Ctrl`+`S`; Keep menu", "board: Keep"),
    "scale": (
        "drag the layer's lower right corner",
        "both grips on the layer; trigger on its corner",
    ),
    "show_features": (
        "{features}; the colored tiles beside a layer; Features panel",
        "the tiles; menu: what it looks for; board: Features",
    ),
    "switch_off": ("{switch}; Layer panel", "point at a map, menu: switch off; board: Layer"),
    "switch_on": ("{switch}; Scores panel", "menu: switch off, once more; board: Scores"),
    "take_film": ("Keep menu", "board: Keep"),
    "take_picture": ("{screenshot}; Keep menu", "board: Keep"),
    "undo": ("{undo}", "B or Y while nothing is held; menu: undo; board"),
    "unpin": ("click the double; {pin}; Layer panel", "trigger on the double; board: Layer"),
    "use_headset": ("palette", "board: Find"),
    "wait": ("", ""),
    "wall": ("the wall's buttons; Images panel", "the wall's buttons; board: Images"),
}
"""How each action is done by key, mouse and panels, and by controllers; '' for only by script."""
MOVING = (
    ("walk", "{forward} {left} {back} {right}", "other hand's stick"),
    (
        "fly",
        "the same; {down} {up}",
        "press the other hand's stick, or menu: fly; the pointing hand's stick rises and sinks",
    ),
    ("turn", "the mouse, with its right button held", "pointing hand's stick to the side"),
    ("teleport", "", "pointing hand's stick ahead, or trigger held on nothing; let go: there"),
    (
        "hold the world, from a table's size to a map's",
        "",
        "both grips on nothing, or on two things",
    ),
    ("magnify", "{magnify}", "press the pointing hand's stick; bring what is held near the eye"),
    ("panels", "{panels}", "other hand's X, A or menu button; grip hangs the board elsewhere"),
    ("find by name", "{palette}", "menu: find; keys on the board"),
    ("menu", "", "pointing hand's A, X or menu button, held or tapped"),
    ("help", "{help}", "board: Help"),
    ("the place from above", "{minimap}", "menu: on a table"),
)
"""What changes nothing: what, by key, by controller."""


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
    return head + "\n".join(row(name, kind) for name, kind in sorted(COMMANDS.items())) + "\n"


def ways() -> str:
    """Action, key, controller."""
    keys = load_config().keys
    names = {
        field.name: f"`{name_of_key(getattr(keys, field.name))}`".replace("+", "`+`")
        for field in fields(keys)
        if isinstance(getattr(keys, field.name), str)
    }
    if missing := set(COMMANDS) ^ set(WAYS):
        raise SystemExit(f"docs/make_actions.py should say how to do {', '.join(missing)}")
    rows = [(f"`{name}`", *WAYS[name]) for name in sorted(WAYS)]
    found = [
        f"| {what} | {key.format(**names) or '–'} | {hand or '–'} |"
        for what, key, hand in (*MOVING, *rows)
    ]
    return "| action | key, mouse, panel | controller |\n|---|---|---|\n" + "\n".join(found) + "\n"


def main() -> None:
    """Write the tables between their marks."""
    text = FILE.read_text(encoding="utf-8")
    for begin, end, made in ((BEGIN, END, table()), (BEGIN_WAYS, END_WAYS, ways())):
        text = text.split(begin)[0] + begin + made + end + text.split(end)[1]
    FILE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
