"""Which key does which command: as declared, unless the settings name another key."""

from __future__ import annotations

from vrnn.commands.registry import CommandInfo, Menu, registered
from vrnn.config.schema import Keys
from vrnn.errors import VrnnError

MODIFIER_ORDER = ("CONTROL", "SHIFT", "ALT")
"""The order of modifiers in the name of a chord."""
PRINTED_KEYS = {"ESCAPE": "Esc", "CONTROL": "Ctrl", "EQUAL": "=", "MINUS": "−"}

MENU_OF_OTHERS = {"axes": Menu.LAYER, "display": Menu.DISPLAY}
"""Group of the keys of commands that are in no menu, by the first part of their name."""


class KeyMap:
    """The keys of a user's settings.

    Attributes:
        held: Keys that do something while they are down: walking and running.
        key_of: The main key of each command, by the command's name; '' for none.
    """

    def __init__(self, keys: Keys) -> None:
        """Resolve the keys of all registered commands.

        Args:
            keys: The settings.

        Raises:
            VrnnError: When the settings name a command that does not exist, or give one key to two
                commands.
        """
        self.keys = keys
        self.key_of: dict[str, str] = {}
        self._commands: dict[str, CommandInfo] = {}
        chosen = dict(keys.commands)
        for info in registered():
            name = next((n for n in (info.name, info.former_key) if n in chosen), "")
            self.key_of[info.name] = chosen.pop(name, info.key) if name else info.key
        if chosen:
            known = ", ".join(sorted(info.name for info in registered() if info.key))
            raise VrnnError(f"there is no '{next(iter(chosen))}' in [keys]; known are {known}")
        owners = {key: name for name, key in keys.movement().items()}
        for info in registered():
            key = self.key_of[info.name]
            if not key:
                continue
            if key in owners:
                raise VrnnError(f"[keys] gives {key} to both '{owners[key]}' and '{info.name}'")
            owners[key] = info.name
            self._commands[key] = info
        for info in registered():
            for key in info.other_keys:
                self._commands.setdefault(key, info)

    def command_for(self, key: str, modifiers: frozenset[str]) -> CommandInfo | None:
        """Find what a key does.

        Args:
            key: Its name, GLFW's without `KEY_`.
            modifiers: Those that are held. Without a command of its own, a chord with `SHIFT` is
                the key alone, done precisely; `CONTROL` and `ALT` with a plain key do nothing.
        """
        chord = "+".join([m for m in MODIFIER_ORDER if m in modifiers] + [key])
        if chord in self._commands:
            return self._commands[chord]
        return None if "ALT" in modifiers else self._commands.get(key)

    def printed(self, name: str) -> str:
        """The key of a command as a person reads it; '' for none."""
        key = self.key_of.get(name, "")
        return printed_key(key) if key else ""

    def help_rows(self) -> tuple[tuple[str, str], ...]:
        """Keys and what they do, for the help: groups, each after a row with its title alone."""
        keys = self.keys
        walk = " ".join(map(printed_key, (keys.forward, keys.left, keys.back, keys.right)))
        first, last = keys.viewpoints[0], keys.viewpoints[-1]
        rows = [
            ("Mouse", ""),
            ("click", "grab an image or a map; put it into the input; click a bracket or button"),
            (
                "drag",
                "orbit around what is under the pointer; with Shift or the middle button, pan",
            ),
            ("drag, right button", "look around"),
            ("wheel", "zoom toward the pointer; while walking, change speed"),
            ("double-click on empty space", "show the whole network"),
            (
                "Ctrl+drag over a map",
                "a box of positions: relevance through it only, or what similarity compares with",
            ),
            ("drag a name", "move the layer; with Shift along the floor; its corner scales"),
            ("double-click", "fold or open a layer"),
            ("Walking", ""),
            (walk, "walk and fly"),
            (f"{printed_key(keys.down)} {printed_key(keys.up)}", "down, up"),
            (printed_key(keys.run), "run"),
        ]
        by_menu: dict[str, list[tuple[str, str]]] = {menu.value: [] for menu in Menu}
        by_menu[Menu.VIEW.value] = [
            (f"{first} … {last}", "go to a viewpoint"),
            (f"{printed_key(keys.store)}+{first} … {last}", "store this viewpoint"),
        ]
        for info in registered():
            if key := self.printed(info.name):
                text = info.help or info.title
                menu = info.menu or MENU_OF_OTHERS.get(info.name.partition(".")[0], Menu.WINDOW)
                by_menu[menu.value].append((key, text[:1].lower() + text[1:]))
        for title, found in by_menu.items():
            if found:
                rows += [(title, ""), *found]
        return tuple(rows)


def printed_key(key: str) -> str:
    """A key or chord as a person reads it: `Ctrl+Z`."""
    return "+".join(
        PRINTED_KEYS.get(part, part if len(part) < 3 else part.replace("_", " ").title())
        for part in key.split("+")
    )
