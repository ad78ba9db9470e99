"""Controls that panels share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from imgui_bundle import imgui

from vrnn.commands.base import UndoableCommand
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.style import ACCENT, MUTED_COLOR

Text = TypeVar("Text", bound=str)
LABEL_WIDTH = 6.5
"""Room for a label before its control, in heights of the text."""


def slider(
    context: PanelContext, label: str, value: float, ends: tuple[float, float], form: str,
    change: Callable[[float], UndoableCommand],
) -> None:  # fmt: skip
    """A slider that acts at once and is one step to undo, made when it is let go."""
    labeled(label)
    moved, now = imgui.slider_float(
        f"##{label}", value, *ends, form, imgui.SliderFlags_.always_clamp.value
    )
    if moved:
        context.preview(change(now))
    if imgui.is_item_deactivated_after_edit():
        context.do(change(now))


def combo(label: str, value: Text, options: Sequence[Text]) -> Text | None:
    """A list to choose from; returns what was chosen."""
    labeled(label)
    chosen = None
    if imgui.begin_combo(f"##{label}", value):
        for option in options:
            if imgui.selectable(option, option == value)[0]:
                chosen = option
            if option == value:
                imgui.set_item_default_focus()
        imgui.end_combo()
    return chosen if chosen != value else None


def labeled(label: str) -> None:
    """A quiet label, with the control that follows to its right, over the rest of the width."""
    imgui.align_text_to_frame_padding()
    imgui.text_colored(MUTED_COLOR, label)
    imgui.same_line(LABEL_WIDTH * imgui.get_font_size())
    imgui.set_next_item_width(-1)


def checkbox(label: str, value: bool) -> bool | None:
    """A check box; returns what it was set to, None while it is left alone."""
    pressed, now = imgui.checkbox(label, value)
    return now if pressed else None


def link_button(text: str) -> bool:
    """A small button that stands among text."""
    imgui.push_style_color(imgui.Col_.text, ACCENT)
    pressed = imgui.small_button(text)
    imgui.pop_style_color()
    return pressed


def property_table(rows: Sequence[tuple[str, str]], name: str) -> None:
    """Names and values, in two columns."""
    if imgui.begin_table(name, 2, imgui.TableFlags_.sizing_stretch_prop.value):
        flags = imgui.TableColumnFlags_
        room = LABEL_WIDTH * imgui.get_font_size() - imgui.get_style().cell_padding.x
        imgui.table_setup_column("name", flags.width_fixed.value, room)
        imgui.table_setup_column("value", flags.width_stretch.value)
        for what, value in rows:
            imgui.table_next_row()
            imgui.table_next_column()
            imgui.text_colored(MUTED_COLOR, what)
            imgui.table_next_column()
            wrapped_text(value)
        imgui.end_table()


def wrapped_text(text: str) -> None:
    """Text in as many lines as it takes."""
    imgui.push_text_wrap_pos(0.0)
    imgui.text_unformatted(text)
    imgui.pop_text_wrap_pos()


def same_line_if_fits(text: str) -> None:
    """Put the button that comes next beside the last one, where there is room for it."""
    style = imgui.get_style()
    wanted = imgui.calc_text_size(text).x + 2 * style.frame_padding.x + style.item_spacing.x
    right = imgui.get_cursor_screen_pos().x + imgui.get_content_region_avail().x
    if imgui.get_item_rect_max().x + wanted <= right:
        imgui.same_line()


def button_row(texts: Sequence[Text]) -> Text | None:
    """Buttons beside each other, in as many rows as it takes; returns the one pressed."""
    pressed = None
    for i, text in enumerate(texts):
        if i:
            same_line_if_fits(text)
        if imgui.button(text):
            pressed = text
    return pressed


def has_pending_input() -> bool:
    """Whether ImGui has been told of input that it has not taken yet."""
    return not imgui.get_current_context().input_events_queue.empty()
