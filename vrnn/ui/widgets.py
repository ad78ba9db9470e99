"""Widgets that panels share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from imgui_bundle import imgui

from vrnn.commands.base import UndoableCommand
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.style import Color, accent, muted

Text = TypeVar("Text", bound=str)
MIN_WIDGET_WIDTH = 7.0
"""Width of a widget beside its label at least, in heights of the text."""
MIN_VALUE_WIDTH = 5.0
"""Width of a value beside its name at least, in heights of the text."""
LABEL_WIDTH = 6.5
"""Width of the label before a widget, in heights of the text."""


def slider(
    context: PanelContext, label: str, value: float, limits: tuple[float, float],
    number_format: str, make_command: Callable[[float], UndoableCommand], tooltip: str = "",
) -> None:  # fmt: skip
    """Draw a slider that acts while it is dragged and is one undo step.

    Args:
        context: Previews the change, and executes it when the slider is released.
        label: Its label.
        value: The present value.
        limits: Lowest and highest value.
        number_format: How the value is printed, in C's form.
        make_command: Returns the command that sets a value.
        tooltip: What it is for.
    """
    labeled(label, tooltip)
    moved, now = bare_slider(label, value, limits, number_format)
    if moved:
        context.preview(make_command(now))
    if imgui.is_item_deactivated_after_edit():
        context.do(make_command(now))
    value_beside(now, number_format)


def bare_slider(
    label: str, value: float, limits: tuple[float, float], number_format: str,
    logarithmic: bool = False,
) -> tuple[bool, float]:  # fmt: skip
    """Draw a slider without its number, which `value_beside` draws after it.

    Args:
        label: Its id.
        value: The present value.
        limits: Lowest and highest value.
        number_format: How the number is printed, in C's form: room is left for it.
        logarithmic: Whether equal steps are factors.

    Returns:
        Whether it was moved, and the value now.
    """
    flags = imgui.SliderFlags_
    kind = int(flags.always_clamp | (flags.logarithmic if logarithmic else 0))
    texts = [number_format % limit for limit in (*limits, value)]
    room = max(imgui.calc_text_size(text).x for text in texts)
    room += imgui.get_style().item_inner_spacing.x
    width = max(imgui.get_content_region_avail().x - room, 2.5 * imgui.get_font_size())
    imgui.set_next_item_width(width)
    return imgui.slider_float(f"##{label}", value, *limits, "", kind)


def value_beside(value: float, number_format: str) -> None:
    """Draw the number of a slider beside it."""
    imgui.same_line(0, imgui.get_style().item_inner_spacing.x)
    imgui.text_unformatted(number_format % value)


def combo(label: str, value: Text, options: Sequence[Text], tooltip: str = "") -> Text | None:
    """Draw a list to choose from; returns the new choice, None while it is unchanged.

    Args:
        label: Its label.
        value: The present choice.
        options: All choices.
        tooltip: What it is for.
    """
    labeled(label, tooltip)
    chosen = None
    if imgui.begin_combo(f"##{label}", value):
        for option in options:
            if imgui.selectable(option, option == value)[0]:
                chosen = option
            if option == value:
                imgui.set_item_default_focus()
        imgui.end_combo()
    return chosen if chosen != value else None


def labeled(label: str, tooltip: str = "") -> None:
    """Draw a muted label; the next widget stands to its right, over the rest of the width.

    Widgets stand below each other as far as their labels leave them room, and below their labels
    where there is too little beside them.

    Args:
        label: The label.
        tooltip: What the widget is for, shown at the label.
    """
    start_x = imgui.get_cursor_pos_x()
    available = imgui.get_content_region_avail().x
    imgui.align_text_to_frame_padding()
    imgui.text_colored(muted(), label)
    if tooltip:
        imgui.set_item_tooltip(tooltip)
    width = imgui.calc_text_size(label).x + imgui.get_style().item_spacing.x
    em = imgui.get_font_size()
    column = max(LABEL_WIDTH * em - start_x + imgui.get_style().window_padding.x, width)
    if available - column >= MIN_WIDGET_WIDTH * em:
        imgui.same_line(start_x + column)
    imgui.set_next_item_width(-1)


def hint_text(*texts: str) -> str:
    """Return the longest of several hints that fits into a text field of the rest of the width."""
    room = imgui.get_content_region_avail().x - 2 * imgui.get_style().frame_padding.x
    fitting = [text for text in texts if imgui.calc_text_size(text).x <= room]
    return max(fitting, key=len, default="")


def fit_text(text: str, room: float) -> str:
    """Return a text, ended by an ellipsis where it is wider than the room, pixels."""
    if imgui.calc_text_size(text).x <= room:
        return text
    count = len(text)
    while count > 1 and imgui.calc_text_size(text[:count].rstrip() + "…").x > room:
        count -= 1
    return text[:count].rstrip() + "…"


def checkbox(label: str, value: bool) -> bool | None:
    """Draw a check box; returns its new value, None while it is unchanged."""
    pressed, now = imgui.checkbox(label, value)
    return now if pressed else None


def link_button(text: str) -> bool:
    """Draw a small button within text; True when it is pressed."""
    imgui.push_style_color(imgui.Col_.text, accent())
    pressed = imgui.small_button(text)
    imgui.pop_style_color()
    return pressed


def property_table(rows: Sequence[tuple[str, str]], name: str) -> None:
    """Draw a table of names and values.

    Args:
        rows: Each name with its value; below each other where the panel is narrow.
        name: ImGui's id of the table.
    """
    available = imgui.get_content_region_avail().x
    if available < (LABEL_WIDTH + MIN_VALUE_WIDTH) * imgui.get_font_size():
        for row_name, value in rows:  # there is no room for two columns
            imgui.text_colored(muted(), row_name)
            wrapped_text(value)
        return
    if imgui.begin_table(name, 2, imgui.TableFlags_.sizing_stretch_prop.value):
        flags = imgui.TableColumnFlags_
        name_width = LABEL_WIDTH * imgui.get_font_size() - imgui.get_style().cell_padding.x
        imgui.table_setup_column("name", flags.width_fixed.value, name_width)
        imgui.table_setup_column("value", flags.width_stretch.value)
        for row_name, value in rows:
            imgui.table_next_row()
            imgui.table_next_column()
            imgui.text_colored(muted(), row_name)
            imgui.table_next_column()
            wrapped_text(value)
        imgui.end_table()


def wrapped_text(text: str, color: Color | None = None) -> None:
    """Draw text that wraps at the right edge. color: None for that of other text."""
    if color is not None:
        imgui.push_style_color(imgui.Col_.text, color)
        wrapped_text(text)
        imgui.pop_style_color()
        return
    imgui.push_text_wrap_pos(0.0)
    imgui.text_unformatted(text)
    imgui.pop_text_wrap_pos()


def muted_text(text: str) -> None:
    """Draw a remark that wraps at the right edge."""
    wrapped_text(text, muted())


def same_line_if_fits(text: str, mark: float = 0.0) -> None:
    """Put the next button or check box beside the last one if it fits.

    Args:
        text: Text of the next button.
        mark: Width of what stands before the text, such as the square of a check box, pixels.
    """
    style = imgui.get_style()
    needed = imgui.calc_text_size(text).x + mark + 2 * style.frame_padding.x + style.item_spacing.x
    right = imgui.get_cursor_screen_pos().x + imgui.get_content_region_avail().x
    if imgui.get_item_rect_max().x + needed <= right:
        imgui.same_line()


def button_row(texts: Sequence[Text]) -> Text | None:
    """Draw buttons side by side, wrapping where needed; returns the text of the pressed one."""
    pressed = None
    for i, text in enumerate(texts):
        if i:
            same_line_if_fits(text)
        if imgui.button(text):
            pressed = text
    return pressed


def has_pending_input() -> bool:
    """Return whether ImGui has received input that it has not processed yet."""
    return not imgui.get_current_context().input_events_queue.empty()
