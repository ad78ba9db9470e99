"""Keys to type with on a board. They are no controls of ImGui's: pressing one would take the text
from the field that is typed into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from imgui_bundle import imgui

from vrnn.ui.style import ACCENT, DEEP, EDGE, RAISED, TEXT_COLOR, Color

ROWS = ("1234567890", "qwertyuiop", "asdfghjkl.", "zxcvbnm_-#")
BOTTOM_ROW = (("esc", 0.15), ("space", 0.35), ("delete", 0.25), ("enter", 0.25))
"""Of the lowest row, with their parts of its width."""
KEY_HEIGHT = 1.75
"""Height of a key, in heights of the text."""
SPECIAL_KEYS = {"esc": imgui.Key.escape, "delete": imgui.Key.backspace, "enter": imgui.Key.enter}
GAP_PIXELS = 5.0


@dataclass(frozen=True)
class KeyCap:
    """A key: what is on it, and its left, top, right and bottom in pixels."""

    text: str
    box: tuple[float, float, float, float]


def keyboard_height(text: float) -> float:
    """Pixels that all keys take. text: height of a line of text."""
    return (len(ROWS) + 1) * KEY_HEIGHT * text + 2 * GAP_PIXELS


def key_caps(width: float, bottom: float, text: float) -> list[KeyCap]:
    """All keys, over the whole width and down to `bottom`, pixels."""
    tall, top = KEY_HEIGHT * text, bottom - keyboard_height(text) + GAP_PIXELS
    found = []
    for number, row in enumerate(ROWS):
        y, wide = top + number * tall, (width - 2 * GAP_PIXELS) / len(row)
        for i, letter in enumerate(row):
            x = GAP_PIXELS + i * wide
            found.append(KeyCap(letter, (x + 2, y + 2, x + wide - 2, y + tall - 2)))
    x, y = GAP_PIXELS, top + len(ROWS) * tall
    for name, part in BOTTOM_ROW:
        wide = part * (width - 2 * GAP_PIXELS)
        found.append(KeyCap(name, (x + 2, y + 2, x + wide - 2, y + tall - 2)))
        x += wide
    return found


def key_at(found: list[KeyCap], x: float, y: float) -> KeyCap | None:
    """The key under a point."""
    for cap in found:
        left, top, right, bottom = cap.box
        if left <= x < right and top <= y < bottom:
            return cap
    return None


def press(cap: KeyCap, io: Any) -> None:
    """Type it."""
    if cap.text in SPECIAL_KEYS:
        io.add_key_event(SPECIAL_KEYS[cap.text], True)
        io.add_key_event(SPECIAL_KEYS[cap.text], False)
    else:
        io.add_input_character(ord(" " if cap.text == "space" else cap.text))


def draw(found: list[KeyCap], lit: KeyCap | None, width: float, bottom: float, text: float) -> None:
    """Draw all keys over everything. lit: the one that is pointed at."""
    over = imgui.get_foreground_draw_list()

    def ink(color: Color) -> int:
        return imgui.get_color_u32(imgui.ImVec4(*color))

    top = bottom - keyboard_height(text)
    over.add_rect_filled((0, top), (width, bottom), ink(DEEP))
    over.add_line((0, top), (width, top), ink(EDGE), 2.0)
    for cap in found:
        left, upper, right, lower = cap.box
        chosen = cap == lit
        over.add_rect_filled((left, upper), (right, lower), ink(ACCENT if chosen else RAISED), 6.0)
        size = imgui.calc_text_size(cap.text)
        place = ((left + right - size.x) / 2, (upper + lower - size.y) / 2)
        over.add_text(place, ink(DEEP if chosen else TEXT_COLOR), cap.text)
