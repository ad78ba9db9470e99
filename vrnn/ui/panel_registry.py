"""The registry of panels: each is one class in a file of its own, shown by the window's host and by
the board in the headset alike.

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
from vrnn.ui.panel_context import PanelContext


class Dock(StrEnum):
    """Where a panel stands in the window at first."""

    LEFT_TOP = "left top"
    LEFT_BOTTOM = "left bottom"
    RIGHT_TOP = "right top"
    RIGHT_BOTTOM = "right bottom"
    BOARD_ONLY = "board only"


class Panel(ABC):
    """A panel of one host; it keeps what was typed and opened in it, and no state of a model."""

    @abstractmethod
    def draw(self, context: PanelContext) -> None:
        """Draw the panel's inside with Dear ImGui."""


P = TypeVar("P", bound=type[Panel])


@dataclass(frozen=True)
class PanelInfo:
    """What is declared of a panel. See `panel`."""

    title: str
    kind: type[Panel]
    dock: Dock
    former_title: str = ""


_PANELS: dict[str, PanelInfo] = {}


def panel(title: str, dock: Dock, former_title: str = "") -> Callable[[P], P]:
    """Register a panel.

    Args:
        title: Its tab, in both hosts.
        dock: Where it stands in the window at first.
        former_title: What remembered layouts of older builds call it.

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
    """All panels, in the order in which they were declared."""
    return tuple(_PANELS.values())


def unregister_panel(title: str) -> None:
    """Forget a panel, as when a plug-in is unloaded by a test."""
    del _PANELS[title]


class PanelSet:
    """One instance of each registered panel, for one host."""

    def __init__(self) -> None:
        self._panels = {info.title: info.kind() for info in registered_panels()}

    @property
    def titles(self) -> tuple[str, ...]:
        """Of all panels, in order."""
        return tuple(self._panels)

    def draw(self, title: str, context: PanelContext) -> None:
        """Draw the inside of a panel."""
        self._panels[title].draw(context)
