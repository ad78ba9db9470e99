"""The Shortcuts panel: what keys or buttons of controllers do."""

from __future__ import annotations

from imgui_bundle import imgui

from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import Dock, Panel, panel
from vrnn.ui.style import accent
from vrnn.ui.widgets import wrapped_text

MIN_TEXT_WIDTH = 9.0
"""Width beside the keys, in heights of the text, below which what they do stands under them."""


@panel("Shortcuts", dock=Dock.LEFT_BOTTOM, former_title="Keys")
class ShortcutsPanel(Panel):
    """Help: keys in the window, buttons in the headset."""

    def draw(self, context: PanelContext) -> None:
        """Draw the groups of keys; what a key does wraps, or stands below it."""
        em = imgui.get_font_size()
        keys = [keys for keys, text in context.help_rows if text]
        column = max((imgui.calc_text_size(text).x for text in keys), default=0.0) + em
        is_narrow = imgui.get_content_region_avail().x - column < MIN_TEXT_WIDTH * em
        for key, text in context.help_rows:
            if not text:
                imgui.separator_text(key)
                continue
            start = imgui.get_cursor_pos_x()
            imgui.push_style_color(imgui.Col_.text, accent())
            wrapped_text(key)
            imgui.pop_style_color()
            if not is_narrow:
                imgui.same_line(start + column)
            wrapped_text(text)
