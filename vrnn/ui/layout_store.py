"""What panels remember from one visit to the next: where they stand, which are open, their text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from vrnn.errors import VrnnError
from vrnn.storage.atomic import make_folder, write_atomically
from vrnn.ui.panel_registry import registered_panels

VERSION = 2
"""Of the default layout: places of an older one are forgotten."""
MIN_TEXT_POINTS, MAX_TEXT_POINTS = 9.0, 40.0
"""Size of text, points."""
MAX_FILE_CHARACTERS = 1 << 20
"""Characters of a file that is believed."""


@dataclass(frozen=True)
class PanelLayout:
    """shown: whether panels are; text: size in points, None for the setting's; hidden: panels that
    were closed; places: ImGui's own lines, '' for the usual places."""

    shown: bool = False
    text_points: float | None = None
    hidden: frozenset[str] = frozenset()
    imgui_settings: str = ""


def load(file: Path) -> PanelLayout:
    """What a file holds; a file that is missing or cannot be understood holds nothing."""
    try:
        whole = file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return PanelLayout()
    match = re.match(
        r"\[vrnn\]\nlayout=(\d{1,6})\nshown=([01])\ntext=(|\d{1,3}(?:\.\d{1,3})?)\nhidden=([^\n]*)\n\n",
        whole,
    )
    if (
        match is None
        or int(match[1]) != VERSION
        or len(whole) > MAX_FILE_CHARACTERS
        or "\0" in whole
    ):
        return PanelLayout()
    text = min(MAX_TEXT_POINTS, max(MIN_TEXT_POINTS, float(match[3]))) if match[3] else None
    former = {info.former_title: info.title for info in registered_panels() if info.former_title}
    hidden = frozenset(former.get(name, name) for name in match[4].split(",") if name)
    places = whole[match.end() :]
    for old, new in former.items():
        places = places.replace(f"[Window][{old}]", f"[Window][{new}]")
    return PanelLayout(match[2] == "1", text, hidden, places)


def save(file: Path, layout: PanelLayout) -> bool:
    """Write it; False when that is not possible here: panels then begin in their usual places."""
    text = "" if layout.text_points is None else f"{layout.text_points:g}"
    head = f"[vrnn]\nlayout={VERSION}\nshown={int(layout.shown)}\ntext={text}\n"
    head += f"hidden={','.join(sorted(layout.hidden))}\n\n"
    try:
        make_folder(file.parent)
        write_atomically(file, (head + layout.imgui_settings).encode())
    except VrnnError:
        return False
    return True
