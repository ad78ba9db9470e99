"""The Shortcuts panel: what keys or buttons of controllers do."""

from __future__ import annotations

from imgui_bundle import imgui

from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import Dock, Panel, panel
from vrnn.ui.style import accent


@panel("Shortcuts", dock=Dock.LEFT_BOTTOM, former_title="Keys")
class ShortcutsPanel(Panel):
    """Help: keys in the window, buttons in the headset."""

    def draw(self, context: PanelContext) -> None:
        """Draw the table."""
        if imgui.begin_table("keys", 2, imgui.TableFlags_.sizing_fixed_fit.value):
            for keys, text in context.help_rows:
                imgui.table_next_row()
                imgui.table_next_column()
                imgui.text_colored(accent(), keys)
                imgui.table_next_column()
                imgui.text_unformatted(text)
            imgui.end_table()
