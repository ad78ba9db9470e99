"""What commands ask of the program while a headset is worn: where to go, and what to show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from vrnn.commands.context import Choice, InterfaceActions, NavigationActions
from vrnn.controls.hands.motion_control import MotionControl
from vrnn.controls.hands.panel_pointer import PanelPointer


class HandNavigator(NavigationActions):
    """Moves the stage of whoever wears the headset."""

    def __init__(self, motion: MotionControl) -> None:
        self._motion = motion

    def go_to(self, camera: str, network: int | None = None) -> None:
        """Goes to a camera by name.

        Raises:
            VrnnError: The head is not tracked, or there is no such camera.
        """
        self._motion.go_to(camera, network)


class HandDisplay(Protocol):
    """What hands show: `vrnn.controls.hands.hand_controls.HandControls`."""

    magnifier: str
    floating_panel: PanelPointer

    def toggle_flying(self) -> None:
        """Switches between walking and flying."""


class HandInterface(InterfaceActions):
    """The floating panel and the magnifier of the hands."""

    def __init__(self, hands: HandDisplay) -> None:
        self._hands = hands

    @property
    def magnifier(self) -> str:  # type: ignore[override]
        """How the map that is pointed at is magnified."""
        return self._hands.magnifier

    @magnifier.setter
    def magnifier(self, kind: str) -> None:
        self._hands.magnifier = kind

    def toggle_panels(self) -> None:
        """Shows or hides the floating panel."""
        self._hands.floating_panel.toggle()

    def open_palette(self) -> None:
        """Opens the palette on the floating panel."""
        self._hands.floating_panel.open_palette()

    def offer(self, choices: Sequence[Choice], question: str = "") -> bool:
        """Lists several things to choose from, on the floating panel."""
        return self._hands.floating_panel.offer(choices, question)

    def toggle_flying(self) -> None:
        """Switches between walking and flying."""
        self._hands.toggle_flying()
