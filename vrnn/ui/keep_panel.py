"""What can be written to files, beside where vrnn was started."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from imgui_bundle import imgui

from vrnn.actions import Action, Export, Save, TakeFilm, TakePicture
from vrnn.ui.desk import Desk

NAME = "Keep"


def written(desk: Desk) -> dict[str, Action]:
    """What is written by each, named by the time."""
    when = datetime.now().strftime("vrnn-%Y%m%d-%H%M%S")
    found: dict[str, Action] = {
        "This place": Save(Path(f"{when}.json")),
        "Panorama": TakePicture(Path(f"{when}-around.png"), size=(4096, 2048), kind="panorama"),
        "Stereo pair": TakePicture(Path(f"{when}-stereo.png"), size=(1600, 1600), kind="stereo"),
        "Film through stored places": TakeFilm(Path(when), ()),
        "All layers": Export(Path(f"{when}-layers")),
    }
    subject = desk.found()
    if subject is not None:
        slot, _, node, _ = subject
        found[f"Layer {node.name}"] = Export(Path(f"{when}-layers"), node.name, slot)
    return found


def draw(desk: Desk) -> None:
    """The panel's inside."""
    for text, action in written(desk).items():
        if imgui.button(text):
            desk.do(action)
