"""Input events of the window, and the listener that hears them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class KeyPress:
    """A key went down; its repetitions while it is held are not reported.

    Attributes:
        name: GLFW's name without `KEY_`.
        modifiers: GLFW's names without `MOD_`.
    """

    name: str
    modifiers: frozenset[str]


@dataclass(frozen=True)
class MouseButton:
    """A mouse button went down or up.

    Attributes:
        name: `left`, `middle` or `right`.
        down: Whether it went down.
        position: Where the mouse was then, screen coordinates from the upper left; None where that
            is not told.
    """

    name: str
    down: bool
    position: tuple[float, float] | None = None


@dataclass(frozen=True)
class MouseDrag:
    """The mouse moved while it is captured or a button is down.

    Attributes:
        right: Pixels to the right.
        down: Pixels down.
    """

    right: float
    down: float


@dataclass(frozen=True)
class Scroll:
    """The wheel turned.

    Attributes:
        steps: How far; up is positive.
        across: How far to the right, as trackpads do.
    """

    steps: float
    across: float = 0.0


@dataclass(frozen=True)
class Drop:
    """Files were dropped on the window.

    Attributes:
        paths: The files.
    """

    paths: tuple[str, ...]


@dataclass(frozen=True)
class Redraw:
    """The window was resized or uncovered and needs a new frame."""


InputEvent = KeyPress | MouseButton | MouseDrag | Scroll | Drop | Redraw


class Listener(Protocol):
    """Receives all input as it comes, as panels need it: also released keys, and text."""

    def key(self, name: str, down: bool, modifiers: frozenset[str]) -> None:
        """Handle a key that went down, repeats while it is held, or went up.

        Args:
            name: GLFW's name without `KEY_`.
            down: Whether it is down.
            modifiers: GLFW's names without `MOD_`.
        """

    def text(self, code: int) -> None:
        """Handle a typed character, by its Unicode code point."""

    def button(self, number: int, down: bool) -> None:
        """Handle a mouse button: 0 left, 1 right, 2 middle."""

    def cursor(self, x: float, y: float) -> None:
        """Handle a move of the free cursor, in pixels from the upper left corner."""

    def wheel(self, x: float, y: float) -> None:
        """Handle a turn of the wheel, in steps to the right and up."""

    def focus(self, gained: bool) -> None:
        """Handle that the window gained or lost the keyboard."""
