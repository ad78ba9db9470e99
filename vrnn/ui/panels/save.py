"""What can be written to files beside where vrnn was started, and places that were."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from imgui_bundle import imgui

from vrnn.commands.base import Action
from vrnn.commands.files import Export, Restore, Save, TakeFilm, TakePicture
from vrnn.ui.panel_context import Desk

NAME = "Keep"
LISTED = 3
"""Places that are offered to go back to."""


def offered(desk: Desk) -> dict[str, Action]:
    """What each does; files are named by the time."""
    when = datetime.now().strftime("vrnn-%Y%m%d-%H%M%S")
    found: dict[str, Action] = {
        "This place": Save(Path(f"{when}.json")),
        "Picture": TakePicture(Path(f"{when}.png")),
        "Panorama": TakePicture(Path(f"{when}-around.png"), size=(4096, 2048), kind="panorama"),
        "Stereo pair": TakePicture(Path(f"{when}-stereo.png"), size=(1600, 1600), kind="stereo"),
        "Film through stored places": TakeFilm(Path(when), ()),
        "All layers": Export(Path(f"{when}-layers")),
    }
    subject = desk.found()
    if subject is not None:
        slot, _, node, _ = subject
        found[f"Layer {node.name}"] = Export(Path(f"{when}-layers"), node.name, slot)
    for path in _places()[:LISTED]:
        found[f"Back to {path.name}"] = Restore(path)
    return found


def _places() -> list[Path]:
    """Places that were kept here, the newest first."""
    return sorted(Path.cwd().glob("vrnn-*.json"), reverse=True)


def draw(desk: Desk) -> None:
    """The panel's inside."""
    for text, action in offered(desk).items():
        if imgui.button(text):
            desk.do(action)
