"""Dear ImGui's keys by their GLFW names."""

from __future__ import annotations

import re

from imgui_bundle import imgui

MODIFIERS = {
    "CONTROL": imgui.Key.mod_ctrl,
    "SHIFT": imgui.Key.mod_shift,
    "ALT": imgui.Key.mod_alt,
    "SUPER": imgui.Key.mod_super,
}
"""ImGui's modifier keys, by GLFW's names without `MOD_`."""
_RENAMED = {
    "LEFT": "left_arrow",
    "RIGHT": "right_arrow",
    "UP": "up_arrow",
    "DOWN": "down_arrow",
    "LEFT_CONTROL": "left_ctrl",
    "RIGHT_CONTROL": "right_ctrl",
}


def imgui_key(name: str) -> imgui.Key | None:
    """Look up a key.

    Args:
        name: GLFW's name without `KEY_`.

    Returns:
        ImGui's key; None for one that it does not know.
    """
    attribute = f"_{name}" if name.isdigit() else name.lower()
    attribute = re.sub(r"^kp_(?=\d)", "keypad", attribute).replace("kp_", "keypad_")
    key = getattr(imgui.Key, _RENAMED.get(name, attribute), None)
    return key if isinstance(key, imgui.Key) else None
