"""The Session panel: files that can be written, sessions that can be opened."""

from __future__ import annotations

from imgui_bundle import imgui

from vrnn.commands.registry import Menu, registered
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import Dock, Panel, panel


@panel("Session", dock=Dock.BOARD_ONLY, former_title="Keep")
class SessionPanel(Panel):
    """A button for each command of the Session menu: the headset has no menu bar."""

    def draw(self, context: PanelContext) -> None:
        """Draw the buttons."""
        for info in registered():
            if info.menu is not Menu.SESSION:
                continue
            variants = tuple(info.kind.variants())
            if not variants:
                reason = context.why_not(info)
                imgui.begin_disabled(bool(reason))
                if imgui.button(info.title):
                    context.invoke(info)
                imgui.end_disabled()
            for title, command in variants:
                if imgui.button(title):
                    context.do(command)
