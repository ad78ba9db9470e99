"""The registry of commands: one declaration gives a command its key, menus, help, name in files,
row in the docs, entries in the palette and in the radial menu.

    @command("layer.ablate", title="Ablate channel", key="X", menu=Menu.LAYER)
    @dataclass(frozen=True)
    class Ablate(UndoableCommand):
        ...

Whatever lists commands reads `registered()`; nothing else has to be changed for a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar, cast

from vrnn.commands.base import Command
from vrnn.errors import VrnnError

C = TypeVar("C", bound=type[Command])


class Menu(StrEnum):
    """The menus of the window, in the order in which they stand."""

    SESSION = "Session"
    EDIT = "Edit"
    VIEW = "View"
    INPUT = "Input"
    LAYER = "Layer"
    DISPLAY = "Display"
    WINDOW = "Window"


class Ring(StrEnum):
    """The two rings of the radial menu around a hand."""

    GENERAL = "general"
    LAYER = "layer"


@dataclass(frozen=True)
class RadialEntry:
    """A command's entry in the radial menu.

    Attributes:
        ring: Which of the two menus it stands in.
        label: A short text.
        place: Clockwise from the top, 0 to 7.
    """

    ring: Ring
    label: str
    place: int


@dataclass(frozen=True)
class CommandInfo:
    """Everything that is declared of a command. See `command` for the attributes."""

    name: str
    kind: type[Command]
    title: str
    menu: Menu | None = None
    key: str = ""
    other_keys: tuple[str, ...] = ()
    help: str = ""
    radial: RadialEntry | None = None
    pointer: str = ""
    controller: str = ""
    former_name: str = ""
    former_key: str = ""

    @property
    def summary(self) -> str:
        """The first sentence of the command's docstring, on one line."""
        return " ".join((self.kind.__doc__ or "").split("\n\n")[0].split())


_COMMANDS: dict[str, CommandInfo] = {}
_INFO_BY_KIND: dict[type[Command], CommandInfo] = {}


def command(
    name: str,
    title: str,
    *,
    menu: Menu | None = None,
    key: str = "",
    other_keys: tuple[str, ...] = (),
    help: str = "",
    radial: RadialEntry | None = None,
    pointer: str = "",
    controller: str = "",
    former_name: str = "",
    former_key: str = "",
) -> Callable[[C], C]:
    """Register the command that the decorated data class is.

    Args:
        name: How files and scripts call it: `group.verb_noun`, unique.
        title: What menus, the palette and the shortcuts panel call it, in sentence case.
        menu: The menu that offers it; None for a command that needs arguments which no menu has.
        key: The key or chord that does it unless the settings name another, such as `X` or
            `CONTROL+S`; '' for none. With a key it stands in the help.
        other_keys: Fixed keys that do the same.
        help: What the help says of the key, where the title does not say enough.
        radial: Its entry in the menu around a hand.
        pointer: How else the mouse and the panels do it, for the docs.
        controller: How a controller does it, for the docs.
        former_name: What files of older builds call it.
        former_key: What the `[keys]` of older settings files call its key.

    Returns:
        A decorator that returns the class as it is.

    Raises:
        VrnnError: When the name, or a place in the radial menu, is taken.
    """

    def register(kind: C) -> C:
        info = CommandInfo(
            name, kind, title, menu, key, other_keys, help, radial, pointer, controller,
            former_name, former_key,
        )  # fmt: skip
        for other in _COMMANDS.values():
            if name == other.name:
                raise VrnnError(f"two commands are named '{name}'")
            if radial is not None and other.radial is not None:
                same_place = (radial.ring, radial.place) == (other.radial.ring, other.radial.place)
                if same_place:
                    raise VrnnError(f"'{name}' and '{other.name}' share a radial menu's place")
        _COMMANDS[name] = info
        _INFO_BY_KIND[kind] = info
        return kind

    return register


def registered() -> Iterator[CommandInfo]:
    """Yield every command, in the order in which they were declared."""
    yield from _COMMANDS.values()


def command_named(name: str) -> CommandInfo:
    """Find a command by its name in files, or by the one of an older build.

    Raises:
        VrnnError: When there is none of that name.
    """
    if name in _COMMANDS:
        return _COMMANDS[name]
    for info in _COMMANDS.values():
        if name and name == info.former_name:
            return info
    raise VrnnError(f"there is no command '{name}'; known are {', '.join(sorted(_COMMANDS))}")


def info_of(command_or_kind: Command | type[Command]) -> CommandInfo:
    """The declaration of a command or of its class.

    Raises:
        VrnnError: When the class was never registered.
    """
    kind = command_or_kind if isinstance(command_or_kind, type) else type(command_or_kind)
    if kind not in _INFO_BY_KIND:
        raise VrnnError(f"{kind.__name__} is not a registered command; decorate it with @command")
    return _INFO_BY_KIND[kind]


def step_title(command: object) -> str:
    """Return what a step that a command made is called where it can be undone."""
    info = _INFO_BY_KIND.get(cast(type[Command], type(command)))
    return type(command).__name__ if info is None else info.title.partition(":")[0]


def unregister(name: str) -> None:
    """Forget a command, as when a plug-in is unloaded by a test."""
    info = _COMMANDS.pop(name)
    del _INFO_BY_KIND[info.kind]
