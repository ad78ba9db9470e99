"""Events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class KeyPress:
    """A key went down (again while it is held: not told). name: GLFW's without `KEY_`."""

    name: str
    modifiers: frozenset[str]


@dataclass(frozen=True)
class MouseButton:
    """A mouse button, `left` or `right`, went down or up."""

    name: str
    down: bool


@dataclass(frozen=True)
class MouseLook:
    """The mouse turns the eye: captured, or with the right button down. Pixels right and down."""

    right: float
    down: float


@dataclass(frozen=True)
class Scroll:
    """The wheel turned; up is positive."""

    steps: float


@dataclass(frozen=True)
class Drop:
    """Files were dropped on the window."""

    paths: tuple[str, ...]


@dataclass(frozen=True)
class Redraw:
    """The window changed its size, or was uncovered."""


InputEvent = KeyPress | MouseButton | MouseLook | Scroll | Drop | Redraw


class Listener(Protocol):
    """Hears everything as it comes, as panels need it: also what is let go, and text."""

    def key(self, name: str, down: bool, modifiers: frozenset[str]) -> None:
        """A key went down, again while it is held, or up. name: GLFW's without `KEY_`."""

    def text(self, code: int) -> None:
        """A letter was typed. code: of Unicode."""

    def button(self, number: int, down: bool) -> None:
        """A button of the mouse: 0 left, 1 right, 2 middle."""

    def cursor(self, x: float, y: float) -> None:
        """The free cursor moved. Pixels from the upper left corner."""

    def wheel(self, x: float, y: float) -> None:
        """The wheel turned."""

    def focus(self, gained: bool) -> None:
        """The window has the keyboard now, or not any more."""
