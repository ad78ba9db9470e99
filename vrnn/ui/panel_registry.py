"""The registry of panels. Each panel is a class in a file of its own; the window and the headset
both show it.

    @panel("Layer", dock=Dock.RIGHT_TOP)
    class LayerPanel(Panel):
        def draw(self, context: PanelContext) -> None: ...
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from vrnn.errors import VrnnError
from vrnn.ui.fault_message import balanced, draw_fault, tell_fault
from vrnn.ui.panel_context import PanelContext


class Dock(StrEnum):
    """Where a panel is docked in the window by default."""

    LEFT_TOP = "left top"
    LEFT_BOTTOM = "left bottom"
    RIGHT_TOP = "right top"
    RIGHT_BOTTOM = "right bottom"
    BOARD_ONLY = "board only"


class Panel(ABC):
    """A panel of one host; it keeps what was typed and opened in it, but no document state."""

    @abstractmethod
    def draw(self, context: PanelContext) -> None:
        """Draw the contents of the panel with Dear ImGui."""


P = TypeVar("P", bound=type[Panel])


@dataclass(frozen=True)
class PanelInfo:
    """The declaration of a panel, see `panel`.

    Attributes:
        title: Its tab.
        kind: Its class.
        dock: Its default dock.
        former_title: Its title in layouts of older builds; '' if it is the same.
    """

    title: str
    kind: type[Panel]
    dock: Dock
    former_title: str = ""


_PANELS: dict[str, PanelInfo] = {}


def panel(title: str, dock: Dock, former_title: str = "") -> Callable[[P], P]:
    """Register a panel.

    Args:
        title: Its tab, in both hosts.
        dock: Where it is docked in the window by default.
        former_title: Its title in layouts that older builds saved.

    Returns:
        A decorator for the class.

    Raises:
        VrnnError: When the title is taken.
    """

    def register(kind: P) -> P:
        if title in _PANELS:
            raise VrnnError(f"two panels are called '{title}'")
        _PANELS[title] = PanelInfo(title, kind, dock, former_title)
        return kind

    return register


def registered_panels() -> tuple[PanelInfo, ...]:
    """Return all panels in the order of their declaration."""
    return tuple(_PANELS.values())


class PanelSet:
    """One instance of each registered panel, for one host.

    Attributes:
        failures: The message of each panel that has failed, shown in its place.
    """

    def __init__(self) -> None:
        self._panels = {info.title: info.kind() for info in registered_panels()}
        self.failures: dict[str, str] = {}

    @property
    def titles(self) -> tuple[str, ...]:
        """Titles of all panels, in order."""
        return tuple(self._panels)

    def draw(self, title: str, context: PanelContext) -> None:
        """Draw the contents of a panel; one that fails shows why, and can be tried again."""
        if title in self.failures:
            if draw_fault(self.failures[title]):
                del self.failures[title]
                self._panels[title] = _PANELS[title].kind()
            return
        try:
            with balanced():
                self._panels[title].draw(context)
        except Exception as error:
            self.failures[title] = tell_fault(context, f"the panel '{title}'", error)
