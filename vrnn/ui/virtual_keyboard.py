"""A keyboard to type with on the panels in the headset.

Its keys are no ImGui widgets: pressing one would take the focus from the text field.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from imgui_bundle import imgui

from vrnn.ui.style import ACCENT, DEEP, EDGE, RAISED, TEXT_COLOR, Color, applied

ROWS = ("1234567890", "qwertyuiop", "asdfghjkl.", "zxcvbnm_-#")
"""Characters of each row, from the top."""
BOTTOM_ROW = (("esc", 0.15), ("space", 0.35), ("delete", 0.25), ("enter", 0.25))
"""Keys of the bottom row, with their shares of its width."""
KEY_HEIGHT = 1.75
"""Height of a key, in heights of a line of text."""
SPECIAL_KEYS = {"esc": imgui.Key.escape, "delete": imgui.Key.backspace, "enter": imgui.Key.enter}
"""Keys that type no character, by their caption."""
GAP_PIXELS = 5.0
"""Pixels around the keyboard."""


@dataclass(frozen=True)
class KeyCap:
    """A key.

    Attributes:
        text: Its caption.
        box: Left, top, right and bottom, pixels.
    """

    text: str
    box: tuple[float, float, float, float]


def keyboard_height(line_height: float) -> float:
    """Return the height of the keyboard in pixels, for a height of a line of text in pixels."""
    return (len(ROWS) + 1) * KEY_HEIGHT * line_height + 2 * GAP_PIXELS


def key_caps(width: float, bottom: float, line_height: float) -> list[KeyCap]:
    """Lay out all keys.

    Args:
        width: Width of the keyboard, pixels.
        bottom: Its lower edge, pixels from the top.
        line_height: Height of a line of text, pixels.
    """
    key_height = KEY_HEIGHT * line_height
    top = bottom - keyboard_height(line_height) + GAP_PIXELS
    key_list = []
    for number, row in enumerate(ROWS):
        y, key_width = top + number * key_height, (width - 2 * GAP_PIXELS) / len(row)
        for i, letter in enumerate(row):
            x = GAP_PIXELS + i * key_width
            key_list.append(KeyCap(letter, (x + 2, y + 2, x + key_width - 2, y + key_height - 2)))
    x, y = GAP_PIXELS, top + len(ROWS) * key_height
    for name, share in BOTTOM_ROW:
        key_width = share * (width - 2 * GAP_PIXELS)
        key_list.append(KeyCap(name, (x + 2, y + 2, x + key_width - 2, y + key_height - 2)))
        x += key_width
    return key_list


def key_at(keys: list[KeyCap], x: float, y: float) -> KeyCap | None:
    """Return the key under a point in pixels; None between keys."""
    for cap in keys:
        left, top, right, bottom = cap.box
        if left <= x < right and top <= y < bottom:
            return cap
    return None


def press(cap: KeyCap, io: Any) -> None:
    """Type a key.

    Args:
        cap: The key.
        io: ImGui's input and output, which gets the key or its character.
    """
    if cap.text in SPECIAL_KEYS:
        io.add_key_event(SPECIAL_KEYS[cap.text], True)
        io.add_key_event(SPECIAL_KEYS[cap.text], False)
    else:
        io.add_input_character(ord(" " if cap.text == "space" else cap.text))


def draw(
    keys: list[KeyCap], hovered: KeyCap | None, width: float, bottom: float, line_height: float
) -> None:
    """Draw all keys over everything else.

    Args:
        keys: The keys, from `key_caps`.
        hovered: The one that is pointed at; None for none.
        width: Width of the keyboard, pixels.
        bottom: Its lower edge, pixels from the top.
        line_height: Height of a line of text, pixels.
    """
    draw_list = imgui.get_foreground_draw_list()

    def packed(color: Color) -> int:
        return imgui.get_color_u32(imgui.ImVec4(*applied(color)))

    top = bottom - keyboard_height(line_height)
    draw_list.add_rect_filled((0, top), (width, bottom), packed(DEEP))
    draw_list.add_line((0, top), (width, top), packed(EDGE), 2.0)
    for cap in keys:
        left, upper, right, lower = cap.box
        is_hovered = cap == hovered
        draw_list.add_rect_filled(
            (left, upper), (right, lower), packed(ACCENT if is_hovered else RAISED), 6.0
        )
        size = imgui.calc_text_size(cap.text)
        position = ((left + right - size.x) / 2, (upper + lower - size.y) / 2)
        draw_list.add_text(position, packed(DEEP if is_hovered else TEXT_COLOR), cap.text)
