"""What the keys do."""

from __future__ import annotations

from collections.abc import Sequence

from imgui_bundle import imgui

from vrnn.ui.style import ACCENT

NAME = "Keys"


def draw(rows: Sequence[tuple[str, str]]) -> None:
    """The panel's inside. rows: keys and what they do."""
    if imgui.begin_table("keys", 2, imgui.TableFlags_.sizing_fixed_fit.value):
        for keys, does in rows:
            imgui.table_next_row()
            imgui.table_next_column()
            imgui.text_colored(ACCENT, keys)
            imgui.table_next_column()
            imgui.text_unformatted(does)
        imgui.end_table()
