"""What commands show, hide and release in the window."""

from __future__ import annotations

from vrnn.app.headset_manager import HeadsetManager
from vrnn.app.hud import Hud
from vrnn.app.window import Window
from vrnn.commands.context import HeadsetActions, InterfaceActions
from vrnn.controls.pointer import Pointer
from vrnn.features.settings import FeatureVisSettings
from vrnn.ui.window_host import WindowGui


class WindowInterface(InterfaceActions):
    """The window's help, map, panels, palette and cursor."""

    def __init__(self, window: Window, gui: WindowGui, hud: Hud, pointer: Pointer) -> None:
        self._window, self._gui, self._hud, self._pointer = window, gui, hud, pointer

    @property
    def feature_settings(self) -> FeatureVisSettings | None:  # type: ignore[override]
        """As the Features panel has them."""
        return self._gui.context.feature_settings

    @property
    def magnifier(self) -> str:  # type: ignore[override]
        """How the map that is pointed at is magnified."""
        return self._hud.magnifier

    @magnifier.setter
    def magnifier(self, kind: str) -> None:
        self._hud.magnifier = kind

    def toggle_help(self) -> None:
        """Show or hide the help."""
        self._hud.help_shown = not self._hud.help_shown

    def toggle_minimap(self) -> None:
        """Show or hide the small map."""
        self._hud.minimap_shown = not self._hud.minimap_shown

    def toggle_panels(self) -> None:
        """Show or hide the panels."""
        self._gui.toggle()

    def open_palette(self) -> None:
        """Open the palette, or close it; the cursor is free for it."""
        self._window.capture(False)
        self._gui.toggle_palette()

    def resize_text(self, points: int) -> None:
        """Make the panels' text larger by so many points; 0: as it was set."""
        self._gui.resize_text(points)

    def release_cursor(self) -> None:
        """Close the help, else let go of what is held or dragged, else free the cursor."""
        if self._hud.help_shown:
            self._hud.help_shown = False
        elif not self._pointer.cancel():
            self._window.capture(False)


class HeadsetToggle(HeadsetActions):
    """Starts and stops the headset beside the window."""

    def __init__(self, headset: HeadsetManager) -> None:
        self._headset = headset

    def use(self, on: bool | None) -> None:
        """Start or stop it; None: the other way."""
        start = self._headset.view is None if on is None else on
        if start:
            self._headset.start()
        else:
            self._headset.stop()
