"""What can be written to files beside where vrnn was started, and places that were."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from imgui_bundle import imgui

from vrnn.commands.base import Command
from vrnn.commands.files import ExportLayers, OpenSession, RecordVideo, SaveImage, SaveSession
from vrnn.ui.panel_context import PanelContext

NAME = "Keep"
LISTED = 3
"""Places that are offered to go back to."""


def offered(desk: PanelContext) -> dict[str, Command]:
    """What each does; files are named by the time."""
    when = datetime.now().strftime("vrnn-%Y%m%d-%H%M%S")
    found: dict[str, Command] = {
        "This place": SaveSession(Path(f"{when}.json")),
        "Picture": SaveImage(Path(f"{when}.png")),
        "Panorama": SaveImage(Path(f"{when}-around.png"), size=(4096, 2048), kind="panorama"),
        "Stereo pair": SaveImage(Path(f"{when}-stereo.png"), size=(1600, 1600), kind="stereo"),
        "Film through stored places": RecordVideo(Path(when), ()),
        "All layers": ExportLayers(Path(f"{when}-layers")),
    }
    subject = desk.subject_layer()
    if subject is not None:
        slot, _, node, _ = subject
        found[f"Layer {node.name}"] = ExportLayers(Path(f"{when}-layers"), node.name, slot)
    for path in _places()[:LISTED]:
        found[f"Back to {path.name}"] = OpenSession(path)
    return found


def _places() -> list[Path]:
    """Places that were kept here, the newest first."""
    return sorted(Path.cwd().glob("vrnn-*.json"), reverse=True)


def draw(desk: PanelContext) -> None:
    """The panel's inside."""
    for text, action in offered(desk).items():
        if imgui.button(text):
            desk.do(action)
