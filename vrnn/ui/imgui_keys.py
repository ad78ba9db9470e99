"""GLFW's names of keys as ImGui has them."""

from __future__ import annotations

import re

from imgui_bundle import imgui

MODIFIERS = {
    "CONTROL": imgui.Key.mod_ctrl,
    "SHIFT": imgui.Key.mod_shift,
    "ALT": imgui.Key.mod_alt,
    "SUPER": imgui.Key.mod_super,
}
_OTHER = {
    "LEFT": "left_arrow",
    "RIGHT": "right_arrow",
    "UP": "up_arrow",
    "DOWN": "down_arrow",
    "LEFT_CONTROL": "left_ctrl",
    "RIGHT_CONTROL": "right_ctrl",
}


def imgui_key(name: str) -> imgui.Key | None:
    """The key of a GLFW name without `KEY_`; None for one that ImGui does not know."""
    known = f"_{name}" if name.isdigit() else name.lower()
    known = _OTHER.get(name, re.sub(r"^kp_(?=\d)", "keypad", known).replace("kp_", "keypad_"))
    found = getattr(imgui.Key, known, None)
    return found if isinstance(found, imgui.Key) else None
