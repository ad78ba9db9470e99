"""Interface commands of the window: help, minimap, panels, palette, cursor."""

from __future__ import annotations

from collections.abc import Sequence

from vrnn.app.headset_manager import HeadsetManager
from vrnn.app.hud import Hud
from vrnn.app.window import Window
from vrnn.commands.context import Choice, HeadsetActions, InterfaceActions
from vrnn.controls.pointer import Pointer
from vrnn.features.settings import FeatureVisSettings
from vrnn.ui.window_host import WindowGui

HELP_PANEL = "Shortcuts"
"""The panel that shows what keys do."""


class WindowInterface(InterfaceActions):
    """Shows and hides parts of the window's interface."""

    def __init__(self, window: Window, gui: WindowGui, hud: Hud, pointer: Pointer) -> None:
        self._window, self._gui, self._hud, self._pointer = window, gui, hud, pointer

    @property
    def feature_settings(self) -> FeatureVisSettings | None:  # type: ignore[override]
        """Settings in the Features panel."""
        return self._gui.context.feature_settings

    @property
    def magnifier(self) -> str:  # type: ignore[override]
        """How the hovered feature map is magnified, see `Hand.cards`."""
        return self._hud.magnifier

    @magnifier.setter
    def magnifier(self, kind: str) -> None:
        self._hud.magnifier = kind

    def toggle_help(self) -> None:
        """Show or hide the help, or show its panel where others leave it too little room."""
        is_small = not self._hud.has_room_for_help(self._gui.world_area[2:])
        if self._gui.shown and is_small and not self._hud.help_shown:
            self._gui.show_panel(HELP_PANEL)
        else:
            self._hud.help_shown = not self._hud.help_shown

    def toggle_minimap(self) -> None:
        """Show or hide the minimap."""
        self._hud.minimap_shown = not self._hud.minimap_shown

    def toggle_presentation(self) -> bool:
        """Show what an audience needs and no more, or everything again; True for the former."""
        on = not self._hud.presenting
        self._hud.present(on)
        self._gui.present(on)
        return on

    def toggle_panels(self) -> None:
        """Show or hide the panels."""
        self._gui.toggle()

    def open_palette(self) -> None:
        """Open or close the command palette; releases the mouse."""
        self._window.capture(False)
        self._gui.toggle_palette()

    def offer(self, choices: Sequence[Choice], question: str = "") -> bool:
        """List several things to choose from, in the palette; releases the mouse."""
        self._window.capture(False)
        self._gui.offer(choices, question)
        return True

    def resize_text(self, points: int) -> None:
        """Make the panels' text larger by so many points; 0 restores the size in the settings."""
        self._gui.resize_text(points)

    def release_cursor(self) -> bool:
        """Close the help, else cancel a drag or empty the hand, else release the mouse."""
        if self._hud.help_shown:
            self._hud.help_shown = False
        elif not self._pointer.cancel():
            if not self._window.captured:
                return False
            self._window.capture(False)
        return True


class HeadsetToggle(HeadsetActions):
    """Starts and stops the headset beside the window."""

    def __init__(self, headset: HeadsetManager) -> None:
        self._headset = headset

    def use(self, on: bool | None) -> None:
        """Start or stop the headset; None toggles it."""
        start = self._headset.view is None if on is None else on
        if start:
            self._headset.start()
        else:
            self._headset.stop()
