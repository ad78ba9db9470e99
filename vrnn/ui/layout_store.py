"""The layout of the panels, remembered between runs: docking, hidden panels, size of text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from vrnn.errors import VrnnError
from vrnn.storage.atomic import make_folder, write_atomically
from vrnn.ui.panel_registry import registered_panels

VERSION = 2
"""Version of the default layout; layouts saved with an older one are discarded."""
MIN_TEXT_POINTS, MAX_TEXT_POINTS = 9.0, 40.0
"""Range of the size of text, points."""
MAX_FILE_CHARACTERS = 1 << 20
"""Characters; a longer file is not taken for a layout."""


@dataclass(frozen=True)
class PanelLayout:
    """What is remembered of the panels.

    Attributes:
        shown: Whether the panels are shown.
        text_points: Size of text, points; None for the one in the settings.
        hidden: Titles of panels that were closed.
        imgui_settings: Dear ImGui's own settings (positions and docks); '' for the default
            layout.
    """

    shown: bool = False
    text_points: float | None = None
    hidden: frozenset[str] = frozenset()
    imgui_settings: str = ""


def load(file: Path) -> PanelLayout:
    """Read a layout.

    Args:
        file: The file.

    Returns:
        The layout; the default one when the file is missing or cannot be understood.
    """
    try:
        content = file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return PanelLayout()
    match = re.match(
        r"\[vrnn\]\nlayout=(\d{1,6})\nshown=([01])\ntext=(|\d{1,3}(?:\.\d{1,3})?)\nhidden=([^\n]*)\n\n",
        content,
    )
    if (
        match is None
        or int(match[1]) != VERSION
        or len(content) > MAX_FILE_CHARACTERS
        or "\0" in content
    ):
        return PanelLayout()
    text = min(MAX_TEXT_POINTS, max(MIN_TEXT_POINTS, float(match[3]))) if match[3] else None
    new_titles = {
        info.former_title: info.title for info in registered_panels() if info.former_title
    }
    hidden = frozenset(new_titles.get(name, name) for name in match[4].split(",") if name)
    imgui_settings = content[match.end() :]
    for old, new in new_titles.items():
        imgui_settings = imgui_settings.replace(f"[Window][{old}]", f"[Window][{new}]")
    return PanelLayout(match[2] == "1", text, hidden, imgui_settings)


def save(file: Path, layout: PanelLayout) -> bool:
    """Write a layout.

    Args:
        file: The file; its folder is created.
        layout: The layout.

    Returns:
        Whether it could be written; if not, the next run begins with the default layout.
    """
    text = "" if layout.text_points is None else f"{layout.text_points:g}"
    head = f"[vrnn]\nlayout={VERSION}\nshown={int(layout.shown)}\ntext={text}\n"
    head += f"hidden={','.join(sorted(layout.hidden))}\n\n"
    try:
        make_folder(file.parent)
        write_atomically(file, (head + layout.imgui_settings).encode())
    except VrnnError:
        return False
    return True
